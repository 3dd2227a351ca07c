// What a viewer sends in a desktop session (relay specification, 7.4).

/** Size of a picture that is the screen's own. */
export const FULL_SCALE = 1024;

export interface Settings {
  /** JPEG quality, 1 to 100. */
  quality: number;
  /** 1024 is the screen's own size. */
  scale: number;
  /** Milliseconds between two pictures. */
  interval: number;
}

export type Button = "left" | "middle" | "right";
const BUTTONS: Record<Button, number> = { left: 0x02, right: 0x08, middle: 0x20 };

export const settings = ({ quality, scale, interval }: Settings) => command(5, [1, quality, ...word(scale), ...word(interval)]);
export const refresh = () => command(6, []);
export const pause = (paused: boolean) => command(8, [paused ? 1 : 0]);
export const ctrlAltDelete = () => command(10, []);
export const listDisplays = () => command(11, []);
export const setDisplay = (id: number) => command(12, word(id));
export const askInputLock = () => command(87, [2]);

/** A key by its Windows code; extended ones are those of the middle and the right of a keyboard. */
export const key = (code: number, down: boolean, extended: boolean) => command(1, [extended ? (down ? 4 : 3) : down ? 0 : 1, code]);

/** One UTF-16 unit of a typed text. */
export const unicode = (unit: number, down: boolean) => command(85, [down ? 0 : 1, ...word(unit)]);

export const move = (x: number, y: number) => command(2, [0, 0, ...word(x), ...word(y)]);
export const button = (which: Button, down: boolean, x: number, y: number) =>
  command(2, [0, down ? BUTTONS[which] : BUTTONS[which] * 2, ...word(x), ...word(y)]);

/** The wheel at a place: positive is away from the hand, 120 is a notch. */
export const wheel = (x: number, y: number, delta: number) => command(2, [0, 0, ...word(x), ...word(y), ...word(delta & 0xffff)]);

function command(kind: number, body: number[]): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  bytes.set([...word(kind), ...word(bytes.length), ...body]);
  return bytes;
}

function word(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}
