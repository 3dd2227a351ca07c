// An operator at work: signs in, sees devices come and go, and uses what the page of a device has.

import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventually, PASSWORD, ready, Stage } from "./stage.mjs";

const skip = !ready();
let stage;
let page;

before(async () => {
  if (skip) return;
  stage = await new Stage().server(["Lab", "Front desk"]);
  page = await stage.browser();
});

after(() => stage?.close());

// Each step goes on where the one before stopped: after a failure there is nothing to see.
let broken = false;
const step = (name, run) =>
  test(name, { skip, timeout: 150_000 }, async () => {
    assert(!broken, "a step before failed");
    broken = true;
    await run();
    broken = false;
  });
const rows = () => page.locator(".device-row");
const tab = (name) => page.getByRole("navigation", { name: "Parts of the device" }).getByRole("link", { name }).click();

step("a wrong password is refused in words, the right one opens the console", async () => {
  stage.expect(/status of 401/);
  await page.goto(stage.url);
  await page.getByLabel("User").fill("admin");
  await page.getByLabel("Password").fill("not this");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: "wrong" }).waitFor();
  await stage.picture(page, "sign-in-refused");
  await stage.signIn(page);
  await page.getByRole("heading", { name: "No device yet" }).waitFor();
  await stage.picture(page, "no-device");
  const cookies = await page.context().cookies();
  assert(cookies.length > 0 && cookies.every((cookie) => cookie.httpOnly && cookie.secure && cookie.sameSite === "Strict"));
  assert.equal(await page.evaluate(() => document.cookie), "");
});

step("devices come, go and are renamed without a refresh", async () => {
  stage.first = stage.agent("one");
  await rows().first().waitFor();
  await page.getByText("1 of 1 connected").waitFor();
  stage.second = stage.agent("two", "Front desk");
  await eventually("two devices", async () => (await rows().count()) === 2);
  // Both run on this machine and have its name: the page gives them others.
  for (const [index, name] of [[0, "front-door"], [0, "lab-pi"]]) {
    await page.goto(`${stage.url}/#/devices`);
    const row = rows().filter({ hasNotText: "front-door" }).nth(index);
    await row.getByRole("link").first().click();
    await page.getByRole("button", { name: "Rename, describe, tag" }).click();
    await page.getByRole("textbox", { name: /^Name/ }).fill(name);
    await page.getByRole("textbox", { name: /^Tags/ }).fill(`shelf, ${name}-tag`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
  }
  await page.goto(`${stage.url}/#/devices`);
  await page.getByText("2 devices, 2 connected").waitFor();
  const gone = rows().filter({ hasText: "front-door" });
  await stage.end(stage.second);
  await gone.getByRole("img", { name: "not connected" }).waitFor();
  await page.getByText("2 devices, 1 connected").waitFor();
  stage.agents--;
  stage.second = stage.agent("two", "Front desk");
  await gone.getByRole("img", { name: "connected", exact: true }).waitFor();
  await stage.picture(page, "devices");
});

step("search, tags and keys find a device", async () => {
  await page.keyboard.press("/");
  await page.keyboard.type("LAB-pi debian");
  await eventually("one row", async () => (await rows().count()) === 1).catch(async () => {
    await page.getByRole("searchbox").fill("lab-pi");
  });
  await eventually("one row", async () => (await rows().count()) === 1);
  await page.getByRole("searchbox").press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "lab-pi");
  await page.keyboard.press("/");
  await page.keyboard.press("Escape");
  await eventually("two rows", async () => (await rows().count()) === 2);
  await page.getByLabel("Tag", { exact: true }).selectOption("front-door-tag");
  await eventually("one row", async () => (await rows().count()) === 1);
  await page.getByLabel("Tag", { exact: true }).selectOption("");
});

