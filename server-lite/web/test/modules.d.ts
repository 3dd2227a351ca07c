// What the unit tests use of Node; the page itself has none of it.
declare module "node:test" {
  export function test(name: string, fn: () => void | Promise<void>): void;
}
declare module "node:assert/strict" {
  interface Assert {
    (value: unknown, message?: string): void;
    equal(a: unknown, b: unknown, message?: string): void;
    deepEqual(a: unknown, b: unknown, message?: string): void;
    match(text: string, pattern: RegExp, message?: string): void;
    rejects(what: Promise<unknown> | (() => Promise<unknown>), how?: RegExp | object): Promise<void>;
    throws(what: () => unknown, how?: RegExp | object): void;
  }
  const assert: Assert;
  export default assert;
}
declare module "node:fs" {
  export function readdirSync(path: string, options: { recursive: true; encoding: "utf8" }): string[];
  export function readFileSync(path: string, encoding: "utf8"): string;
}
