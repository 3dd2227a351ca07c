// Sealing and opening of records on one link, in one direction each: AES-256-GCM, nonces by counting.

import { number, type Bytes } from "./bytes.ts";
import { kdf } from "./keys.ts";

const NONE: Bytes = new Uint8Array(0);
/** Records under one key. */
const RECORDS_PER_KEY = 2 ** 22;

export class Half {
  private count = 0;

  private constructor(
    private secret: Bytes,
    private key: CryptoKey,
    private iv: Bytes,
    private readonly perKey: number,
  ) {}

  /** Starts with the secret of a direction. `perKey` is for tests. */
  static async of(secret: Bytes, perKey = RECORDS_PER_KEY): Promise<Half> {
    return new Half(secret, await importKey(secret), await kdf(secret, NONE, "iv", 12), perKey);
  }

  async seal(record: Bytes): Promise<Bytes> {
    const iv = await this.nextNonce();
    return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, record));
  }

  /** Rejects when the frame was changed, repeated, moved, or one before it is missing. */
  async open(frame: Bytes): Promise<Bytes> {
    const iv = await this.nextNonce();
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, this.key, frame));
  }

  /** Callers go one after the other. */
  private async nextNonce(): Promise<Bytes> {
    if (this.count === this.perKey) {
      this.secret = await kdf(this.secret, NONE, "next", 48);
      this.key = await importKey(this.secret);
      this.iv = await kdf(this.secret, NONE, "iv", 12);
      this.count = 0;
    }
    const nonce = this.iv.slice();
    number(this.count, 8).forEach((byte, at) => (nonce[4 + at]! ^= byte));
    this.count++;
    return nonce;
  }
}

async function importKey(secret: Bytes): Promise<CryptoKey> {
  const raw = await kdf(secret, NONE, "key", 32);
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}
