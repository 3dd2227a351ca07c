// Questions to a device by `msg`: the answer comes as a message of the same type, with the device's id.

import type { App } from "../app.ts";
import { order, type Message } from "../control.ts";
import { isRecord } from "../model.ts";

/** Asks and waits for the answer's `value`. */
export function askDevice(app: App, nodeid: string, question: Record<string, unknown>, patienceMs = 20_000): Promise<Message> {
  const type = question["type"];
  return new Promise((resolve, reject) => {
    const stop = app.control.listen((message) => {
      if (message.action !== "msg" || message["type"] !== type || message["nodeid"] !== nodeid) return;
      if (message["value"] === undefined && message["result"] !== undefined) return;
      done();
      resolve(message);
    });
    const timer = setTimeout(() => {
      done();
      reject(new Error("The device did not answer in time; its core may not know this question."));
    }, patienceMs);
    const done = () => {
      clearTimeout(timer);
      stop();
    };
    order(app.control, { action: "msg", nodeid, ...question }).catch((error: Error) => {
      done();
      reject(error.message === "Unable to route" ? new Error("The device is not connected.") : error);
    });
  });
}

/** Reads a list that a device sent: JSON text of an object or an array, or one of these; at most `most` records of it, with their keys. */
export function entriesOf(value: unknown, most: number, what: string): [string, Record<string, unknown>][] {
  let found: unknown = value;
  if (typeof value === "string") {
    try {
      found = JSON.parse(value);
    } catch {
      throw new Error(`The device's list of ${what} cannot be read.`);
    }
  }
  const entries: [string, unknown][] = Array.isArray(found)
    ? found.map((one, index) => [String(index), one])
    : isRecord(found)
      ? Object.entries(found)
      : [];
  return entries.slice(0, most).filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1]));
}
