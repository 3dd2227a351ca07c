// Wheels, touch pads and fingers scroll by pixels, lines or pages; a screen far away by notches.

const NOTCH = 120;
/** Pixels of a browser's wheel event that make a notch. */
const PIXELS = 100;
const LINE_PIXELS = 33;
const PAGE_PIXELS = 400;
/** Most notches of one event. */
const MOST = 10;

export class Wheel {
  private rest = 0;

  /** Takes a movement (`deltaY`, `deltaMode`) and gives what to send: 0 while it is less than a notch. */
  take(delta: number, mode: number): number {
    const pixels = delta * (mode === 1 ? LINE_PIXELS : mode === 2 ? PAGE_PIXELS : 1);
    if (this.rest * pixels < 0) this.rest = 0;
    this.rest += pixels;
    const notches = Math.max(-MOST, Math.min(MOST, Math.trunc(this.rest / PIXELS)));
    if (notches === 0) return 0;
    this.rest = Math.abs(notches) === MOST ? 0 : this.rest - notches * PIXELS;
    return -notches * NOTCH;
  }
}
