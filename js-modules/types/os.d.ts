/** The machine. Needs no permission. Not there: `getPriority`, `setPriority`, Windows-only members. */
declare module 'os' {
    interface Address {
        address: string; netmask: string; family: 'IPv4' | 'IPv6'; mac: string; internal: boolean; cidr: string; scopeid?: number;
    }
    export const EOL: string;
    export const devNull: string;
    export const constants: { signals: Record<string, number>; errno: Record<string, number>; priority: Record<string, number> };
    export function arch(): string;
    export function platform(): 'linux';
    export function endianness(): 'LE' | 'BE';
    export function hostname(): string;
    export function type(): string;
    export function release(): string;
    export function version(): string;
    export function machine(): string;
    export function uptime(): number;
    export function loadavg(): [number, number, number];
    export function totalmem(): number;
    export function freemem(): number;
    export function cpus(): { model: string; speed: number; times: { user: number; nice: number; sys: number; idle: number; irq: number } }[];
    export function availableParallelism(): number;
    export function homedir(): string;
    export function tmpdir(): string;
    export function userInfo(options?: { encoding?: string }): { uid: number; gid: number; username: string; homedir: string; shell: string | null };
    export function networkInterfaces(): Record<string, Address[]>;
}
