/** Lines of any stream, with an editor on terminals. Node's semantics; `repl` builds on it. */
declare module 'readline' {
    import { EventEmitter } from 'events';
    type Completion = [string[], string];
    interface Key { sequence?: string; name?: string; ctrl?: boolean; meta?: boolean; shift?: boolean }
    interface Options {
        input: any; output?: any; terminal?: boolean; prompt?: string; history?: string[]; historySize?: number;
        removeHistoryDuplicates?: boolean; crlfDelay?: number; escapeCodeTimeout?: number; tabSize?: number; signal?: AbortSignal;
        completer?: ((line: string) => Completion | Promise<Completion>) | ((line: string, done: (error: Error | null, found?: Completion) => void) => void);
    }
    /** Events: `line(text)`, `close`, `pause`, `resume`, `history(lines)`, `SIGINT`, `SIGTSTP`, `SIGCONT`. */
    export class Interface extends EventEmitter {
        constructor(options: Options);
        constructor(input: any, output?: any, completer?: Options['completer'], terminal?: boolean);
        line: string; cursor: number; history: string[]; terminal: boolean; closed: boolean; paused: boolean;
        getPrompt(): string;
        setPrompt(prompt: string): void;
        prompt(preserveCursor?: boolean): void;
        question(query: string, callback: (answer: string) => void): void;
        question(query: string, options: { signal?: AbortSignal }, callback: (answer: string) => void): void;
        write(data: string | null, key?: Key): void;
        pause(): this; resume(): this; close(): void;
        getCursorPos(): { rows: number; cols: number };
        [Symbol.asyncIterator](): AsyncIterableIterator<string>;
    }
    export function createInterface(options: Options): Interface;
    export function createInterface(input: any, output?: any, completer?: Options['completer'], terminal?: boolean): Interface;
    export function clearLine(stream: any, direction: -1 | 0 | 1, callback?: () => void): boolean;
    export function clearScreenDown(stream: any, callback?: () => void): boolean;
    export function cursorTo(stream: any, x: number, y?: number, callback?: () => void): boolean;
    export function moveCursor(stream: any, dx: number, dy: number, callback?: () => void): boolean;
    /** Makes `stream` emit `keypress(text, key)`. */
    export function emitKeypressEvents(stream: any, iface?: Interface): void;
    export const promises: typeof import('readline/promises');
}

declare module 'readline/promises' {
    import * as readline from 'readline';
    export class Interface extends readline.Interface {
        question(query: string, options?: { signal?: AbortSignal }): Promise<string>;
    }
    export class Readline {
        constructor(stream: any, options?: { autoCommit?: boolean });
        cursorTo(x: number, y?: number): this;
        moveCursor(dx: number, dy: number): this;
        clearLine(direction: -1 | 0 | 1): this;
        clearScreenDown(): this;
        commit(): Promise<void>;
        rollback(): this;
    }
    export function createInterface(options: any): Interface;
}
