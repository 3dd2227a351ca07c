declare module 'timers' {
    interface Timeout {
        ref(): this;
        unref(): this;
        hasRef(): boolean;
        /** Starts the time anew; a timer that has fired starts again. */
        refresh(): this;
        close(): this;
        [Symbol.toPrimitive](): number;
    }
    interface Immediate {
        ref(): this;
        unref(): this;
        hasRef(): boolean;
    }
    type Callback = (...args: any[]) => void;
    export function setTimeout(callback: Callback, milliseconds?: number, ...args: any[]): Timeout;
    export function setInterval(callback: Callback, milliseconds?: number, ...args: any[]): Timeout;
    export function setImmediate(callback: Callback, ...args: any[]): Immediate;
    export function clearTimeout(timer?: Timeout | number | string | null): void;
    export function clearInterval(timer?: Timeout | number | string | null): void;
    export function clearImmediate(immediate?: Immediate | null): void;
    /** Deprecated, as in Node. */
    export function enroll(item: object, milliseconds: number): void;
    /** Deprecated, as in Node. */
    export function unenroll(item: object): void;
    /** Deprecated, as in Node. */
    export function active(item: object): void;
    export const promises: typeof import('timers/promises');
    export function queueMicrotask(callback: () => void): void;
}

declare module 'timers/promises' {
    import { AbortSignal } from 'internal/web';
    interface WaitOptions {
        signal?: AbortSignal;
        ref?: boolean;
    }
    export function setTimeout<T = void>(milliseconds?: number, value?: T, options?: WaitOptions): Promise<T>;
    export function setImmediate<T = void>(value?: T, options?: WaitOptions): Promise<T>;
    export function setInterval<T = void>(milliseconds?: number, value?: T, options?: WaitOptions): AsyncIterable<T>;
    export const scheduler: { wait(milliseconds: number, options?: WaitOptions): Promise<void>; yield(): Promise<void> };
}
