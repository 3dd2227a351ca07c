// A page full of devices that say anything: markup, hidden characters, a megabyte of text, wrong types, and thousands
// of them. The server is played by the test, so that nothing on the way cuts what the page has to bear.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, ready, Stage } from "./stage.mjs";

const skip = !ready();
let stage;
let page;

const GROUP = `mesh//${"g".repeat(64)}`;
const USER = "user//admin";
const id = (number) => `node//${String(number).padStart(64, "0")}`;
const MARKUP = `<img src=x onerror="window.carriedOut=1"><script>window.carriedOut=1</script>`;

const devices = Array.from({ length: 2000 }, (_, number) => ({ _id: id(number), name: `device-${number}`, conn: number % 2, agct: Date.now(), icon: 1 }));
devices[0] = { _id: id(0), name: MARKUP, conn: 1, osdesc: MARKUP, ip: MARKUP, desc: MARKUP, tags: [MARKUP], agent: { core: MARKUP }, coretrouble: MARKUP };
devices[1] = { _id: id(1), name: "a".repeat(1 << 20), conn: 1, osdesc: "b".repeat(1 << 20), ip: "c".repeat(1 << 20), tags: ["d".repeat(1 << 20)] };
devices[2] = { _id: id(2), name: "abc\u202egnp.exe\u0000\u001b[2J\n", conn: 1 };
devices[3] = { _id: id(3), name: { toString: "x" }, conn: "yes", osdesc: [1], ip: 7, tags: "none", users: 5, agent: [], sessions: [null], agct: "soon", meshlite: "no" };

function serve(socket) {
  const send = (message) => socket.send(JSON.stringify(message));
  send({ action: "serverinfo", serverinfo: { domain: "" } });
  send({ action: "userinfo", userinfo: { _id: USER, name: MARKUP, siteadmin: 0xffffffff } });
  socket.onMessage((text) => {
    const { action, responseid, nodeid, type } = JSON.parse(text);
    if (action === "meshes") send({ action, responseid, meshes: [{ _id: GROUP, name: MARKUP, desc: MARKUP, links: { [USER]: { rights: 0xffffffff, name: MARKUP } } }] });
    else if (action === "nodes") send({ action, responseid, nodes: { [GROUP]: devices } });
    else if (action === "events") send({ action, responseid, events: [{ time: MARKUP, action: MARKUP, nodeid: id(0), userid: MARKUP, msg: MARKUP }, 7, null, { msg: { a: 1 } }] });
    else if (action === "getsysinfo") send({ action, responseid, hardware: { identifiers: { [MARKUP]: MARKUP, long: "e".repeat(1 << 20) }, linux: 5, more: [[[]]] }, time: "x" });
    else if (action === "getnetworkinfo") send({ action, responseid, netif2: { [MARKUP]: [{ address: MARKUP, mac: 5 }, null], other: "x" } });
    else if (action === "lastconnect") send({ action, responseid, time: {}, addr: [] });
    else if (action === "msg" && type === "ps") {
      send({ action, responseid, result: "OK" });
      send({ action, type, nodeid, value: JSON.stringify({ 1: { pid: 1, cmd: MARKUP, user: "\u202e" }, 2: null, 3: { cmd: "f".repeat(1 << 20) } }) });
    } else if (action === "msg" && type === "services") {
      send({ action, responseid, result: "OK" });
      send({ action, type, nodeid, value: "{ not json" });
    } else if (action === "msg" && type === "console") {
      send({ action, responseid, result: "OK" });
      send({ action, type, nodeid, value: MARKUP + "\u0007\u202e" + "g".repeat(1 << 20) });
    } else if (responseid) send({ action, responseid, result: MARKUP });
  });
}

before(async () => {
  if (skip) return;
  stage = await new Stage().server([]);
  page = await stage.browser();
  await page.route("**/api/v1/session", (route) => route.fulfill({ json: { user: { id: USER, name: MARKUP, site: 0xffffffff } } }));
  await page.routeWebSocket(/control\.ashx/, serve);
  await page.goto(`${stage.url}/#/devices`);
});

after(() => stage?.close());

// Each step goes on where the one before stopped: after a failure there is nothing to see.
let broken = false;
const step = (name, run) =>
  test(name, { skip, timeout: 120_000 }, async () => {
    assert(!broken, "a step before failed");
    broken = true;
    await run();
    broken = false;
  });

async function bears(what) {
  assert.equal(await page.evaluate(() => window.carriedOut), undefined, `${what}: markup was carried out`);
  assert.equal(await page.locator("main img, main script, main iframe").count(), 0, `${what}: markup became elements`);
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: wider than the screen`);
  await stage.picture(page, `hostile-${what}`);
}

step("two thousand devices are drawn by the screen, quickly", async () => {
  await page.getByText("2000 devices").waitFor();
  assert((await page.locator(".row").count()) < 60, "only rows in sight exist");
  const before = Date.now();
  await page.getByRole("searchbox").fill("device-1999");
  await eventually("one row", async () => (await page.locator(".device-row").count()) === 1);
  assert(Date.now() - before < 5000, "searching is quick");
  await page.getByRole("searchbox").fill("");
  await page.locator(".virtual").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await page.getByRole("link", { name: "device-1999", exact: true }).waitFor();
  await page.locator(".virtual").evaluate((list) => list.scrollTo(0, 0));
  await bears("devices");
});

step("names are text, cut, with hidden characters seen", async () => {
  await page.getByRole("link", { name: MARKUP.slice(0, 60) }).first().waitFor();
  await page.getByRole("searchbox").fill("gnp");
  await page.getByText("abc⟨U+202E⟩gnp.exe␀␛[2J␊").waitFor();
  await page.getByRole("searchbox").fill("aaaa");
  const name = page.locator(".device-row a.name");
  await eventually("the long name", async () => (await name.count()) === 1);
  assert((await name.innerText()).length <= 120);
  await bears("long-name");
});

for (const [number, tabs] of [[0, ["details", "processes", "services", "console", "events", "core"]], [1, ["details"]], [3, ["details", "core"]]]) {
  step(`device ${number} is shown`, async () => {
    for (const tab of tabs) {
      await page.goto(`${stage.url}/#/device/${String(number).padStart(64, "0")}/${tab}`);
      await page.locator(".tab:not([hidden])").waitFor();
      if (tab === "processes") await page.getByRole("button", { name: "End process 1" }).waitFor();
      if (tab === "services") await page.getByText("cannot be read").waitFor();
      if (tab === "console") {
        await page.getByLabel("Console line").fill("x");
        await page.keyboard.press("Enter");
        await page.locator("pre.heard").waitFor();
        assert((await page.locator("pre.heard").innerText()).length < 80_000);
      }
      await bears(`${number}-${tab}`);
    }
  });
}

step("groups and events are text, too", async () => {
  await page.goto(`${stage.url}/#/group/${"g".repeat(64)}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await bears("group");
  await page.goto(`${stage.url}/#/events`);
  await page.locator("tbody tr").first().waitFor();
  await bears("events");
});

step("the browser had nothing to complain of", () => stage.assertContent());
