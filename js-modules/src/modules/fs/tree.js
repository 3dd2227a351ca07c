'use strict';

// Folders: walking, copying, and reading them entry by entry.

const fs = require('fs');
const path = require('path');
const { Dirent, constants, named, optionsOf, pathOf } = require('internal/fs/args');
const { invalidArgType, invalidArgValue, make, validateFunction, validateInteger } = require('internal/errors');

const calls = fs._native;
const DIRECTORY = constants.UV_DIRENT_DIR;

function* rows(folder, below, all, given, text) {
    const next = [];
    for (const [name, type] of all) {
        const shown = text(name);
        const inside = below === '' ? name : `${below}/${name}`;
        next.push([type, inside]);
        yield given.withFileTypes ? new Dirent(shown, type, below === '' ? folder : path.join(folder, below)) : given.encoding === 'buffer' ? Buffer.from(inside) : text(inside);
    }
    return next.filter(([type]) => type === DIRECTORY).map(([, inside]) => inside);
}

function take(iterator, into) {
    for (;;) {
        const { value, done } = iterator.next();
        if (done) return value;
        into.push(value);
    }
}

function listSync(given, options) {
    const folder = pathOf(given), settings = optionsOf(options, { encoding: 'utf8' }), text = named(settings.encoding), found = [], queue = [''];
    while (queue.length > 0) {
        const below = queue.shift();
        queue.push(...take(rows(folder, below, calls.sync('readdir', path.join(folder, below)), settings, text), found));
    }
    return found;
}

async function list(given, options) {
    const folder = pathOf(given), settings = optionsOf(options, { encoding: 'utf8' }), text = named(settings.encoding), found = [], queue = [''];
    while (queue.length > 0) {
        const below = queue.shift();
        const all = await fs._promised(['readdir', path.join(folder, below)], (value) => value);
        queue.push(...take(rows(folder, below, all, settings, text), found));
    }
    return found;
}

function closedError() {
    return make(Error, 'ERR_DIR_CLOSED', 'Directory handle was closed');
}

// One listing, given out entry by entry.
class Dir {
    #path;
    #entries;
    #closed = false;
    #busy = 0;

    constructor(folder, entries) {
        if (typeof folder !== 'string') throw make(TypeError, 'ERR_MISSING_ARGS', 'The "handle" argument must be specified');
        this.#path = folder;
        this.#entries = entries;
    }

    get path() { return this.#path; }

    #next() {
        return this.#entries.shift() ?? null;
    }

