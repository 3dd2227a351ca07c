/** TLS 1.2 and 1.3 with Node's semantics. Permission as `net`. Differences: no session resumption, no `pfx`, no `ciphers`. */
declare module 'tls' {
    import * as net from 'net';

    type Bytes = string | Uint8Array;
    interface ContextOptions {
        key?: Bytes | Bytes[]; cert?: Bytes | Bytes[]; ca?: Bytes | Bytes[];
        minVersion?: 'TLSv1.2' | 'TLSv1.3'; maxVersion?: 'TLSv1.2' | 'TLSv1.3';
    }
    interface PeerCertificate {
        subject: Record<string, string | string[]>; issuer: Record<string, string | string[]>; subjectaltname?: string;
        ca: boolean; valid_from: string; valid_to: string; fingerprint: string; fingerprint256: string;
        fingerprint512: string; serialNumber: string; raw: Uint8Array; pubkey: Uint8Array; modulus?: string;
        exponent?: string; bits?: number; asn1Curve?: string; nistCurve?: string; ext_key_usage?: string[];
        issuerCertificate?: PeerCertificate;
    }
    interface ConnectOptions extends ContextOptions {
        port?: number | string; host?: string; path?: string; socket?: net.Socket; servername?: string;
        rejectUnauthorized?: boolean; ALPNProtocols?: string[] | Uint8Array; secureContext?: SecureContext; timeout?: number;
        checkServerIdentity?(host: string, cert: PeerCertificate): Error | undefined;
    }
    interface ServerOptions extends ContextOptions {
        requestCert?: boolean; rejectUnauthorized?: boolean; ALPNProtocols?: string[] | Uint8Array; handshakeTimeout?: number;
        SNICallback?(name: string, callback: (error: Error | null, context?: SecureContext) => void): void;
        ALPNCallback?(offer: { servername: string; protocols: string[] }): string | undefined;
    }
    export class SecureContext { context: object; }
    /** Events: those of a socket, `secureConnect`. */
    export class TLSSocket extends net.Socket {
        constructor(socket?: net.Socket, options?: ServerOptions & { isServer?: boolean; secureContext?: SecureContext });
        readonly encrypted: true;
        authorized: boolean;
        authorizationError: string | null;
        alpnProtocol: string | false | null;
        servername: string | false | null;
        getPeerCertificate(detailed?: boolean): PeerCertificate | {};
        getCertificate(): PeerCertificate | {};
        getCipher(): { name: string; standardName: string; version: string } | undefined;
        getProtocol(): string | null;
        isSessionReused(): false;
    }
    /** Events: `secureConnection(socket)`, `tlsClientError(error, socket)` and those of a server. */
    export class Server extends net.Server {
        constructor(options?: ServerOptions, listener?: (socket: TLSSocket) => void);
        addContext(name: string, context: SecureContext | ContextOptions): void;
        setSecureContext(options: ContextOptions): void;
    }
    export function connect(options: ConnectOptions, listener?: () => void): TLSSocket;
    export function connect(port: number, host?: string, options?: ConnectOptions, listener?: () => void): TLSSocket;
    export function createServer(options?: ServerOptions, listener?: (socket: TLSSocket) => void): Server;
    export function createSecureContext(options?: ContextOptions): SecureContext;
    export function checkServerIdentity(host: string, cert: PeerCertificate): Error | undefined;
    export function convertALPNProtocols(protocols: string[] | Uint8Array, out: { ALPNProtocols?: Uint8Array }): void;
    export function getCiphers(): string[];
    export const rootCertificates: readonly string[];
    export const DEFAULT_CIPHERS: string;
    export const DEFAULT_ECDH_CURVE: string;
    export const DEFAULT_MAX_VERSION: string;
    export const DEFAULT_MIN_VERSION: string;
    export const CLIENT_RENEG_LIMIT: number;
    export const CLIENT_RENEG_WINDOW: number;
}
