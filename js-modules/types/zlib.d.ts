declare module 'zlib' {
    import { Transform, TransformOptions } from 'stream';
    type Input = string | ArrayBuffer | ArrayBufferView;
    export interface ZlibOptions {
        flush?: number;
        finishFlush?: number;
        chunkSize?: number;
        windowBits?: number;
        level?: number;
        memLevel?: number;
        strategy?: number;
        dictionary?: ArrayBufferView | ArrayBuffer;
        info?: boolean;
        maxOutputLength?: number;
    }
    type Callback = (error: Error | null, result: Buffer) => void;
    interface Whole {
        (buffer: Input, callback: Callback): void;
        (buffer: Input, options: ZlibOptions, callback: Callback): void;
    }
    class Zlib extends Transform {
        constructor(options?: ZlibOptions & TransformOptions);
        readonly bytesWritten: number;
        close(callback?: () => void): void;
        flush(kind?: number, callback?: () => void): void;
        flush(callback: () => void): void;
        params(level: number, strategy: number, callback?: (error?: Error) => void): void;
        reset(): void;
    }
    export class Deflate extends Zlib {}
    export class Inflate extends Zlib {}
    export class Gzip extends Zlib {}
    export class Gunzip extends Zlib {}
    export class DeflateRaw extends Zlib {}
    export class InflateRaw extends Zlib {}
    export class Unzip extends Zlib {}
    export function createDeflate(options?: ZlibOptions): Deflate;
    export function createInflate(options?: ZlibOptions): Inflate;
    export function createGzip(options?: ZlibOptions): Gzip;
    export function createGunzip(options?: ZlibOptions): Gunzip;
    export function createDeflateRaw(options?: ZlibOptions): DeflateRaw;
    export function createInflateRaw(options?: ZlibOptions): InflateRaw;
    export function createUnzip(options?: ZlibOptions): Unzip;
    export const deflate: Whole, inflate: Whole, gzip: Whole, gunzip: Whole, deflateRaw: Whole, inflateRaw: Whole, unzip: Whole;
    export function deflateSync(buffer: Input, options?: ZlibOptions): Buffer;
    export function inflateSync(buffer: Input, options?: ZlibOptions): Buffer;
    export function gzipSync(buffer: Input, options?: ZlibOptions): Buffer;
    export function gunzipSync(buffer: Input, options?: ZlibOptions): Buffer;
    export function deflateRawSync(buffer: Input, options?: ZlibOptions): Buffer;
    export function inflateRawSync(buffer: Input, options?: ZlibOptions): Buffer;
    export function unzipSync(buffer: Input, options?: ZlibOptions): Buffer;
    export function crc32(data: string | ArrayBufferView, value?: number): number;
    export const constants: Readonly<Record<string, number>>;
    export const codes: Readonly<Record<string, string | number>>;
}
