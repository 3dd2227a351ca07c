'use strict';

const { EventEmitter } = require('events');
const { Readable, Writable } = require('stream');
const child = require('internal/child');
const { signals } = require('os').constants;
const { getSystemErrorMap } = require('util');
const { abortError, invalidArgType, invalidArgValue, make, outOfRange, validateObject, validateString } = require('internal/errors');

const DEFAULT_MAX_BUFFER = 1024 * 1024;

const coded = make;

// What the native would cut a text at.
function noNull(value, name) {
    if (typeof value === 'string' && value.includes('\0')) throw invalidArgValue(name, value, 'must be a string without null bytes');
}

function signalNumber(signal) {
    if (signal === undefined || signal === null) return signals.SIGTERM;
    if (signal === 0) return 0;
    const number = typeof signal === 'number' ? Object.values(signals).find((one) => one === signal) : signals[String(signal).toUpperCase()];
    if (number === undefined) throw coded(TypeError, 'ERR_UNKNOWN_SIGNAL', 'Unknown signal: ' + signal);
    return number;
}

function signalName(number) {
    if (number === null) return null;
    return Object.keys(signals).find((name) => signals[name] === number) || 'SIG' + number;
}

// A path as a text; a URL of another kind than `file:` is refused.
function pathOf(value, name) {
    if (value === undefined || value === null) return undefined;
    let path = value;
    if (ArrayBuffer.isView(value)) path = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
    else if (value instanceof URL) path = require('url').fileURLToPath(value);
    if (typeof path !== 'string') throw invalidArgType(name, ['string', 'Buffer', 'URL'], value);
    noNull(path, name);
    return path;
}

function checkOptions(given) {
    const type = (name, kinds, fits) => {
        const value = given[name];
        if (value !== undefined && value !== null && !fits(value)) throw invalidArgType(`options.${name}`, kinds, value);
    };
    const is = (kind) => (value) => typeof value === kind;
    const int32 = (value) => (value | 0) === value;
    type('detached', 'boolean', is('boolean'));
    type('uid', 'int32', int32);
    type('gid', 'int32', int32);
    type('shell', ['boolean', 'string'], (value) => typeof value === 'boolean' || typeof value === 'string');
    type('argv0', 'string', is('string'));
    type('windowsHide', 'boolean', is('boolean'));
    type('windowsVerbatimArguments', 'boolean', is('boolean'));
    noNull(given.argv0, 'options.argv0');
    noNull(given.shell, 'options.shell');
}

function checkLimits(given) {
    const { timeout, maxBuffer, killSignal, signal } = given;
    if (timeout !== undefined && timeout !== null && !(Number.isInteger(timeout) && timeout >= 0)) {
        throw outOfRange('timeout', 'an unsigned integer', timeout);
    }
    if (maxBuffer !== undefined && maxBuffer !== null && !(typeof maxBuffer === 'number' && maxBuffer >= 0)) {
        throw outOfRange('options.maxBuffer', 'a positive number', maxBuffer);
    }
    if (killSignal !== undefined && killSignal !== null) {
        if (typeof killSignal !== 'string' && typeof killSignal !== 'number') throw invalidArgType('options.killSignal', ['string', 'number'], killSignal);
        // Nothing ends by the signal 0, which only asks whether a process is there.
        if (signalNumber(killSignal) === 0) throw coded(TypeError, 'ERR_UNKNOWN_SIGNAL', 'Unknown signal: 0');
    }
    if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
        throw invalidArgType('options.signal', 'AbortSignal', signal);
    }
}

// The environment as pairs. What an object inherits counts as well.
function pairs(env) {
    const list = [];
    for (const key in env) {
        const value = env[key];
        if (value === undefined) continue;
        noNull(key, `options.env['${key}']`);
        noNull(value, `options.env['${key}']`);
        list.push([key, String(value)]);
    }
    return list;
}

