declare module 'module' {
    export class Module {
        constructor(id: string, parent?: Module);
        exports: any;
        id: string;
        filename: string;
        require(id: string): any;
    }
    export const builtinModules: string[];
    export function isBuiltin(id: string): boolean;
    export function createRequire(filename: string): (id: string) => any;
    export function runMain(filename: string, source: string): void;
}
