/** HTTP/1.1 with Node's semantics. Needs the permission `net`, as the sockets below it do. */
declare module 'http' {
    import { EventEmitter } from 'events';
    import { Readable, Stream } from 'stream';
    import { Server as NetServer, Socket } from 'net';

    type Fields = Record<string, number | string | string[] | undefined>;
    interface RequestOptions {
        protocol?: string; host?: string | null; hostname?: string | null; port?: number | string | null; path?: string | null;
        method?: string; headers?: Fields | string[]; auth?: string | null; agent?: Agent | boolean; timeout?: number;
        setHost?: boolean; socketPath?: string; signal?: AbortSignal; maxHeaderSize?: number; localAddress?: string;
        family?: 0 | 4 | 6; joinDuplicateHeaders?: boolean; insecureHTTPParser?: boolean;
        createConnection?(options: object, done: (error: Error | null, socket?: Socket) => void): Socket | undefined;
    }
    interface ServerOptions {
        requestTimeout?: number; headersTimeout?: number; keepAliveTimeout?: number; connectionsCheckingInterval?: number;
        maxHeaderSize?: number; requireHostHeader?: boolean; joinDuplicateHeaders?: boolean; insecureHTTPParser?: boolean;
        rejectNonStandardBodyWrites?: boolean; noDelay?: boolean; keepAlive?: boolean; keepAliveInitialDelay?: number;
        IncomingMessage?: typeof IncomingMessage; ServerResponse?: typeof ServerResponse;
    }
    interface AgentOptions {
        keepAlive?: boolean; keepAliveMsecs?: number; maxSockets?: number; maxTotalSockets?: number; maxFreeSockets?: number;
        scheduling?: 'fifo' | 'lifo'; timeout?: number;
    }
    export const METHODS: string[];
    export const STATUS_CODES: Record<number, string>;
    export const maxHeaderSize: number;
    export let globalAgent: Agent;

    /** A message that comes in. Events: those of a Readable, `aborted`. */
    export class IncomingMessage extends Readable {
        constructor(socket: Socket);
        aborted: boolean;
        complete: boolean;
        httpVersion: string;
        httpVersionMajor: number;
        httpVersionMinor: number;
        headers: Record<string, any>;
        headersDistinct: Record<string, string[]>;
        rawHeaders: string[];
        trailers: Record<string, string>;
        trailersDistinct: Record<string, string[]>;
        rawTrailers: string[];
        socket: Socket;
        method?: string;
        url?: string;
        statusCode?: number;
        statusMessage?: string;
        setTimeout(ms: number, listener?: () => void): this;
    }
    /** A message that goes out. */
    export class OutgoingMessage extends Stream {
        readonly headersSent: boolean;
        readonly writableEnded: boolean;
        readonly writableFinished: boolean;
        readonly writableLength: number;
        readonly writableHighWaterMark: number;
        readonly writableCorked: number;
        readonly writableNeedDrain: boolean;
        destroyed: boolean;
        chunkedEncoding: boolean;
        shouldKeepAlive: boolean;
        sendDate: boolean;
        socket: Socket | null;
        setHeader(name: string, value: number | string | readonly string[]): this;
        setHeaders(fields: Map<string, any> | Headers): this;
        appendHeader(name: string, value: string | readonly string[]): this;
        getHeader(name: string): number | string | string[] | undefined;
        getHeaders(): Fields;
        getHeaderNames(): string[];
        getRawHeaderNames(): string[];
        hasHeader(name: string): boolean;
        removeHeader(name: string): void;
        addTrailers(fields: Fields | Array<[string, string]>): void;
        flushHeaders(): void;
        cork(): void;
        uncork(): void;
        write(chunk: string | Uint8Array, encoding?: string, callback?: (error?: Error | null) => void): boolean;
        end(chunk?: string | Uint8Array, encoding?: string, callback?: () => void): this;
        destroy(error?: Error): this;
        setTimeout(ms: number, listener?: () => void): this;
    }
    /** Events: `socket`, `response`, `information`, `continue`, `upgrade`, `connect`, `timeout`, `abort`, `error`, `close`. */
    export class ClientRequest extends OutgoingMessage {
        constructor(url: string | URL | RequestOptions, options?: RequestOptions, listener?: (response: IncomingMessage) => void);
        aborted: boolean;
        host: string;
        protocol: string;
        method: string;
        path: string;
        reusedSocket: boolean;
        maxHeadersCount: number | null;
        abort(): void;
        setNoDelay(on?: boolean): void;
        setSocketKeepAlive(on?: boolean, initialDelayMs?: number): void;
    }
    export class ServerResponse extends OutgoingMessage {
        constructor(request: IncomingMessage);
        statusCode: number;
        statusMessage: string;
        strictContentLength: boolean;
        req: IncomingMessage;
        writeHead(status: number, reason?: string, fields?: Fields | string[]): this;
        writeContinue(callback?: () => void): void;
        writeProcessing(callback?: () => void): void;
        writeEarlyHints(hints: Record<string, string | string[]>, callback?: () => void): void;
        assignSocket(socket: Socket): void;
        detachSocket(socket: Socket): void;
    }
    /** Events: those of a `net.Server`, `request`, `checkContinue`, `checkExpectation`, `upgrade`, `connect`, `clientError`, `timeout`. */
    export class Server extends NetServer {
        constructor(options?: ServerOptions, listener?: (request: IncomingMessage, response: ServerResponse) => void);
        timeout: number;
        headersTimeout: number;
        requestTimeout: number;
        keepAliveTimeout: number;
        maxHeadersCount: number | null;
        maxRequestsPerSocket: number;
        setTimeout(ms: number, listener?: (socket: Socket) => void): this;
        closeAllConnections(): void;
        closeIdleConnections(): void;
    }
    /** Event: `free(socket, options)`. */
    export class Agent extends EventEmitter {
        constructor(options?: AgentOptions);
        keepAlive: boolean;
        keepAliveMsecs: number;
        maxSockets: number;
        maxTotalSockets: number;
        maxFreeSockets: number;
        totalSocketCount: number;
        readonly sockets: Record<string, Socket[]>;
        readonly freeSockets: Record<string, Socket[]>;
        readonly requests: Record<string, ClientRequest[]>;
        createConnection(options: object, done?: (error: Error | null, socket?: Socket) => void): Socket;
        getName(options?: object): string;
        keepSocketAlive(socket: Socket): boolean;
        reuseSocket(socket: Socket, request: ClientRequest): void;
        destroy(): void;
    }
    export function createServer(options?: ServerOptions, listener?: (request: IncomingMessage, response: ServerResponse) => void): Server;
    export function request(url: string | URL | RequestOptions, options?: RequestOptions, listener?: (response: IncomingMessage) => void): ClientRequest;
    export function get(url: string | URL | RequestOptions, options?: RequestOptions, listener?: (response: IncomingMessage) => void): ClientRequest;
    export function validateHeaderName(name: string, label?: string): void;
    export function validateHeaderValue(name: string, value: any): void;
    /** Without effect: there is no pool. */
    export function setMaxIdleHTTPParsers(max: number): void;
}
