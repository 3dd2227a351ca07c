/**
 * Files, with Node's errors. Needs `fs.read` and `fs.write` for the path, links resolved.
 * Differences: callback and promise forms do their work at once and answer in a later turn; no `watch`, no `FileHandle`,
 * no `opendir`, no `cp`, no big-integer stats.
 */
declare module 'fs' {
    import { Readable, Writable } from 'stream';
    type Path = string | Uint8Array | URL;
    type Data = string | ArrayBufferView;
    type Failed = Error | null;
    type WriteOptions = string | { encoding?: string; mode?: number | string; flag?: string };
    interface StatOptions { throwIfNoEntry?: boolean }
    class Stats {
        dev: number; mode: number; nlink: number; uid: number; gid: number; rdev: number; blksize: number; ino: number;
        size: number; blocks: number; atimeMs: number; mtimeMs: number; ctimeMs: number; birthtimeMs: number;
        atime: Date; mtime: Date; ctime: Date; birthtime: Date;
        isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean; isFIFO(): boolean; isSocket(): boolean;
        isCharacterDevice(): boolean; isBlockDevice(): boolean;
    }
    class Dirent {
        name: string; parentPath: string; path: string;
        isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean; isFIFO(): boolean; isSocket(): boolean;
        isCharacterDevice(): boolean; isBlockDevice(): boolean;
    }
    const constants: Record<string, number>;
    const F_OK: number;
    const R_OK: number;
    const W_OK: number;
    const X_OK: number;
    function existsSync(path: Path): boolean;
    function exists(path: Path, callback: (there: boolean) => void): void;
    function readSync(fd: number, buffer: ArrayBufferView, offset?: number | object, length?: number, position?: number | null): number;
    function read(fd: number, ...rest: any[]): void;
    function writeSync(fd: number, data: Data, offset?: number | object | null, length?: any, position?: number | null): number;
    function write(fd: number, data: Data, ...rest: any[]): void;
    interface StreamOptions { flags?: string; encoding?: string; mode?: number; fd?: number; start?: number; end?: number; highWaterMark?: number; autoClose?: boolean; emitClose?: boolean }
    function createReadStream(path: Path, options?: string | StreamOptions): Readable & { path: Path; bytesRead: number; fd: number | null };
    function createWriteStream(path: Path, options?: string | StreamOptions): Writable & { path: Path; bytesWritten: number; fd: number | null };
    function ReadStream(path: Path, options?: StreamOptions): Readable;
    function WriteStream(path: Path, options?: StreamOptions): Writable;
    function accessSync(path: Path, mode?: number): void;
    function access(...args: any[]): void;
    function appendFileSync(path: Path | number, data: Data, options?: WriteOptions): void;
    function appendFile(...args: any[]): void;
    function chmodSync(path: Path, mode: number | string): void;
    function chmod(...args: any[]): void;
    function chownSync(path: Path, uid: number, gid: number): void;
    function chown(...args: any[]): void;
    function closeSync(fd: number): void;
    function close(...args: any[]): void;
    function copyFileSync(from: Path, to: Path, mode?: number): void;
    function copyFile(...args: any[]): void;
    function fdatasyncSync(fd: number): void;
    function fdatasync(...args: any[]): void;
    function fstatSync(fd: number): Stats;
    function fstat(...args: any[]): void;
    function fsyncSync(fd: number): void;
    function fsync(...args: any[]): void;
    function ftruncateSync(fd: number, length?: number): void;
    function ftruncate(...args: any[]): void;
    function lchownSync(path: Path, uid: number, gid: number): void;
    function lchown(...args: any[]): void;
    function linkSync(from: Path, to: Path): void;
    function link(...args: any[]): void;
    function lstatSync(path: Path, options?: StatOptions): Stats;
    function lstat(...args: any[]): void;
    function mkdirSync(path: Path, options?: number | string | { recursive?: boolean; mode?: number | string }): string | undefined;
    function mkdir(...args: any[]): void;
    function mkdtempSync(prefix: string): string;
    function mkdtemp(...args: any[]): void;
    function openSync(path: Path, flags?: string | number, mode?: number | string): number;
    function open(...args: any[]): void;
    function readFileSync(path: Path | number, options?: string | { encoding?: string | null; flag?: string }): any;
    function readFile(...args: any[]): void;
    function readdirSync(path: Path, options?: string | { encoding?: string; withFileTypes?: boolean; recursive?: boolean }): any[];
    function readdir(...args: any[]): void;
    function readlinkSync(path: Path): string;
    function readlink(...args: any[]): void;
    function realpathSync(path: Path): string;
    function realpath(...args: any[]): void;
    function renameSync(from: Path, to: Path): void;
    function rename(...args: any[]): void;
    function rmSync(path: Path, options?: { recursive?: boolean; force?: boolean }): void;
    function rm(...args: any[]): void;
    function rmdirSync(path: Path, options?: { recursive?: boolean }): void;
    function rmdir(...args: any[]): void;
    function statSync(path: Path, options?: StatOptions): Stats;
    function stat(...args: any[]): void;
    function symlinkSync(target: Path, path: Path): void;
    function symlink(...args: any[]): void;
    function truncateSync(path: Path, length?: number): void;
    function truncate(...args: any[]): void;
    function unlinkSync(path: Path): void;
    function unlink(...args: any[]): void;
    function utimesSync(path: Path, atime: number | Date, mtime: number | Date): void;
    function utimes(...args: any[]): void;
    function writeFileSync(path: Path | number, data: Data, options?: WriteOptions): void;
    function writeFile(...args: any[]): void;
    namespace promises {
        const constants: Record<string, number>;
        function access(path: Path, mode?: number): Promise<void>;
        function appendFile(path: Path | number, data: Data, options?: WriteOptions): Promise<void>;
        function chmod(path: Path, mode: number | string): Promise<void>;
        function chown(path: Path, uid: number, gid: number): Promise<void>;
        function copyFile(from: Path, to: Path, mode?: number): Promise<void>;
        function fdatasync(fd: number): Promise<void>;
        function fstat(fd: number): Promise<Stats>;
        function fsync(fd: number): Promise<void>;
        function ftruncate(fd: number, length?: number): Promise<void>;
        function lchown(path: Path, uid: number, gid: number): Promise<void>;
        function link(from: Path, to: Path): Promise<void>;
        function lstat(path: Path, options?: StatOptions): Promise<Stats>;
        function mkdir(path: Path, options?: number | string | { recursive?: boolean; mode?: number | string }): Promise<string | undefined>;
        function mkdtemp(prefix: string): Promise<string>;
        function readFile(path: Path | number, options?: string | { encoding?: string | null; flag?: string }): Promise<any>;
        function readdir(path: Path, options?: string | { encoding?: string; withFileTypes?: boolean; recursive?: boolean }): Promise<any[]>;
        function readlink(path: Path): Promise<string>;
        function realpath(path: Path): Promise<string>;
        function rename(from: Path, to: Path): Promise<void>;
        function rm(path: Path, options?: { recursive?: boolean; force?: boolean }): Promise<void>;
        function rmdir(path: Path, options?: { recursive?: boolean }): Promise<void>;
        function stat(path: Path, options?: StatOptions): Promise<Stats>;
        function symlink(target: Path, path: Path): Promise<void>;
        function truncate(path: Path, length?: number): Promise<void>;
        function unlink(path: Path): Promise<void>;
        function utimes(path: Path, atime: number | Date, mtime: number | Date): Promise<void>;
        function writeFile(path: Path | number, data: Data, options?: WriteOptions): Promise<void>;
    }
}

declare module 'fs/promises' {
    import { promises } from 'fs';
    export = promises;
}
