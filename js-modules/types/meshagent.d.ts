/**
 * The MeshAgent dialect: what exists in the context of a core besides (or instead of) Node's modules.
 * Source: js-host specification. Errors are texts: `'' + error` is the message, `error.code` as in Node.
 */
declare module 'MeshAgent' {
    const MeshAgent: MeshEmitter & {
        SendCommand(command: object | string | Uint8Array): number | undefined;
        AddCommandHandler(handler: ((command: any) => void) | null): void;
        AddConnectHandler(handler: ((state: 0 | 1) => void) | null): void;
        DataPing(): MeshPromise;
        eval(text: string): any;
        getStartupOptions(): Record<string, string>;
        restartCore(): void;
        disconnect(): void;
        forceExit(code?: number): void;
        ExecPowerState(state: number, force?: boolean): number;
        log(text: string): void;
        readonly ServerInfo: {
            MeshID: string; ServerID: string; ServerUri: string; ServerIP: string;
            ControlChannelCertificate: { fingerprint: string; digest: string } | null;
        };
        readonly ServerUrl: string | null; readonly ConnectedServer: string | null; readonly ServerIP: string | null;
        readonly isControlChannelConnected: boolean; readonly coreHash: string | null; readonly ARCHID: number;
        readonly isService: boolean; readonly serviceName: string | undefined; readonly displayName: string;
        readonly hostname: string; readonly hasKVM: number; readonly hasHECI: number; readonly maxKvmTileSize: number;
        readonly updatesEnabled: boolean; readonly activeMicroLMS: boolean; readonly agentMode: number;
        idleTimeout: number; ConsoleTextMaxRate: number;
        [free: string]: any;
    };
    export = MeshAgent;
}

/** An object that `EventEmitter.call(object)` made an emitter. */
interface MeshEmitter {
    on(name: string, listener: Function): this;
    once(name: string, listener: Function): this;
    prependListener(name: string, listener: Function): this;
    prependOnceListener(name: string, listener: Function): this;
    removeListener: any;
    removeAllListeners(name?: string): this;
    listeners(name: string): Function[];
    listenerCount(name: string): number;
    eventNames(): string[];
    emit(name: string, ...args: any[]): boolean;
    emit_returnValue(name?: string, value?: any): any;
}

interface MeshControl {
    emitter: object;
    createEvent(...names: string[]): this;
    addMethod(name: string, method: Function): this;
}

interface MeshPromise {
    then(resolved?: Function | null, rejected?: Function | null): MeshPromise;
    catch(rejected: Function): MeshPromise;
    finally(handler: Function): MeshPromise;
    readonly completed: boolean;
    [free: string]: any;
}

declare module 'promise' {
    class promise {
        constructor(executor: (resolve: Function, reject: Function) => void);
        static defaultInit(resolve: Function, reject: Function): void;
        static resolve(...values: any[]): MeshPromise;
        static reject(...values: any[]): MeshPromise;
        static all(list: MeshPromise[]): MeshPromise;
        static wait(on: MeshPromise): any;
        static event_switcher(callee: object, target: Function): { func: Function };
        static event_forwarder(from: MeshEmitter, event: string, to: MeshEmitter, toEvent?: string): void;
    }
    export = promise;
}

declare module 'SimpleDataStore' {
    interface Store {
        Get(key: string): string | null;
        GetBuffer(key: string): Uint8Array | null;
        Put(key: string, value: string | Uint8Array): number;
        PutCompressed(key: string, value: string | Uint8Array): number;
        Delete(key: string): number;
        Compact(): number;
        readonly Keys: string[];
    }
    /** The agent's own store; permission `store`. */
    function Shared(): Store;
    /** A store in a file of its own; permissions `fs.read` and, unless read-only, `fs.write`. */
    function Create(path: string, options?: { readOnly?: boolean }): Store;
}

interface MeshHash { create(): MeshEmitter & { write(chunk: any): boolean; end(chunk?: any): void; syncHash(data: any): Uint8Array } }
declare module 'MD5Stream' { const hash: MeshHash; export = hash; }
declare module 'SHA1Stream' { const hash: MeshHash; export = hash; }
declare module 'SHA256Stream' { const hash: MeshHash; export = hash; }
declare module 'SHA384Stream' { const hash: MeshHash; export = hash; }
declare module 'SHA512Stream' { const hash: MeshHash; export = hash; }
declare module 'zip-writer' {
    /** A readable of a ZIP archive; names are relative to `basePath`, else to the folder that all files lie in. */
    function write(options: { files: string[]; basePath?: string }): MeshEmitter & {
        pipe<T>(target: T, options?: { end?: boolean }): T;
        pause(): any;
        resume(): any;
        cancel: any;
        progress: any;
    };
}
declare module 'zip-reader' {
    interface Zipped {
        files: string[];
        crc(name: string): number;
        getStream(name: string): MeshEmitter & { pipe<T>(target: T): T };
        extractAll(folder: string): MeshPromise;
        close(): void;
    }
    function isZip(path: string): boolean;
    /** Settles with a `Zipped`, or is rejected with a text. */
    function read(path: string): MeshPromise;
}
declare module 'uuid/v4' { function uuidv4(): string; export = uuidv4; }

declare function addModule(name: string, source: string, date?: any): void;
declare function addModuleObject(name: string, object: any): void;
declare function addCompressedModule(name: string, compressed: Uint8Array, date?: any): void;
declare function getModules(): string[];
declare function getJSModule(name: string): string;
declare function getJSModuleDate(name: string): number;
declare function _MSH(): Record<string, string>;
/** Collects garbage now and gives free memory back to the system. */
declare function _debugGC(): void;
declare function _hide(value?: any): any;
declare function _ipv4From(n: number): string;
declare function crc32(data: string | Uint8Array, seed?: number): number;
declare function crc32c(data: string | Uint8Array, seed?: number): number;
declare function getSHA384FileHash(path: string): Uint8Array;
declare function resolve(host: string): string[];
declare function ntohl(buffer: Uint8Array, at: number): number;
declare function ntohs(buffer: Uint8Array, at: number): number;
declare function htonl(buffer: Uint8Array, at: number, value: number): number;
declare function htons(buffer: Uint8Array, at: number, value: number): number;
declare function WeakReference(object: object): { isAlive(): boolean; readonly object: any };
