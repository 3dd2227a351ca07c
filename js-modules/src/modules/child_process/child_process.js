'use strict';

const { EventEmitter } = require('events');
const { Readable, Writable } = require('stream');
const child = require('internal/child');
const { signals } = require('os').constants;

const DEFAULT_MAX_BUFFER = 1024 * 1024;

function coded(Class, code, message) {
    const error = new Class(message);
    error.code = code;
    return error;
}

function wrongType(name, wanted, value) {
    return coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${wanted}. Received ${received(value)}`);
}

function received(value) {
    if (value === null || value === undefined) return String(value);
    if (typeof value === 'object') return 'an instance of ' + (value.constructor ? value.constructor.name : 'Object');
    return `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : String(value)})`;
}

function signalNumber(signal) {
    if (signal === undefined || signal === null) return signals.SIGTERM;
    const number = typeof signal === 'number' ? signal : signals[String(signal).toUpperCase()];
    if (number === undefined) throw coded(TypeError, 'ERR_UNKNOWN_SIGNAL', 'Unknown signal: ' + signal);
    return number;
}

function signalName(number) {
    if (number === null) return null;
    return Object.keys(signals).find((name) => signals[name] === number) || 'SIG' + number;
}

// `(file, args, options)` with the middle one left out, checked.
function normalize(file, args, options) {
    if (typeof file !== 'string') throw wrongType('file', 'of type string', file);
    if (file.length === 0) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'file' cannot be empty. Received ''");
    if (args !== undefined && args !== null && !Array.isArray(args)) { options = args; args = []; }
    if (options !== undefined && options !== null && typeof options !== 'object') throw wrongType('options', 'of type object', options);
    // Without a prototype: what somebody put on Object.prototype is no option.
    const given = Object.assign({ __proto__: null }, options);
    if (given.cwd instanceof Object && given.cwd.pathname) given.cwd = decodeURIComponent(given.cwd.pathname);
    args = Array.from(args || [], String);
    let path = file, argv0 = given.argv0 === undefined ? file : String(given.argv0);
    if (given.shell) {
        const shell = typeof given.shell === 'string' ? given.shell : '/bin/sh';
        args = ['-c', [file].concat(args).join(' ')];
        path = argv0 = shell;
    }
    const env = given.env === undefined || given.env === null ? undefined
        : Object.keys(given.env).filter((key) => given.env[key] !== undefined).map((key) => [key, String(given.env[key])]);
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
    const stdio = streams(given.stdio, 'pipe');
    const process_ = new ChildProcess();
    process_.spawnfile = wanted.spawnfile;
    process_.spawnargs = wanted.spawnargs;
    let stdin = null, open = 0, exited = false;
    const maybeClose = () => {
        if (exited && open === 0) process_.emit('close', process_.exitCode, process_.signalCode);
    };
    const events = {
        stdout(chunk) { if (process_.stdout && !process_.stdout.push(chunk)) child.setPaused(process_._handle, 0, true); },
        stderr(chunk) { if (process_.stderr && !process_.stderr.push(chunk)) child.setPaused(process_._handle, 1, true); },
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
        if (stdio[0] === 'pipe') { stdin = input(process_); process_.stdin = stdin.stream; }
        for (const [which, name] of ['stdout', 'stderr'].entries()) {
            if (stdio[which + 1] !== 'pipe') continue;
            open++;
            process_[name] = output(process_, which);
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
            const error = coded(Error, 'ABORT_ERR', 'The operation was aborted');
            error.name = 'AbortError';
            error.cause = given.signal.reason;
            process_.kill(given.killSignal);
            process_.emit('error', error);
        };
        if (given.signal.aborted) process.nextTick(abort); else given.signal.addEventListener('abort', abort);
        process_.once('exit', () => given.signal.removeEventListener('abort', abort));
    }
    return process_;
}

function execFile(file, args, options, callback) {
    if (typeof args === 'function') { callback = args; args = []; options = {}; }
    else if (args !== undefined && args !== null && !Array.isArray(args)) { callback = options; options = args; args = []; }
    if (typeof options === 'function') { callback = options; options = {}; }
    const given = Object.assign({ encoding: 'utf8', timeout: 0, maxBuffer: DEFAULT_MAX_BUFFER, killSignal: 'SIGTERM' }, options);
    const process_ = spawn(file, args, Object.assign({}, given, { stdio: 'pipe' }));
    const command = [file].concat(args || []).join(' ');
    const collected = { stdout: [], stderr: [] };
    let failure = null, done = false;
    const text = (name) => {
        const all = Buffer.concat(collected[name].list || []);
        return given.encoding && given.encoding !== 'buffer' && Buffer.isEncoding(given.encoding) ? all.toString(given.encoding) : all;
    };
    for (const name of ['stdout', 'stderr']) {
        const list = collected[name].list = [];
        let length = 0;
        process_[name].on('data', (chunk) => {
            const room = given.maxBuffer - length;
            length += chunk.length;
            if (length > given.maxBuffer) {
                if (room > 0) list.push(chunk.subarray(0, room));
                if (failure === null) {
                    failure = coded(RangeError, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', name + ' maxBuffer length exceeded');
                    process_.kill(given.killSignal);
                }
            } else {
                list.push(chunk);
            }
        });
    }
    const finish = (code, signal) => {
        if (done) return;
        done = true;
        if (typeof callback !== 'function') return;
        const out = text('stdout'), err = text('stderr');
        if (failure === null && code === 0 && signal === null) { callback(null, out, err); return; }
        if (failure === null) {
            failure = new Error('Command failed: ' + command + '\n' + (err ? err.toString() : ''));
            failure.code = code;
            failure.killed = process_.killed;
            failure.signal = signal;
        }
        failure.cmd = command;
        callback(failure, out, err);
    };
    process_.on('close', finish);
    process_.on('error', (error) => {
        failure = error;
        for (const name of ['stdout', 'stderr']) if (process_[name]) process_[name].destroy();
        finish(null, null);
    });
    return process_;
}

function exec(command, options, callback) {
    if (typeof options === 'function') { callback = options; options = undefined; }
    if (typeof command !== 'string') throw wrongType('command', 'of type string', command);
    return execFile(command, [], Object.assign({ shell: true }, options), callback);
}

function spawnSync(file, args, options) {
    const wanted = normalize(file, args, options), given = wanted.given;
    const stdio = streams(given.stdio, 'pipe');
    const max = given.maxBuffer === undefined ? DEFAULT_MAX_BUFFER : given.maxBuffer;
    const answer = child.spawnSync(Object.assign(wanted.native, { stdio }), given.input, given.timeout || 0, max, signalNumber(given.killSignal));
    const decode = (bytes, i) => {
        if (stdio[i] !== 'pipe') return null;
        return given.encoding && given.encoding !== 'buffer' ? bytes.toString(given.encoding) : bytes;
    };
    const result = { pid: answer.pid, status: null, signal: null, output: null, stdout: null, stderr: null };
    if (answer.failure && answer.failure.code) {
        result.error = startError(answer.failure, wanted);
        result.error.syscall = 'spawnSync ' + wanted.spawnfile;
        result.error.message = 'spawnSync ' + wanted.spawnfile + ' ' + answer.failure.code;
        return result;
    }
    result.status = answer.signal === null ? answer.code : null;
    result.signal = signalName(answer.signal);
    result.stdout = decode(answer.stdout, 1);
    result.stderr = decode(answer.stderr, 2);
    result.output = [null, result.stdout, result.stderr];
    if (answer.failure) {
        result.error = coded(Error, answer.failure, 'spawnSync ' + wanted.spawnfile + ' ' + answer.failure);
        result.error.syscall = 'spawnSync ' + wanted.spawnfile;
        result.error.path = wanted.spawnfile;
        result.error.spawnargs = wanted.args;
    }
    return result;
}

function checked(result, command) {
    if (result.error) throw Object.assign(result.error, result, { error: result.error });
    if (result.status !== 0) {
        const told = result.stderr && result.stderr.length > 0 ? '\n' + result.stderr.toString() : '';
        throw Object.assign(new Error('Command failed: ' + command + told), result);
    }
    return result.stdout;
}

function execFileSync(file, args, options) {
    const list = Array.isArray(args) ? args : [];
    const given = Array.isArray(args) || args === undefined || args === null ? options : args;
    return checked(spawnSync(file, list, given), [file].concat(list).join(' '));
}

function execSync(command, options) {
    return checked(spawnSync(command, [], Object.assign({ shell: true }, options)), command);
}

// What `util.promisify` gives: both outputs, and the child beside the promise.
function promised(run) {
    return function (...args) {
        let started;
        const promise = new Promise((resolve, reject) => {
            started = run(...args, (error, stdout, stderr) => {
                if (error) reject(Object.assign(error, { stdout, stderr })); else resolve({ stdout, stderr });
            });
        });
        promise.child = started;
        return promise;
    };
}
for (const run of [exec, execFile]) {
    Object.defineProperty(run, Symbol.for('nodejs.util.promisify.custom'), { value: promised(run), enumerable: false });
}

module.exports = { ChildProcess, spawn, execFile, exec, spawnSync, execFileSync, execSync };
