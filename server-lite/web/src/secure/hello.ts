// The messages of the handshake. Tables: docs/secure-sessions.md.

import { concat, fromBase64, number, toBase64, toNumber, utf8, type Bytes } from "./bytes.ts";
import { clientProof, type Resumption } from "./keys.ts";

const VERSION = 1;
const MAX_FRAME = 8192;

export interface ClientHello {
  protocol: number;
  point: Bytes;
  nonce: Bytes;
  node: Bytes;
  tunnel: string;
  resume: { session: Bytes; received: number; resumption: Resumption } | null;
}

export async function emitClientHello(hello: ClientHello): Promise<Bytes> {
  const tunnel = utf8(hello.tunnel);
  if (tunnel.length > 128) throw new Error("The tunnel's id is too long.");
  const head = concat(
    new Uint8Array([VERSION, hello.resume ? 1 : 0]),
    number(hello.protocol, 2),
    hello.point,
    hello.nonce,
    hello.node,
    number(tunnel.length, 1),
    tunnel,
  );
  if (!hello.resume) return head;
  const proven = concat(head, hello.resume.session, number(hello.resume.received, 8));
  return concat(proven, await clientProof(hello.resume.resumption, proven));
}

export interface DeviceHello {
  resumed: boolean;
  point: Bytes;
  session: Bytes;
  received: number;
  keptSeconds: number;
  rights: number;
  user: string;
}

/** Throws with a sentence when it is not as it should be. */
export function parseDeviceHello(bytes: Bytes): DeviceHello {
  if (bytes[0] !== VERSION) throw new Error("The device speaks another version of encrypted sessions; update the older end.");
  const user = bytes.subarray(130);
  if (bytes.length < 130 || bytes[1]! > 1 || bytes[129] !== user.length) throw new Error("The device's greeting cannot be read.");
  return {
    resumed: bytes[1] === 1,
    point: bytes.slice(2, 67),
    session: bytes.slice(99, 115),
    received: toNumber(bytes.subarray(115, 123)),
    keptSeconds: toNumber(bytes.subarray(123, 125)),
    rights: toNumber(bytes.subarray(125, 129)),
    user: new TextDecoder("utf-8", { fatal: true }).decode(user),
  };
}

export function clientFrame(hello: Bytes): string {
  return JSON.stringify({ ctrlChannel: "102938", type: "secure", v: 1, hello: toBase64(hello) });
}

/** The device's answer: `key` and `sig` of a new session, `proof` of one that goes on. */
export interface DeviceFrame {
  hello: Bytes;
  key: Bytes | null;
  sig: Bytes | null;
  proof: Bytes | null;
}

/** The device refuses; `final` says that trying again is of no use. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly final: boolean,
  ) {
    super(message);
  }
}

const REFUSALS: Record<string, [string, boolean]> = {
  version: ["it speaks another version of encrypted sessions", true],
  hello: ["it says the greeting is not for it or not for this tunnel", true],
  "unknown-session": ["it no longer has the session", true],
  rights: ["user or rights changed since the session began", true],
  proof: ["it does not accept the proof of the session", true],
  busy: ["it has too many sessions", false],
  signature: ["its key gave no signature", false],
};

/** Throws with a sentence, or {@link Refused}. */
export function parseDeviceFrame(text: string): DeviceFrame {
  let value: Record<string, unknown> | null = null;
  try {
    if (text.length <= MAX_FRAME) value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // said below
  }
  if (!value || typeof value !== "object" || value["type"] !== "secure") {
    throw new Error("The device answered something else than an encrypted session.");
  }
  if (typeof value["error"] === "string") {
    const [why, final] = REFUSALS[value["error"]] ?? ["it gives an unknown reason", true];
    throw new Refused(`The device refused an encrypted session: ${why}.`, final);
  }
  if (value["v"] !== 1) throw new Error("The device speaks another version of encrypted sessions; update the older end.");
  const bytes = (name: string): Bytes | null => {
    const text = value[name];
    return typeof text === "string" ? fromBase64(text) : null;
  };
  const hello = bytes("hello");
  if (!hello) throw new Error("The device's greeting cannot be read.");
  return { hello, key: bytes("key"), sig: bytes("sig"), proof: bytes("proof") };
}
