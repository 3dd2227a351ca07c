'use strict';

// fs: each operation at once, with a callback, and as a promise, from one description.

const args = require('internal/fs/args');
const { invalidArgType, make, validateInteger } = require('internal/errors');
const { accessMode, constants, dataOf, descriptor, flagsOf, id, modeOf, named, optionsOf, pathOf, positionOf, range, statsOf, timeOf } = args;

const target = (path) => (Number.isInteger(path) && path >= 0 && path <= 0xffffffff ? descriptor(path) : pathOf(path));
const encodingOf = (options) => optionsOf(options, { encoding: 'utf8' }).encoding;
const length = (value, name = 'len') => {
    if (value === undefined || value === null) return 0;
    validateInteger(value, name);
    return Math.max(0, value);
};
const decoded = (options) => { const { encoding } = options; return (bytes) => (encoding && encoding !== 'buffer' ? bytes.toString(encoding) : bytes); };

function entries(path, given) {
    const folder = given.encoding === 'buffer' ? Buffer.from(path) : path, text = named(given.encoding);
    return (rows) => rows.map(([name, type]) => (given.withFileTypes ? new args.Dirent(text(name), type, folder) : text(name)));
}

function mkdirOptions(options) {
    const given = typeof options === 'object' && options !== null ? options : { mode: options };
    if (given.recursive !== undefined && typeof given.recursive !== 'boolean') throw invalidArgType('options.recursive', 'boolean', given.recursive);
    return [given.recursive === true, modeOf(given.mode, 'mode', 0o777)];
}

function removeOptions(options, name = 'rm') {
    const given = { recursive: false, force: false, maxRetries: 0, retryDelay: 100, ...options };
    if (options !== undefined && (options === null || typeof options !== 'object')) throw invalidArgType('options', 'Object', options);
    for (const key of ['recursive', 'force']) if (typeof given[key] !== 'boolean') throw invalidArgType(`options.${key}`, 'boolean', given[key]);
    for (const key of ['maxRetries', 'retryDelay']) validateInteger(given[key], `options.${key}`, 0, key === 'maxRetries' ? 4294967295 : 2147483647);
    return given;
}

