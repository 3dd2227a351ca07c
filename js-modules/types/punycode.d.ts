/** RFC 3492. */
declare module 'punycode' {
    export function decode(text: string): string;
    export function encode(text: string): string;
    export function toASCII(name: string): string;
    export function toUnicode(name: string): string;
    export const ucs2: { decode(text: string): number[]; encode(points: number[]): string };
    export const version: string;
}
