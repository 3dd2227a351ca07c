// Globals of a Node context. Everything is loaded when first touched. `internal/web` is the name of types, not of a module.
declare var AbortController: typeof import('internal/web').AbortController;
declare var AbortSignal: typeof import('internal/web').AbortSignal;
declare var Blob: typeof import('buffer').Blob;
declare var Buffer: typeof import('buffer').Buffer;
declare var CustomEvent: typeof import('internal/web').CustomEvent;
declare var DOMException: typeof import('internal/web').DOMException;
declare var Event: typeof import('internal/web').Event;
declare var EventTarget: typeof import('internal/web').EventTarget;
declare var File: typeof import('buffer').File;
declare var PerformanceEntry: typeof import('perf_hooks').PerformanceEntry;
declare var PerformanceMark: typeof import('perf_hooks').PerformanceMark;
declare var PerformanceMeasure: typeof import('perf_hooks').PerformanceMeasure;
declare var TextDecoder: typeof import('util').TextDecoder;
declare var TextEncoder: typeof import('util').TextEncoder;
declare var URL: typeof import('url').URL;
declare var URLSearchParams: typeof import('url').URLSearchParams;
declare var atob: typeof import('buffer').atob;
declare var btoa: typeof import('buffer').btoa;
declare var clearImmediate: typeof import('timers').clearImmediate;
declare var clearInterval: typeof import('timers').clearInterval;
declare var clearTimeout: typeof import('timers').clearTimeout;
declare var console: typeof import('console');
declare var global: typeof globalThis;
declare var performance: typeof import('perf_hooks').performance;
declare var process: typeof import('process');
declare var queueMicrotask: typeof import('timers').queueMicrotask;
declare var setImmediate: typeof import('timers').setImmediate;
declare var setInterval: typeof import('timers').setInterval;
declare var setTimeout: typeof import('timers').setTimeout;
declare var structuredClone: typeof import('internal/web').structuredClone;

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
