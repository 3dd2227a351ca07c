declare module 'assert' {
    type Expected = RegExp | Function | object | Error;
    export class AssertionError extends Error {
        constructor(options: { message?: string; actual?: unknown; expected?: unknown; operator?: string });
        actual: unknown;
        expected: unknown;
        operator: string;
        code: 'ERR_ASSERTION';
        generatedMessage: boolean;
    }
    export function deepEqual(actual: unknown, expected: unknown, message?: string | Error): void;
    export function deepStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void;
    export function doesNotMatch(text: string, pattern: RegExp, message?: string | Error): void;
    export function doesNotReject(body: Promise<unknown> | (() => Promise<unknown>), expected?: Expected | string, message?: string): Promise<void>;
    export function doesNotThrow(body: () => void, expected?: Expected | string, message?: string): void;
    export function equal(actual: unknown, expected: unknown, message?: string | Error): void;
    export function fail(message?: string | Error): never;
    export function ifError(value: unknown): void;
    export function match(text: string, pattern: RegExp, message?: string | Error): void;
    export function notDeepEqual(actual: unknown, expected: unknown, message?: string | Error): void;
    export function notDeepStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void;
    export function notEqual(actual: unknown, expected: unknown, message?: string | Error): void;
    export function notStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void;
    export function ok(value: unknown, message?: string | Error): void;
    export function rejects(body: Promise<unknown> | (() => Promise<unknown>), expected?: Expected | string, message?: string | Error): Promise<void>;
    export function strictEqual(actual: unknown, expected: unknown, message?: string | Error): void;
    export function throws(body: () => void, expected?: Expected | string, message?: string | Error): void;
    /** Deprecated, as in Node. */
    export class CallTracker {
        calls<F extends (...args: any[]) => any>(fn?: F, exact?: number): F;
        getCalls(fn: Function): { thisArg: unknown; arguments: unknown[] }[];
        report(): { message: string; actual: number; expected: number; operator: string; stack: object }[];
        reset(fn?: Function): void;
        verify(): void;
    }
    export const strict: typeof import('assert');
}
