'use strict';

const EventEmitter = require('events');
const { make, invalidArgType, invalidArgValue, validateFunction, validateString } = require('internal/errors');

const frame = require('internal/frame');

class Process extends EventEmitter {}
Object.defineProperty(Process, 'name', { value: 'process' });
const process = new Process();
let exiting = false;
let exitCode;
let captureCallback = null;

const SIGNALS = {
    SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9,
    SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18,
    SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22, SIGWINCH: 28,
};

// Writes are seen by children of this context, not by the process of the host.
const env = new Proxy(Object.create(Object.prototype), {
    get: (target, key) => (typeof key === 'symbol' ? undefined : native.envGet(key) ?? Object.prototype[key]),
    has: (target, key) => typeof key === 'string' && native.envGet(key) !== undefined,
    set(target, key, value) {
        if (typeof key === 'symbol' || typeof value === 'symbol') {
            throw new TypeError('Cannot convert a Symbol value to a string');
        }
        native.envSet(key, `${value}`);
        return true;
    },
    deleteProperty(target, key) {
        if (typeof key === 'string') native.envDelete(key);
        return true;
    },
    ownKeys: () => native.envKeys(),
    getOwnPropertyDescriptor(target, key) {
        const value = typeof key === 'string' ? native.envGet(key) : undefined;
        return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
    },
    defineProperty(target, key, descriptor) {
        if ('value' in descriptor && descriptor.writable && descriptor.enumerable && descriptor.configurable) {
            native.envSet(key, `${descriptor.value}`);
            return true;
        }
        throw make(TypeError, 'ERR_INVALID_OBJECT_DEFINE_PROPERTY',
            "'process.env' only accepts a configurable, writable, and enumerable data descriptor");
    },
});

function validCode(code) {
    if (code === undefined || code === null) return code;
    const number = typeof code === 'string' && code !== '' ? Number(code) : code;
    if (typeof number !== 'number') throw invalidArgType('code', 'integer', code);
    if (!Number.isInteger(number)) throw require('internal/errors').outOfRange('code', 'an integer', code);
    return number;
}

function emitExit(code) {
    if (!exiting) {
        exiting = true;
        process._exiting = true;
        if (exitCode === undefined || exitCode === null) exitCode = code;
        process.emit('exit', exitCode);
    }
    return exitCode ?? code;
}

process.exit = function exit(code) {
    const valid = validCode(code);
    if (valid !== undefined && valid !== null) exitCode = valid;
    native.exit(emitExit(exitCode ?? 0));
};

process.reallyExit = (code) => native.exit(code ?? 0);

process.abort = () => native.exit(134);

Object.defineProperty(process, 'exitCode', {
    enumerable: true,
    configurable: true,
    get: () => exitCode,
    set(code) {
        exitCode = validCode(code);
    },
});

function onUncaught(error, origin = 'uncaughtException') {
    if (captureCallback) {
        captureCallback(error);
        return true;
    }
    process.emit('uncaughtExceptionMonitor', error, origin);
    if (process.listenerCount('uncaughtException') === 0) return false;
    process.emit('uncaughtException', error, origin);
    return true;
}

native.setHooks(
    onUncaught,
    (reason, promise) => process.emit('unhandledRejection', reason, promise),
    (code) => {
        // An uncaught exception decides the code unless the script has set one in its exit listeners.
        if (code !== 0 && !exiting) exitCode = code;
        return emitExit(code);
    },
    () => process.emit('beforeExit', exitCode ?? 0),
);

process.setUncaughtExceptionCaptureCallback = (callback) => {
    if (callback !== null) validateFunction(callback, 'fn');
    captureCallback = callback;
};
process.hasUncaughtExceptionCaptureCallback = () => captureCallback !== null;

process.nextTick = function nextTick(callback, ...args) {
    validateFunction(callback, 'callback');
    if (exiting) return;
    const made = frame.get();
    if (made === undefined) {
        native.nextTick(callback, ...args);
        return;
    }
    native.nextTick(() => {
        const before = frame.swap(made);
        try {
            callback(...args);
        } finally {
            frame.swap(before);
        }
    });
};

process.hrtime = function hrtime(since) {
    const now = native.hrtime();
    if (since === undefined) return now;
    if (!Array.isArray(since)) throw invalidArgType('time', 'Array', since);
    if (since.length !== 2) throw require('internal/errors').outOfRange('time', '2', since.length);
    let seconds = now[0] - since[0];
    let nanoseconds = now[1] - since[1];
    if (nanoseconds < 0) {
        seconds--;
        nanoseconds += 1e9;
    }
    return [seconds, nanoseconds];
};
process.hrtime.bigint = () => native.nanoseconds();

process.uptime = () => Number(native.nanoseconds()) / 1e9;

// The engine does not tell the size of its heap.
process.memoryUsage = () => ({ rss: native.resident(), heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 });
process.memoryUsage.rss = () => native.resident();

process.cwd = () => native.cwd();
process.chdir = (directory) => {
    validateString(directory, 'directory');
    native.chdir(directory);
};