// [the native's name and arguments, what the value becomes]; the arguments are checked here.
const OPERATIONS = {
    access: (path, mode) => [['access', pathOf(path), accessMode(mode)]],
    chmod: (path, mode) => [['chmod', pathOf(path), modeOf(mode)]],
    chown: (path, uid, gid) => [['chown', pathOf(path), id(uid, 'uid'), id(gid, 'gid')]],
    close: (fd) => [['close', descriptor(fd)]],
    copyFile: (from, to, mode) => {
        const [a, b] = [pathOf(from, 'src'), pathOf(to, 'dest')];
        if (mode !== undefined && mode !== null) validateInteger(mode, 'mode', 0, 7);
        return [['copyfile', a, b, Boolean(mode & constants.COPYFILE_EXCL)]];
    },
    fchmod: (fd, mode) => [['fchmod', descriptor(fd), modeOf(mode)]],
    fchown: (fd, uid, gid) => [['fchown', descriptor(fd), id(uid, 'uid'), id(gid, 'gid')]],
    fdatasync: (fd) => [['fdatasync', descriptor(fd)]],
    fstat: (fd, options) => [['fstat', descriptor(fd), Boolean(options?.bigint)], statsOf],
    fsync: (fd) => [['fsync', descriptor(fd)]],
    ftruncate: (fd, size) => [['ftruncate', descriptor(fd), length(size)]],
    futimes: (fd, atime, mtime) => [['futimes', descriptor(fd), timeOf(atime, 'atime'), timeOf(mtime, 'mtime')]],
    lchown: (path, uid, gid) => [['lchown', pathOf(path), id(uid, 'uid'), id(gid, 'gid')]],
    link: (from, to) => [['link', pathOf(from, 'existingPath'), pathOf(to, 'newPath')]],
    lstat: (path, options) => [['lstat', pathOf(path), Boolean(options?.bigint)], statsOf],
    lutimes: (path, atime, mtime) => [['lutimes', pathOf(path), timeOf(atime), timeOf(mtime)]],
    mkdir: (path, options) => [['mkdir', pathOf(path), ...mkdirOptions(options)], (first) => first],
    mkdtemp: (prefix, options) => {
        const encoding = encodingOf(options);
        return [['mkdtemp', pathOf(prefix, 'prefix'), encoding === 'buffer'], named(encoding)];
    },
    open: (path, flags, mode) => [['open', pathOf(path), flagsOf(flags), modeOf(mode, 'mode', 0o666)], (fd) => fd],
    readFile: (path, options) => {
        const given = optionsOf(options, { encoding: null, flag: 'r' });
        return [['readFile', target(path), flagsOf(given.flag, 'options.flag')], decoded(given)];
    },
    readdir: (path, options) => {
        const given = optionsOf(options, { encoding: 'utf8' }), folder = pathOf(path);
        if (given.recursive !== undefined && given.recursive !== null && typeof given.recursive !== 'boolean') throw invalidArgType('options.recursive', 'boolean', given.recursive);
        return [['readdir', folder, given.encoding === 'buffer'], entries(folder, given)];
    },
    readlink: (path, options) => { const encoding = encodingOf(options); return [['readlink', pathOf(path, 'oldPath'), encoding === 'buffer'], named(encoding)]; },
    realpath: (path, options) => { const encoding = encodingOf(options); return [['realpath', pathOf(path), encoding === 'buffer'], named(encoding)]; },
    rename: (from, to) => [['rename', pathOf(from, 'oldPath'), pathOf(to, 'newPath')]],
    rmdir: (path, options) => {
        const folder = pathOf(path), given = removeOptions(options ?? undefined, 'rmdir');
        return given.recursive ? [['remove', folder, true]] : [['rmdir', folder]];
    },
    stat: (path, options) => [['stat', pathOf(path), Boolean(options?.bigint)], statsOf],
    statfs: (path, options) => [['statfs', pathOf(path), Boolean(options?.bigint)], (numbers) => new args.StatFs(numbers)],
    symlink: (to, path, type) => {
        if (type !== undefined && type !== null && !['dir', 'file', 'junction'].includes(type)) throw make(Error, 'ERR_FS_INVALID_SYMLINK_TYPE', `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`);
        return [['symlink', pathOf(to, 'target'), pathOf(path)]];
    },
    unlink: (path) => [['unlink', pathOf(path)]],
    utimes: (path, atime, mtime) => [['utimes', pathOf(path), timeOf(atime, 'atime'), timeOf(mtime, 'mtime')]],
    writeFile: (path, data, options) => {
        const given = optionsOf(options, { encoding: 'utf8', mode: 0o666, flag: 'w', flush: false });
        if (typeof given.flush !== 'boolean') throw invalidArgType('flush', 'boolean', given.flush);
        return [['writeFile', target(path), dataOf(data, given.encoding), flagsOf(given.flag, 'options.flag'), modeOf(given.mode, 'mode', 0o666), given.flush]];
    },
};
OPERATIONS.appendFile = (path, data, options) => OPERATIONS.writeFile(path, data, { ...optionsOf(options, { encoding: 'utf8', mode: 0o666 }), flag: options?.flag ?? 'a' });

function wanted(callback, name = 'cb') {
    if (typeof callback !== 'function') throw invalidArgType(name, 'function', callback);
    return callback;
}

function run(call, shape) {
    const value = native.sync(...call);
    return shape === undefined ? undefined : shape(value);
}

function later(call, shape, callback) {
    native.later(call[0], (error, value) => {
        if (error !== null) callback(error);
        else if (shape === undefined) callback(null);
        else callback(null, shape(value));
    }, ...call.slice(1));
}

// As a promise; a wrong argument rejects it.
function promised(call, shape) {
    return new Promise((resolve, reject) => later(call, shape, (error, value) => { if (error) reject(error); else resolve(value); }));
}

