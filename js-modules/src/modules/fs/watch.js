'use strict';

// Changes of files: told by the kernel, or found by looking now and then.

// Not the globals: in contexts of the dialect those are other ones.
const { clearInterval, setInterval } = require('timers');
const EventEmitter = require('events');
const fs = require('fs');
const path = require('path');
const { Stats, BigIntStats, checkEncoding, optionsOf, pathOf } = require('internal/fs/args');
const { abortError, invalidArgType, validateFunction, validateInteger } = require('internal/errors');

const calls = fs._native;
const CHANGED = 0x2 | 0x4;
const CREATED = 0x100 | 0x80;
const FOLDER = 0x40000000;
const GONE = 0x8000;
// Folders one recursive watch may follow.
const MAX_FOLDERS = 8192;

class FSWatcher extends EventEmitter {
    #handles = new Map();
    #recursive = false;
    #file;

    _start(name, options) {
        this.#recursive = options.recursive;
        this._encoding = options.encoding;
        this.#file = path.basename(name);
        this.#watch(name, '');
        if (options.recursive && fs.statSync(name, { throwIfNoEntry: false })?.isDirectory()) this.#below(name, '');
        if (!options.persistent) this.unref();
    }

    #watch(name, below) {
        if (this.#handles.has(below) || this.#handles.size >= MAX_FOLDERS) return;
        this.#handles.set(below, calls.watch(name, (events) => this.#tell(name, below, events)));
    }

    #below(name, below) {
        let all;
        try { all = calls.sync('readdir', path.join(name, below)); } catch { return; }
        for (const [entry, type] of all) {
            if (type !== 2) continue;
            const inside = below === '' ? entry : `${below}/${entry}`;
            try { this.#watch(path.join(name, inside), inside); } catch { continue; }
            this.#below(name, inside);
        }
    }