process.umask = function umask(mask) {
    if (mask === undefined) return native.umask();
    let number = mask;
    if (typeof mask === 'string') {
        if (!/^[0-7]+$/.test(mask)) throw invalidArgValue('mask', mask, 'must be a 32-bit unsigned integer or an octal string');
        number = Number.parseInt(mask, 8);
    }
    if (typeof number !== 'number') throw invalidArgType('mask', 'number', mask);
    if (!Number.isInteger(number)) throw require('internal/errors').outOfRange('mask', 'an integer', mask);
    if (number < 0 || number > 0xFFFFFFFF) throw require('internal/errors').outOfRange('mask', '>= 0 && <= 4294967295', mask);
    return native.umask(number);
};

process.kill = function kill(pid, signal = 'SIGTERM') {
    if (typeof pid !== 'number' || !Number.isInteger(pid)) throw invalidArgType('pid', 'number', pid);
    const number = typeof signal === 'number' ? signal : SIGNALS[signal];
    if (number === undefined) throw make(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${signal}`);
    try {
        return native.kill(pid, number);
    } catch (error) {
        if (error.syscall === 'kill') error.message = `kill ${error.code}`;
        throw error;
    }
};

process.emitWarning = function emitWarning(warning, type, code) {
    let error = warning;
    const options = type !== null && typeof type === 'object' && !Array.isArray(type) ? type
        : typeof type === 'function' ? {} : { type, code };
    if (options.type !== undefined) validateString(options.type, 'type');
    if (options.code !== undefined && typeof options.code !== 'function') validateString(options.code, 'code');
    else if (options.code !== undefined) options.code = undefined;
    if (typeof warning === 'string') {
        error = new Error(warning);
        error.name = String(options.type || 'Warning');
        if (options.code !== undefined && typeof options.code !== 'function') error.code = options.code;
        if (options.detail) error.detail = options.detail;
    } else if (!(warning instanceof Error)) {
        throw invalidArgType('warning', ['Error', 'string'], warning);
    }
    if (error.name === 'DeprecationWarning') {
        if (process.noDeprecation) return;
        if (process.throwDeprecation) {
            process.nextTick(() => { throw error; });
            return;
        }
    }
    process.nextTick(() => {
        if (!process.emit('warning', error)) {
            const marked = error.code ? `[${error.code}] ` : '';
            require('console').error(`(${process.title}:${process.pid}) ${marked}${error.name}: ${error.message}`);
        }
    });
};

// What cores get: streams would cost them memory.
class Output extends EventEmitter {
    constructor(fd) {
        super();
        this.fd = fd;
        this.writable = true;
    }

    write(chunk, encoding, callback) {
        if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
        if (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk)) {
            throw invalidArgType('chunk', ['string', 'Buffer', 'Uint8Array'], chunk);
        }
        const encoded = typeof chunk === 'string' && encoding && encoding !== 'utf8' ? Buffer.from(chunk, encoding) : chunk;
        native.write(this.fd, encoded);
        if (typeof callback === 'function') process.nextTick(callback);
        return true;
    }

    end(chunk, encoding, callback) {
        if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk, encoding);
        const done = [chunk, encoding, callback].find((one) => typeof one === 'function');
        if (done) process.nextTick(done);
        return this;
    }
}

// The streams that somebody asked for; the console looks here.
const made = {};
Object.defineProperty(process, Symbol.for('meshlite.standardStreams'), { value: made });

function standardStream(name, make) {
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => (made[name] ??= make()) });
}

// One function for all: whoever calls it knows the number only.
function onSignal(number) {
    const name = Object.keys(SIGNALS).find((one) => SIGNALS[one] === number);
    process.emit(name, name, number);
}

if (native.isNode) {
    standardStream('stdout', () => require('internal/stdio').output(1));
    standardStream('stderr', () => require('internal/stdio').output(2));
    standardStream('stdin', () => require('internal/stdio').input());
    // A signal is watched while somebody listens to it.
    process.on('newListener', (name) => {
        if (Object.hasOwn(SIGNALS, name) && process.listenerCount(name) === 0) {
            require('internal/stdio').listen(SIGNALS[name], onSignal);
        }
    });
    process.on('removeListener', (name) => {
        if (Object.hasOwn(SIGNALS, name) && process.listenerCount(name) === 0) require('internal/stdio').ignore(SIGNALS[name]);
    });
} else {
    standardStream('stdout', () => new Output(1));
    standardStream('stderr', () => new Output(2));
}

process.title = 'meshlite';
process.version = 'v20.19.2';
process.versions = { node: '20.19.2', boa: '0.22.0', meshlite: native.version };
process.release = { name: 'node', lts: 'Iron' };
process.arch = native.arch;
process.platform = native.platform;
process.argv = native.argv;
process.execArgv = [];
process.execPath = native.execPath;
process.argv0 = native.argv[0] ?? '';
process.pid = native.pid;
process.ppid = native.ppid;
process.env = env;
process.features = { inspector: false, require_module: true, tls: false };
process.config = { target_defaults: {}, variables: {} };
process.getuid = () => native.uid();
process.geteuid = () => native.euid();
process.getgid = () => native.gid();
process.getegid = () => native.egid();
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true });

module.exports = process;
