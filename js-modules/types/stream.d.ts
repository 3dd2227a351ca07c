/** Streams with Node's semantics. Differences: no `compose`, no web streams, no iterator helpers. */
declare module 'stream' {
    import { EventEmitter } from 'events';
    type Done = (error?: Error | null) => void;

    export class Stream extends EventEmitter {
        pipe<T extends Writable>(target: T, options?: { end?: boolean }): T;
        static Stream: typeof Stream;
        static Readable: typeof Readable;
        static Writable: typeof Writable;
        static Duplex: typeof Duplex;
        static Transform: typeof Transform;
        static PassThrough: typeof PassThrough;
        static finished: typeof finished;
        static pipeline: typeof pipeline;
        static addAbortSignal: typeof addAbortSignal;
        static destroy: typeof destroy;
        static isReadable: typeof isReadable;
        static isErrored: typeof isErrored;
        static promises: typeof promises;
    }
    interface ReadableOptions {
        objectMode?: boolean; highWaterMark?: number; encoding?: string; emitClose?: boolean; autoDestroy?: boolean;
        read?(this: Readable, size: number): void;
        destroy?(error: Error | null, callback: Done): void;
        construct?(callback: Done): void;
        signal?: AbortSignal;
    }
    export class Readable extends Stream {
        constructor(options?: ReadableOptions);
        readable: boolean; readableFlowing: boolean | null; readableEnded: boolean; readableLength: number;
        readableHighWaterMark: number; readableObjectMode: boolean; readableEncoding: string | null;
        readableAborted: boolean; readableDidRead: boolean; destroyed: boolean; errored: Error | null; closed: boolean;
        push(chunk: any, encoding?: string): boolean;
        unshift(chunk: any, encoding?: string): boolean;
        read(size?: number): any;
        pause(): this;
        resume(): this;
        isPaused(): boolean;
        setEncoding(encoding: string): this;
        unpipe(target?: Writable): this;
        destroy(error?: Error, callback?: Done): this;
        _read(size: number): void;
        [Symbol.asyncIterator](): AsyncGenerator<any>;
        static from(source: Iterable<any> | AsyncIterable<any>, options?: ReadableOptions): Readable;
    }
    interface WritableOptions {
        objectMode?: boolean; highWaterMark?: number; decodeStrings?: boolean; defaultEncoding?: string;
        emitClose?: boolean; autoDestroy?: boolean;
        write?(this: Writable, chunk: any, encoding: string, callback: Done): void;
        writev?(this: Writable, chunks: { chunk: any; encoding: string }[], callback: Done): void;
        final?(this: Writable, callback: Done): void;
        destroy?(error: Error | null, callback: Done): void;
        construct?(callback: Done): void;
        signal?: AbortSignal;
    }
    export class Writable extends Stream {
        constructor(options?: WritableOptions);
        writable: boolean; writableEnded: boolean; writableFinished: boolean; writableLength: number;
        writableHighWaterMark: number; writableObjectMode: boolean; writableCorked: number; writableNeedDrain: boolean;
        writableAborted: boolean; destroyed: boolean; errored: Error | null; closed: boolean;
        write(chunk: any, encoding?: string, callback?: Done): boolean;
        end(chunk?: any, encoding?: string, callback?: Done): this;
        cork(): void;
        uncork(): void;
        setDefaultEncoding(encoding: string): this;
        destroy(error?: Error, callback?: Done): this;
    }
    export class Duplex extends Readable {
        constructor(options?: ReadableOptions & WritableOptions & { allowHalfOpen?: boolean; readable?: boolean; writable?: boolean });
        allowHalfOpen: boolean;
        write(chunk: any, encoding?: string, callback?: Done): boolean;
        end(chunk?: any, encoding?: string, callback?: Done): this;
    }
    export class Transform extends Duplex {
        constructor(options?: object);
        _transform(chunk: any, encoding: string, callback: (error?: Error | null, data?: any) => void): void;
        _flush?(callback: (error?: Error | null, data?: any) => void): void;
    }
    export class PassThrough extends Transform {}
    export function finished(stream: Stream, callback: (error?: Error) => void): () => void;
    export function finished(stream: Stream, options: object, callback: (error?: Error) => void): () => void;
    export function pipeline(...streams: any[]): Writable;
    export function addAbortSignal<T extends Stream>(signal: AbortSignal, stream: T): T;
    export function destroy(stream: Stream, error?: Error): Stream;
    export function isReadable(stream: Stream): boolean;
    export function isErrored(stream: Stream): boolean;
    export const promises: typeof import('stream/promises');
}

declare module 'stream/promises' {
    export function finished(stream: import('stream').Stream, options?: object): Promise<void>;
    export function pipeline(...streams: any[]): Promise<void>;
}
