'use strict';

const { make, invalidArgType, outOfRange, validateFunction } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer, kMaxLength } = require('buffer');
const { isBuffer, isShared } = require('internal/crypto/hash');

const MAX = Math.min(kMaxLength, 2 ** 31 - 1);
const MAX_INT = 2 ** 48 - 1;

function checkSize(size, name, most) {
    if (typeof size !== 'number') throw invalidArgType(name, 'number', size);
    if (Number.isNaN(size) || size < 0 || size > most) throw outOfRange(name, `>= 0 && <= ${most}`, size);
    return Math.trunc(size);
}

// Some old habits are warned of only where somebody asks to be told.
function pending() { return process.env.NODE_PENDING_DEPRECATION === '1'; }

// The answer of an asynchronous form; the numbers themselves cost next to nothing.
function later(callback, ...args) { setImmediate(() => callback(...args)); }

exports.randomBytes = function randomBytes(size, callback) {
    size = checkSize(size, 'size', MAX);
    if (callback !== undefined) validateFunction(callback, 'callback');
    const bytes = Buffer.allocUnsafeSlow(size);
    core.randomFill(bytes);
    if (callback === undefined) return bytes;
    later(callback, null, bytes);
};

function range(buffer, offset, size) {
    if (!ArrayBuffer.isView(buffer) && !isBuffer(buffer)) throw invalidArgType('buf', ['ArrayBuffer', 'ArrayBufferView'], buffer);
    const unit = buffer.BYTES_PER_ELEMENT || 1, length = buffer.byteLength;
    offset = offset === undefined ? 0 : checkSize(offset * unit, 'offset', length);
    if (size === undefined) return [offset, length - offset];
    size = checkSize(size * unit, 'size', MAX);
    if (size + offset > length) throw outOfRange('size + offset', `<= ${length}`, size + offset);
    return [offset, size];
}

// Shared memory is filled by script: the natives write what no other thread reads.
function fill(buffer, offset, length) {
    const memory = isBuffer(buffer) ? buffer : buffer.buffer;
    if (!isShared(memory)) { core.randomFill(buffer, offset, length); return; }
    const bytes = new Uint8Array(length);
    core.randomFill(bytes);
    new Uint8Array(memory, (buffer.byteOffset || 0) + offset, length).set(bytes);
}

function number(value, name) {
    if (value !== undefined && typeof value !== 'number') throw invalidArgType(name, 'number', value);
}

exports.randomFillSync = function randomFillSync(buffer, offset = 0, size) {
    if (!ArrayBuffer.isView(buffer) && !isBuffer(buffer)) throw invalidArgType('buf', ['ArrayBuffer', 'ArrayBufferView'], buffer);
    number(offset, 'offset');
    number(size, 'size');
    const [from, length] = range(buffer, offset, size);
    fill(buffer, from, length);
    return buffer;
};

exports.randomFill = function randomFill(buffer, offset, size, callback) {
    if (!ArrayBuffer.isView(buffer) && !isBuffer(buffer)) throw invalidArgType('buf', ['ArrayBuffer', 'ArrayBufferView'], buffer);
    if (typeof offset === 'function') { callback = offset; offset = 0; size = undefined; }
    else if (typeof size === 'function') { callback = size; size = undefined; }
    validateFunction(callback, 'callback');
    number(offset, 'offset');
    number(size, 'size');
    const [from, length] = range(buffer, offset, size);
    fill(buffer, from, length);
    later(callback, null, buffer);
};

exports.randomInt = function randomInt(min, max, callback) {
    if (max === undefined || typeof max === 'function') { callback = max; max = min; min = 0; }
    if (callback !== undefined) validateFunction(callback, 'callback');
    if (!Number.isSafeInteger(min)) throw invalidArgType('min', 'a safe integer', min);
    if (!Number.isSafeInteger(max)) throw invalidArgType('max', 'a safe integer', max);
    if (max <= min) throw outOfRange('max', `greater than the value of "min" (${min})`, max);
    const span = max - min;
    if (!(span <= MAX_INT)) throw outOfRange('max - min', `<= ${MAX_INT}`, span);
    // Numbers above the last whole multiple would favour the small ones.
    const limit = 2 ** 48 - (2 ** 48 % span);
    const bytes = Buffer.allocUnsafeSlow(6);
    let drawn;
    do { core.randomFill(bytes); drawn = bytes.readUIntBE(0, 6); } while (drawn >= limit);
    const result = drawn % span + min;
    if (callback === undefined) return result;
    process.nextTick(callback, undefined, result);
};

exports.randomUUID = function randomUUID(options) {
    if (options !== undefined && (options === null || typeof options !== 'object')) throw invalidArgType('options', 'Object', options);
    if (options && options.disableEntropyCache !== undefined && typeof options.disableEntropyCache !== 'boolean') {
        throw invalidArgType('options.disableEntropyCache', 'boolean', options.disableEntropyCache);
    }
    const bytes = Buffer.allocUnsafeSlow(16);
    core.randomFill(bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

exports.timingSafeEqual = function timingSafeEqual(a, b) {
    if (!ArrayBuffer.isView(a) && !isBuffer(a)) throw invalidArgType('buf1', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], a);
    if (!ArrayBuffer.isView(b) && !isBuffer(b)) throw invalidArgType('buf2', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView'], b);
    if (a.byteLength !== b.byteLength) {
        throw make(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
    }
    return core.equal(a, b);
};

// Three old names of `randomBytes`.
function pseudoRandomBytes(size, callback) {
    if (!told && pending()) {
        told = true;
        process.emitWarning('crypto.pseudoRandomBytes is deprecated.', 'DeprecationWarning', 'DEP0115');
    }
    return exports.randomBytes(size, callback);
}
let told = false;
for (const name of ['pseudoRandomBytes', 'prng', 'rng']) {
    Object.defineProperty(exports, name, { value: pseudoRandomBytes, configurable: true, enumerable: false, writable: true });
}
Object.defineProperty(exports, 'pending', { value: pending, enumerable: false });
