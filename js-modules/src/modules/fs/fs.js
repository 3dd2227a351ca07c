'use strict';
// fs: a beginning. The callback forms do their work at once and call back in a later turn.

const constants = {
    F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_NOCTTY: 256,
    O_TRUNC: 512, O_APPEND: 1024, O_NONBLOCK: 2048, O_DSYNC: 4096, O_DIRECT: 16384, O_DIRECTORY: 65536,
    O_NOFOLLOW: 131072, O_NOATIME: 262144, O_SYNC: 1052672, S_IFMT: 61440, S_IFREG: 32768, S_IFDIR: 16384,
    S_IFCHR: 8192, S_IFBLK: 24576, S_IFIFO: 4096, S_IFLNK: 40960, S_IFSOCK: 49152, S_IRWXU: 448, S_IRUSR: 256,
    S_IWUSR: 128, S_IXUSR: 64, S_IRWXG: 56, S_IRGRP: 32, S_IWGRP: 16, S_IXGRP: 8, S_IRWXO: 7, S_IROTH: 4, S_IWOTH: 2,
    S_IXOTH: 1, COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, COPYFILE_FICLONE_FORCE: 4,
    UV_FS_COPYFILE_EXCL: 1, UV_DIRENT_UNKNOWN: 0, UV_DIRENT_FILE: 1, UV_DIRENT_DIR: 2, UV_DIRENT_LINK: 3,
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

function coded(Class, code, message) {
    const error = new Class(message);
    error.code = code;
    return error;
}

function received(value) {
    if (value === null || value === undefined) return String(value);
    if (typeof value === 'function') return `function ${value.name}`;
    if (typeof value === 'object') return `an instance of ${value.constructor ? value.constructor.name : 'Object'}`;
    return `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : String(value)})`;
}

function wrongType(name, wanted, value) {
    return coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${wanted}. Received ${received(value)}`);
}

function pathOf(path, name) {
    if (typeof path === 'string') return path;
    if (path instanceof Uint8Array) return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('utf8');
    if (path && typeof path === 'object' && path.protocol === 'file:') return decodeURIComponent(path.pathname);
    throw wrongType(name || 'path', 'of type string or an instance of Buffer or URL', path);
}

function descriptor(fd) {
    if (typeof fd !== 'number') throw wrongType('fd', 'of type number', fd);
    if (!Number.isInteger(fd) || fd < 0 || fd > 2147483647) {
        throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "fd" is out of range. It must be ${Number.isInteger(fd) ? '>= 0 && <= 2147483647' : 'an integer'}. Received ${fd}`);
    }
    return fd;
}

function flagsOf(flags, fallback) {
    if (flags === undefined || flags === null) return FLAGS[fallback];
    if (typeof flags === 'number') return flags;
    const value = FLAGS[flags];
    if (value === undefined) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'flags' is invalid. Received ${typeof flags === 'string' ? `'${flags}'` : String(flags)}`);
    return value;
}

function modeOf(mode, fallback) {
    if (mode === undefined || mode === null) return fallback;
    const value = typeof mode === 'string' ? Number.parseInt(mode, 8) : mode;
    if (typeof value !== 'number' || Number.isNaN(value)) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'mode' must be a 32-bit unsigned integer or an octal string. Received ${received(mode)}`);
    return value >>> 0;
}

