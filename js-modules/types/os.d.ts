/** The machine. Needs no permission. Not there: `getPriority`, `setPriority`, Windows-only members. */
declare module 'os' {
    interface Address {
        address: string; netmask: string; family: 'IPv4' | 'IPv6'; mac: string; internal: boolean; cidr: string; scopeid?: number;
    }
    const EOL: string;
    const devNull: string;
    const constants: { signals: Record<string, number>; errno: Record<string, number>; priority: Record<string, number> };
    function arch(): string;
    function platform(): 'linux';
    function endianness(): 'LE' | 'BE';
    function hostname(): string;
    function type(): string;
    function release(): string;
    function version(): string;
    function machine(): string;
    function uptime(): number;
    function loadavg(): [number, number, number];
    function totalmem(): number;
    function freemem(): number;
    function cpus(): { model: string; speed: number; times: { user: number; nice: number; sys: number; idle: number; irq: number } }[];
    function availableParallelism(): number;
    function homedir(): string;
    function tmpdir(): string;
    function userInfo(options?: { encoding?: string }): { uid: number; gid: number; username: string; homedir: string; shell: string | null };
    function networkInterfaces(): Record<string, Address[]>;
}