    #tell(name, below, events) {
        for (const [mask, entry] of events) {
            if (!this.#handles.has(below)) return;
            if (mask & GONE) {
                if (below !== '') { calls.unwatch(this.#handles.get(below)); this.#handles.delete(below); }
                continue;
            }
            // The root of a watch below another is told by that one.
            if (below !== '' && entry === undefined) continue;
            const inside = below === '' ? entry ?? this.#file : `${below}/${entry}`;
            if (this.#recursive && (mask & FOLDER) && (mask & CREATED)) {
                const root = below === '' ? name : name.slice(0, -below.length - 1);
                try { this.#watch(path.join(root, inside), inside); this.#below(root, inside); } catch { /* gone again */ }
            }
            const shown = this._encoding === 'buffer' ? Buffer.from(inside) : this._encoding && this._encoding !== 'utf8' ? Buffer.from(inside).toString(this._encoding) : inside;
            this.emit('change', (mask & CHANGED) !== 0 && (mask & ~(CHANGED | FOLDER)) === 0 ? 'change' : 'rename', shown);
        }
    }

    close() {
        if (this.#handles.size === 0) return;
        for (const handle of this.#handles.values()) calls.unwatch(handle);
        this.#handles.clear();
        process.nextTick(() => this.emit('close'));
    }

    ref() {
        for (const handle of this.#handles.values()) calls.watchRef(handle, true);
        return this;
    }

    unref() {
        for (const handle of this.#handles.values()) calls.watchRef(handle, false);
        return this;
    }

    start() {}
}

function watch(given, options, listener) {
    if (typeof options === 'function') [listener, options] = [options, undefined];
    const settings = optionsOf(options, { persistent: true, recursive: false });
    if (settings.recursive !== undefined && typeof settings.recursive !== 'boolean') throw invalidArgType('options.recursive', 'boolean', settings.recursive);
    if (settings.persistent !== undefined && typeof settings.persistent !== 'boolean') throw invalidArgType('options.persistent', 'boolean', settings.persistent);
    const name = pathOf(given, 'filename');
    if (listener !== undefined) validateFunction(listener, 'listener');
    const watcher = new FSWatcher();
    try {
        watcher._start(name, settings);
    } catch (error) {
        if (error.path !== undefined) error.filename = given;
        throw error;
    }
    if (listener !== undefined) watcher.addListener('change', listener);
    if (settings.signal) {
        const close = () => watcher.close();
        if (settings.signal.aborted) process.nextTick(close);
        else {
            settings.signal.addEventListener('abort', close, { once: true });
            watcher.once('close', () => settings.signal.removeEventListener('abort', close));
        }
    }
    return watcher;
}

// Events as an iterator; when nobody takes them the oldest go.
const MAX_WAITING = 2048;

async function* iterate(given, options = {}) {
    if (options === null || typeof options !== 'object') throw invalidArgType('options', 'object', options);
    const { persistent = true, recursive = false, encoding = 'utf8', signal } = options;
    if (typeof persistent !== 'boolean') throw invalidArgType('options.persistent', 'boolean', persistent);
    if (typeof recursive !== 'boolean') throw invalidArgType('options.recursive', 'boolean', recursive);
    checkEncoding(encoding);
    if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) throw invalidArgType('options.signal', 'AbortSignal', signal);
    if (signal?.aborted) throw abortError(signal);
    const waiting = [];
    let wake = () => {};
    const watcher = watch(given, { persistent, recursive, encoding }, (eventType, filename) => {
        if (waiting.length >= MAX_WAITING) waiting.shift();
        waiting.push({ __proto__: null, eventType, filename });
        wake();
    });
    const abort = () => wake();
    signal?.addEventListener('abort', abort, { once: true });
    try {
        for (;;) {
            if (signal?.aborted) throw abortError(signal);
            if (waiting.length > 0) { yield waiting.shift(); continue; }
            await new Promise((resolve) => { wake = resolve; });
        }
    } finally {
        signal?.removeEventListener('abort', abort);
        watcher.close();
    }
}

const watched = new Map();
const NOTHING = new Array(18).fill(0);

class StatWatcher extends EventEmitter {
    constructor(name, bigint, interval, persistent) {
        super();
        this._nothing = bigint ? new BigIntStats(NOTHING.map(BigInt)) : new Stats(NOTHING);
        this._last = undefined;
        const look = () => fs.stat(name, { bigint }, (error, stats) => {
            if (this._timer === undefined) return;
            const now = error ? this._nothing : stats, last = this._last;
            this._last = now;
            // The first look tells only of what is missing.
            if (last === undefined ? error : last.mtimeMs !== now.mtimeMs || last.ctimeMs !== now.ctimeMs || last.size !== now.size || last.ino !== now.ino || last.mode !== now.mode) {
                this.emit('change', now, last ?? this._nothing);
            }
        });
        this._timer = setInterval(look, interval);
        if (!persistent) this._timer.unref();
        look();
    }

    stop() {
        if (this._timer === undefined) return;
        clearInterval(this._timer);
        this._timer = undefined;
        process.nextTick(() => this.emit('stop'));
    }

    ref() { this._timer?.ref(); return this; }
    unref() { this._timer?.unref(); return this; }
}

function watchFile(given, options, listener) {
    if (options === null || typeof options !== 'object') [listener, options] = [options, {}];
    const name = path.resolve(pathOf(given, 'filename')), { bigint = false, interval = 5007, persistent = true } = options;
    validateFunction(listener, 'listener');
    validateInteger(interval, 'interval', 0, 2147483647);
    if (!watched.has(name)) watched.set(name, new StatWatcher(name, Boolean(bigint), interval, persistent));
    const watcher = watched.get(name);
    watcher.addListener('change', listener);
    return watcher;
}

function unwatchFile(given, listener) {
    const name = path.resolve(pathOf(given, 'filename')), watcher = watched.get(name);
    if (watcher === undefined) return;
    if (typeof listener === 'function') watcher.removeListener('change', listener); else watcher.removeAllListeners('change');
    if (watcher.listenerCount('change') === 0) {
        watcher.stop();
        watched.delete(name);
    }
}

module.exports = { FSWatcher, iterate, unwatchFile, watch, watchFile };
