/** Datagrams. Needs `net` for the address and port that are bound and those that are sent to. */
declare module 'dgram' {
    import { EventEmitter } from 'events';
    interface SocketOptions { type: 'udp4' | 'udp6'; reuseAddr?: boolean; ipv6Only?: boolean; recvBufferSize?: number; sendBufferSize?: number; lookup?: Function; signal?: AbortSignal }
    interface Address { address: string; family: 'IPv4' | 'IPv6'; port: number }
    /** Events: `message(bytes, { address, family, port, size })`, `listening`, `connect`, `close`, `error`. */
    export class Socket extends EventEmitter {
        bind(port?: number | { port?: number; address?: string; exclusive?: boolean }, address?: any, callback?: () => void): this;
        connect(port: number, address?: any, callback?: () => void): void;
        disconnect(): void;
        send(data: any, ...rest: any[]): void;
        close(callback?: () => void): this;
        address(): Address; remoteAddress(): Address;
        addMembership(group: string, address?: string): void; dropMembership(group: string, address?: string): void;
        addSourceSpecificMembership(source: string, group: string, address?: string): void;
        dropSourceSpecificMembership(source: string, group: string, address?: string): void;
        setBroadcast(on: boolean): void; setTTL(ttl: number): number;
        setMulticastTTL(ttl: number): number; setMulticastLoopback(on: boolean): boolean; setMulticastInterface(address: string): void;
        getRecvBufferSize(): number; getSendBufferSize(): number; setRecvBufferSize(size: number): void; setSendBufferSize(size: number): void;
        getSendQueueSize(): number; getSendQueueCount(): number;
        ref(): this; unref(): this;
    }
    export function createSocket(type: 'udp4' | 'udp6' | SocketOptions, listener?: (bytes: Uint8Array, from: Address & { size: number }) => void): Socket;
}