    read(callback) {
        if (callback === undefined) return new Promise((resolve, reject) => this.read((error, entry) => { if (error) reject(error); else resolve(entry); }));
        validateFunction(callback, 'callback');
        if (this.#closed) { const error = closedError(); process.nextTick(callback, error); return undefined; }
        this.#busy++;
        setImmediate(() => { this.#busy--; callback(null, this.#next()); });
        return undefined;
    }

    readSync() {
        if (this.#closed) throw closedError();
        if (this.#busy > 0) throw make(Error, 'ERR_DIR_CONCURRENT_OPERATION', 'Cannot do synchronous work on directory handle with concurrent asynchronous operations');
        return this.#next();
    }

    close(callback) {
        if (callback === undefined) {
            if (this.#closed) return Promise.reject(closedError());
            return new Promise((resolve, reject) => this.close((error) => { if (error) reject(error); else resolve(); }));
        }
        validateFunction(callback, 'callback');
        if (this.#closed) { process.nextTick(callback, closedError()); return undefined; }
        this.#closed = true;
        setImmediate(callback, null);
        return undefined;
    }

    closeSync() {
        if (this.#closed) throw closedError();
        if (this.#busy > 0) throw make(Error, 'ERR_DIR_CONCURRENT_OPERATION', 'Cannot do synchronous work on directory handle with concurrent asynchronous operations');
        this.#closed = true;
    }

    async* entries() {
        try {
            for (;;) {
                const entry = await this.read();
                if (entry === null) break;
                yield entry;
            }
        } finally { if (!this.#closed) await this.close(); }
    }

    [Symbol.asyncIterator]() { return this.entries(); }
}

function dirOptions(options) {
    const given = optionsOf(options, { encoding: 'utf8' });
    if (given.bufferSize !== undefined) validateInteger(given.bufferSize, 'options.bufferSize', 1, 4294967295);
    return { ...given, withFileTypes: true };
}

const opened = (error) => { if (error.syscall === 'scandir') { error.message = error.message.replace(', scandir', ', opendir'); error.syscall = 'opendir'; } return error; };

function opendirSync(given, options) {
    const folder = pathOf(given), settings = dirOptions(options);
    try { return new Dir(folder, fs.readdirSync(folder, settings)); } catch (error) { throw opened(error); }
}

function opendir(given, options, callback) {
    if (typeof options === 'function') [callback, options] = [options, undefined];
    validateFunction(callback, 'callback');
    const folder = pathOf(given);
    fs.readdir(folder, dirOptions(options), (error, entries) => { if (error) callback(opened(error)); else callback(null, new Dir(folder, entries)); });
}

// Copying trees: `visit` calls, each a promise or not, so that one walk serves both forms.
function copyOptions(options) {
    if (options !== undefined && (options === null || typeof options !== 'object')) throw invalidArgType('options', 'Object', options);
    const given = { dereference: false, errorOnExist: false, force: true, preserveTimestamps: false, recursive: false, verbatimSymlinks: false, mode: 0, ...options };
    for (const key of ['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks']) if (typeof given[key] !== 'boolean') throw invalidArgType(`options.${key}`, 'boolean', given[key]);
    if (given.filter !== undefined) validateFunction(given.filter, 'options.filter');
    validateInteger(given.mode ?? 0, 'mode', 0, 7);
    if (given.dereference && given.verbatimSymlinks) throw make(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR', 'Option "dereference" cannot be used in combination with option "verbatimSymlinks"');
    return given;
}

function refused(code, errno, message, name) {
    const error = make(Error, code, message);
    return Object.assign(error, { errno, syscall: 'cp', path: name });
}

function* copySteps(from, to, given, top) {
    if (given.filter && !(yield given.filter(from, to))) return;
    const stat = (name) => ['call', given.dereference ? 'stat' : 'lstat', name];
    const source = yield stat(from);
    const dest = yield ['maybe', given.dereference ? 'stat' : 'lstat', to];
    if (dest && dest.ino === source.ino && dest.dev === source.dev) throw refused('ERR_FS_CP_EINVAL', 22, `Invalid src or dest: cp returned EINVAL (src and dest cannot be the same) ${to}`, to);
    if (dest && source.isDirectory() && !dest.isDirectory()) throw refused('ERR_FS_CP_DIR_TO_NON_DIR', 21, `Cannot overwrite non-directory with directory: cp returned EISDIR (cannot overwrite non-directory ${to} with directory ${from}) ${to}`, to);
    if (dest && !source.isDirectory() && dest.isDirectory()) throw refused('ERR_FS_CP_NON_DIR_TO_DIR', 20, `Cannot overwrite directory with non-directory: cp returned ENOTDIR (cannot overwrite directory ${to} with non-directory ${from}) ${to}`, to);
    if (source.isDirectory() && `${path.resolve(to)}/`.startsWith(`${path.resolve(from)}/`)) throw refused('ERR_FS_CP_EINVAL', 22, `Invalid src or dest: cp returned EINVAL (cannot copy ${from} to a subdirectory of self ${to}) ${to}`, to);
    if (top) yield ['call', 'mkdir', path.dirname(to), { recursive: true }];
    if (source.isDirectory()) {
        if (!given.recursive) throw refused('ERR_FS_EISDIR', 21, `Recursive option not enabled, cannot copy a directory: cp returned EISDIR (${from} is a directory (not copied)) ${from}`, from);
        if (!dest) yield ['call', 'mkdir', to, {}];
        for (const name of yield ['call', 'readdir', from]) yield* copySteps(path.join(from, name), path.join(to, name), given, false);
        if (!dest) yield ['call', 'chmod', to, source.mode & 0o7777];
    } else if (source.isSymbolicLink()) {
        let target = yield ['call', 'readlink', from];
        if (!given.verbatimSymlinks && !path.isAbsolute(target)) target = path.resolve(path.dirname(from), target);
        if (dest) {
            if (dest.isSymbolicLink()) {
                let old = yield ['call', 'readlink', to];
                if (!path.isAbsolute(old)) old = path.resolve(path.dirname(to), old);
                if (`${old}/`.startsWith(`${target}/`) && old !== target && (yield ['maybe', 'stat', from])?.isDirectory()) throw refused('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', 22, `Cannot overwrite symlink in subdirectory of self: cp returned EINVAL (cannot overwrite ${old} with ${target}) ${to}`, to);
            }
            yield ['call', 'unlink', to];
        }
        yield ['call', 'symlink', target, to];
    } else if (source.isFile() || source.isCharacterDevice() || source.isBlockDevice()) {
        if (dest) {
            if (given.force) yield ['call', 'unlink', to];
            else if (given.errorOnExist) throw refused('ERR_FS_CP_EEXIST', 17, `Target already exists: cp returned EEXIST (${to} already exists) ${to}`, to);
            else return;
        }
        yield ['call', 'copyFile', from, to, given.mode ?? 0];
        if (given.preserveTimestamps) yield ['call', 'utimes', to, source.atime, source.mtime];
    } else if (source.isSocket()) {
        throw refused('ERR_FS_CP_SOCKET', 22, `Cannot copy a socket file: cp returned EINVAL (cannot copy a socket file: ${to}) ${to}`, to);
    } else if (source.isFIFO()) {
        throw refused('ERR_FS_CP_FIFO_PIPE', 22, `Cannot copy a FIFO pipe: cp returned EINVAL (cannot copy a FIFO pipe: ${to}) ${to}`, to);
    } else {
        throw refused('ERR_FS_CP_UNKNOWN', 22, `Cannot copy an unknown file type: cp returned EINVAL (cannot copy an unknown file type: ${to}) ${to}`, to);
    }
}

const absent = (error) => error.code === 'ENOENT';

function cpSync(from, to, options) {
    const given = copyOptions(options), steps = copySteps(pathOf(from, 'src'), pathOf(to, 'dest'), given, true);
    for (let answer, failure; ;) {
        const { value, done } = failure === undefined ? steps.next(answer) : steps.throw(failure);
        if (done) return;
        [answer, failure] = [undefined, undefined];
        if (!Array.isArray(value)) {
            if (typeof value?.then === 'function') throw invalidArgValue('options.filter', given.filter, 'must not give a promise');
            answer = value;
            continue;
        }
        try { answer = fs[`${value[1]}Sync`](...value.slice(2)); } catch (error) { if (value[0] === 'call' || !absent(error)) failure = error; }
    }
}

async function copy(from, to, options) {
    const given = copyOptions(options), steps = copySteps(pathOf(from, 'src'), pathOf(to, 'dest'), given, true);
    for (let answer, failure; ;) {
        const { value, done } = failure === undefined ? steps.next(answer) : steps.throw(failure);
        if (done) return;
        [answer, failure] = [undefined, undefined];
        try {
            answer = Array.isArray(value) ? await fs._promises[value[1]](...value.slice(2)) : await value;
        } catch (error) { if (!Array.isArray(value) || value[0] === 'call' || !absent(error)) failure = error; }
    }
}

function cp(from, to, options, callback) {
    if (typeof options === 'function') [callback, options] = [options, undefined];
    validateFunction(callback, 'cb');
    copyOptions(options);
    pathOf(from, 'src');
    pathOf(to, 'dest');
    copy(from, to, options).then(() => callback(null), callback);
}

module.exports = { Dir, copy, cp, cpSync, list, listSync, opendir, opendirSync };
