/** What can be told of this engine. */
declare module 'v8' {
    export function getHeapStatistics(): Record<string, number>;
    export function setFlagsFromString(flags: string): void;
    export const startupSnapshot: { isBuildingSnapshot(): boolean };
}
