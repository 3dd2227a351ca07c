declare module 'querystring' {
    interface ParseOptions {
        maxKeys?: number;
        decodeURIComponent?: (text: string) => string;
    }
    interface StringifyOptions {
        encodeURIComponent?: (text: string) => string;
    }
    type Fields = Record<string, string | string[]>;
    export function escape(text: string): string;
    export function unescape(text: string): string;
    export function unescapeBuffer(text: string, decodeSpaces?: boolean): Buffer;
    export function stringify(fields: object, separator?: string, equals?: string, options?: StringifyOptions): string;
    export function encode(fields: object, separator?: string, equals?: string, options?: StringifyOptions): string;
    export function parse(text: string, separator?: string | null, equals?: string | null, options?: ParseOptions): Fields;
    export function decode(text: string, separator?: string | null, equals?: string | null, options?: ParseOptions): Fields;
}
