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
    type BodyInit = string | ArrayBuffer | ArrayBufferView | Blob | FormData | URLSearchParams | ReadableStream | AsyncIterable<Uint8Array>;
    type HeadersInit = Headers | Iterable<[string, string]> | Record<string, string>;
    /** Bytes with a type, never changed. */
    export class Blob {
        constructor(parts?: Iterable<string | ArrayBuffer | ArrayBufferView | Blob>, options?: { type?: string; endings?: 'transparent' | 'native' });
        readonly size: number;
        readonly type: string;
        slice(start?: number, end?: number, type?: string): Blob;
        arrayBuffer(): Promise<ArrayBuffer>;
        bytes(): Promise<Uint8Array>;
        text(): Promise<string>;
        stream(): ReadableStream<Uint8Array>;
    }
    export class File extends Blob {
        constructor(parts: Iterable<string | ArrayBuffer | ArrayBufferView | Blob>, name: string, options?: { type?: string; lastModified?: number });
        readonly name: string;
        readonly lastModified: number;
    }
    export class FormData {
        append(name: string, value: string | Blob, filename?: string): void;
        set(name: string, value: string | Blob, filename?: string): void;
        delete(name: string): void;
        get(name: string): string | File | null;
        getAll(name: string): Array<string | File>;
        has(name: string): boolean;
        forEach(callback: (value: string | File, name: string, form: FormData) => void): void;
        entries(): IterableIterator<[string, string | File]>;
        keys(): IterableIterator<string>;
        values(): IterableIterator<string | File>;
        [Symbol.iterator](): IterableIterator<[string, string | File]>;
    }
    export class Headers {
        constructor(init?: HeadersInit);
        append(name: string, value: string): void;
        set(name: string, value: string): void;
        delete(name: string): void;
        get(name: string): string | null;
        has(name: string): boolean;
        getSetCookie(): string[];
        forEach(callback: (value: string, name: string, headers: Headers) => void): void;
        entries(): IterableIterator<[string, string]>;
        keys(): IterableIterator<string>;
        values(): IterableIterator<string>;
        [Symbol.iterator](): IterableIterator<[string, string]>;
    }
    interface StreamReader<T> {
        readonly closed: Promise<void>;
        read(): Promise<{ value: T; done: false } | { value: undefined; done: true }>;
        cancel(reason?: any): Promise<void>;
        releaseLock(): void;
    }
    interface StreamController<T> {
        readonly desiredSize: number | null;
        enqueue(chunk: T): void;
        close(): void;
        error(reason?: any): void;
    }
    /** What bodies need of it: one default reader, no byte streams. */
    export class ReadableStream<T = any> {
        constructor(source?: {
            start?(controller: StreamController<T>): any; pull?(controller: StreamController<T>): any; cancel?(reason: any): any;
        }, strategy?: { highWaterMark?: number; size?(chunk: T): number });
        static from<T>(iterable: Iterable<T> | AsyncIterable<T>): ReadableStream<T>;
        readonly locked: boolean;
        getReader(): StreamReader<T>;
        cancel(reason?: any): Promise<void>;
        tee(): [ReadableStream<T>, ReadableStream<T>];
        pipeTo(target: { getWriter(): { write(chunk: T): Promise<void>; close(): Promise<void> } }): Promise<void>;
        values(options?: { preventCancel?: boolean }): AsyncIterableIterator<T>;
        [Symbol.asyncIterator](): AsyncIterableIterator<T>;
    }
    interface Body {
        readonly body: ReadableStream<Uint8Array> | null;
        readonly bodyUsed: boolean;
        arrayBuffer(): Promise<ArrayBuffer>;
        blob(): Promise<Blob>;
        bytes(): Promise<Uint8Array>;
        formData(): Promise<FormData>;
        json(): Promise<any>;
        text(): Promise<string>;
    }
    interface RequestInit {
        method?: string; headers?: HeadersInit; body?: BodyInit | null; redirect?: 'follow' | 'error' | 'manual';
        signal?: AbortSignal | null; duplex?: 'half';
    }
    export class Request {
        constructor(input: string | URL | Request, init?: RequestInit);
        readonly url: string;
        readonly method: string;
        readonly headers: Headers;
        readonly redirect: 'follow' | 'error' | 'manual';
        readonly signal: AbortSignal;
        clone(): Request;
    }
    export interface Request extends Body {}
    export class Response {
        constructor(body?: BodyInit | null, init?: { status?: number; statusText?: string; headers?: HeadersInit });
        static error(): Response;
        static json(data: any, init?: { status?: number; statusText?: string; headers?: HeadersInit }): Response;
        static redirect(url: string | URL, status?: number): Response;
        readonly status: number;
        readonly statusText: string;
        readonly ok: boolean;
        readonly url: string;
        readonly redirected: boolean;
        readonly type: 'basic' | 'default' | 'error';
        readonly headers: Headers;
        clone(): Response;
    }
    export interface Response extends Body {}
    /** Needs the permission `net`. Follows 20 redirects; no cache, no cookies. */
    export function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
    export class MessageEvent extends Event {
        constructor(type: string, init?: { data?: any; origin?: string; lastEventId?: string });
        readonly data: any;
        readonly origin: string;
        readonly lastEventId: string;
    }
    export class CloseEvent extends Event {
        constructor(type: string, init?: { code?: number; reason?: string; wasClean?: boolean });
        readonly code: number;
        readonly reason: string;
        readonly wasClean: boolean;
    }
    /** The client. Needs the permission `net`. No extensions; messages up to 64 MiB. */
    export class WebSocket extends EventTarget {
        constructor(url: string | URL, protocols?: string | string[] | { protocols?: string | string[]; headers?: HeadersInit });
        static readonly CONNECTING: 0;
        static readonly OPEN: 1;
        static readonly CLOSING: 2;
        static readonly CLOSED: 3;
        readonly url: string;
        readonly readyState: 0 | 1 | 2 | 3;
        readonly bufferedAmount: number;
        readonly protocol: string;
        readonly extensions: string;
        binaryType: 'blob' | 'arraybuffer';
        onopen: ((event: Event) => void) | null;
        onmessage: ((event: MessageEvent) => void) | null;
        onerror: ((event: Event) => void) | null;
        onclose: ((event: CloseEvent) => void) | null;
        send(data: string | ArrayBuffer | ArrayBufferView | Blob): void;
        close(code?: number, reason?: string): void;
    }
}
