declare module 'perf_hooks' {
    interface MarkOptions {
        detail?: any;
        startTime?: number;
    }
    interface MeasureOptions {
        detail?: any;
        start?: string | number;
        end?: string | number;
        duration?: number;
    }
    export class PerformanceEntry {
        readonly name: string;
        readonly entryType: 'mark' | 'measure';
        readonly startTime: number;
        readonly duration: number;
        toJSON(): object;
    }
    export class PerformanceMark extends PerformanceEntry {
        constructor(name: string, options?: MarkOptions);
        readonly detail: any;
    }
    export class PerformanceMeasure extends PerformanceEntry {
        readonly detail: any;
    }
    export class Performance {
        /** Milliseconds since 1970 at the start of the process. */
        readonly timeOrigin: number;
        /** Milliseconds since then. */
        now(): number;
        mark(name: string, options?: MarkOptions): PerformanceMark;
        measure(name: string, startOrOptions?: string | MeasureOptions, endMark?: string): PerformanceMeasure;
        clearMarks(name?: string): void;
        clearMeasures(name?: string): void;
        getEntries(): PerformanceEntry[];
        getEntriesByName(name: string, type?: string): PerformanceEntry[];
        getEntriesByType(type: string): PerformanceEntry[];
        toJSON(): object;
    }
    export const performance: Performance;
}
