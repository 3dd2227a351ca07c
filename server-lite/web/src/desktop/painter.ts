// Pictures on a canvas: decoded by the browser, several at a time, and painted in the order in which they came.

/** Pictures that are decoded at once. */
const DECODING = 8;
/** From here on the agent is asked to rest, and below the second to go on. */
const FULL = { pictures: 400, bytes: 32 << 20 };
const EASY = { pictures: 40, bytes: 4 << 20 };

interface Entry {
  bytes: number;
  begin: (() => Promise<() => void>) | null;
  ready: (() => void) | null;
}

export interface PainterEvents {
  /** The queue is long (true) or short again (false). */
  pressure(full: boolean): void;
  /** The first picture of a size was painted. */
  painted(): void;
}

export class Painter {
  private queue: Entry[] = [];
  private decoding = 0;
  private bytes = 0;
  private full = false;
  private over = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly events: PainterEvents,
  ) {}

  /** The picture has another size from here on. */
  resize(width: number, height: number): void {
    this.add(0, async () => () => {
      if (this.canvas.width === width && this.canvas.height === height) return;
      this.canvas.width = width;
      this.canvas.height = height;
    });
  }

  paint(x: number, y: number, image: Uint8Array): void {
    this.add(image.length, async () => {
      // A copy: the bytes are a part of a frame.
      const bitmap = await createImageBitmap(new Blob([image.slice()])).catch(() => null);
      return () => {
        if (!bitmap) return;
        this.canvas.getContext("2d", { alpha: false })?.drawImage(bitmap, x, y);
        bitmap.close();
        this.events.painted();
      };
    });
  }

  dispose(): void {
    this.over = true;
    this.queue = [];
  }

  private add(bytes: number, begin: () => Promise<() => void>): void {
    if (this.over) return;
    this.queue.push({ bytes, begin, ready: null });
    this.bytes += bytes;
    this.work();
    this.measure();
  }

  private work(): void {
    for (const entry of this.queue) {
      if (this.decoding >= DECODING) break;
      if (!entry.begin) continue;
      const begin = entry.begin;
      entry.begin = null;
      this.decoding++;
      void begin().then((ready) => {
        this.decoding--;
        entry.ready = ready;
        this.flush();
      });
    }
  }

  private flush(): void {
    while (this.queue[0]?.ready) {
      const entry = this.queue.shift()!;
      this.bytes -= entry.bytes;
      entry.ready!();
    }
    this.work();
    this.measure();
  }

  private measure(): void {
    const over = (limit: typeof FULL) => this.queue.length > limit.pictures || this.bytes > limit.bytes;
    const full = this.full ? over(EASY) : over(FULL);
    if (full === this.full || this.over) return;
    this.full = full;
    this.events.pressure(full);
  }
}
