declare module 'util' {
    interface InspectOptions {
        showHidden?: boolean;
        depth?: number | null;
        colors?: boolean;
        customInspect?: boolean;
        showProxy?: boolean;
        maxArrayLength?: number | null;
        maxStringLength?: number | null;
        breakLength?: number;
        compact?: boolean | number;
        sorted?: boolean | ((a: string, b: string) => number);
        getters?: boolean | 'get' | 'set';
        numericSeparator?: boolean;
    }
    interface Log {
        (...values: any[]): void;
        readonly enabled: boolean;
    }
    export const inspect: {
        (value: unknown, options?: InspectOptions | boolean, depth?: number | null, colors?: boolean): string;
        custom: unique symbol;
        defaultOptions: InspectOptions;
        colors: Record<string, [number, number]>;
        styles: Record<string, string>;
    };
    export function format(...values: any[]): string;
    export function formatWithOptions(options: InspectOptions, ...values: any[]): string;
    export function stripVTControlCharacters(text: string): string;
    export function getSystemErrorName(errno: number): string;
    export function getSystemErrorMessage(errno: number): string;
    export function getSystemErrorMap(): Map<number, [string, string]>;
    export function parseEnv(content: string): Record<string, string>;
    export function parseArgs(config?: object): { values: Record<string, any>; positionals: string[]; tokens?: object[] };
    export function styleText(format: string | string[], text: string, options?: { validateStream?: boolean; stream?: object }): string;
    export function log(...args: unknown[]): void;
    export function isBoolean(value: unknown): boolean;
    export function isBuffer(value: unknown): boolean;
    export function isDate(value: unknown): boolean;
    export function isError(value: unknown): boolean;
    export function isFunction(value: unknown): boolean;
    export function isNull(value: unknown): boolean;
    export function isNullOrUndefined(value: unknown): boolean;
    export function isNumber(value: unknown): boolean;
    export function isObject(value: unknown): boolean;
    export function isPrimitive(value: unknown): boolean;
    export function isRegExp(value: unknown): boolean;
    export function isString(value: unknown): boolean;
    export function isSymbol(value: unknown): boolean;
    export function isUndefined(value: unknown): boolean;
    export function toUSVString(text: string): string;
    export const promisify: { (original: Function): (...args: any[]) => Promise<any>; custom: unique symbol };
    export function callbackify(original: (...args: any[]) => Promise<any>): Function;
    export function inherits(constructor: Function, parent: Function): void;
    export function deprecate<T extends Function>(original: T, message: string, code?: string): T;
    export function debuglog(set: string, ready?: (log: Log) => void): Log;
    export function debug(set: string, ready?: (log: Log) => void): Log;
    export function isArray(value: unknown): boolean;
    export function isDeepStrictEqual(a: unknown, b: unknown): boolean;
    export const types: typeof import('util/types');
    /** Resolves when the signal is aborted. */
    export function aborted(signal: import('internal/web').AbortSignal, resource: object): Promise<void>;
    export class TextEncoder {
        readonly encoding: 'utf-8';
        encode(text?: string): Uint8Array;
        encodeInto(text: string, target: Uint8Array): { read: number; written: number };
    }
    export class TextDecoder {
        constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
        readonly encoding: string;
        readonly fatal: boolean;
        readonly ignoreBOM: boolean;
        decode(input?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
    }
}

declare module 'util/types' {
    export function isAnyArrayBuffer(value: unknown): boolean;
    export function isArgumentsObject(value: unknown): boolean;
    export function isArrayBuffer(value: unknown): boolean;
    export function isArrayBufferView(value: unknown): boolean;
    export function isAsyncFunction(value: unknown): boolean;
    export function isBigInt64Array(value: unknown): boolean;
    export function isBigUint64Array(value: unknown): boolean;
    export function isBooleanObject(value: unknown): boolean;
    export function isBoxedPrimitive(value: unknown): boolean;
    export function isDataView(value: unknown): boolean;
    export function isDate(value: unknown): boolean;
    export function isFloat32Array(value: unknown): boolean;
    export function isFloat64Array(value: unknown): boolean;
    export function isGeneratorFunction(value: unknown): boolean;
    export function isGeneratorObject(value: unknown): boolean;
    export function isInt16Array(value: unknown): boolean;
    export function isInt32Array(value: unknown): boolean;
    export function isInt8Array(value: unknown): boolean;
    export function isMap(value: unknown): boolean;
    export function isMapIterator(value: unknown): boolean;
    export function isNativeError(value: unknown): boolean;
    export function isNumberObject(value: unknown): boolean;
    export function isPromise(value: unknown): boolean;
    export function isProxy(value: unknown): boolean;
    export function isRegExp(value: unknown): boolean;
    export function isSet(value: unknown): boolean;
    export function isSetIterator(value: unknown): boolean;
    export function isSharedArrayBuffer(value: unknown): boolean;
    export function isStringObject(value: unknown): boolean;
    export function isSymbolObject(value: unknown): boolean;
    export function isTypedArray(value: unknown): boolean;
    export function isUint16Array(value: unknown): boolean;
    export function isUint32Array(value: unknown): boolean;
    export function isUint8Array(value: unknown): boolean;
    export function isUint8ClampedArray(value: unknown): boolean;
    export function isWeakMap(value: unknown): boolean;
    export function isWeakSet(value: unknown): boolean;
    export function isCryptoKey(value: unknown): boolean;
    export function isExternal(value: unknown): boolean;
    export function isKeyObject(value: unknown): boolean;
    export function isModuleNamespaceObject(value: unknown): boolean;
}
