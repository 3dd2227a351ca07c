// Keys of a session: agreement, derivation, proofs. docs/secure-sessions.md, "Handshake".

import { concat, number, toBase64Url, utf8, type Bytes } from "./bytes.ts";

const LABEL = "meshlite session 1 ";
const NONE: Bytes = new Uint8Array(0);
const EC = { name: "ECDH", namedCurve: "P-256" };

/** HKDF-SHA-384 with a label of ours. */
export async function kdf(secret: Bytes, salt: Bytes, label: string, length: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-384", salt, info: utf8(LABEL + label) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, length * 8));
}

export async function sha384(...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-384", concat(...parts)));
}

/** A P-256 key for one link. */
export class LinkKey {
  private constructor(
    private readonly key: CryptoKey,
    /** The public half: 65 bytes. */
    readonly point: Bytes,
  ) {}

  static async make(): Promise<LinkKey> {
    const pair = await crypto.subtle.generateKey(EC, false, ["deriveBits"]);
    return new LinkKey(pair.privateKey, new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
  }

  /** A key that is known already: for the vectors. */
  static async of(scalar: Uint8Array, point: Bytes): Promise<LinkKey> {
    const [x, y] = [toBase64Url(point.slice(1, 33)), toBase64Url(point.slice(33, 65))];
    const jwk = { kty: "EC", crv: "P-256", x, y, d: toBase64Url(scalar) };
    return new LinkKey(await crypto.subtle.importKey("jwk", jwk, EC, false, ["deriveBits"]), point);
  }

  /** The x coordinate shared with the peer; rejects when that gave no point of the curve. */
  async agree(peer: Bytes): Promise<Bytes> {
    const theirs = await crypto.subtle.importKey("raw", peer, EC, false, []);
    return new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, this.key, 256));
  }
}

/** What outlives a link. */
export interface Resumption {
  secret: Bytes;
  proof: Bytes;
}

export interface LinkSecrets {
  toDevice: Bytes;
  toClient: Bytes;
  resumption: Resumption;
}

export async function transcriptOf(clientHello: Bytes, deviceHello: Bytes, key: Bytes): Promise<Bytes> {
  const parts = [clientHello, deviceHello, key].flatMap((part) => [number(part.length, 4), part]);
  return sha384(utf8(`${LABEL}transcript\0`), ...parts);
}

export async function deriveLink(
  ecdh: Bytes,
  resumption: Resumption | null,
  transcript: Bytes,
): Promise<LinkSecrets> {
  const base = await kdf(concat(ecdh, resumption?.secret ?? NONE), transcript, "base", 48);
  const part = (label: string): Promise<Bytes> => kdf(base, NONE, label, 48);
  return {
    toDevice: await part("client to device"),
    toClient: await part("device to client"),
    resumption: resumption ?? { secret: await part("resumption"), proof: await part("proof") },
  };
}

/** The client's proof over its hello as far as it stands before the proof. */
export function clientProof(resumption: Resumption, hello: Bytes): Promise<Bytes> {
  return hmac(resumption, "client proof", hello);
}

export function deviceProof(resumption: Resumption, transcript: Bytes): Promise<Bytes> {
  return hmac(resumption, "device proof", transcript);
}

async function hmac(resumption: Resumption, label: string, data: Bytes): Promise<Bytes> {
  const algorithm = { name: "HMAC", hash: "SHA-384" };
  const key = await crypto.subtle.importKey("raw", resumption.proof, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, concat(utf8(`${LABEL}${label}\0`), data)));
}

/** Whether the device's node key (PKCS#1 DER) signed the transcript. */
export async function isSigned(key: Bytes, transcript: Bytes, signature: Bytes): Promise<boolean> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" };
  try {
    const imported = await crypto.subtle.importKey("spki", spki(key), algorithm, false, ["verify"]);
    const modulus = (imported.algorithm as RsaHashedKeyAlgorithm).modulusLength;
    if (modulus < 2048 || modulus > 8192) return false;
    return await crypto.subtle.verify(algorithm, imported, signature, concat(utf8(`${LABEL}device signature\0`), transcript));
  } catch {
    return false; // no RSA key at all
  }
}

/** WebCrypto reads public keys as SubjectPublicKeyInfo only. */
function spki(pkcs1: Bytes): Bytes {
  const der = (tag: number, ...content: Uint8Array[]): Bytes => {
    const body = concat(...content);
    const size = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
    return concat(new Uint8Array([tag, ...size]), body);
  };
  const rsaEncryption = new Uint8Array([0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]);
  return der(0x30, der(0x30, rsaEncryption), der(0x03, new Uint8Array([0]), pkcs1));
}
