'use strict';

// What the calls of `fs` are given: checked, and in the form the natives take. And what they give back.

const { invalidArgType, invalidArgValue, make, outOfRange, validateInteger } = require('internal/errors');

const constants = {
    F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_NOCTTY: 256,
    O_TRUNC: 512, O_APPEND: 1024, O_NONBLOCK: 2048, O_DSYNC: 4096, O_DIRECT: 16384, O_DIRECTORY: 65536,
    O_NOFOLLOW: 131072, O_NOATIME: 262144, O_SYNC: 1052672, S_IFMT: 61440, S_IFREG: 32768, S_IFDIR: 16384,
    S_IFCHR: 8192, S_IFBLK: 24576, S_IFIFO: 4096, S_IFLNK: 40960, S_IFSOCK: 49152, S_IRWXU: 448, S_IRUSR: 256,
    S_IWUSR: 128, S_IXUSR: 64, S_IRWXG: 56, S_IRGRP: 32, S_IWGRP: 16, S_IXGRP: 8, S_IRWXO: 7, S_IROTH: 4, S_IWOTH: 2,
    S_IXOTH: 1, UV_FS_SYMLINK_DIR: 1, UV_FS_SYMLINK_JUNCTION: 2, UV_FS_O_FILEMAP: 0, COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, COPYFILE_FICLONE_FORCE: 4,
    UV_FS_COPYFILE_EXCL: 1, UV_FS_COPYFILE_FICLONE: 2, UV_FS_COPYFILE_FICLONE_FORCE: 4, UV_DIRENT_UNKNOWN: 0, UV_DIRENT_FILE: 1, UV_DIRENT_DIR: 2, UV_DIRENT_LINK: 3,
    UV_DIRENT_FIFO: 4, UV_DIRENT_SOCKET: 5, UV_DIRENT_CHAR: 6, UV_DIRENT_BLOCK: 7,
};
const C = constants;

const FLAGS = {
    r: C.O_RDONLY, rs: C.O_RDONLY | C.O_SYNC, 'r+': C.O_RDWR, 'rs+': C.O_RDWR | C.O_SYNC,
    w: C.O_WRONLY | C.O_CREAT | C.O_TRUNC, 'w+': C.O_RDWR | C.O_CREAT | C.O_TRUNC,
    a: C.O_WRONLY | C.O_CREAT | C.O_APPEND, 'a+': C.O_RDWR | C.O_CREAT | C.O_APPEND,
};
for (const [name, value] of Object.entries({ wx: FLAGS.w, 'wx+': FLAGS['w+'], ax: FLAGS.a, 'ax+': FLAGS['a+'] })) FLAGS[name] = value | C.O_EXCL;
Object.assign(FLAGS, { sr: FLAGS.rs, 'sr+': FLAGS['rs+'], xw: FLAGS.wx, 'xw+': FLAGS['wx+'], as: FLAGS.a | C.O_SYNC, 'as+': FLAGS['a+'] | C.O_SYNC, xa: FLAGS.ax, 'xa+': FLAGS['ax+'] });


Object.setPrototypeOf(constants, null);

function pathOf(path, name = 'path') {
    let text = path;
    if (path instanceof Uint8Array) text = Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('utf8');
    else if (path !== null && typeof path === 'object' && typeof path.href === 'string' && typeof path.protocol === 'string') text = require('url').fileURLToPath(path);
    else if (typeof path !== 'string') throw invalidArgType(name, ['string', 'Buffer', 'URL'], path);
    if (text.includes('\0')) throw invalidArgValue(name, path, `must be a string${typeof path === 'string' ? '' : ', Uint8Array, or URL'} without null bytes`);
    return text;
}

function descriptor(fd, name = 'fd') {
    validateInteger(fd, name, 0, 2147483647);
    return fd;
}

function flagsOf(flags, name = 'flags', fallback = constants.O_RDONLY) {
    if (typeof flags === 'number') { validateInteger(flags, name, -2147483648, 2147483647); return flags; }
    if (flags === undefined || flags === null) return fallback;
    if (!Object.hasOwn(FLAGS, flags)) throw invalidArgValue(name, flags);
    return FLAGS[flags];
}

function modeOf(mode, name = 'mode', fallback = undefined) {
    if ((mode === undefined || mode === null) && fallback !== undefined) return fallback;
    if (typeof mode === 'string') {
        if (!/^[0-7]+$/.test(mode)) throw invalidArgValue(name, mode, 'must be a 32-bit unsigned integer or an octal string');
        mode = Number.parseInt(mode, 8);
    }
    validateInteger(mode, name, 0, 4294967295);
    return mode;
}

function checkEncoding(encoding) {
    if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw invalidArgValue('encoding', encoding, 'is invalid encoding');
}

function optionsOf(options, fallback) {
    if (options === undefined || options === null || typeof options === 'function') return fallback;
    const given = typeof options === 'string' ? { encoding: options } : options;
    if (typeof given !== 'object') throw invalidArgType('options', ['string', 'Object'], options);
    checkEncoding(given.encoding);
    if (given.signal !== undefined && (given.signal === null || typeof given.signal !== 'object' || !('aborted' in given.signal))) throw invalidArgType('options.signal', 'AbortSignal', given.signal);
    const all = { ...fallback };
    for (const key in given) if (given[key] !== undefined) all[key] = given[key];
    return all;
}

