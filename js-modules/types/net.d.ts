/**
 * TCP and Unix sockets with Node's semantics. Needs the permission `net` for `host:port`, `address:port` when listening,
 * `unix:/absolute/path` for a path. Differences: no file descriptors and no handles of others.
 */
declare module 'net' {
    import { EventEmitter } from 'events';
    import { Duplex } from 'stream';

    interface AddressInfo { address: string; family: 'IPv4' | 'IPv6'; port: number; }
    interface SocketOptions {
        allowHalfOpen?: boolean; signal?: AbortSignal; highWaterMark?: number; noDelay?: boolean; keepAlive?: boolean;
        keepAliveInitialDelay?: number;
        onread?: { buffer: Uint8Array | (() => Uint8Array); callback(bytes: number, buffer: Uint8Array): boolean | void };
    }
    interface ConnectOptions extends SocketOptions {
        port?: number | string; host?: string; path?: string; localAddress?: string; localPort?: number;
        family?: 0 | 4 | 6; timeout?: number; autoSelectFamily?: boolean; autoSelectFamilyAttemptTimeout?: number;
        lookup?(host: string, options: object, callback: (error: Error | null, address: string, family: number) => void): void;
    }
    interface ListenOptions {
        port?: number | string; host?: string; backlog?: number; path?: string; exclusive?: boolean; readableAll?: boolean;
        writableAll?: boolean; ipv6Only?: boolean; signal?: AbortSignal;
    }
    interface ServerOptions {
        allowHalfOpen?: boolean; pauseOnConnect?: boolean; noDelay?: boolean; keepAlive?: boolean;
        keepAliveInitialDelay?: number; highWaterMark?: number;
    }
    /** Events: `lookup`, `connect`, `ready`, `data`, `drain`, `end`, `timeout`, `error`, `close(hadError)`. */
    export class Socket extends Duplex {
        constructor(options?: SocketOptions);
        connecting: boolean;
        readonly pending: boolean;
        readonly readyState: 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed';
        readonly bytesRead: number;
        readonly bytesWritten: number;
        readonly remoteAddress?: string;
        readonly remoteFamily?: string;
        readonly remotePort?: number;
        readonly localAddress?: string;
        readonly localFamily?: string;
        readonly localPort?: number;
        timeout: number;
        connect(options: ConnectOptions, listener?: () => void): this;
        connect(port: number, host?: string, listener?: () => void): this;
        connect(path: string, listener?: () => void): this;
        address(): AddressInfo | {};
        destroySoon(): void;
        resetAndDestroy(): this;
        setTimeout(ms: number, listener?: () => void): this;
        setNoDelay(on?: boolean): this;
        setKeepAlive(on?: boolean, initialDelayMs?: number): this;
        ref(): this;
        unref(): this;
    }
    export const Stream: typeof Socket;
    /** Events: `listening`, `connection(socket)`, `drop(addresses)`, `error`, `close`. */
    export class Server extends EventEmitter {
        constructor(options?: ServerOptions, listener?: (socket: Socket) => void);
        readonly listening: boolean;
        maxConnections?: number;
        listen(port?: number, host?: string, backlog?: number, listener?: () => void): this;
        listen(path: string, listener?: () => void): this;
        listen(options: ListenOptions, listener?: () => void): this;
        address(): AddressInfo | string | null;
        getConnections(callback: (error: Error | null, count: number) => void): this;
        close(callback?: (error?: Error) => void): this;
        ref(): this;
        unref(): this;
    }
    export class SocketAddress {
        constructor(options?: { address?: string; port?: number; family?: 'ipv4' | 'ipv6'; flowlabel?: number });
        readonly address: string;
        readonly port: number;
        readonly family: 'ipv4' | 'ipv6';
        readonly flowlabel: number;
        static parse(text: string): SocketAddress | undefined;
        static isSocketAddress(value: unknown): boolean;
    }
    export class BlockList {
        addAddress(address: string | SocketAddress, family?: 'ipv4' | 'ipv6'): void;
        addRange(start: string | SocketAddress, end: string | SocketAddress, family?: 'ipv4' | 'ipv6'): void;
        addSubnet(network: string | SocketAddress, prefix: number, family?: 'ipv4' | 'ipv6'): void;
        check(address: string | SocketAddress, family?: 'ipv4' | 'ipv6'): boolean;
        readonly rules: string[];
        static isBlockList(value: unknown): boolean;
    }
    export function connect(options: ConnectOptions, listener?: () => void): Socket;
    export function connect(port: number, host?: string, listener?: () => void): Socket;
    export function connect(path: string, listener?: () => void): Socket;
    export const createConnection: typeof connect;
    export function createServer(options?: ServerOptions | ((socket: Socket) => void), listener?: (socket: Socket) => void): Server;
    export function isIP(input: string): 0 | 4 | 6;
    export function isIPv4(input: string): boolean;
    export function isIPv6(input: string): boolean;
    export function getDefaultAutoSelectFamily(): boolean;
    export function setDefaultAutoSelectFamily(on: boolean): void;
    export function getDefaultAutoSelectFamilyAttemptTimeout(): number;
    export function setDefaultAutoSelectFamilyAttemptTimeout(ms: number): void;
}
