// The module is an EventEmitter: beforeExit, exit, uncaughtException, unhandledRejection, warning, signals by name.
declare module 'process' {
    import { Readable, Writable } from 'stream';
    import { ReadStream, WriteStream } from 'tty';
    export const argv: string[];
    export const argv0: string;
    export const execArgv: string[];
    export const execPath: string;
    /** Permission env for each name. */
    export const env: Record<string, string | undefined>;
    export const platform: string;
    export const arch: string;
    export const pid: number;
    export const ppid: number;
    export const version: string;
    export const versions: Record<string, string>;
    export const release: { name: string; lts?: string };
    export const features: Record<string, boolean>;
    export const config: object;
    /** Empty in a context that does not own its process. */
    export const stdin: ReadStream | (Readable & { readonly fd: 0; readonly isTTY?: undefined });
    export const stdout: WriteStream | (Writable & { readonly fd: 1; readonly isTTY?: undefined });
    export const stderr: WriteStream | (Writable & { readonly fd: 2; readonly isTTY?: undefined });
    export let title: string;
    export let exitCode: number | undefined;
    export function cwd(): string;
    /** Permission fs.read. Changes the folder of this context only. */
    export function chdir(directory: string): void;
    export function exit(code?: number | string | null): never;
    export function reallyExit(code?: number): never;
    export function abort(): never;
    export function nextTick(callback: (...args: any[]) => void, ...args: any[]): void;
    export const hrtime: { (since?: [number, number]): [number, number]; bigint(): bigint };
    export function uptime(): number;
    export const memoryUsage: { (): { rss: number; heapTotal: number; heapUsed: number; external: number; arrayBuffers: number }; rss(): number };
    export function emitWarning(warning: string | Error, type?: string | object, code?: string): void;
    /** Permission exec for "kill". */
    export function kill(pid: number, signal?: string | number): true;
    /** Setting it needs permission fs.write for `/`. */
    export function umask(mask?: number | string): number;
    export function getuid(): number;
    export function geteuid(): number;
    export function getgid(): number;
    export function getegid(): number;
    export function setUncaughtExceptionCaptureCallback(callback: ((error: any) => void) | null): void;
    export function hasUncaughtExceptionCaptureCallback(): boolean;
}