function optionsOf(options, fallback) {
    if (options === undefined || options === null || typeof options === 'function') return fallback;
    const given = typeof options === 'string' ? { encoding: options } : options;
    if (typeof given !== 'object') throw wrongType('options', 'of type string or an instance of Object', options);
    if (given.encoding && given.encoding !== 'buffer' && !Buffer.isEncoding(given.encoding)) {
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'encoding' is invalid encoding. Received '${given.encoding}'`);
    }
    return Object.assign({}, fallback, given);
}

function dataOf(data, encoding) {
    if (typeof data === 'string') return Buffer.from(data, encoding || 'utf8');
    if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    throw wrongType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
}

function kind(object, mode) {
    return (object.mode & C.S_IFMT) === mode;
}

class Stats {
    constructor(n) {
        [this.dev, this.mode, this.nlink, this.uid, this.gid, this.rdev, this.blksize, this.ino, this.size, this.blocks,
            this.atimeMs, this.mtimeMs, this.ctimeMs, this.birthtimeMs] = n;
        this.atime = new Date(Math.floor(this.atimeMs));
        this.mtime = new Date(Math.floor(this.mtimeMs));
        this.ctime = new Date(Math.floor(this.ctimeMs));
        this.birthtime = new Date(Math.floor(this.birthtimeMs));
    }
    isFile() { return kind(this, C.S_IFREG); }
    isDirectory() { return kind(this, C.S_IFDIR); }
    isSymbolicLink() { return kind(this, C.S_IFLNK); }
    isFIFO() { return kind(this, C.S_IFIFO); }
    isSocket() { return kind(this, C.S_IFSOCK); }
    isCharacterDevice() { return kind(this, C.S_IFCHR); }
    isBlockDevice() { return kind(this, C.S_IFBLK); }
}

class Dirent {
    #kind;
    constructor(name, kind, parent) {
        this.name = name;
        this.parentPath = parent;
        this.path = parent;
        this.#kind = kind;
    }
    isFile() { return this.#kind === C.UV_DIRENT_FILE; }
    isDirectory() { return this.#kind === C.UV_DIRENT_DIR; }
    isSymbolicLink() { return this.#kind === C.UV_DIRENT_LINK; }
    isFIFO() { return this.#kind === C.UV_DIRENT_FIFO; }
    isSocket() { return this.#kind === C.UV_DIRENT_SOCKET; }
    isCharacterDevice() { return this.#kind === C.UV_DIRENT_CHAR; }
    isBlockDevice() { return this.#kind === C.UV_DIRENT_BLOCK; }
}

const target = (path) => (Number.isInteger(path) && path >= 0 ? descriptor(path) : pathOf(path));

function statWith(follow, path, options) {
    try {
        return new Stats(native.stat(pathOf(path), follow));
    } catch (error) {
        const absent = error.code === 'ENOENT' || error.code === 'ENOTDIR';
        if (absent && options && options.throwIfNoEntry === false) return undefined;
        throw error;
    }
}

// The range of a buffer that read and write mean, as a view.
function range(buffer, offset, length, name) {
    const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    const from = offset === undefined || offset === null ? 0 : offset;
    if (!Number.isInteger(from) || from < 0 || from > bytes.length) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "offset" is out of range. It must be >= 0 && <= ${bytes.length}. Received ${from}`);
    const count = length === undefined || length === null ? bytes.length - from : length;
    if (!Number.isInteger(count) || count < 0 || count > bytes.length - from) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "length" is out of range. It must be >= 0 && <= ${bytes.length - from}. Received ${count}`);
    return bytes.subarray(from, from + count);
}

const sync = {
    readFile(path, options) {
        const { encoding } = optionsOf(options, { encoding: null, flag: 'r' });
        const bytes = native.readFile(target(path));
        return encoding && encoding !== 'buffer' ? bytes.toString(encoding) : bytes;
    },
    writeFile(path, data, options) {
        const given = optionsOf(options, { encoding: 'utf8', mode: 0o666, flag: 'w' });
        native.writeFile(target(path), dataOf(data, given.encoding), flagsOf(given.flag, 'w'), modeOf(given.mode, 0o666));
    },
    appendFile(path, data, options) {
        sync.writeFile(path, data, Object.assign(optionsOf(options, { encoding: 'utf8', mode: 0o666 }), { flag: (options && options.flag) || 'a' }));
    },
    stat(path, options) { return statWith(true, path, options); },
    lstat(path, options) { return statWith(false, path, options); },
    fstat(fd) { return new Stats(native.fstat(descriptor(fd))); },
    readdir(path, options) {
        const given = optionsOf(options, { encoding: 'utf8' }), root = pathOf(path), found = [];
        const walk = (folder, prefix) => {
            for (const [name, type] of native.readdir(folder)) {
                found.push(given.withFileTypes ? new Dirent(name, type, folder) : given.encoding === 'buffer' ? Buffer.from(prefix + name) : prefix + name);
                if (given.recursive && type === C.UV_DIRENT_DIR) walk(folder + '/' + name, prefix + name + '/');
            }
        };
        walk(root, '');
        return found;
    },
    mkdir(path, options) {
        const given = typeof options === 'object' && options !== null ? options : { mode: options };
        return native.mkdir(pathOf(path), Boolean(given.recursive), modeOf(given.mode, 0o777));
    },
    rmdir(path, options) {
        if (options && options.recursive) native.remove(pathOf(path), true); else native.rmdir(pathOf(path));
    },
    unlink(path) { native.unlink(pathOf(path)); },
    rm(path, options) {
        const given = options || {}, name = pathOf(path);
        try {
            native.remove(name, Boolean(given.recursive));
        } catch (error) {
            if (error.code === 'ENOENT' && given.force) return;
            if (error.code === 'EISDIR' && !given.recursive) {
                const refused = coded(Error, 'ERR_FS_EISDIR', `Path is a directory: rm returned EISDIR (is a directory) ${name}`);
                throw Object.assign(refused, { errno: 21, syscall: 'rm', path: name });
            }
            throw error;
        }
    },
    rename(from, to) { native.rename(pathOf(from, 'oldPath'), pathOf(to, 'newPath')); },
    copyFile(from, to, mode) { native.copy(pathOf(from, 'src'), pathOf(to, 'dest'), Boolean(mode & C.COPYFILE_EXCL)); },
    chmod(path, mode) { native.chmod(pathOf(path), modeOf(mode)); },
    chown(path, uid, gid) { native.chown(pathOf(path), uid, gid, true); },
    lchown(path, uid, gid) { native.chown(pathOf(path), uid, gid, false); },
    utimes(path, atime, mtime) { native.utimes(pathOf(path), Number(atime instanceof Date ? atime / 1000 : atime), Number(mtime instanceof Date ? mtime / 1000 : mtime)); },
    link(from, to) { native.link(pathOf(from, 'existingPath'), pathOf(to, 'newPath')); },
    symlink(to, path) { native.symlink(pathOf(to, 'target'), pathOf(path)); },
    readlink(path) { return native.readlink(pathOf(path)); },
    realpath(path) { return native.realpath(pathOf(path)); },
    access(path, mode) { native.access(pathOf(path), mode === undefined ? 0 : mode); },
    mkdtemp(prefix) { return native.mkdtemp(pathOf(prefix, 'prefix')); },
    open(path, flags, mode) { return native.open(pathOf(path), flagsOf(flags, 'r'), modeOf(mode, 0o666)); },
    close(fd) { native.close(descriptor(fd)); },
    fsync(fd) { native.sync(descriptor(fd)); },
    fdatasync(fd) { native.sync(descriptor(fd)); },
    ftruncate(fd, length) { native.truncate(descriptor(fd), length || 0); },
    truncate(path, length) {
        const fd = sync.open(path, 'r+');
        try { native.truncate(fd, length || 0); } finally { native.close(fd); }
    },
};

function readSync(fd, buffer, offset, length, position) {
    descriptor(fd);
    if (!ArrayBuffer.isView(buffer)) throw wrongType('buffer', 'an instance of Buffer, TypedArray, or DataView', buffer);
    if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
    const view = range(buffer, offset, length);
    if (view.length === 0) return 0;
    return native.read(fd, view, position === undefined || position === null || position < 0 ? null : Number(position));
}

function writeSync(fd, data, offset, length, position) {
    descriptor(fd);
    if (typeof data === 'string') {
        // (fd, text, position, encoding)
        return native.write(fd, Buffer.from(data, length === undefined ? 'utf8' : length), typeof offset === 'number' ? offset : null);
    }
    if (!ArrayBuffer.isView(data)) throw wrongType('buffer', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
    if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
    return native.write(fd, range(data, offset, length), typeof position === 'number' ? position : null);
}

function existsSync(path) {
    try {
        native.access(pathOf(path), 0);
        return true;
    } catch (error) {
        if (error.code === 'ERR_ACCESS_DENIED') throw error;
        return false;
    }
}

// The work is done now, the callback comes later: a failed path must not throw into the caller.
function later(name, run) {
    const call = function (...args) {
        const callback = args.pop();
        if (typeof callback !== 'function') throw wrongType('cb', 'of type function', callback);
        let failure = null, value;
        try {
            value = run(...args);
        } catch (error) {
            // A wrong argument is the caller's mistake, at once.
            if (error instanceof TypeError || error instanceof RangeError) throw error;
            failure = error;
        }
        setImmediate(() => { if (failure !== null) callback(failure); else callback(null, value); });
    };
    Object.defineProperty(call, 'name', { value: name });
    return call;
}

const promises = { constants };
for (const name of Object.keys(sync)) {
    const run = sync[name];
    Object.defineProperty(run, 'name', { value: name + 'Sync' });
    exports[name + 'Sync'] = run;
    exports[name] = later(name, run);
    promises[name] = async (...args) => run(...args);
}
delete promises.close;
delete promises.open;

exports.readSync = readSync;
exports.writeSync = writeSync;
exports.existsSync = existsSync;
exports.exists = (path, callback) => { const there = existsSync(path); setImmediate(() => callback(there)); };
exports.read = function read(fd, buffer, offset, length, position, callback) {
    if (typeof buffer === 'function') { callback = buffer; buffer = Buffer.alloc(16384); offset = length = position = undefined; }
    else if (typeof offset === 'function') {
        callback = offset;
        if (ArrayBuffer.isView(buffer)) offset = undefined;
        else ({ buffer = Buffer.alloc(16384), offset, length, position } = buffer);
        if (!ArrayBuffer.isView(buffer)) throw wrongType('buffer', 'an instance of Buffer, TypedArray, or DataView', buffer);
    } else if (typeof length === 'function') { callback = length; ({ offset, length, position } = offset || {}); }
    later('read', () => readSync(fd, buffer, offset, length, position))((error, count) => callback(error, error ? 0 : count, buffer));
};
exports.write = function write(fd, data, ...rest) {
    const callback = rest.pop();
    later('write', () => writeSync(fd, data, ...rest))((error, count) => callback(error, error ? 0 : count, data));
};
exports.realpathSync.native = exports.realpathSync;
exports.realpath.native = exports.realpath;

function ReadStream(path, options) {
    const { Readable } = require('stream'), given = optionsOf(options, {});
    let fd = typeof given.fd === 'number' ? given.fd : null, left = given.end === undefined ? Infinity : given.end + 1 - (given.start || 0);
    let at = given.start === undefined ? null : given.start;
    const stream = new Readable({
        highWaterMark: given.highWaterMark || 65536, encoding: given.encoding, autoDestroy: given.autoClose !== false, emitClose: given.emitClose,
        construct(callback) {
            try {
                if (fd === null) fd = sync.open(path, given.flags || 'r', given.mode);
                stream.fd = fd;
                callback();
                stream.emit('open', fd);
                stream.emit('ready');
            } catch (error) { callback(error); }
        },
        read(size) {
            const wanted = Math.min(size, left);
            if (wanted <= 0) { this.push(null); return; }
            const part = Buffer.allocUnsafe(wanted);
            // One read a turn, so that a large file does not hold the events.
            setImmediate(() => {
                if (this.destroyed) return;
                try {
                    const count = readSync(fd, part, 0, wanted, at);
                    if (at !== null) at += count;
                    left -= count;
                    stream.bytesRead += count;
                    this.push(count > 0 ? part.subarray(0, count) : null);
                } catch (error) { this.destroy(error); }
            });
        },
        destroy(error, callback) {
            if (fd !== null) { try { sync.close(fd); } catch (failed) { error = error || failed; } fd = null; }
            callback(error);
        },
    });
    stream.path = path;
    stream.bytesRead = 0;
    stream.fd = fd;
    return stream;
}

function WriteStream(path, options) {
    const { Writable } = require('stream'), given = optionsOf(options, {});
    let fd = typeof given.fd === 'number' ? given.fd : null, at = given.start === undefined ? null : given.start;
    const stream = new Writable({
        highWaterMark: given.highWaterMark || 16384, decodeStrings: true, defaultEncoding: given.encoding || 'utf8', autoDestroy: given.autoClose !== false, emitClose: given.emitClose,
        construct(callback) {
            try {
                if (fd === null) fd = sync.open(path, given.flags || 'w', given.mode);
                stream.fd = fd;
                callback();
                stream.emit('open', fd);
                stream.emit('ready');
            } catch (error) { callback(error); }
        },
        write(chunk, encoding, callback) {
            try {
                for (let done = 0; done < chunk.length;) {
                    const count = writeSync(fd, chunk, done, chunk.length - done, at);
                    done += count;
                    if (at !== null) at += count;
                    stream.bytesWritten += count;
                }
            } catch (error) { callback(error); return; }
            setImmediate(callback);
        },
        destroy(error, callback) {
            if (fd !== null) { try { sync.close(fd); } catch (failed) { error = error || failed; } fd = null; }
            callback(error);
        },
    });
    stream.path = path;
    stream.bytesWritten = 0;
    stream.fd = fd;
    stream.close = (callback) => stream.end(callback);
    return stream;
}

exports.createReadStream = (path, options) => ReadStream(options && options.fd !== undefined ? path : pathOf(path), options);
exports.createWriteStream = (path, options) => WriteStream(options && options.fd !== undefined ? path : pathOf(path), options);
exports.ReadStream = ReadStream;
exports.WriteStream = WriteStream;
exports.constants = constants;
exports.promises = promises;
exports.Stats = Stats;
exports.Dirent = Dirent;
for (const name of ['F_OK', 'R_OK', 'W_OK', 'X_OK']) exports[name] = constants[name];
