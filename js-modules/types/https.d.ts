/** `http` over TLS. */
declare module 'https' {
    import * as http from 'http';

    interface TlsOptions {
        ca?: string | Uint8Array | Array<string | Uint8Array>; cert?: string | Uint8Array; key?: string | Uint8Array;
        rejectUnauthorized?: boolean; servername?: string; checkServerIdentity?(host: string, cert: object): Error | undefined;
    }
    export class Agent extends http.Agent {
        constructor(options?: http.AgentOptions & TlsOptions & { maxCachedSessions?: number });
    }
    export class Server extends http.Server {}
    export let globalAgent: Agent;
    export function createServer(options?: http.ServerOptions & TlsOptions, listener?: (request: http.IncomingMessage, response: http.ServerResponse) => void): Server;
    export function request(url: string | URL | (http.RequestOptions & TlsOptions), options?: http.RequestOptions & TlsOptions, listener?: (response: http.IncomingMessage) => void): http.ClientRequest;
    export function get(url: string | URL | (http.RequestOptions & TlsOptions), options?: http.RequestOptions & TlsOptions, listener?: (response: http.IncomingMessage) => void): http.ClientRequest;
}