// `(file, args, options)` with the middle one left out, checked.
function normalize(file, args, options) {
    validateString(file, 'file');
    noNull(file, 'file');
    if (file.length === 0) throw invalidArgValue('file', file, 'cannot be empty');
    if (args === undefined || args === null) args = [];
    else if (typeof args !== 'object') throw invalidArgType('args', 'object', args);
    else if (!Array.isArray(args)) {
        options = args;
        args = [];
    }
    if (options !== undefined) validateObject(options, 'options');
    // Without a prototype: what somebody put on Object.prototype is no option.
    const given = Object.assign({ __proto__: null }, options);
    given.cwd = pathOf(given.cwd, 'options.cwd');
    checkOptions(given);
    args = Array.from(args, String);
    args.forEach((one, at) => noNull(one, `args[${at}]`));
    let path = file, argv0 = given.argv0 === undefined ? file : given.argv0;
    if (given.shell) {
        const shell = typeof given.shell === 'string' ? given.shell : '/bin/sh';
        args = ['-c', [file].concat(args).join(' ')];
        path = argv0 = shell;
    }
    const env = given.env === undefined || given.env === null ? undefined : pairs(given.env);
    return {
        given, args, spawnargs: [argv0].concat(args), spawnfile: path,
        native: { file: path, argv0, args, env, cwd: given.cwd, uid: given.uid, gid: given.gid, detached: given.detached },
    };
}

// The three streams as 'pipe', 'ignore' or 'inherit'.
function streams(stdio, fallback) {
    const list = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio];
    if (list.length > 3 && list.slice(3).some((one) => one !== undefined && one !== null && one !== 'ignore')) {
        throw coded(Error, 'ERR_NOT_SUPPORTED', 'only the three standard streams can be connected; leave stdio[3] and later out');
    }
    return [0, 1, 2].map((i) => {
        const one = list[i];
        if (one === undefined || one === null) return fallback;
        if (one === 'pipe' || one === 'overlapped') return 'pipe';
        if (one === 'ignore' || one === 'inherit') return one;
        if (one === i || (one && one.fd === i)) return 'inherit';
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'stdio' is invalid. Received ${String(one)}; use 'pipe', 'ignore' or 'inherit'`);
    });
}

function startError(failure, wanted) {
    const call = 'spawn ' + wanted.spawnfile;
    const error = coded(Error, failure.code, call + ' ' + failure.code);
    error.errno = failure.errno;
    error.syscall = call;
    error.path = wanted.spawnfile;
    error.spawnargs = wanted.args;
    // What to do about it, in a sentence.
    Object.defineProperty(error, 'detail', { value: failure.text, enumerable: false, writable: true, configurable: true });
    return error;
}

class ChildProcess extends EventEmitter {
    constructor() {
        super();
        this.pid = undefined;
        this.exitCode = null;
        this.signalCode = null;
        this.killed = false;
        this.connected = false;
        this.stdin = null;
        this.stdout = null;
        this.stderr = null;
        Object.defineProperty(this, '_handle', { value: null, writable: true, enumerable: false });
    }

    kill(signal) {
        const number = signalNumber(signal);
        if (this._handle === null || this.exitCode !== null || this.signalCode !== null) return false;
        const sent = child.kill(this._handle, number);
        if (sent && number !== 0) this.killed = true;
        return sent;
    }

    // Ours: the new size of the terminal that the option `pty` made.
    resize(rows, columns) {
        for (const [name, value] of [['rows', rows], ['columns', columns]]) {
            if (!Number.isInteger(value) || value < 1 || value > 65535) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be >= 1 && <= 65535. Received ${value}`);
        }
        if (this._handle !== null) child.resize(this._handle, rows, columns);
    }

    ref() { if (this._handle !== null) child.setRef(this._handle, true); }
    unref() { if (this._handle !== null) child.setRef(this._handle, false); }
    [Symbol.dispose || Symbol.for('nodejs.dispose')]() { this.kill(); }
}

// The child's output: reads as fast as the script does.
function output(process, which) {
    const stream = new Readable({
        read() { child.setPaused(process._handle, which, false); },
        destroy(error, callback) {
            // Nobody will read on; what comes is thrown away so that the child is not stuck.
            child.setPaused(process._handle, which, false);
            callback(error);
        },
    });
    return stream;
}

