// What an agent sends in a desktop session, from bytes to commands (relay specification, 7.2 and 7.3). Knows no page.

export type Command =
  | { kind: "size"; width: number; height: number }
  | { kind: "picture"; x: number; y: number; image: Uint8Array }
  | { kind: "displays"; ids: number[]; selected: number }
  | { kind: "places"; places: { id: number; x: number; y: number; width: number; height: number }[] }
  | { kind: "locks"; num: boolean; scroll: boolean; caps: boolean }
  | { kind: "cursor"; index: number }
  | { kind: "message"; text: string }
  | { kind: "error"; text: string; quiet: boolean }
  | { kind: "input-lock"; locked: boolean };

/** Every display at once, as number of a display. */
export const ALL_DISPLAYS = 0xffff;

/** The largest command: a whole picture of the largest screens. */
export const MAX_COMMAND = 64 << 20;
const HEAD = 4;
const JUMBO = 27;
const JUMBO_HEAD = 8;
const MAX_TEXT = 4096;

/** Thrown when an agent sends what can be no session; the session has to end. */
export class ProtocolError extends Error {}

/**
 * Joins frames to commands. Each command begins a new frame and may go on in the next ones; a frame with several is
 * taken as well. Unknown commands are skipped by their length.
 */
export class Decoder {
  private parts: Uint8Array[] = [];
  private have = 0;
  private need = 0;

  /** The commands that this frame completes. */
  feed(frame: Uint8Array): Command[] {
    if (this.need > 0) {
      this.parts.push(frame);
      this.have += frame.length;
      if (this.have < this.need) return [];
      const whole = join(this.parts, this.have);
      this.forget();
      return this.read(whole);
    }
    return this.read(frame);
  }

  private read(bytes: Uint8Array): Command[] {
    const commands: Command[] = [];
    let rest = bytes;
    while (rest.length >= HEAD) {
      const length = lengthOf(rest);
      if (length === null) break;
      if (length > MAX_COMMAND) throw new ProtocolError(`The device announced a command of ${length} bytes.`);
      if (length > rest.length) {
        this.parts = [rest];
        this.have = rest.length;
        this.need = length;
        return commands;
      }
      const command = parse(rest.subarray(0, length));
      if (command) commands.push(command);
      rest = rest.subarray(length);
    }
    return commands;
  }

  private forget(): void {
    this.parts = [];
    this.have = this.need = 0;
  }
}

/** Length of the command that begins here; null when none does. A JUMBO head that is cut counts as itself. */
function lengthOf(bytes: Uint8Array): number | null {
  const length = word(bytes, 2);
  if (length < HEAD) return null;
  if (word(bytes, 0) !== JUMBO || length !== JUMBO_HEAD || bytes.length < JUMBO_HEAD) return length;
  return JUMBO_HEAD + word(bytes, 4) * 0x10000 + word(bytes, 6);
}

function parse(bytes: Uint8Array): Command | null {
  const kind = word(bytes, 0);
  if (kind !== JUMBO) return body(kind, bytes.subarray(HEAD));
  // The command inside has a head of its own, without a length.
  if (bytes.length < JUMBO_HEAD + HEAD) return null;
  return body(word(bytes, JUMBO_HEAD), bytes.subarray(JUMBO_HEAD + HEAD));
}

function body(kind: number, bytes: Uint8Array): Command | null {
  switch (kind) {
    case 3:
      if (bytes.length <= 4) return null;
      return { kind: "picture", x: word(bytes, 0), y: word(bytes, 2), image: bytes.subarray(4) };
    case 7:
      if (bytes.length < 4) return null;
      return { kind: "size", width: word(bytes, 0), height: word(bytes, 2) };
    case 11:
      return displays(bytes);
    case 17:
      return { kind: "message", text: text(bytes) };
    case 18:
      if (bytes.length < 1) return null;
      return { kind: "locks", num: !!(bytes[0]! & 1), scroll: !!(bytes[0]! & 2), caps: !!(bytes[0]! & 4) };
    case 65: {
      const all = text(bytes);
      const quiet = all.startsWith(".");
      return { kind: "error", text: quiet ? all.slice(1) : all, quiet };
    }
    case 82: {
      const places = [];
      for (let at = 0; at + 10 <= bytes.length; at += 10) {
        const [id, x, y, width, height] = [0, 2, 4, 6, 8].map((more) => word(bytes, at + more)) as [number, number, number, number, number];
        places.push({ id, x, y, width, height });
      }
      return { kind: "places", places };
    }
    case 87:
      return bytes.length < 1 ? null : { kind: "input-lock", locked: bytes[0] === 1 };
    case 88:
      return bytes.length < 1 ? null : { kind: "cursor", index: bytes[0]! };
    default:
      return null;
  }
}

function displays(bytes: Uint8Array): Command | null {
  if (bytes.length < 2) return null;
  const count = word(bytes, 0);
  if (bytes.length < 4 + 2 * count) return null;
  const ids = Array.from({ length: count }, (_, at) => word(bytes, 2 + 2 * at));
  return { kind: "displays", ids, selected: word(bytes, 2 + 2 * count) };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, MAX_TEXT));
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!;
}

function join(parts: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
