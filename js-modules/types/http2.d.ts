/** There is no HTTP/2: names for programs that can do without. */
declare module 'http2' {
    import { IncomingMessage, ServerResponse } from 'http';
    export class Http2ServerRequest extends IncomingMessage {}
    export class Http2ServerResponse extends ServerResponse {}
    export const constants: Record<string, number | string>;
    export const sensitiveHeaders: symbol;
    export function connect(): never;
    export function createServer(): never;
    export function createSecureServer(): never;
}