function input(process) {
    let waiting = null;
    const pass = (chunk, callback) => {
        const taken = child.write(process._handle, chunk);
        if (taken < chunk.length && process._inputOpen) waiting = () => pass(chunk.subarray(taken), callback); else callback();
    };
    const stream = new Writable({
        decodeStrings: true,
        write(chunk, encoding, callback) { pass(chunk, callback); },
        final(callback) { child.closeStdin(process._handle); callback(); },
        destroy(error, callback) { child.closeStdin(process._handle); callback(error); },
    });
    Object.defineProperty(process, '_inputOpen', { value: true, writable: true, enumerable: false });
    return {
        stream,
        drained() { const go = waiting; waiting = null; if (go) go(); },
        closed(code) {
            process._inputOpen = false;
            const go = waiting;
            waiting = null;
            if (code !== undefined) {
                const error = coded(Error, code, 'write ' + code);
                error.syscall = 'write';
                stream.destroy(error);
            } else if (go) {
                go();
            }
        },
    };
}

function spawn(file, args, options) {
    const wanted = normalize(file, args, options), given = wanted.given;
    checkLimits(given);
    if (![undefined, 'json', 'advanced'].includes(given.serialization)) {
        throw invalidArgValue('options.serialization', given.serialization, "must be one of: undefined, 'json', 'advanced'");
    }
    const stdio = streams(given.stdio, 'pipe');
    const process_ = new ChildProcess();
    process_.spawnfile = wanted.spawnfile;
    process_.spawnargs = wanted.spawnargs;
    let stdin = null, open = 0, exited = false;
    const maybeClose = () => {
        if (!exited || open !== 0) return;
        // A grandchild may hold the pipes on: nobody reads them any more, so they hold nothing here.
        child.setRef(process_._handle, false);
        process_.emit('close', process_.exitCode, process_.signalCode);
    };
    // What comes for a stream that is gone is dropped: a pipe that nobody empties would hold the child and us.
    const receive = (stream, which, chunk) => {
        if (stream && !stream.destroyed && !stream.push(chunk)) child.setPaused(process_._handle, which, true);
    };
    const events = {
        stdout(chunk) { receive(process_.stdout, 0, chunk); },
        stderr(chunk) { receive(process_.stderr, 1, chunk); },
        stdoutEnd() { if (process_.stdout) process_.stdout.push(null); },
        stderrEnd() { if (process_.stderr) process_.stderr.push(null); },
        drain() { if (stdin) stdin.drained(); },
        stdinClosed(code) { if (stdin) stdin.closed(code); },
        error(text) { process_.emit('error', coded(Error, 'EMFILE', text)); },
        exit(code, signal) {
            process_.exitCode = signal === null ? code : null;
            process_.signalCode = signalName(signal);
            exited = true;
            if (stdin && !stdin.stream.destroyed) stdin.stream.destroy();
            // Somebody must read the rest, or `close` never comes.
            for (const stream of [process_.stdout, process_.stderr]) {
                if (stream && !stream.readableFlowing && stream.listenerCount('readable') === 0 && !stream.isPaused()) stream.resume();
            }
            process_.emit('exit', process_.exitCode, process_.signalCode);
            maybeClose();
        },
    };
    let terminal;
    if (given.pty) {
        terminal = { rows: given.pty.rows, columns: given.pty.cols === undefined ? given.pty.columns : given.pty.cols };
        const env = given.env === undefined || given.env === null ? process.env : given.env;
        wanted.native.env = Object.entries(Object.assign({}, env, { TERM: given.pty.name || env.TERM || 'xterm-256color' })).map(([key, value]) => [key, String(value)]);
        // One stream: what the screen shows and what the keyboard types.
        stdio[0] = stdio[1] = 'pipe';
        stdio[2] = 'ignore';
    }
    const answer = child.spawn(Object.assign(wanted.native, { stdio, terminal }), (kind, a, b) => events[kind](a, b));
    if (answer.code !== undefined) {
        const error = startError(answer, wanted);
        process_.exitCode = answer.errno;
        process.nextTick(() => {
            process_.emit('error', error);
            process_.emit('close', answer.errno, null);
        });
        for (const [i, name] of ['stdin', 'stdout', 'stderr'].entries()) {
            if (stdio[i] !== 'pipe') continue;
            process_[name] = i === 0 ? new Writable({ write(chunk, encoding, callback) { callback(); } }) : new Readable({ read() {} });
            if (i > 0) process_[name].push(null); else process_[name].destroy();
        }
    } else {
        process_._handle = answer;
        process_.pid = child.pid(answer);
        if (terminal !== undefined) process_.pty = child.terminalPath(answer);
        if (stdio[0] === 'pipe') {
            stdin = input(process_);
            process_.stdin = stdin.stream;
            // In Node the three are sockets, which can be asked for both directions.
            Object.defineProperty(stdin.stream, 'readable', { value: false, configurable: true });
        }
        for (const [which, name] of ['stdout', 'stderr'].entries()) {
            if (stdio[which + 1] !== 'pipe') continue;
            open++;
            process_[name] = output(process_, which);
            Object.defineProperty(process_[name], 'writable', { value: false, configurable: true });
            process_[name].once('close', () => { open--; maybeClose(); });
        }
        process.nextTick(() => process_.emit('spawn'));
    }
    process_.stdio = [process_.stdin, process_.stdout, process_.stderr];
    if (given.timeout > 0) {
        const timer = setTimeout(() => process_.kill(given.killSignal), given.timeout);
        process_.once('exit', () => clearTimeout(timer));
    }
    if (given.signal) {
        const abort = () => {
            if (process_.kill(given.killSignal)) process_.emit('error', abortError(given.signal));
        };
        if (given.signal.aborted) process.nextTick(abort); else given.signal.addEventListener('abort', abort);
        process_.once('exit', () => given.signal.removeEventListener('abort', abort));
    }
    return process_;
}

