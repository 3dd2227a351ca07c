declare module 'ffi' {
    type Address = Pointer | bigint | number | null;
    type CType = string | Struct;
    interface Options {
        variadic?: boolean;
        /** The function returns `{ value, errno }`. */
        errno?: boolean;
        /** The function runs on another thread and returns a promise. */
        async?: boolean;
        /** Structs by the names that the prototype uses. */
        types?: { [name: string]: CType };
    }
    interface NativeFunction {
        (...values: any[]): any;
        async(...values: any[]): Promise<any>;
    }
    interface Library {
        readonly path: string | null;
        func(prototype: string, options?: Options): NativeFunction;
        func(name: string, returns: CType, params: CType[], options?: Options): NativeFunction;
        symbol(name: string): Pointer;
        close(): void;
    }
    interface Struct {
        readonly size: number;
        readonly alignment: number;
        readonly offsets: { readonly [field: string]: number };
        encode(value: object, bytes?: Uint8Array, base?: number): Uint8Array;
        decode(bytes: Uint8Array, base?: number): any;
        read(pointer: Address): any;
        write(pointer: Address, value: object): void;
    }
    interface Callback {
        (...values: any[]): any;
        readonly pointer: Pointer;
        close(): boolean;
    }
    export class Pointer {
        constructor(address: bigint | number);
        readonly address: bigint;
        readonly isNull: boolean;
        add(bytes: number | bigint): Pointer;
    }
    export function open(path: string | null): Library;
    export function struct(fields: { [name: string]: CType | [CType, number] }): Struct;
    export function callback(returns: string, params: CType[], body: (...values: any[]) => any): Callback;
    export function alloc(size: number | CType): Pointer;
    export function free(pointer: Address): void;
    export function read(pointer: Address, type: number | CType): any;
    export function write(pointer: Address, type: CType | Uint8Array, value?: any): void;
    export function readCString(pointer: Address, limit?: number): string;
    export function errno(): number;
    export function sizeof(type: CType): number;
    export function alignof(type: CType): number;
    export const pointerSize: number;
}
