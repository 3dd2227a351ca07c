/**
 * Child processes with Node's semantics. Needs the permission `exec` for the program's absolute path.
 * Differences: no `fork` yet; children that are not `detached` end with the script's context. Ours: the option `pty`.
 */
declare module 'child_process' {
    import { EventEmitter } from 'events';
    import { Readable, Writable } from 'stream';

    interface Options {
        cwd?: string; env?: Record<string, string | undefined>; argv0?: string; uid?: number; gid?: number;
        shell?: boolean | string; stdio?: 'pipe' | 'ignore' | 'inherit' | (string | number | null | undefined)[];
        detached?: boolean; timeout?: number; killSignal?: string | number; signal?: AbortSignal;
        /** Ours: runs it on a terminal; `stdout` is the screen and `stdin` the keyboard. */
        pty?: { rows?: number; cols?: number; name?: string };
    }
    interface SyncOptions extends Options {
        input?: string | Uint8Array; maxBuffer?: number; encoding?: string;
    }
    interface SyncResult {
        pid: number; status: number | null; signal: string | null; output: any[] | null;
        stdout: any; stderr: any; error?: Error;
    }
    /** Events: `spawn`, `exit(code, signal)`, `close(code, signal)`, `error`. */
    export class ChildProcess extends EventEmitter {
        pid?: number; exitCode: number | null; signalCode: string | null; killed: boolean; connected: boolean;
        spawnfile: string; spawnargs: string[];
        stdin: Writable | null; stdout: Readable | null; stderr: Readable | null;
        stdio: [Writable | null, Readable | null, Readable | null];
        kill(signal?: string | number): boolean;
        /** Ours: the path of the terminal, and how to change its size. */
        pty?: string;
        resize(rows: number, columns: number): void;
        ref(): void;
        unref(): void;
    }
    type Collected = (error: Error | null, stdout: any, stderr: any) => void;
    export function spawn(file: string, args?: readonly string[], options?: Options): ChildProcess;
    export function execFile(file: string, args?: readonly string[], options?: SyncOptions, callback?: Collected): ChildProcess;
    export function exec(command: string, options?: SyncOptions, callback?: Collected): ChildProcess;
    /** Only the child runs meanwhile: no timer, no other event. */
    export function spawnSync(file: string, args?: readonly string[], options?: SyncOptions): SyncResult;
    export function execFileSync(file: string, args?: readonly string[], options?: SyncOptions): any;
    export function execSync(command: string, options?: SyncOptions): any;
}
