/** What tests of cores require beside Node's modules. */
declare module 'meshlite:test' {
    interface Options {
        /** The core's file, from the folder of the tests' core; `core.js`. */
        file?: string;
        /** Its text instead of a file. */
        text?: string;
        /** Permissions beyond those of its manifest, for stand-ins: `{ 'fs.read': ['/tmp/x'] }`. */
        grant?: { [permission: string]: string[] | boolean };
        /** What `_MSH()` gives. */
        settings?: { [key: string]: string | number };
        /** The channel to the server is open at the start; true. */
        connected?: boolean;
    }
    interface Wait {
        /** Milliseconds; 5000. */
        timeout?: number;
    }
    interface Core {
        /** Messages that no test has taken yet. */
        readonly messages: any[];
        readonly lines: { level: string; text: string }[];
        readonly exceptions: string[];
        /** A message of the server. */
        send(message: object | string | Uint8Array): void;
        /** The next message with this action, with these fields, or for which the function says yes. */
        receive(wanted?: string | object | ((message: any) => unknown), options?: Wait): Promise<any>;
        /** Types a line on the core's console and gives the answer. */
        console(line: string, options?: Wait): Promise<string>;
        /** The next line of `console.log` and its kind with this text. */
        logged(wanted?: string | RegExp, options?: Wait): Promise<string>;
        /** The next exception that nothing in the core caught, with file, line and stack. */
        thrown(options?: Wait): Promise<string>;
        /** The next thing the core asks of the agent. */
        requested(options?: Wait): Promise<string>;
        disconnect(): void;
        connect(): void;
        /** Ends the core; fails when it threw something that no test asked for. */
        stop(): Promise<void>;
    }
    /** Starts a core; it ends with the test. */
    export function start(t: import('node:test').Context | null, options?: Options): Promise<Core>;
}

declare module 'node:test' {
    interface Context {
        readonly name: string;
        diagnostic(message: string): void;
        skip(message?: string): void;
        test(name: string, body: (t: Context) => unknown): Promise<void>;
        after(body: () => unknown): void;
        [more: string]: any;
    }
    function test(name: string, body: (t: Context) => unknown): Promise<void>;
    function test(name: string, options: object, body: (t: Context) => unknown): Promise<void>;
    namespace test {
        const describe: typeof test;
        const it: typeof test;
        const before: (body: () => unknown) => void;
        const after: (body: () => unknown) => void;
        const beforeEach: (body: () => unknown) => void;
        const afterEach: (body: () => unknown) => void;
        const mock: any;
        export { Context };
    }
    export = test;
}

declare module 'node:assert' {
    import assert = require('assert');
    export = assert;
}
