'use strict';

// Datagrams.

const EventEmitter = require('events');
const { invalidArgType, invalidArgValue, make, validateFunction, validateInteger, validateString } = require('internal/errors');

const [UNBOUND, BINDING, BOUND] = [0, 1, 2];
const [DISCONNECTED, CONNECTING, CONNECTED] = [0, 1, 2];
// Sends that wait for the socket to be bound.
const MAX_QUEUED = 4096;

const notRunning = () => make(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
const isIP = (text) => (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? 4 : text.includes(':') ? 6 : 0);

function portOf(port, name = 'Port', zero = true) {
    const number = typeof port === 'string' && port.trim() !== '' ? Number(port) : port;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 65535 || (number === 0 && !zero)) {
        throw make(RangeError, 'ERR_SOCKET_BAD_PORT', `${name} should be ${zero ? '>=' : '>'} 0 and < 65536. Received ${require('internal/errors').received(port).replace(/^ Received /, '')}.`);
    }
    return number;
}

function lookupFor(type, given) {
    if (given !== undefined) return (address, callback) => given(address, type === 'udp4' ? 4 : 6, callback);
    const family = type === 'udp4' ? 4 : 6;
    return (address, callback) => {
        const host = address || (family === 4 ? '127.0.0.1' : '::1');
        if (isIP(host) !== 0) { process.nextTick(callback, null, host, isIP(host)); return; }
        require('dns').lookup(host, family, callback);
    };
}

class SocketClass extends EventEmitter {
    #handle;
    #state = UNBOUND;
    #connection = DISCONNECTED;
    #queue;
    #closed = false;
    #referenced = true;

