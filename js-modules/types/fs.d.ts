/**
 * Files, with Node's errors. Needs `fs.read` and `fs.write` for the path, links resolved.
 * Differences: `opendir` reads the whole listing when it opens; paths given as bytes must be UTF-8.
 */
declare module 'fs' {
    import { Readable, Writable } from 'stream';
    type Path = string | Uint8Array | URL;
    type Data = string | ArrayBufferView;
    type Failed = Error | null;
    type WriteOptions = string | { encoding?: string; mode?: number | string; flag?: string };
    interface StatOptions { throwIfNoEntry?: boolean; bigint?: boolean }
    export class Stats {
        dev: number; mode: number; nlink: number; uid: number; gid: number; rdev: number; blksize: number; ino: number;
        size: number; blocks: number; atimeMs: number; mtimeMs: number; ctimeMs: number; birthtimeMs: number;
        atime: Date; mtime: Date; ctime: Date; birthtime: Date;
        isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean; isFIFO(): boolean; isSocket(): boolean;
        isCharacterDevice(): boolean; isBlockDevice(): boolean;
    }
    export class Dirent {
        name: string; parentPath: string; path: string;
        isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean; isFIFO(): boolean; isSocket(): boolean;
        isCharacterDevice(): boolean; isBlockDevice(): boolean;
    }
    export const constants: Record<string, number>;
    export const F_OK: number;
    export const R_OK: number;
    export const W_OK: number;
    export const X_OK: number;
    export function existsSync(path: Path): boolean;
    export function exists(path: Path, callback: (there: boolean) => void): void;
    export function readSync(fd: number, buffer: ArrayBufferView, offset?: number | object, length?: number, position?: number | null): number;
    export function read(fd: number, ...rest: any[]): void;
    export function writeSync(fd: number, data: Data, offset?: number | object | null, length?: any, position?: number | null): number;
    export function write(fd: number, data: Data, ...rest: any[]): void;
    interface StreamOptions { flags?: string; encoding?: string; mode?: number; fd?: number; start?: number; end?: number; highWaterMark?: number; autoClose?: boolean; emitClose?: boolean }
    export function createReadStream(path: Path, options?: string | StreamOptions): Readable & { path: Path; bytesRead: number; fd: number | null };
    export function createWriteStream(path: Path, options?: string | StreamOptions): Writable & { path: Path; bytesWritten: number; fd: number | null };
    export function ReadStream(path: Path, options?: StreamOptions): Readable;
    export function WriteStream(path: Path, options?: StreamOptions): Writable;
    export function accessSync(path: Path, mode?: number): void;
    export function access(...args: any[]): void;
    export function appendFileSync(path: Path | number, data: Data, options?: WriteOptions): void;
    export function appendFile(...args: any[]): void;
    export function chmodSync(path: Path, mode: number | string): void;
    export function chmod(...args: any[]): void;
    export function chownSync(path: Path, uid: number, gid: number): void;
    export function chown(...args: any[]): void;
    export function closeSync(fd: number): void;
    export function close(...args: any[]): void;
    export function copyFileSync(from: Path, to: Path, mode?: number): void;
    export function copyFile(...args: any[]): void;
    export function fdatasyncSync(fd: number): void;
    export function fdatasync(...args: any[]): void;
    export function fstatSync(fd: number): Stats;
    export function fstat(...args: any[]): void;
    export function fsyncSync(fd: number): void;
    export function fsync(...args: any[]): void;
    export function ftruncateSync(fd: number, length?: number): void;
    export function ftruncate(...args: any[]): void;
    export function lchownSync(path: Path, uid: number, gid: number): void;
    export function lchown(...args: any[]): void;
    export function linkSync(from: Path, to: Path): void;
    export function link(...args: any[]): void;
    export function lstatSync(path: Path, options?: StatOptions): Stats;
    export function lstat(...args: any[]): void;
    export function mkdirSync(path: Path, options?: number | string | { recursive?: boolean; mode?: number | string }): string | undefined;
    export function mkdir(...args: any[]): void;
    export function mkdtempSync(prefix: string): string;
    export function mkdtemp(...args: any[]): void;
    export function openSync(path: Path, flags?: string | number, mode?: number | string): number;
    export function open(...args: any[]): void;
    export function readFileSync(path: Path | number, options?: string | { encoding?: string | null; flag?: string }): any;
    export function readFile(...args: any[]): void;
    export function readdirSync(path: Path, options?: string | { encoding?: string; withFileTypes?: boolean; recursive?: boolean }): any[];
    export function readdir(...args: any[]): void;
    export function readlinkSync(path: Path): string;
    export function readlink(...args: any[]): void;
    export function realpathSync(path: Path): string;
    export function realpath(...args: any[]): void;
    export function renameSync(from: Path, to: Path): void;
    export function rename(...args: any[]): void;
    export function rmSync(path: Path, options?: { recursive?: boolean; force?: boolean }): void;
    export function rm(...args: any[]): void;
    export function rmdirSync(path: Path, options?: { recursive?: boolean }): void;
    export function rmdir(...args: any[]): void;
    export function statSync(path: Path, options?: StatOptions): Stats;
    export function stat(...args: any[]): void;
    export function symlinkSync(target: Path, path: Path): void;
    export function symlink(...args: any[]): void;
    export function truncateSync(path: Path, length?: number): void;
    export function truncate(...args: any[]): void;
    export function unlinkSync(path: Path): void;
    export function unlink(...args: any[]): void;
    export function utimesSync(path: Path, atime: number | Date, mtime: number | Date): void;
    export function utimes(...args: any[]): void;
    export function writeFileSync(path: Path | number, data: Data, options?: WriteOptions): void;
    export function writeFile(...args: any[]): void;
    export function cpSync(from: Path, to: Path, options?: CopyOptions): void;
    export function cp(...args: any[]): void;
    export function fchmodSync(fd: number, mode: number | string): void;
    export function fchmod(...args: any[]): void;
    export function fchownSync(fd: number, uid: number, gid: number): void;
    export function fchown(...args: any[]): void;
    export function futimesSync(fd: number, atime: number | Date, mtime: number | Date): void;
    export function futimes(...args: any[]): void;
    export function lutimesSync(path: Path, atime: number | Date, mtime: number | Date): void;
    export function lutimes(...args: any[]): void;
    export function opendirSync(path: Path, options?: object): Dir;
    export function opendir(...args: any[]): void;
    export function readvSync(fd: number, buffers: ArrayBufferView[], position?: number | null): number;
    export function readv(...args: any[]): void;
    export function writevSync(fd: number, buffers: ArrayBufferView[], position?: number | null): number;
    export function writev(...args: any[]): void;
    export function statfsSync(path: Path, options?: { bigint?: boolean }): object;
    export function statfs(...args: any[]): void;
    interface WatchOptions { persistent?: boolean; recursive?: boolean; encoding?: string; signal?: AbortSignal }
    /** Events: `change(kind, name)`, `error`, `close`. */
    export function watch(path: Path, options?: string | WatchOptions | ((kind: string, name: any) => void), listener?: (kind: string, name: any) => void): any;
    export function watchFile(path: Path, options: any, listener?: (now: Stats, before: Stats) => void): any;
    export function unwatchFile(path: Path, listener?: (now: Stats, before: Stats) => void): void;
    export class Dir {
        path: string;
        read(): Promise<Dirent | null>; readSync(): Dirent | null;
        close(): Promise<void>; closeSync(): void;
        [Symbol.asyncIterator](): AsyncIterableIterator<Dirent>;
    }
    interface CopyOptions { recursive?: boolean; force?: boolean; errorOnExist?: boolean; dereference?: boolean; preserveTimestamps?: boolean; verbatimSymlinks?: boolean; mode?: number; filter?: (from: string, to: string) => any }
    export const FileReadStream: typeof ReadStream;
    export const FileWriteStream: typeof WriteStream;
    export const promises: typeof import('fs/promises');
}

