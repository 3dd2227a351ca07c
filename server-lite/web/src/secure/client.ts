// The operator's end of one session. It gives frames to a link and takes them from it; opening links is the owner's.
// The same as microstack/session/src/client.rs, with WebCrypto, which answers later: so everything stands in a queue.

import { equal, utf8, type Bytes } from "./bytes.ts";
import { clientFrame, emitClientHello, parseDeviceFrame, parseDeviceHello } from "./hello.ts";
import {
  deriveLink,
  deviceProof,
  isSigned,
  LinkKey,
  sha384,
  transcriptOf,
  type LinkSecrets,
  type Resumption,
} from "./keys.ts";
import { Half } from "./seal.ts";
import { Broken, Stream, type Taken } from "./stream.ts";

/** What carries frames: a tunnel of the relay. */
export interface Link {
  send(frame: Uint8Array): void;
  sendText(frame: string): void;
}

/** Random numbers for one link. */
export interface ClientRandom {
  key: LinkKey;
  nonce: Bytes;
}

export interface DeviceFacts {
  /** For how long the device keeps a session without a link. */
  keptMs: number;
  /** Rights and user, as the server told the device. */
  rights: number;
  user: string;
}

/** Somebody may stand in between: no new link helps. */
export class NotTheDevice extends Error {}

interface Up {
  link: Link;
  sealer: Half;
  opener: Half;
}

export class Client {
  /** A message of the device, or the end. */
  onTaken: (taken: Taken) => void = () => undefined;
  /** What the device said at the start. */
  facts: DeviceFacts | null = null;
  private readonly stream = new Stream();
  private session: { id: Bytes; resumption: Resumption } | null = null;
  private up: Up | null = null;
  private greeting: { link: Link; key: LinkKey; hello: Bytes } | null = null;
  private incoming: Promise<void> = Promise.resolve();
  private outgoing = false;

  constructor(
    private readonly node: Bytes,
    private readonly protocol: number,
  ) {}

  /** A tunnel is ready: says hello. */
  async attach(link: Link, tunnel: string, random?: ClientRandom): Promise<void> {
    const { key, nonce } = random ?? { key: await LinkKey.make(), nonce: crypto.getRandomValues(new Uint8Array(32)) };
    const resume = this.session && {
      session: this.session.id,
      received: this.stream.received,
      resumption: this.session.resumption,
    };
    const { node, protocol } = this;
    const hello = await emitClientHello({ protocol, point: key.point, nonce, node, tunnel, resume });
    this.up = null;
    this.greeting = { link, key, hello };
    link.sendText(clientFrame(hello));
  }

  /** The tunnel is lost. */
  detach(): void {
    this.up = null;
    this.greeting = null;
  }

  /** The device's answer to our hello. Rejects when it is not the device, or refuses. */
  async handleText(text: string): Promise<void> {
    const greeting = this.greeting;
    this.greeting = null;
    if (!greeting) throw new Error("Something outside of the encryption came from the relay.");
    const frame = parseDeviceFrame(text);
    const said = parseDeviceHello(frame.hello);
    const key: Bytes = frame.key ?? new Uint8Array(0);
    const transcript = await transcriptOf(greeting.hello, frame.hello, this.session ? new Uint8Array(0) : key);
    if (said.resumed !== (this.session !== null)) throw new Error("The device answered another greeting.");
    if (!this.session) {
      if (!equal(await sha384(key), this.node)) {
        throw new NotTheDevice("The key at the other end is not the one of this device: somebody may stand in between. Nothing was sent.");
      }
      if (!frame.sig || !(await isSigned(key, transcript, frame.sig))) {
        throw new NotTheDevice("The device's signature does not fit: somebody may stand in between. Nothing was sent.");
      }
    } else {
      const proof = await deviceProof(this.session.resumption, transcript);
      if (!frame.proof || !equal(proof, frame.proof) || !equal(this.session.id, said.session)) {
        throw new NotTheDevice("The other end does not know this session's key: somebody may stand in between.");
      }
    }
    const secrets: LinkSecrets = await deriveLink(
      await greeting.key.agree(said.point),
      this.session?.resumption ?? null,
      transcript,
    );
    const [sealer, opener] = [await Half.of(secrets.toDevice), await Half.of(secrets.toClient)];
    this.stream.attach(said.received);
    this.session ??= { id: said.session, resumption: secrets.resumption };
    this.facts ??= { keptMs: said.keptSeconds * 1000, rights: said.rights, user: said.user };
    this.up = { link: greeting.link, sealer, opener };
    await this.flush();
  }

  /** A binary frame of the link. Rejects when it does not open or makes no sense. Frames are taken in their order. */
  handleBinary(frame: Bytes): Promise<void> {
    const up = this.up;
    const handled = this.incoming.then(async () => {
      if (!up || up !== this.up) return; // of a link that is gone
      const record = await up.opener.open(frame);
      // Since then a new link may have said what we expect next: this record comes again on it.
      if (up !== this.up) return;
      this.stream.record(record);
      await this.deliver();
    });
    this.incoming = handled.catch(() => undefined);
    return handled;
  }

  /** Stops or goes on with giving messages; the device waits meanwhile. Rejects as `handleBinary` does. */
  pause(paused: boolean): Promise<void> {
    this.stream.pause(paused);
    if (paused) return Promise.resolve();
    // What waited is given in its turn, not while the owner is still in the call that says so.
    const delivered = this.incoming.then(() => this.deliver());
    this.incoming = delivered.catch(() => undefined);
    return delivered;
  }

  /** Gives what is there to the owner, and acknowledges it. */
  private async deliver(): Promise<void> {
    for (let taken = this.stream.take(); taken; taken = this.stream.take()) {
      try {
        this.onTaken(taken);
      } catch (error) {
        // The owner's mistake, and no fault of the link: a new one would only bring the next message to it.
        console.error(error);
      }
    }
    await this.flush();
  }

  send(data: Uint8Array): void {
    this.stream.send(false, data);
    void this.flush();
  }

  sendText(text: string): void {
    this.stream.send(true, utf8(text));
    void this.flush();
  }

  close(reason: string): void {
    this.stream.close(reason);
    void this.flush();
  }

  ping(): void {
    this.stream.ping();
    void this.flush();
  }

  get isUp(): boolean {
    return this.up !== null;
  }

  get isResumable(): boolean {
    return this.session !== null;
  }

  get buffered(): number {
    return this.stream.buffered;
  }

  /** Seals and sends what is due. One at a time: the order of sealing is the order on the wire. */
  async flush(): Promise<void> {
    if (this.outgoing) return;
    this.outgoing = true;
    try {
      for (let up = this.up; up; up = this.up) {
        const record = this.stream.nextRecord();
        if (!record) return;
        const frame = await up.sealer.seal(record);
        // A link that went meanwhile: what was numbered is sent again on the next one.
        if (up === this.up) up.link.send(frame);
      }
    } finally {
      this.outgoing = false;
    }
  }
}

/** Whether a new link is of no use after this error. */
export function isFinal(error: unknown): boolean {
  return error instanceof NotTheDevice || error instanceof Broken || (error as { final?: boolean } | null)?.final === true;
}
