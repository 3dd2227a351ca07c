// The module is an EventEmitter: beforeExit, exit, uncaughtException, unhandledRejection, warning.
declare module 'process' {
    import { EventEmitter } from 'events';
    interface Output extends EventEmitter {
        readonly fd: number;
        readonly isTTY?: true;
        writable: boolean;
        write(chunk: string | Uint8Array, encoding?: string | (() => void), callback?: () => void): true;
        end(chunk?: string | Uint8Array, encoding?: string, callback?: () => void): this;
    }
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
    export const stdout: Output;
    export const stderr: Output;
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
    export function getuid(): number;
    export function geteuid(): number;
    export function getgid(): number;
    export function getegid(): number;
    export function setUncaughtExceptionCaptureCallback(callback: ((error: any) => void) | null): void;
    export function hasUncaughtExceptionCaptureCallback(): boolean;
}