const promises = {};
for (const [name, describe] of Object.entries(OPERATIONS)) {
    const sync = { [name + 'Sync'](...given) { return run(...describe(...given)); } }[name + 'Sync'];
    const call = { [name](...given) {
        const callback = given.findLast((one) => typeof one === 'function');
        const [work, shape] = describe(...(callback === undefined ? given : given.slice(0, given.lastIndexOf(callback))));
        wanted(callback);
        later(work, shape, callback);
    } }[name];
    const promise = { async [name](...given) { return promised(...describe(...given)); } }[name];
    for (const made of [sync, call, promise]) Object.defineProperty(made, 'length', { value: describe.length, configurable: true });
    exports[name] = call;
    exports[name + 'Sync'] = sync;
    promises[name] = promise;
}

// Where an entry is missing, these may say so by their value.
for (const name of ['stat', 'lstat']) {
    exports[name + 'Sync'] = { [name + 'Sync'](path, options) {
        try {
            return run(...OPERATIONS[name](path, options));
        } catch (error) {
            if ((error.code === 'ENOENT' || error.code === 'ENOTDIR') && options?.throwIfNoEntry === false) return undefined;
            throw error;
        }
    } }[name + 'Sync'];
}

// The standard library of errors has one for this.
function notEntry(error, path, given) {
    if (error.code === 'ENOENT' && given.force) return null;
    if (error.code !== 'EISDIR' || given.recursive) return error;
    const refused = make(Error, 'ERR_FS_EISDIR', `Path is a directory: rm returned EISDIR (is a directory) ${path}`);
    refused.name = 'SystemError';
    return Object.assign(refused, { errno: 21, syscall: 'rm', path });
}
exports.rmSync = function rmSync(path, options) {
    const name = pathOf(path), given = removeOptions(options);
    try {
        native.sync('remove', name, given.recursive);
    } catch (error) {
        const told = notEntry(error, name, given);
        if (told !== null) throw told;
    }
};
exports.rm = function rm(path, options, callback) {
    if (typeof options === 'function') [callback, options] = [options, undefined];
    const name = pathOf(path), given = removeOptions(options), done = wanted(callback);
    native.later('remove', (error) => { done(error === null ? null : notEntry(error, name, given)); }, name, given.recursive);
};

exports.truncateSync = function truncateSync(path, size) {
    if (typeof path === 'number') return exports.ftruncateSync(path, size);
    const name = pathOf(path), count = length(size), fd = exports.openSync(name, 'r+');
    try { native.sync('ftruncate', fd, count); } finally { exports.closeSync(fd); }
};
exports.truncate = function truncate(path, size, callback) {
    if (typeof size === 'function') [callback, size] = [size, 0];
    if (typeof path === 'number') return exports.ftruncate(path, size, callback);
    const name = pathOf(path), count = length(size), done = wanted(callback);
    exports.open(name, 'r+', (error, fd) => {
        if (error) { done(error); return; }
        native.later('ftruncate', (failed) => exports.close(fd, (worse) => done(failed ?? worse)), fd, count);
    });
};

exports.close = function close(fd, callback) {
    descriptor(fd);
    if (callback !== undefined) wanted(callback);
    later(['close', fd], undefined, callback ?? ((error) => { if (error) throw error; }));
};
exports.existsSync = function existsSync(path) {
    let name;
    try { name = pathOf(path); } catch { return false; }
    return name !== '' && native.sync('exists', name);
};
exports.exists = function exists(path, callback) {
    wanted(callback);
    let name = '';
    try { name = pathOf(path); } catch { /* not there */ }
    if (name === '') process.nextTick(callback, false); else native.later('exists', (error, there) => callback(error === null && there), name);
};
Object.defineProperty(exports.exists, Symbol.for('nodejs.util.promisify.custom'), { value: { exists: (path) => new Promise((resolve) => exports.exists(path, resolve)) }.exists });

