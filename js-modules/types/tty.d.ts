declare module 'tty' {
    import { Readable, Writable } from 'stream';
    export class ReadStream extends Readable {
        constructor(fd: 0);
        readonly fd: 0;
        readonly isTTY: true;
        readonly isRaw: boolean;
        /** Each key at once, no echo, no signals by keys; undone when the script ends. */
        setRawMode(raw: boolean): this;
        ref(): this;
        unref(): this;
    }
    /** Emits `resize`. */
    export class WriteStream extends Writable {
        constructor(fd: 1 | 2);
        readonly fd: 1 | 2;
        readonly isTTY: true;
        readonly columns: number;
        readonly rows: number;
        getWindowSize(): [number, number];
        getColorDepth(env?: Record<string, string | undefined>): 1 | 4 | 8 | 24;
        hasColors(count?: number, env?: Record<string, string | undefined>): boolean;
        clearLine(direction: -1 | 0 | 1, callback?: () => void): boolean;
        clearScreenDown(callback?: () => void): boolean;
        cursorTo(x: number, y?: number, callback?: () => void): boolean;
        moveCursor(dx: number, dy: number, callback?: () => void): boolean;
    }
    export function isatty(fd: number): boolean;
}
