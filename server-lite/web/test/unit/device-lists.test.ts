import assert from "node:assert/strict";
import { test } from "node:test";
import { readProcesses } from "../../src/views/device-processes.ts";
import { readServices } from "../../src/views/device-services.ts";

test("processes come as an object by pid, or as a list", () => {
  const text = JSON.stringify({ "1": { pid: 1, cmd: "init", user: "root" }, "77": { cmd: "sh" } });
  assert.deepEqual(
    readProcesses(text).map(({ pid, name, user }) => [pid, name, user]),
    [[1, "init", "root"], [77, "sh", ""]],
  );
  assert.equal(readProcesses([{ pid: 5, name: "x" }])[0]?.name, "x");
});

test("services come in the shapes that agents use", () => {
  const text = JSON.stringify([
    { name: "ssh", displayName: "OpenSSH", status: { state: "RUNNING" } },
    { name: "cron", serviceStatus: "stopped" },
  ]);
  assert.deepEqual(
    readServices(text).map(({ name, label, state }) => [name, label, state]),
    [["ssh", "OpenSSH", "RUNNING"], ["cron", "", "stopped"]],
  );
});

test("a device may say anything", () => {
  for (const value of [null, undefined, 5, [], {}, [null, 7, "x"], { a: 1 }]) {
    assert.deepEqual(readProcesses(value), []);
    assert.deepEqual(readServices(value), []);
  }
  assert.throws(() => readProcesses("{"), /cannot be read/);
  const odd = readProcesses([{ pid: "x", cmd: { a: 1 }, user: ["r"], mem: "many" }]);
  assert.deepEqual(odd, [{ pid: 0, name: "", user: "", memory: 0, cpu: 0 }]);
});
