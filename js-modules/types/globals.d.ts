// Globals of a Node context. Everything is loaded when first touched.
declare var Buffer: typeof import('buffer').Buffer;
declare var TextDecoder: typeof import('util').TextDecoder;
declare var TextEncoder: typeof import('util').TextEncoder;
declare var atob: typeof import('buffer').atob;
declare var btoa: typeof import('buffer').btoa;
declare var clearImmediate: typeof import('timers').clearImmediate;
declare var clearInterval: typeof import('timers').clearInterval;
declare var clearTimeout: typeof import('timers').clearTimeout;
declare var console: typeof import('console');
declare var global: typeof globalThis;
declare var process: typeof import('process');
declare var queueMicrotask: typeof import('timers').queueMicrotask;
declare var setImmediate: typeof import('timers').setImmediate;
declare var setInterval: typeof import('timers').setInterval;
declare var setTimeout: typeof import('timers').setTimeout;

interface NodeModule {
    exports: any;
    id: string;
    filename: string;
    path: string;
    paths: string[];
    loaded: boolean;
    parent?: NodeModule;
    children: NodeModule[];
    require(id: string): any;
}
declare var module: NodeModule;
declare var exports: any;
declare var __filename: string;
declare var __dirname: string;
declare var require: {
    (id: string): any;
    resolve: { (id: string, options?: { paths?: string[] }): string; paths(id: string): string[] | null };
    main: NodeModule;
    cache: Record<string, NodeModule>;
    extensions: Record<string, (module: NodeModule, filename: string) => void>;
};
