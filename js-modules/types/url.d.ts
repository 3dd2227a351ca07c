declare module 'url' {
    export class URLSearchParams {
        constructor(init?: string | Record<string, string> | Iterable<[string, string]> | URLSearchParams);
        readonly size: number;
        append(name: string, value: string): void;
        delete(name: string, value?: string): void;
        get(name: string): string | null;
        getAll(name: string): string[];
        has(name: string, value?: string): boolean;
        set(name: string, value: string): void;
        sort(): void;
        forEach(callback: (value: string, name: string, params: URLSearchParams) => void, thisArg?: any): void;
        keys(): IterableIterator<string>;
        values(): IterableIterator<string>;
        entries(): IterableIterator<[string, string]>;
        [Symbol.iterator](): IterableIterator<[string, string]>;
        toString(): string;
    }
    export class URL {
        constructor(input: string | URL, base?: string | URL);
        static canParse(input: string | URL, base?: string | URL): boolean;
        static parse(input: string | URL, base?: string | URL): URL | null;
        href: string;
        readonly origin: string;
        protocol: string;
        username: string;
        password: string;
        host: string;
        hostname: string;
        port: string;
        pathname: string;
        search: string;
        readonly searchParams: URLSearchParams;
        hash: string;
        toString(): string;
        toJSON(): string;
    }
    interface Parts {
        protocol?: string | null;
        slashes?: boolean | null;
        auth?: string | null;
        host?: string | null;
        port?: string | number | null;
        hostname?: string | null;
        hash?: string | null;
        search?: string | null;
        query?: string | null | Record<string, any>;
        pathname?: string | null;
        path?: string | null;
        href?: string;
    }
    /** What `parse` gives; the older form of a URL. */
    export class Url implements Parts {
        protocol: string | null;
        slashes: boolean | null;
        auth: string | null;
        host: string | null;
        port: string | null;
        hostname: string | null;
        hash: string | null;
        search: string | null;
        query: string | null | Record<string, any>;
        pathname: string | null;
        path: string | null;
        href: string;
        format(): string;
        resolve(relative: string): string;
    }
    export function parse(text: string, parseQuery?: boolean, slashesDenoteHost?: boolean): Url;
    export function format(url: string | Parts): string;
    export function format(url: URL, options?: { auth?: boolean; fragment?: boolean; search?: boolean; unicode?: boolean }): string;
    export function resolve(from: string, to: string): string;
    export function resolveObject(from: string | Url, to: string | Url): Url;
    export function domainToASCII(domain: string): string;
    export function domainToUnicode(domain: string): string;
    export function fileURLToPath(url: string | URL): string;
    export function pathToFileURL(path: string): URL;
    export function urlToHttpOptions(url: URL): Record<string, any>;
}
