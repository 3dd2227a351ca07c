// Classes that are globals only; no module has this name.
declare module 'internal/web' {
    interface EventOptions {
        bubbles?: boolean;
        cancelable?: boolean;
        composed?: boolean;
    }
    export class Event {
        constructor(type: string, options?: EventOptions);
        static readonly NONE: 0;
        static readonly CAPTURING_PHASE: 1;
        static readonly AT_TARGET: 2;
        static readonly BUBBLING_PHASE: 3;
        readonly type: string;
        readonly target: EventTarget | null;
        readonly currentTarget: EventTarget | null;
        readonly srcElement: EventTarget | null;
        readonly bubbles: boolean;
        readonly cancelable: boolean;
        readonly composed: boolean;
        readonly timeStamp: number;
        readonly eventPhase: 0 | 2;
        readonly defaultPrevented: boolean;
        readonly returnValue: boolean;
        readonly isTrusted: boolean;
        cancelBubble: boolean;
        composedPath(): EventTarget[];
        preventDefault(): void;
        stopPropagation(): void;
        stopImmediatePropagation(): void;
        initEvent(type: string, bubbles?: boolean, cancelable?: boolean): void;
    }
    export class Crypto {
        getRandomValues<T extends ArrayBufferView>(array: T): T;
        randomUUID(options?: { disableEntropyCache?: boolean }): string;
        readonly subtle: { digest(algorithm: string | { name: string }, data: ArrayBufferView | ArrayBuffer): Promise<ArrayBuffer> };
    }
    export class CustomEvent<T = any> extends Event {
        constructor(type: string, options?: EventOptions & { detail?: T });
        readonly detail: T | null;
    }
    type EventListener = ((event: Event) => void) | { handleEvent(event: Event): void };
    interface ListenerOptions {
        once?: boolean;
        capture?: boolean;
        /** Without effect. */
        passive?: boolean;
        /** The listener goes when it is aborted. */
        signal?: AbortSignal;
    }
    export class EventTarget {
        addEventListener(type: string, listener: EventListener | null, options?: ListenerOptions | boolean): void;
        removeEventListener(type: string, listener: EventListener | null, options?: { capture?: boolean } | boolean): void;
        /** False when a listener prevented the default. */
        dispatchEvent(event: Event): boolean;
    }
    export class AbortSignal extends EventTarget {
        private constructor();
        static abort(reason?: any): AbortSignal;
        static timeout(milliseconds: number): AbortSignal;
        static any(signals: Iterable<AbortSignal>): AbortSignal;
        readonly aborted: boolean;
        readonly reason: any;
        onabort: ((event: Event) => void) | null;
        throwIfAborted(): void;
    }
    export class AbortController {
        readonly signal: AbortSignal;
        abort(reason?: any): void;
    }
    export class DOMException extends Error {
        constructor(message?: string, nameOrOptions?: string | { name?: string; cause?: unknown });
        readonly name: string;
        readonly message: string;
        /** The number of the older names; 0 for all others. */
        readonly code: number;
    }
    export function structuredClone<T>(value: T, options?: { transfer?: Iterable<ArrayBuffer> } | null): T;
}
