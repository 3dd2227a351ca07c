declare module 'console' {
    export class Console {
        constructor(stdout: any, stderr?: any, ignoreErrors?: boolean);
        constructor(options: { stdout: any; stderr?: any; ignoreErrors?: boolean; colorMode?: boolean | 'auto'; inspectOptions?: object; groupIndentation?: number });
    }
    export function assert(value: any, ...message: any[]): void;
    export function count(label?: string): void;
    export function countReset(label?: string): void;
    export function debug(...values: any[]): void;
    export function dir(value: any, options?: object): void;
    export function dirxml(...values: any[]): void;
    export function error(...values: any[]): void;
    export function group(...values: any[]): void;
    export function groupCollapsed(...values: any[]): void;
    export function groupEnd(): void;
    export function info(...values: any[]): void;
    export function log(...values: any[]): void;
    export function table(data: any, columns?: string[]): void;
    export function time(label?: string): void;
    export function timeEnd(label?: string): void;
    export function timeLog(label?: string, ...values: any[]): void;
    export function trace(...values: any[]): void;
    export function warn(...values: any[]): void;
}
