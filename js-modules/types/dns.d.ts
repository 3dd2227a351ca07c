/** Names to addresses, as the system resolves them. Needs `net` for the host, port 53. */
declare module 'dns' {
    type Order = 'verbatim' | 'ipv4first' | 'ipv6first';
    interface LookupOptions { family?: 0 | 4 | 6 | 'IPv4' | 'IPv6'; hints?: number; all?: boolean; verbatim?: boolean; order?: Order }
    export const ADDRCONFIG: number;
    export const ALL: number;
    export const V4MAPPED: number;
    export function lookup(host: string, options: number | LookupOptions, callback: (error: Error | null, address?: any, family?: number) => void): object;
    export function lookup(host: string, callback: (error: Error | null, address?: string, family?: number) => void): object;
    export function getDefaultResultOrder(): Order;
    export function setDefaultResultOrder(order: Order): void;
    export const promises: typeof import('dns/promises');
}

declare module 'dns/promises' {
    export function lookup(host: string, options?: any): Promise<any>;
    export function getDefaultResultOrder(): string;
    export function setDefaultResultOrder(order: string): void;
}
