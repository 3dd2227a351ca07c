// Numbered records in both directions, over any number of links. The same as microstack/session/src/stream.rs.

import { concat, number, toNumber, utf8, type Bytes } from "./bytes.ts";

export const WINDOW_BYTES = 1 << 20;
const WINDOW_RECORDS = 4096;
const MAX_PAYLOAD = 65_536;
const MAX_MESSAGE = 4 << 20;
/** What may wait here when nobody looks at `buffered`. */
const MAX_KEPT = 16 << 20;
const ACK_BYTES = 65_536;
const ACK_RECORDS = 64;
const [DATA, ACK, CLOSE, PING] = [1, 2, 3, 4];

export type Taken = { text: string } | { binary: Uint8Array } | { closed: string; code: number };

/** The other side broke the protocol, or records are lost for good: the session is over. */
export class Broken extends Error {}

export class Stream {
  /** Records that are not acknowledged, from number `base` on. */
  private kept: Bytes[] = [];
  private keptBytes = 0;
  private base = 0;
  private next = 0;
  private high = 0;
  private flying = 0;
  private closing = false;

  private receivedCount = 0;
  private takenCount = 0;
  private acked = 0;
  private inbox: Bytes[] = [];
  private unacked = 0;
  private takenBytes = 0;
  private parts: Uint8Array[] = [];
  private partBytes = 0;
  private owesAck = false;
  private owesPing = false;
  private peerClosed = false;
  private paused = false;

  /** Queues a message. Throws when it is too long; after the end it is dropped. */
  send(text: boolean, bytes: Uint8Array): void {
    if (this.closing) return;
    if (bytes.length > MAX_MESSAGE) throw new RangeError(`A message may have ${MAX_MESSAGE} bytes at most.`);
    if (this.keptBytes > MAX_KEPT) throw new RangeError("Too much waits for the device already.");
    let at = 0;
    do {
      const payload = bytes.subarray(at, at + MAX_PAYLOAD);
      at += MAX_PAYLOAD;
      this.keep(concat(new Uint8Array([DATA!, (text ? 1 : 0) | (at < bytes.length ? 2 : 0)]), payload));
    } while (at < bytes.length);
  }

  close(reason: string): void {
    if (this.closing) return;
    this.keep(concat(new Uint8Array([CLOSE!, 0]), utf8(reason).subarray(0, 200)));
    this.closing = true;
  }

  private keep(record: Bytes): void {
    this.kept.push(record);
    this.keptBytes += record.length - 2;
  }

  get buffered(): number {
    return this.keptBytes;
  }

  get received(): number {
    return this.receivedCount;
  }

  get isClosedAndTaken(): boolean {
    return this.closing && this.kept.length === 0;
  }

  /** A link begins; the device expects record `received` next. */
  attach(received: number): void {
    if (received < this.base || received > this.high) throw new Broken("Records were lost for good; start a new session.");
    this.next = received;
    this.flying = this.kept.slice(0, this.next - this.base).reduce((sum, record) => sum + record.length - 2, 0);
    this.owesAck = true;
    this.owesPing = false;
  }

  ping(): void {
    this.owesPing = true;
  }

  /** The next record for the link. */
  nextRecord(): Bytes | null {
    if (this.owesAck || this.takenBytes >= ACK_BYTES || this.takenCount - this.acked >= ACK_RECORDS) {
      this.owesAck = false;
      this.acked = this.takenCount;
      this.unacked -= this.takenBytes;
      this.takenBytes = 0;
      return concat(new Uint8Array([ACK!]), number(this.acked, 8));
    }
    if (this.owesPing) {
      this.owesPing = false;
      return new Uint8Array([PING!]);
    }
    const at = this.next - this.base;
    const record = this.kept[at];
    if (!record || at >= WINDOW_RECORDS) return null;
    const weight = record.length - 2;
    if (at > 0 && this.flying + weight > WINDOW_BYTES) return null;
    this.flying += weight;
    this.next++;
    this.high = Math.max(this.high, this.next);
    return record;
  }

  /** A record arrived and was opened. */
  record(plain: Bytes): void {
    switch (plain[0]) {
      case DATA:
      case CLOSE:
        if (this.peerClosed || plain.length < 2 || plain[1]! > 3 || plain.length > MAX_PAYLOAD + 2) {
          throw new Broken("The device breaks the protocol of encrypted sessions.");
        }
        this.unacked += plain.length - 2;
        if (this.unacked > WINDOW_BYTES + MAX_PAYLOAD || this.receivedCount - this.acked > WINDOW_RECORDS) {
          throw new Broken("The device sends more than it may.");
        }
        this.peerClosed = plain[0] === CLOSE;
        this.receivedCount++;
        this.inbox.push(plain);
        break;
      case ACK: {
        const count = plain.length === 9 ? toNumber(plain.subarray(1)) : Infinity;
        if (count > this.next) throw new Broken("The device acknowledges what was not sent.");
        while (this.base < count) {
          const weight = this.kept.shift()!.length - 2;
          this.keptBytes -= weight;
          this.flying -= weight;
          this.base++;
        }
        break;
      }
      case PING:
        this.owesAck = true;
        break;
      default:
        throw new Broken("The device sends a record of no known kind.");
    }
  }

  /** Stops or goes on with `take`. What arrives meanwhile waits, and the device with it. */
  pause(paused: boolean): void {
    this.paused = paused;
  }

  /** The next whole message, or the end. */
  take(): Taken | null {
    while (!this.paused) {
      const record = this.inbox.shift();
      if (!record) break;
      this.takenCount++;
      this.takenBytes += record.length - 2;
      const payload = record.subarray(2);
      if (record[0] === CLOSE) {
        this.owesAck = true;
        return { closed: new TextDecoder().decode(payload), code: record[1]! };
      }
      this.partBytes += payload.length;
      if (this.partBytes > MAX_MESSAGE) throw new Broken("The device sends a message that is too long.");
      this.parts.push(payload);
      if (record[1]! & 2) continue;
      const whole = this.parts.length === 1 ? payload : concat(...this.parts);
      this.parts = [];
      this.partBytes = 0;
      return record[1]! & 1 ? { text: new TextDecoder().decode(whole) } : { binary: whole };
    }
    return null;
  }
}