step("the terminal runs a shell, knows its size, and comes back", async () => {
  await rows().filter({ hasText: "lab-pi" }).getByRole("link", { name: /^Terminal/ }).click();
  const screen = page.locator(".xterm-rows");
  const shows = (text) => eventually(`the terminal shows ${text}`, async () => (await screen.innerText()).replace(/\u00a0/g, " ").includes(text));
  await eventually("a prompt", async () => /[$#]\s*$/.test((await screen.innerText()).trim()));
  await page.keyboard.type("echo seen-$((6*7)); printf 'gr%s\\n' \u00fc\u00dfe; tty\n");
  await shows("seen-42");
  await shows("gr\u00fc\u00dfe");
  await shows("/dev/pts/");
  await page.keyboard.type("stty size\n");
  await eventually("rows and columns", async () => /\b\d{2} \d{2,3}\b/.test(await screen.innerText()));
  const wide = await screen.evaluate((element) => element.children.length);
  await page.setViewportSize({ width: 1280, height: 600 });
  await eventually("fewer rows", async () => (await screen.evaluate((element) => element.children.length)) < wide);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByText("End-to-end encrypted", { exact: true }).first().waitFor();
  await stage.picture(page, "terminal");
  // Another tab and back: the same shell.
  await tab("Details");
  await page.getByText("Hardware").waitFor();
  await stage.picture(page, "details");
  await tab("Terminal");
  await page.keyboard.type("exit\n");
  await page.getByRole("button", { name: "Connect again" }).waitFor();
  await page.getByRole("button", { name: "Connect again" }).click();
  await eventually("a new prompt", async () => /[$#]\s*$/.test((await screen.innerText()).trim()));
});

step("files go up and come down with equal hashes", async () => {
  const there = join(stage.folder, "there");
  mkdirSync(there);
  writeFileSync(join(there, "first <b>.txt"), "one");
  const data = randomBytes(700_001);
  data[0] = 123;
  data[65_536] = 0;
  const local = join(stage.folder, "sent.bin");
  writeFileSync(local, data);

  await tab("Files");
  for (const part of there.split("/").filter(Boolean)) await page.getByRole("button", { name: part, exact: true }).last().click();
  const cell = (name) => page.locator("td").getByRole("button", { name, exact: false });
  await cell("first <b>.txt").waitFor();
  await page.locator("input[type=file]").setInputFiles(local);
  await page.locator(".transfer").filter({ hasText: "sent.bin" }).getByText("hash equal").waitFor();
  assert(readFileSync(join(there, "sent.bin")).equals(data), "the uploaded file differs");
  await cell("sent.bin").waitFor();

  const coming = page.waitForEvent("download");
  await cell("sent.bin").click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), "sent.bin");
  const back = readFileSync(await download.path());
  assert.equal(createHash("sha384").update(back).digest("hex"), createHash("sha384").update(data).digest("hex"));
  await page.locator(".transfer").filter({ hasText: "received" }).getByText("hash equal").waitFor();
  await stage.picture(page, "files");

  // The half that is there already is not sent again.
  writeFileSync(join(there, "sent.bin"), data.subarray(0, 400_000));
  await page.getByRole("button", { name: "Refresh" }).last().click();
  await page.getByText("391 KiB").waitFor();
  await page.locator("input[type=file]").setInputFiles(local);
  const question = page.getByRole("dialog");
  await question.getByText("Its beginning is the same.").waitFor();
  await question.getByRole("button", { name: "Do it" }).click();
  await page.locator(".transfer").getByText(/from 391 KiB on, hash equal/).waitFor();
  assert(readFileSync(join(there, "sent.bin")).equals(data), "the resumed file differs");

  await page.getByRole("button", { name: "New folder" }).click();
  await page.getByLabel("Name", { exact: true }).fill("made here");
  await page.getByRole("button", { name: "Make it" }).click();
  await cell("made here").waitFor();
  assert(statSync(join(there, "made here")).isDirectory());
  await page.getByLabel("Tick first <b>.txt").check();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await eventually("the removal", async () => (await cell("first <b>.txt").count()) === 0);
});

step("processes are listed and ended, services are listed, the console answers", async () => {
  await tab("Processes");
  const box = page.getByRole("searchbox", { name: "Search processes" });
  const other = stage.second.pid;
  await box.fill(String(other));
  await page.getByRole("button", { name: `End process ${other}`, exact: true }).waitFor();
  await stage.picture(page, "processes");
  await tab("Services");
  await eventually("an answer", async () => !(await page.locator(".tab:not([hidden]) .session-status").innerText()).includes("Asking"));
  await stage.picture(page, "services");
  await tab("Console");
  await page.getByLabel("Console line").fill("eval 6*7");
  await page.keyboard.press("Enter");
  await page.locator(".console-log pre.heard").filter({ hasText: "42" }).first().waitFor();
  await stage.picture(page, "console");
  await tab("Events");
  await page.getByText("Agent connected").first().waitFor();
  await tab("Core");
  await page.locator(".tab:visible").getByText("Meshlite core").first().waitFor();
  await stage.picture(page, "core");
});

step("a command runs on two devices, and failures can be picked out", async () => {
  await page.goto(`${stage.url}/#/devices`);
  await page.getByLabel("Tick all devices shown").check();
  await page.getByRole("button", { name: "Run a command" }).click();
  await page.getByLabel("Command", { exact: true }).fill("echo from-$((40+2)); exit 3");
  await page.keyboard.press("Control+Enter");
  await page.getByText("2 of 2 answered, 2 failed").waitFor();
  await page.locator("summary").first().click();
  assert.equal((await page.locator(".job pre").first().innerText()).trim(), "from-42");
  assert.equal(await page.getByText("exit 3").count(), 2);
  await page.getByLabel("Command", { exact: true }).fill("true");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText("2 of 2 answered, 0 failed").waitFor();
  await page.getByLabel("Failed only").check();
  assert.equal(await page.locator(".job:visible").count(), 0);
  await stage.picture(page, "run");
});

step("groups, users and the account have their pages", async () => {
  await page.getByRole("link", { name: "Groups" }).click();
  await page.getByRole("button", { name: "New group" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Workshop");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("heading", { name: "Workshop", level: 1 }).waitFor();
  await page.getByRole("img", { name: /QR code of the install address/ }).waitFor();
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the .msh file" }).click();
  assert.match(readFileSync(await (await coming).path(), "utf8"), /^MeshID=0x[0-9A-F]{96}/m);
  await stage.picture(page, "group");
  await page.getByRole("link", { name: "Users" }).click();
  await page.getByRole("button", { name: "Add a user" }).click();
  await page.getByLabel("Name", { exact: true }).fill("helper");
  await page.getByRole("textbox", { name: "Password" }).fill("another long one");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("cell", { name: "helper", exact: true }).waitFor();
  await stage.picture(page, "users");
  await page.getByRole("link", { name: "admin" }).click();
  await page.getByText("this one").waitFor();
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("What it is for").fill("a script");
  await page.getByRole("button", { name: "Make it" }).click();
  assert.match(await page.getByRole("dialog").locator("code").innerText(), /^mlt_/);
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("cell", { name: "a script", exact: true }).waitFor();
  await stage.picture(page, "account");
});

step("a lost server is said, and found again", async () => {
  stage.expect(/WebSocket connection|ERR_CONNECTION_REFUSED|Failed to load/);
  await page.goto(`${stage.url}/#/devices`);
  await page.getByText(/2 devices/).waitFor();
  const listen = new URL(stage.url).host;
  await stage.end(stage.serverProgram);
  await page.getByRole("alert").filter({ hasText: "is lost" }).waitFor();
  await stage.picture(page, "lost");
  await stage.startServer(listen);
  await eventually("the banner is gone", async () => !(await page.locator(".banner").isVisible()));
  await page.getByText("2 devices, 2 connected").waitFor();
});

step("an authenticator becomes the second factor, and goes again", async () => {
  await page.goto(`${stage.url}/#/account`);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Add an authenticator" }).click();
  await dialog.getByLabel("Your password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.getByRole("img").waitFor();
  await stage.picture(page, "authenticator");
  const secret = (await dialog.innerText()).match(/^[A-Z2-7]{32}$/m)[0];
  await dialog.getByLabel("The code it shows now").fill(timeCode(secret, 0));
  await page.keyboard.press("Enter");
  await dialog.getByText("Recovery codes").waitFor();
  const [recovery] = (await dialog.innerText()).match(/\b\w{4}(-\w{4}){3}\b/);
  await dialog.getByRole("button", { name: "Close" }).click();

  const other = await stage.browser();
  await other.goto(stage.url);
  await other.getByLabel("User").fill("admin");
  await other.getByLabel("Password").fill(PASSWORD);
  await other.keyboard.press("Enter");
  await other.getByLabel("Code").fill("not a code");
  await other.keyboard.press("Enter");
  await other.getByRole("alert").filter({ hasText: "code is wrong" }).waitFor();
  await other.getByLabel("Code").fill(recovery);
  await other.keyboard.press("Enter");
  await other.getByText(/2 devices/).waitFor();
  await other.context().close();

  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await dialog.getByLabel("Your password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Add an authenticator" }).waitFor();
});

step("dark, on a phone, nothing is wider than the screen; signing out ends it", async () => {
  const phone = await stage.browser({ viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true, isMobile: true });
  await stage.signIn(phone);
  for (const path of ["devices", "groups", "events", "users", "account", "run"]) {
    await phone.goto(`${stage.url}/#/${path}`);
    await phone.locator("h1").first().waitFor({ state: "attached" });
    await phone.waitForLoadState("networkidle").catch(() => undefined);
    assert(await phone.evaluate(() => document.documentElement.scrollWidth <= 360), `${path} is too wide`);
    await stage.picture(phone, `phone-${path}`);
  }
  await stage.device(phone, "lab-pi", "Files");
  await phone.getByRole("button", { name: "etc", exact: true }).waitFor();
  assert(await phone.evaluate(() => document.documentElement.scrollWidth <= 360), "files are too wide");
  await stage.picture(phone, "phone-files");
  await phone.getByRole("button", { name: "Sign out" }).click();
  await phone.getByRole("heading", { name: "Meshlite" }).waitFor();
  await phone.goto(`${stage.url}/#/devices`);
  await phone.getByLabel("Password").waitFor();
});

step("the browser had nothing to complain of", () => stage.assertContent());

/** A code of RFC 6238 (SHA-1, 30 s, six digits), `steps` from now. */
function timeCode(secret, steps) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((eight) => parseInt(eight, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac("sha1", key).update(step).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
