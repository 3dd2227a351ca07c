// The control socket `/control.ashx`: one per page, reconnected with growing pauses. Requests are matched to answers
// by `responseid`; everything else goes to the listeners.

export type Message = Record<string, unknown> & { action: string };
export type ConnectionState = "connecting" | "open" | "lost" | "closed";

export interface Control {
  readonly state: ConnectionState;
  /** Sends without waiting. False when there is no connection; nothing is kept for later. */
  send(message: Message): boolean;
  /** Sends and waits for the answer with the same `responseid`. Rejects when the connection goes or time is up. */
  ask(message: Message, patienceMs?: number): Promise<Message>;
  /** Every message that is no answer to `ask`. Returns how to stop listening. */
  listen(listener: (message: Message) => void): () => void;
  /** Connection changes; called at once with the present state. */
  watch(watcher: (state: ConnectionState, nextTryMs: number) => void): () => void;
  /** Tries now instead of after the pause. */
  retry(): void;
  close(): void;
}

interface Waiting {
  resolve(message: Message): void;
  reject(error: Error): void;
  timer: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A proxy may drop a silent connection; the server answers a ping. */
const PING_MS = 60_000;
/** A silence that is longer than this after a ping is a dead connection. */
const PONG_MS = 20_000;
const MAX_WAITING = 4096;

/** Opens the socket and keeps it open. `refused` is called when the server does not know the session any more. */
export function connect(refused: (why: string) => void): Control {
  return new Socket(refused);
}

class Socket implements Control {
  state: ConnectionState = "connecting";
  private socket: WebSocket | null = null;
  private readonly waiting = new Map<string, Waiting>();
  private readonly listeners = new Set<(message: Message) => void>();
  private readonly watchers = new Set<(state: ConnectionState, nextTryMs: number) => void>();
  private next = 0;
  private failures = 0;
  private retryTimer = 0;
  private pingTimer = 0;
  private pongTimer = 0;
  private readonly online = () => this.retry();

  constructor(private readonly refused: (why: string) => void) {
    addEventListener("online", this.online);
    this.open();
  }

  send(message: Message): boolean {
    if (this.state !== "open" || !this.socket) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  ask(message: Message, patienceMs = 30_000): Promise<Message> {
    return new Promise((resolve, reject) => {
      if (this.waiting.size >= MAX_WAITING) return reject(new Error("Too many requests are open."));
      const responseid = `c${++this.next}`;
      if (!this.send({ ...message, responseid })) return reject(new Error("There is no connection to the server."));
      const timer = window.setTimeout(() => {
        this.waiting.delete(responseid);
        reject(new Error("The server did not answer in time."));
      }, patienceMs);
      this.waiting.set(responseid, { resolve, reject, timer });
    });
  }

  listen(listener: (message: Message) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  watch(watcher: (state: ConnectionState, nextTryMs: number) => void): () => void {
    this.watchers.add(watcher);
    watcher(this.state, 0);
    return () => this.watchers.delete(watcher);
  }

  retry(): void {
    if (this.state !== "lost") return;
    clearTimeout(this.retryTimer);
    this.open();
  }

  close(): void {
    removeEventListener("online", this.online);
    clearTimeout(this.retryTimer);
    this.end("closed", 0);
  }

  private open(): void {
    this.become("connecting", 0);
    const socket = new WebSocket(`wss://${location.host}/control.ashx`);
    this.socket = socket;
    let heard = false;
    socket.onmessage = (event) => {
      if (this.socket !== socket || typeof event.data !== "string") return;
      clearTimeout(this.pongTimer);
      const message = parse(event.data);
      if (!message) return;
      if (message.action === "close") return this.turnedAway(message);
      if (!heard) {
        // The server speaks first: only now is the session known to be good.
        heard = true;
        this.failures = 0;
        this.become("open", 0);
        this.pingTimer = window.setInterval(() => this.ping(), PING_MS);
      }
      this.hear(message);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  private ping(): void {
    if (!this.send({ action: "ping" })) return;
    clearTimeout(this.pongTimer);
    this.pongTimer = window.setTimeout(() => this.lost(), PONG_MS);
  }

  private hear(message: Message): void {
    if (message.action === "pong") return;
    const responseid = message["responseid"];
    const waiting = typeof responseid === "string" ? this.waiting.get(responseid) : undefined;
    if (waiting) {
      this.waiting.delete(responseid as string);
      clearTimeout(waiting.timer);
      waiting.resolve(message);
    }
    for (const listener of [...this.listeners]) listener(message);
  }

  private turnedAway(message: Message): void {
    const why = typeof message["cause"] === "string" ? message["cause"] : "refused";
    this.close();
    this.refused(why);
  }

  private lost(): void {
    this.failures++;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.failures - 1, 10));
    // Spread, so that a restarted server does not meet all its consoles at once.
    const spread = Math.round(pause * (0.75 + Math.random() / 2));
    this.end("lost", spread);
    this.retryTimer = window.setTimeout(() => this.open(), spread);
  }

  private end(state: ConnectionState, nextTryMs: number): void {
    clearInterval(this.pingTimer);
    clearTimeout(this.pongTimer);
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
    for (const waiting of this.waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(new Error("The connection to the server was lost."));
    }
    this.waiting.clear();
    this.become(state, nextTryMs);
  }

  private become(state: ConnectionState, nextTryMs: number): void {
    this.state = state;
    for (const watcher of [...this.watchers]) watcher(state, nextTryMs);
  }
}

function parse(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && typeof (value as Message).action === "string") {
      return value as Message;
    }
  } catch {
    // Not for us.
  }
  return null;
}

/** The text of a failed answer, or null when it says that all went well. */
export function failure(answer: Message): string | null {
  const result = answer["result"];
  if (result === undefined || result === null) return null;
  if (typeof result === "string" && result.toLowerCase() === "ok") return null;
  return typeof result === "string" && result !== "" ? result : "The server refused without a reason.";
}

/** Asks, and rejects when the answer is a refusal. */
export async function order(control: Control, message: Message, patienceMs?: number): Promise<Message> {
  const answer = await control.ask(message, patienceMs);
  const why = failure(answer);
  if (why) throw new Error(why);
  return answer;
}
