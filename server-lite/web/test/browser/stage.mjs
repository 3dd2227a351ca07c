// A server, agents and a real Chromium for the tests of the console. Everything lies in a folder of its own, on
// loopback and free ports, and ends with the test.
//
//   MESHLITE_BIN       folder of the programs (target/debug)
//   MESHLITE_KEYS      files with identities for agents, separated by `:`; making one takes seconds
//   MESHLITE_CHROMIUM  the browser, if it is not /usr/bin/chromium
//   MESHLITE_PICTURES  folder for pictures of the pages, for a person to look at

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const BIN = process.env.MESHLITE_BIN;
const CHROMIUM = process.env.MESHLITE_CHROMIUM ?? "/usr/bin/chromium";
const KEYS = (process.env.MESHLITE_KEYS ?? "").split(":").filter(Boolean);
const PICTURES = process.env.MESHLITE_PICTURES;
/** How long a test waits for anything at most. */
export const PATIENCE = 60_000;
export const PASSWORD = "correct horse battery";

/** True when programs and browser are there; says what is missing otherwise. */
export function ready() {
  if (BIN && existsSync(join(BIN, "meshlite-server")) && existsSync(CHROMIUM)) return true;
  console.log(`skipped: MESHLITE_BIN=${BIN ?? "(unset)"} has no programs, or there is no ${CHROMIUM}`);
  return false;
}

export class Stage {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "meshlite-console-"));
    this.children = [];
    this.agents = 0;
    this.complaints = [];
    this.expected = [];
  }

  /** Makes and starts the server, with the administrator `admin` and the groups named. */
  async server(groups = ["Lab"]) {
    const data = join(this.folder, "data");
    writeFileSync(join(this.folder, "password"), PASSWORD);
    this.run("meshlite-server", "init", "--data", data, "--admin", "admin", "--password-file", join(this.folder, "password"), "--name", "127.0.0.1", "--fastcert");
    for (const group of groups) this.run("meshlite-server", "group", "add", group, "--data", data);
    await this.startServer("127.0.0.1:0");
    return this;
  }

  async startServer(listen) {
    const data = join(this.folder, "data");
    this.serverProgram = this.spawn("meshlite-server", ["run", "--data", data, "--listen", listen], "server.log", ["ignore", "pipe"]);
    this.url = await new Promise((resolve, reject) => {
      let text = "";
      this.serverProgram.stdout.on("data", (chunk) => {
        text += chunk;
        const found = /^listening on (\S+)/m.exec(text);
        if (found) resolve(found[1]);
      });
      this.serverProgram.on("exit", () => reject(new Error(`the server ended: ${this.log("server.log")}`)));
    });
    this.port = new URL(this.url).port;
  }

  /** Starts an agent of ours in a group. */
  agent(name, group = "Lab") {
    const msh = join(this.folder, `${group}.msh`);
    const data = join(this.folder, "data");
    if (!existsSync(msh)) {
      writeFileSync(msh, this.run("meshlite-server", "group", "msh", group, "--data", data, "--url", `${this.url.replace("https", "wss")}/agent.ashx`));
    }
    const state = join(this.folder, name);
    const key = KEYS[this.agents++];
    if (key && !existsSync(state)) {
      mkdirSync(state, { mode: 0o700 });
      writeFileSync(join(state, "identity.key"), readFileSync(key), { mode: 0o600 });
    }
    return this.spawn("meshlite-agent", ["run", "--msh", msh, "--state", join(this.folder, name)], `${name}.log`, ["ignore", "ignore"]);
  }

  /** Ends a program and waits until it is gone. */
  end(child, signal = "SIGTERM") {
    return new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.on("exit", resolve);
      child.kill(signal);
    });
  }

  async browser(options = {}) {
    this.chrome ??= await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    const context = await this.chrome.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
      permissions: ["clipboard-read", "clipboard-write"],
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    // The console must have no reason to complain; a violated policy is a complaint, too.
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complain(message.text());
    });
    page.on("pageerror", (error) => this.complain(String(error)));
    return page;
  }

  complain(text) {
    if (!this.expected.some((pattern) => pattern.test(text))) this.complaints.push(text);
  }

  /** A complaint that a test provokes. */
  expect(pattern) {
    this.expected.push(pattern);
  }

  async signIn(page, user = "admin", password = PASSWORD) {
    // The browser itself notes that nobody was signed in before.
    this.expect(/status of 401/);
    await page.goto(this.url);
    await page.getByLabel("User").fill(user);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("navigation", { name: "Main" }).waitFor();
  }

  /** Opens a tab of a device by its name. */
  async device(page, name, tab) {
    await page.goto(`${this.url}/#/devices`);
    await page.getByRole("link", { name, exact: true }).click();
    if (tab) await page.getByRole("navigation", { name: "Parts of the device" }).getByRole("link", { name: tab }).click();
  }

  async picture(page, name) {
    if (!PICTURES) return;
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  }

  assertContent() {
    assert.deepEqual(this.complaints, []);
  }

  async close() {
    await this.chrome?.close();
    for (const child of this.children) await this.end(child, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  log(name) {
    return readFileSync(join(this.folder, name), "utf8").slice(-3000);
  }

  run(program, ...args) {
    return execFileSync(join(BIN, program), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  spawn(program, args, log, stdio) {
    const child = spawn(join(BIN, program), args, { stdio: [...stdio, openSync(join(this.folder, log), "a")] });
    this.children.push(child);
    return child;
  }
}

/** Polls until something is so. */
export async function eventually(what, check, patience = PATIENCE) {
  const until = Date.now() + patience;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > until) throw new Error(`not within ${patience / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
