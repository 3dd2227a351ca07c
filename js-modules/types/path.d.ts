declare module 'path' {
    interface Parts {
        root: string;
        dir: string;
        base: string;
        ext: string;
        name: string;
    }
    export function resolve(...parts: string[]): string;
    export function normalize(path: string): string;
    export function isAbsolute(path: string): boolean;
    export function join(...parts: string[]): string;
    export function relative(from: string, to: string): string;
    export function toNamespacedPath(path: string): string;
    export function dirname(path: string): string;
    export function basename(path: string, suffix?: string): string;
    export function extname(path: string): string;
    export function format(parts: Partial<Parts>): string;
    export function parse(path: string): Parts;
    export const sep: '/';
    export const delimiter: ':';
    export const win32: typeof import('path');
    export const posix: typeof import('path');
}