    constructor(type, listener) {
        super();
        let options = {};
        if (type !== null && typeof type === 'object') { options = type; type = options.type; }
        if (type !== 'udp4' && type !== 'udp6') throw make(TypeError, 'ERR_SOCKET_BAD_TYPE', 'Bad socket type specified. Valid types are: udp4, udp6');
        for (const key of ['recvBufferSize', 'sendBufferSize']) if (options[key] !== undefined && typeof options[key] !== 'number') throw invalidArgType(`options.${key}`, 'number', options[key]);
        if (options.lookup !== undefined) validateFunction(options.lookup, 'lookup');
        this.type = type;
        this._options = options;
        this._lookup = lookupFor(type, options.lookup);
        if (typeof listener === 'function') this.on('message', listener);
        const { signal } = options;
        if (signal !== undefined) {
            if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) throw invalidArgType('options.signal', 'AbortSignal', signal);
            const abort = () => { if (!this.#closed) this.close(); };
            if (signal.aborted) process.nextTick(abort);
            else {
                signal.addEventListener('abort', abort);
                this.once('close', () => signal.removeEventListener('abort', abort));
            }
        }
    }

    #running() {
        if (this.#closed) throw notRunning();
    }

    bind(port, address, callback) {
        this.#running();
        if (this.#state !== UNBOUND) throw make(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
        const listener = [port, address, callback].findLast((one) => typeof one === 'function');
        if (typeof port === 'function') port = address = undefined;
        if (typeof address === 'function') address = undefined;
        if (port !== null && typeof port === 'object') {
            if (typeof port.recvStart === 'function') throw invalidArgValue('port', port);
            ({ address = '', port } = port);
        }
        if (port !== undefined && port !== null) portOf(port);
        if (listener !== undefined) {
            const clean = () => { this.removeListener('error', clean); this.removeListener('listening', told); };
            const told = () => { clean(); listener.call(this); };
            this.on('error', clean);
            this.on('listening', told);
        }
        this.#state = BINDING;
        const host = address || (this.type === 'udp4' ? '0.0.0.0' : '::');
        const bound = (error, ip) => {
            if (this.#closed) return;
            if (error) { this.#state = UNBOUND; this.emit('error', error); return; }
            try {
                this.#handle = native.bind(ip, Number(port ?? 0), { reuse: Boolean(this._options.reuseAddr), v6Only: Boolean(this._options.ipv6Only) }, (data, from, at) => {
                    this.emit('message', data, { address: from.replace(/^::ffff:(?=\d+\.)/, (prefix) => (this.type === 'udp6' ? prefix : '')), family: from.includes(':') ? 'IPv6' : 'IPv4', port: at, size: data.length });
                });
            } catch (failure) {
                this.#state = UNBOUND;
                this.emit('error', failure);
                return;
            }
            if (!this.#referenced) native.setRef(this.#handle, false);
            this.#state = BOUND;
            for (const [key, name] of [['recvBufferSize', 'setRecvBufferSize'], ['sendBufferSize', 'setSendBufferSize']]) if (this._options[key]) native.option(this.#handle, name, this._options[key]);
            this.emit('listening');
            const queue = this.#queue;
            this.#queue = undefined;
            if (queue !== undefined) for (const one of queue) one();
        };
        // Sockets of the dialect are bound when `bind` returns.
        if (isIP(host) !== 0 && this._options._bindNow) bound(null, host);
        else if (isIP(host) !== 0) process.nextTick(bound, null, host); else this._lookup(host, bound);
        return this;
    }

    // Runs `work` once there is a socket; binds one to any port when nobody did.
    #later(work) {
        if (this.#state === UNBOUND) this.bind({ port: 0, exclusive: true });
        if (this.#state === BOUND && this.#queue === undefined) { work(); return; }
        this.#queue ??= [];
        if (this.#queue.length >= MAX_QUEUED) throw make(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', `more than ${MAX_QUEUED} datagrams wait for the socket`);
        this.#queue.push(work);
    }

    connect(port, address, callback) {
        port = portOf(port, 'Port', false);
        if (typeof address === 'function') [callback, address] = [address, ''];
        if (address !== undefined) validateString(address, 'address');
        this.#running();
        if (this.#connection !== DISCONNECTED) throw make(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
        this.#connection = CONNECTING;
        this.#later(() => {
            if (callback) this.once('connect', callback);
            this._lookup(address, (error, ip) => {
                if (this.#closed) return;
                try {
                    if (error) throw error;
                    native.connect(this.#handle, ip, port);
                } catch (failure) {
                    this.#connection = DISCONNECTED;
                    process.nextTick(() => {
                        if (callback) { this.removeListener('connect', callback); callback(failure); } else this.emit('error', failure);
                    });
                    return;
                }
                this.#connection = CONNECTED;
                process.nextTick(() => this.emit('connect'));
            });
        });
    }

    disconnect() {
        if (this.#connection !== CONNECTED) throw make(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
        native.disconnect(this.#handle);
        this.#connection = DISCONNECTED;
    }

    // (msg, [offset, length,] [port, address,] callback)
    send(data, offset, length, port, address, callback) {
        const connected = this.#connection === CONNECTED;
        if (!connected) {
            if (address || (port && typeof port !== 'function')) {
                data = this.#slice(data, offset, length);
            } else {
                callback = port;
                port = offset;
                address = length;
            }
        } else {
            if (typeof length === 'number') {
                data = this.#slice(data, offset, length);
                if (typeof port === 'function') { callback = port; port = null; }
            } else {
                callback = offset;
            }
            if (port || address) throw make(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
        }
        let list;
        if (Array.isArray(data)) {
            list = data.map((one) => (typeof one === 'string' ? Buffer.from(one) : one));
            if (!list.every((one) => ArrayBuffer.isView(one))) throw invalidArgType('buffer list arguments', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
            list = list.map((one) => Buffer.from(one.buffer, one.byteOffset, one.byteLength));
        } else if (typeof data === 'string') {
            list = [Buffer.from(data)];
        } else if (ArrayBuffer.isView(data)) {
            list = [Buffer.from(data.buffer, data.byteOffset, data.byteLength)];
        } else {
            throw invalidArgType('buffer', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
        }
        if (!connected) port = portOf(port, 'Port', false);
        if (typeof callback !== 'function') callback = undefined;
        if (typeof address === 'function') [callback, address] = [address, undefined];
        else if (address !== undefined && address !== null && typeof address !== 'string') throw invalidArgType('address', ['string', 'falsy'], address);
        this.#running();
        const message = Buffer.concat(list);
        this.#later(() => {
            const go = (error, ip) => {
                if (this.#closed) return;
                let sent;
                try {
                    if (error) throw error;
                    sent = native.send(this.#handle, message, ip, port ?? undefined);
                } catch (failure) {
                    if (callback) process.nextTick(callback, failure); else process.nextTick(() => this.emit('error', failure));
                    return;
                }
                if (callback) setImmediate(callback, null, sent);
            };
            if (connected) go(null, undefined); else this._lookup(address, go);
        });
    }

    sendto(buffer, offset, length, port, address, callback) {
        validateInteger(offset, 'offset');
        validateInteger(length, 'length');
        validateInteger(port, 'port');
        validateString(address, 'address');
        this.send(buffer, offset, length, port, address, callback);
    }

    #slice(data, offset, length) {
        if (typeof data === 'string') data = Buffer.from(data);
        else if (!ArrayBuffer.isView(data)) throw invalidArgType('buffer', ['Buffer', 'TypedArray', 'DataView', 'string'], data);
        offset >>>= 0;
        length >>>= 0;
        if (offset > data.byteLength) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds');
        if (offset + length > data.byteLength) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds');
        return Buffer.from(data.buffer, data.byteOffset + offset, length);
    }

    close(callback) {
        if (typeof callback === 'function') this.on('close', callback);
        if (this.#queue !== undefined) { this.#queue.push(() => this.close()); return this; }
        this.#running();
        this.#closed = true;
        if (this.#handle !== undefined) native.close(this.#handle);
        process.nextTick(() => this.emit('close'));
        return this;
    }

    [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
        return this.#closed ? Promise.resolve() : new Promise((resolve) => this.close(resolve));
    }

    address() {
        this.#running();
        if (this.#handle === undefined) throw Object.assign(make(Error, 'EBADF', 'getsockname EBADF'), { errno: -9, syscall: 'getsockname' });
        const [address, port] = native.address(this.#handle);
        return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port };
    }

    remoteAddress() {
        this.#running();
        if (this.#connection !== CONNECTED) throw make(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
        const [address, port] = native.peer(this.#handle);
        return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port };
    }

    #option(name, value) {
        this.#running();
        if (this.#handle === undefined) throw Object.assign(make(Error, 'EBADF', `${name} EBADF`), { errno: -9, syscall: name });
        try {
            return native.option(this.#handle, name, value);
        } catch (error) {
            error.message = `${name} ${error.code}`;
            throw error;
        }
    }

    #buffer(name, size) {
        const code = (errno, message) => Object.assign(make(Error, 'ERR_SOCKET_BUFFER_SIZE', `Could not get or set buffer size: ${name.includes('Recv') ? 'uv_recv_buffer_size' : 'uv_send_buffer_size'} returned ${message}`), { info: { errno: -9, code: errno, message, syscall: name.includes('Recv') ? 'uv_recv_buffer_size' : 'uv_send_buffer_size' }, errno: -9, syscall: name.includes('Recv') ? 'uv_recv_buffer_size' : 'uv_send_buffer_size', name: 'SystemError' });
        if (size !== undefined && (!Number.isInteger(size) || size < 0 || size > 4294967295)) throw make(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE', 'Buffer size must be a positive integer');
        if (this.#handle === undefined || this.#closed) throw code('EBADF', 'EBADF (bad file descriptor)');
        if (size > 2147483647) throw Object.assign(code('EINVAL', 'EINVAL (invalid argument)'), { errno: -22 });
        return this.#option(name, size);
    }

    setBroadcast(on) { this.#option('setBroadcast', Boolean(on)); }
    setTTL(ttl) {
        if (typeof ttl !== 'number') throw invalidArgType('ttl', 'number', ttl);
        if (ttl < 1 || ttl > 255) throw Object.assign(make(Error, 'EINVAL', 'setTTL EINVAL'), { errno: -22, syscall: 'setTTL' });
        this.#option('setTTL', ttl);
        return ttl;
    }
    setMulticastTTL(ttl) {
        if (typeof ttl !== 'number') throw invalidArgType('ttl', 'number', ttl);
        if (ttl < 0 || ttl > 255) throw Object.assign(make(Error, 'EINVAL', 'setMulticastTTL EINVAL'), { errno: -22, syscall: 'setMulticastTTL' });
        this.#option('setMulticastTTL', ttl);
        return ttl;
    }
    setMulticastLoopback(on) { this.#option('setMulticastLoopback', Boolean(on)); return on; }
    setMulticastInterface(address) { this.#running(); validateString(address, 'interfaceAddress'); this.#option('setMulticastInterface', address); }
    setRecvBufferSize(size) { if (size === undefined) size = NaN; this.#buffer('setRecvBufferSize', size); }
    setSendBufferSize(size) { if (size === undefined) size = NaN; this.#buffer('setSendBufferSize', size); }
    getRecvBufferSize() { return this.#buffer('getRecvBufferSize'); }
    getSendBufferSize() { return this.#buffer('getSendBufferSize'); }
    getSendQueueSize() { return 0; }
    getSendQueueCount() { return this.#queue?.length ?? 0; }

    #member(name, join, group, address, source) {
        this.#running();
        if (this.#state === UNBOUND) {
            // As Node: a socket that nobody bound gets a port now.
            this.#state = BOUND;
            this.#handle = native.bind(this.type === 'udp4' ? '0.0.0.0' : '::', 0, { reuse: Boolean(this._options.reuseAddr) }, (data, from, at) => this.emit('message', data, { address: from, family: from.includes(':') ? 'IPv6' : 'IPv4', port: at, size: data.length }));
            if (!this.#referenced) native.setRef(this.#handle, false);
        }
        if (this.#handle === undefined) throw Object.assign(make(Error, 'EBADF', `${name} EBADF`), { errno: -9, syscall: name });
        try {
            native.membership(this.#handle, join, group, address, source);
        } catch (error) {
            if (error.syscall !== undefined) { error.message = `${name} ${error.code}`; error.syscall = name; }
            throw error;
        }
    }

    addMembership(group, address) {
        this.#running();
        if (!group) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "multicastAddress" argument must be specified');
        this.#member('addMembership', true, group, address);
    }
    dropMembership(group, address) {
        this.#running();
        if (!group) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "multicastAddress" argument must be specified');
        this.#member('dropMembership', false, group, address);
    }
    addSourceSpecificMembership(source, group, address) {
        validateString(source, 'sourceAddress');
        validateString(group, 'groupAddress');
        this.#member('addSourceSpecificMembership', true, group, address, source);
    }
    dropSourceSpecificMembership(source, group, address) {
        validateString(source, 'sourceAddress');
        validateString(group, 'groupAddress');
        this.#member('dropSourceSpecificMembership', false, group, address, source);
    }

    ref() {
        this.#referenced = true;
        if (this.#handle !== undefined) native.setRef(this.#handle, true);
        return this;
    }
    unref() {
        this.#referenced = false;
        if (this.#handle !== undefined) native.setRef(this.#handle, false);
        return this;
    }
}

function Socket(...args) {
    return Reflect.construct(SocketClass, args, new.target ?? Socket);
}
Socket.prototype = SocketClass.prototype;
Object.setPrototypeOf(Socket, EventEmitter);
Object.defineProperty(SocketClass.prototype, 'constructor', { value: Socket, writable: true, configurable: true });

module.exports = { Socket, createSocket: (type, listener) => new Socket(type, listener) };