// The outputs of a child as texts or bytes, up to `maxBuffer`.
class Collected {
    #parts = [];
    #length = 0;
    #stream;

    constructor(stream, encoding, most, full) {
        this.#stream = stream;
        if (encoding) stream.setEncoding(encoding);
        stream.on('data', (chunk) => {
            const asText = typeof chunk === 'string';
            const size = asText ? Buffer.byteLength(chunk, stream.readableEncoding) : chunk.length;
            const room = most - this.#length;
            this.#length += size;
            if (this.#length <= most) {
                this.#parts.push(chunk);
                return;
            }
            if (room > 0) this.#parts.push(asText ? chunk.slice(0, room) : chunk.subarray(0, room));
            full();
        });
    }

    get value() {
        return this.#stream.readableEncoding ? this.#parts.join('') : Buffer.concat(this.#parts);
    }
}

function execArguments(args, options, callback) {
    if (typeof args === 'function') [args, options, callback] = [[], undefined, args];
    else if (typeof args === 'object' && args !== null && !Array.isArray(args)) [args, options, callback] = [[], args, options];
    if (typeof options === 'function') [options, callback] = [undefined, options];
    if (args !== undefined && args !== null && !Array.isArray(args)) throw invalidArgType('args', 'object', args);
    if (options !== undefined && options !== null) validateObject(options, 'options');
    if (callback !== undefined && callback !== null && typeof callback !== 'function') throw invalidArgType('callback', 'function', callback);
    return [args ?? [], options, callback];
}

function execFile(file, ...rest) {
    const [args, options, callback] = execArguments(...rest);
    const given = { encoding: 'utf8', timeout: 0, maxBuffer: DEFAULT_MAX_BUFFER, killSignal: 'SIGTERM', cwd: null, env: null, shell: false, ...options };
    checkLimits(given);
    const { timeout, ...started } = given;
    const child = spawn(file, args, { ...started, stdio: 'pipe' });
    const command = [file].concat(args).join(' ');
    const encoding = given.encoding && given.encoding !== 'buffer' && Buffer.isEncoding(given.encoding) ? given.encoding : null;
    let failure = null, done = false, killed = false, timer;
    const kill = () => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        killed = true;
        try {
            child.kill(given.killSignal);
        } catch (error) {
            failure ??= error;
            finish(null, null);
        }
    };
    const collect = (name) => child[name] && new Collected(child[name], encoding, given.maxBuffer, () => {
        failure ??= coded(RangeError, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', `${name} maxBuffer length exceeded`);
        kill();
    });
    const outputs = [collect('stdout'), collect('stderr')];
    function finish(code, signal) {
        if (done) return;
        done = true;
        clearTimeout(timer);
        if (!callback) return;
        const [out, err] = outputs.map((one) => (one ? one.value : encoding ? '' : Buffer.alloc(0)));
        if (failure === null && code === 0 && signal === null) {
            callback(null, out, err);
            return;
        }
        if (failure === null) {
            failure = new Error(`Command failed: ${command}\n${err}`);
            failure.code = code < 0 ? require('util').getSystemErrorName(code) : code;
            failure.killed = child.killed || killed;
            failure.signal = signal;
        }
        failure.cmd = command;
        callback(failure, out, err);
    }
    if (timeout > 0) timer = setTimeout(kill, timeout);
    child.on('close', finish);
    child.on('error', (error) => {
        failure = error;
        child.stdout?.destroy();
        child.stderr?.destroy();
        finish(null, null);
    });
    return child;
}