function dataOf(data, encoding, name = 'data') {
    if (typeof data === 'string') return Buffer.from(data, encoding || 'utf8');
    if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    throw invalidArgType(name, ['string', 'Buffer', 'TypedArray', 'DataView'], data);
}

// Seconds since 1970 of a number, a text with a number, or a date.
function timeOf(time, name = 'time') {
    if (typeof time === 'string' && Number(time) === Number(time) && time.trim() !== '') return Number(time);
    if (typeof time === 'number' && Number.isFinite(time)) return time;
    if (require('util').types.isDate(time)) return time.getTime() / 1000;
    throw invalidArgType(name, ['Date', 'Time in seconds'], time);
}

const id = (value, name) => { validateInteger(value, name, -1, 4294967295); return value; };

function accessMode(mode) {
    if (mode === undefined || mode === null) return 0;
    validateInteger(mode, 'mode', 0, 7);
    return mode;
}

// The range of a buffer that reads and writes mean, as a view.
function range(buffer, offset, length) {
    const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    if (offset === undefined || offset === null) offset = 0;
    else validateInteger(offset, 'offset', 0);
    if (length === undefined || length === null) length = bytes.length - offset;
    if (offset > bytes.length) throw outOfRange('offset', `<= ${bytes.length}`, offset);
    validateInteger(length, 'length', -2147483648, 2147483647);
    if (length < 0) throw outOfRange('length', '>= 0', length);
    if (length > bytes.length - offset) throw outOfRange('length', `<= ${bytes.length - offset}`, length);
    return bytes.subarray(offset, offset + length);
}

function positionOf(position) {
    if (position === undefined || position === null) return null;
    if (typeof position === 'bigint') {
        if (position < -1n || position > 2n ** 63n - 1n) throw outOfRange('position', '>= -1 && <= 9223372036854775807', position);
        return position < 0n ? null : position;
    }
    validateInteger(position, 'position', -1);
    return position < 0 ? null : position;
}

const kinds = { isFile: 'S_IFREG', isDirectory: 'S_IFDIR', isSymbolicLink: 'S_IFLNK', isFIFO: 'S_IFIFO', isSocket: 'S_IFSOCK', isCharacterDevice: 'S_IFCHR', isBlockDevice: 'S_IFBLK' };
const fields = ['dev', 'mode', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'ino', 'size', 'blocks'];
const times = ['atime', 'mtime', 'ctime', 'birthtime'];
const dateOf = (ms) => new Date(Math.floor(Number(ms) + 0.5));

class Stats {
    constructor(numbers) {
        fields.forEach((name, i) => { this[name] = numbers[i]; });
        times.forEach((name, i) => { this[name + 'Ms'] = numbers[10 + 2 * i] * 1000 + numbers[11 + 2 * i] / 1e6; });
        for (const name of times) this[name] = dateOf(this[name + 'Ms']);
    }
}

class BigIntStats {
    constructor(numbers) {
        fields.forEach((name, i) => { this[name] = numbers[i]; });
        const ns = (i) => numbers[10 + 2 * i] * 1000000000n + numbers[11 + 2 * i];
        times.forEach((name, i) => { this[name + 'Ms'] = ns(i) / 1000000n; });
        times.forEach((name, i) => { this[name + 'Ns'] = ns(i); });
        for (const name of times) this[name] = dateOf(this[name + 'Ms']);
    }
}

for (const Class of [Stats, BigIntStats]) {
    for (const [name, kind] of Object.entries(kinds)) {
        const test = { [name]() { return (Number(this.mode) & constants.S_IFMT) === constants[kind]; } }[name];
        Object.defineProperty(Class.prototype, name, { value: test, writable: true, configurable: true });
    }
}

const KIND = Symbol('type');

class Dirent {
    constructor(name, type, path) {
        this.name = name;
        this.parentPath = path;
        this.path = path;
        Object.defineProperty(this, KIND, { value: type });
    }
}
for (const [name, kind] of Object.entries({ isFile: 1, isDirectory: 2, isSymbolicLink: 3, isFIFO: 4, isSocket: 5, isCharacterDevice: 6, isBlockDevice: 7 })) {
    const test = { [name]() { return this[KIND] === kind; } }[name];
    Object.defineProperty(Dirent.prototype, name, { value: test, writable: true, configurable: true });
}

class StatFs {
    constructor(numbers) { ['type', 'bsize', 'blocks', 'bfree', 'bavail', 'files', 'ffree'].forEach((name, i) => { this[name] = numbers[i]; }); }
}

const statsOf = (numbers) => (typeof numbers[0] === 'bigint' ? new BigIntStats(numbers) : new Stats(numbers));

// Names in the encoding that was asked for.
function named(encoding) {
    if (!encoding || encoding === 'buffer' || encoding === 'utf8' || encoding === 'utf-8') return (name) => name;
    return (name) => Buffer.from(name).toString(encoding);
}

module.exports = {
    BigIntStats, Dirent, StatFs, Stats, accessMode, checkEncoding, constants, dataOf, descriptor, flagsOf, id, make, modeOf, named,
    optionsOf, pathOf, positionOf, range, statsOf, timeOf,
};
