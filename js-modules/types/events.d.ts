declare module 'events' {
    import { AbortSignal, Event, EventTarget } from 'internal/web';
    type Listener = (...args: any[]) => void;
    type EventName = string | symbol;
    export class EventEmitter {
        constructor(options?: { captureRejections?: boolean });
        on(name: EventName, listener: Listener): this;
        addListener(name: EventName, listener: Listener): this;
        once(name: EventName, listener: Listener): this;
        prependListener(name: EventName, listener: Listener): this;
        prependOnceListener(name: EventName, listener: Listener): this;
        off(name: EventName, listener: Listener): this;
        removeListener(name: EventName, listener: Listener): this;
        removeAllListeners(name?: EventName): this;
        emit(name: EventName, ...args: any[]): boolean;
        listeners(name: EventName): Listener[];
        rawListeners(name: EventName): Listener[];
        listenerCount(name: EventName, listener?: Listener): number;
        eventNames(): EventName[];
        setMaxListeners(count: number): this;
        getMaxListeners(): number;
    }
    type Source = EventEmitter | EventTarget;
    export function once(emitter: Source, name: EventName, options?: { signal?: AbortSignal }): Promise<any[]>;
    export function on(emitter: Source, name: EventName, options?: { signal?: AbortSignal; close?: EventName[] }): AsyncIterableIterator<any[]>;
    export function addAbortListener(signal: AbortSignal, listener: (event?: Event) => void): { [Symbol.dispose](): void };
    export function init(this: EventEmitter, options?: { captureRejections?: boolean }): void;
    export function listenerCount(emitter: EventEmitter, name: EventName): number;
    export function getEventListeners(emitter: Source, name: EventName): Listener[];
    export function getMaxListeners(emitter: Source): number;
    export function setMaxListeners(count?: number, ...emitters: Source[]): void;
    export const errorMonitor: unique symbol;
    export const captureRejectionSymbol: unique symbol;
    export const usingDomains: false;
    export let captureRejections: boolean;
    export let defaultMaxListeners: number;
}