function exec(command, options, callback) {
    validateString(command, 'command');
    noNull(command, 'command');
    if (typeof options === 'function') [options, callback] = [undefined, options];
    return execFile(command, [], { ...options, shell: typeof options?.shell === 'string' ? options.shell : true }, callback);
}

function inputBytes(input, encoding) {
    if (input === undefined || input === null || ArrayBuffer.isView(input)) return input ?? undefined;
    if (typeof input === 'string') return Buffer.from(input, Buffer.isEncoding(encoding) ? encoding : 'utf8');
    throw invalidArgType('options.stdio[0]', ['Buffer', 'TypedArray', 'DataView', 'string'], input);
}

function syncFailure(code, wanted) {
    const call = `spawnSync ${wanted.spawnfile}`;
    const error = coded(Error, code, `${call} ${code}`);
    error.errno = [...getSystemErrorMap()].find(([, [name]]) => name === code)?.[0];
    error.syscall = call;
    error.path = wanted.spawnfile;
    error.spawnargs = wanted.args;
    return error;
}

function spawnSync(file, args, options) {
    const wanted = normalize(file, args, options), given = wanted.given;
    checkLimits(given);
    const stdio = streams(given.stdio, 'pipe');
    const input = inputBytes(given.input, given.encoding);
    const max = given.maxBuffer ?? DEFAULT_MAX_BUFFER;
    const answer = child.spawnSync(Object.assign(wanted.native, { stdio }), input, given.timeout || 0, max, signalNumber(given.killSignal));
    const decode = (bytes, i) => {
        if (stdio[i] !== 'pipe') return null;
        return given.encoding && given.encoding !== 'buffer' ? bytes.toString(given.encoding) : bytes;
    };
    const failure = answer.failure?.code ?? answer.failure;
    if (answer.failure?.code) {
        return { error: syncFailure(failure, wanted), status: null, signal: null, output: null, pid: 0, stdout: null, stderr: null };
    }
    const output = [null, decode(answer.stdout, 1), decode(answer.stderr, 2)];
    const result = failure ? { error: syncFailure(failure, wanted) } : {};
    return Object.assign(result, {
        status: answer.signal === null ? answer.code : null, signal: signalName(answer.signal),
        output, pid: answer.pid, stdout: output[1], stderr: output[2],
    });
}

function checked(result, command, options) {
    // Nobody else would see what the child complains about.
    if (!options?.stdio && result.stderr?.length) process.stderr.write(result.stderr);
    if (result.error) throw Object.assign(result.error, result);
    if (result.status === 0) return result.stdout;
    const told = result.stderr?.length > 0 ? `\n${result.stderr.toString()}` : '';
    throw Object.assign(new Error(`Command failed: ${command}${told}`), result);
}

function execFileSync(file, args, options) {
    const list = Array.isArray(args) ? args : [];
    const given = Array.isArray(args) || args === undefined || args === null ? options : args;
    return checked(spawnSync(file, list, given), [given?.argv0 || file].concat(list).join(' '), given);
}

function execSync(command, options) {
    validateString(command, 'command');
    noNull(command, 'command');
    const given = { ...options, shell: typeof options?.shell === 'string' ? options.shell : true };
    return checked(spawnSync(command, [], given), command, options);
}

// What `util.promisify` gives: both outputs, and the child beside the promise.
function promised(run) {
    return function (...args) {
        let settle;
        const promise = new Promise((resolve, reject) => { settle = { resolve, reject }; });
        // Outside of the promise: wrong arguments are thrown at once.
        promise.child = run(...args, (error, stdout, stderr) => {
            if (error) settle.reject(Object.assign(error, { stdout, stderr })); else settle.resolve({ stdout, stderr });
        });
        return promise;
    };
}
for (const run of [exec, execFile]) {
    Object.defineProperty(run, Symbol.for('nodejs.util.promisify.custom'), { value: promised(run), enumerable: false });
}

module.exports = { ChildProcess, spawn, execFile, exec, spawnSync, execFileSync, execSync };