// (fd, buffer, offset, length, position), (fd, buffer, options), (fd, options)
function readArguments(fd, buffer, offset, count, position) {
    descriptor(fd);
    if (!ArrayBuffer.isView(buffer) && buffer !== null && typeof buffer === 'object' && offset === undefined) {
        ({ buffer = Buffer.alloc(16384), offset, length: count, position } = buffer);
    } else if (buffer === undefined && offset === undefined) {
        buffer = Buffer.alloc(16384);
    }
    if (!ArrayBuffer.isView(buffer)) throw invalidArgType('buffer', ['Buffer', 'TypedArray', 'DataView'], buffer);
    if (offset !== null && typeof offset === 'object') ({ offset, length: count, position } = offset);
    // Nothing to read is nothing; into nothing is a mistake.
    if (buffer.byteLength === 0 && count !== undefined && count !== null && count !== 0) throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'buffer' is empty and cannot be written. Received ${require('util').inspect(buffer)}`);
    const view = range(buffer, offset, count);
    return { buffer, view, call: ['read', fd, view, positionOf(position)] };
}
exports.readSync = function readSync(...given) {
    const { view, call } = readArguments(...given);
    return view.length === 0 ? 0 : native.sync(...call);
};
exports.read = function read(...given) {
    const at = given.findIndex((one) => typeof one === 'function'), callback = given[at];
    const { buffer, view, call } = readArguments(...given.slice(0, at < 0 ? 5 : at));
    wanted(callback);
    if (view.length === 0) { process.nextTick(callback, null, 0, buffer); return; }
    native.later('read', (error, count) => callback(error, error === null ? count : 0, buffer), ...call.slice(1));
};

// (fd, buffer, offset, length, position), (fd, buffer, options), (fd, text, position, encoding)
function writeArguments(fd, data, offset, count, position) {
    descriptor(fd);
    if (typeof data === 'string') {
        if (count !== undefined && count !== null && typeof count !== 'string') count = 'utf8';
        if (typeof count === 'string' && !Buffer.isEncoding(count)) throw require('internal/errors').invalidArgValue('encoding', count, 'is invalid encoding');
        return ['write', fd, Buffer.from(data, count || 'utf8'), typeof offset === 'number' ? offset : null];
    }
    if (!ArrayBuffer.isView(data)) throw invalidArgType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], data);
    if (offset !== null && typeof offset === 'object') ({ offset, length: count, position } = offset);
    return ['write', fd, range(data, offset, count), typeof position === 'number' || typeof position === 'bigint' ? positionOf(position) : null];
}
exports.writeSync = function writeSync(...given) {
    return native.sync(...writeArguments(...given));
};
exports.write = function write(...given) {
    const at = given.findIndex((one) => typeof one === 'function'), callback = given[at];
    const call = writeArguments(...given.slice(0, at < 0 ? 5 : at));
    wanted(callback);
    native.later('write', (error, count) => callback(error, error === null ? count : 0, given[1]), ...call.slice(1));
};
for (const [name, names] of [['read', ['bytesRead', 'buffer']], ['write', ['bytesWritten', 'buffer']]]) {
    Object.defineProperty(exports[name], Symbol.for('nodejs.util.promisify.custom'), {
        value: (...given) => new Promise((resolve, reject) => exports[name](...given, (error, count, data) => { if (error) reject(error); else resolve({ [names[0]]: count, [names[1]]: data }); })),
    });
}

// Several buffers as one: what they hold lies in a row in the file.
function views(buffers) {
    if (!Array.isArray(buffers)) throw invalidArgType('buffers', 'ArrayBufferView[]', buffers);
    for (const one of buffers) if (!ArrayBuffer.isView(one)) throw invalidArgType('buffers', 'ArrayBufferView[]', buffers);
    return buffers.map((one) => Buffer.from(one.buffer, one.byteOffset, one.byteLength));
}
const spread = (from, count, to) => {
    let at = 0;
    for (const view of to) at += from.copy(view, 0, at, Math.min(count, at + view.length));
    return count;
};
const vectorPosition = (position) => (typeof position === 'number' || typeof position === 'bigint' ? positionOf(position) : null);
exports.readvSync = function readvSync(fd, buffers, position) {
    descriptor(fd);
    const list = views(buffers), all = Buffer.alloc(list.reduce((sum, one) => sum + one.length, 0));
    return spread(all, native.sync('read', fd, all, vectorPosition(position)), list);
};
exports.readv = function readv(fd, buffers, position, callback) {
    descriptor(fd);
    const list = views(buffers), done = wanted(callback ?? position), all = Buffer.alloc(list.reduce((sum, one) => sum + one.length, 0));
    native.later('read', (error, count) => { if (error) done(error); else done(null, spread(all, count, list), buffers); }, fd, all, vectorPosition(position));
};
exports.writevSync = function writevSync(fd, buffers, position) {
    descriptor(fd);
    return native.sync('write', fd, Buffer.concat(views(buffers)), vectorPosition(position));
};
exports.writev = function writev(fd, buffers, position, callback) {
    descriptor(fd);
    const list = views(buffers), done = wanted(callback ?? position);
    native.later('write', (error, count) => { if (error) done(error); else done(null, count, buffers); }, fd, Buffer.concat(list), vectorPosition(position));
};
for (const [name, key] of [['readv', 'bytesRead'], ['writev', 'bytesWritten']]) {
    Object.defineProperty(exports[name], Symbol.for('nodejs.util.promisify.custom'), {
        value: (...given) => new Promise((resolve, reject) => exports[name](...given, (error, count, buffers) => { if (error) reject(error); else resolve({ [key]: count, buffers }); })),
    });
}

exports.realpath.native = exports.realpath;
exports.realpathSync.native = exports.realpathSync;
for (const name of Object.keys(args.constants)) if (/^[FRWX]_OK$/.test(name)) Object.defineProperty(exports, name, { value: constants[name], enumerable: true });
Object.assign(exports, { Dirent: args.Dirent, Stats: args.Stats, constants });

// The rest is made when it is first wanted.
const parts = {
    'internal/fs/streams': ['FileReadStream', 'FileWriteStream', 'ReadStream', 'WriteStream', 'createReadStream', 'createWriteStream'],
    'internal/fs/tree': ['Dir', 'cp', 'cpSync', 'opendir', 'opendirSync'],
    'internal/fs/watch': ['unwatchFile', 'watch', 'watchFile'],
};
for (const [module, names] of Object.entries(parts)) {
    for (const name of names) {
        let value;
        Object.defineProperty(exports, name, {
            get: () => (value === undefined ? (value = require(module)[name]) : value), set(changed) { value = changed; },
            enumerable: true, configurable: true,
        });
    }
}
let made;
Object.defineProperty(exports, 'promises', {
    get() { return (made ??= require('internal/fs/handle').promises); }, enumerable: true, configurable: true,
});

exports._promises = promises;
Object.defineProperty(exports, '_promises', { enumerable: false });
Object.defineProperty(exports, '_native', { value: native, enumerable: false });
Object.defineProperty(exports, '_promised', { value: promised, enumerable: false });

// A listing with what lies below; links to folders are not followed.
const plainReaddir = { sync: exports.readdirSync, later: exports.readdir, promise: promises.readdir };
exports.readdirSync = function readdirSync(path, options) {
    return options?.recursive ? require('internal/fs/tree').listSync(path, options) : plainReaddir.sync(path, options);
};
exports.readdir = function readdir(path, options, callback) {
    if (typeof options === 'function') [callback, options] = [options, undefined];
    wanted(callback);
    if (!options?.recursive) { plainReaddir.later(path, options, callback); return; }
    OPERATIONS.readdir(path, options);
    require('internal/fs/tree').list(path, options).then((all) => callback(null, all), callback);
};
promises.readdir = async function readdir(path, options) {
    return options?.recursive ? require('internal/fs/tree').list(path, options) : plainReaddir.promise(path, options);
};
// A signal ends waiting; the system goes on with what it has begun.
for (const name of ['readFile', 'writeFile', 'appendFile']) {
    const plain = exports[name];
    exports[name] = { [name](...given) {
        const signal = given.find((one) => one !== null && typeof one === 'object' && one.signal !== undefined && !ArrayBuffer.isView(one))?.signal;
        if (signal === undefined) { plain(...given); return; }
        const callback = wanted(given.pop()), { abortError } = require('internal/errors');
        let over = false;
        const end = (...answer) => { if (over) return; over = true; signal.removeEventListener?.('abort', abort); callback(...answer); };
        const abort = () => end(abortError(signal));
        if (typeof signal === 'object' && signal?.aborted) { process.nextTick(abort); return; }
        plain(...given, end);
        signal.addEventListener('abort', abort);
    } }[name];
    Object.defineProperty(exports[name], 'length', { value: plain.length });
}