declare module 'fs/promises' {
    type Path = string | Uint8Array | URL;
    type Data = string | ArrayBufferView;
    type WriteOptions = string | { encoding?: string; mode?: number | string; flag?: string };
    type StatOptions = { throwIfNoEntry?: boolean };
    type Stats = import('fs').Stats;
    export const constants: Record<string, number>;
    export function access(path: Path, mode?: number): Promise<void>;
    export function appendFile(path: Path | number, data: Data, options?: WriteOptions): Promise<void>;
    export function chmod(path: Path, mode: number | string): Promise<void>;
    export function chown(path: Path, uid: number, gid: number): Promise<void>;
    export function copyFile(from: Path, to: Path, mode?: number): Promise<void>;
    export function lchown(path: Path, uid: number, gid: number): Promise<void>;
    export function link(from: Path, to: Path): Promise<void>;
    export function lstat(path: Path, options?: StatOptions): Promise<Stats>;
    export function mkdir(path: Path, options?: number | string | { recursive?: boolean; mode?: number | string }): Promise<string | undefined>;
    export function mkdtemp(prefix: string): Promise<string>;
    export function readFile(path: Path | number, options?: string | { encoding?: string | null; flag?: string }): Promise<any>;
    export function readdir(path: Path, options?: string | { encoding?: string; withFileTypes?: boolean; recursive?: boolean }): Promise<any[]>;
    export function readlink(path: Path): Promise<string>;
    export function realpath(path: Path): Promise<string>;
    export function rename(from: Path, to: Path): Promise<void>;
    export function rm(path: Path, options?: { recursive?: boolean; force?: boolean }): Promise<void>;
    export function rmdir(path: Path, options?: { recursive?: boolean }): Promise<void>;
    export function stat(path: Path, options?: StatOptions): Promise<Stats>;
    export function symlink(target: Path, path: Path): Promise<void>;
    export function truncate(path: Path, length?: number): Promise<void>;
    export function unlink(path: Path): Promise<void>;
    export function utimes(path: Path, atime: number | Date, mtime: number | Date): Promise<void>;
    export function writeFile(path: Path | number, data: Data, options?: WriteOptions): Promise<void>;
    export function cp(from: Path, to: Path, options?: object): Promise<void>;
    export function lutimes(path: Path, atime: number | Date, mtime: number | Date): Promise<void>;
    export function open(path: Path, flags?: string | number, mode?: number | string): Promise<FileHandle>;
    export function opendir(path: Path, options?: object): Promise<import('fs').Dir>;
    export function statfs(path: Path, options?: { bigint?: boolean }): Promise<object>;
    export function watch(path: Path, options?: object): AsyncIterableIterator<{ eventType: string; filename: any }>;
    interface FileHandle {
        fd: number;
        appendFile(data: any, options?: WriteOptions): Promise<void>; chmod(mode: number): Promise<void>; chown(uid: number, gid: number): Promise<void>;
        close(): Promise<void>; createReadStream(options?: object): any; createWriteStream(options?: object): any; datasync(): Promise<void>;
        read(...args: any[]): Promise<{ bytesRead: number; buffer: any }>; readFile(options?: any): Promise<any>; readLines(options?: object): any;
        readv(buffers: ArrayBufferView[], position?: number): Promise<any>; stat(options?: object): Promise<Stats>; sync(): Promise<void>;
        truncate(length?: number): Promise<void>; utimes(atime: any, mtime: any): Promise<void>;
        write(...args: any[]): Promise<{ bytesWritten: number; buffer: any }>; writeFile(data: any, options?: WriteOptions): Promise<void>;
        writev(buffers: ArrayBufferView[], position?: number): Promise<any>;
    }
}
