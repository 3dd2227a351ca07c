'use strict';

const { make, invalidArgType, invalidArgValue, outOfRange } = require('internal/errors');

const MAX = native.maxLength;
const kInspect = Symbol.for('nodejs.util.inspect.custom');

class FastBuffer extends Uint8Array {}

function Buffer(value, encodingOrOffset, length) {
    if (typeof value === 'number') {
        if (typeof encodingOrOffset === 'string') throw invalidArgType('string', 'string', value);
        return Buffer.alloc(value);
    }
    return Buffer.from(value, encodingOrOffset, length);
}
Object.setPrototypeOf(Buffer, Uint8Array);
FastBuffer.prototype.constructor = Buffer;
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(Buffer, Symbol.species, { configurable: true, enumerable: false, get: () => FastBuffer });
native.register(Buffer.prototype);

const isView = ArrayBuffer.isView;
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

function isBytes(value) {
    return tag.call(value) === 'Uint8Array';
}

function isArrayBuffer(value) {
    if (value === null || typeof value !== 'object') return false;
    return value instanceof ArrayBuffer || (typeof SharedArrayBuffer !== 'undefined' && value instanceof SharedArrayBuffer)
        || /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

function size(value, name = 'size') {
    if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
    if (!(value >= 0 && value <= MAX)) throw outOfRange(name, `>= 0 && <= ${MAX}`, value);
    return Math.trunc(value);
}

function encodingOf(encoding) {
    if (encoding === undefined || encoding === null || encoding === '') return 'utf8';
    const known = native.normalize(typeof encoding === 'string' ? encoding : `${encoding}`);
    if (known === undefined) throw make(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`);
    return known;
}

function create(length) {
    native.charge(length);
    return new FastBuffer(length);
}

Buffer.poolSize = 8192;

Buffer.from = function from(value, encodingOrOffset, length) {
    if (typeof value === 'string') return native.fromString(value, encodingOf(typeof encodingOrOffset === 'string' ? encodingOrOffset : undefined));
    if (typeof value === 'object' && value !== null) {
        if (isArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
        const primitive = value.valueOf?.();
        if (primitive !== null && primitive !== undefined && primitive !== value
            && (typeof primitive === 'string' || typeof primitive === 'object')) {
            return Buffer.from(primitive, encodingOrOffset, length);
        }
        const made = fromObject(value);
        if (made) return made;
        if (typeof value[Symbol.toPrimitive] === 'function') {
            const text = value[Symbol.toPrimitive]('string');
            if (typeof text === 'string') return Buffer.from(text, encodingOrOffset);
        }
    }
    throw invalidArgType('first argument', ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'], value);
};

function fromArrayBuffer(value, offset, length) {
    let start = 0;
    if (offset !== undefined) {
        start = +offset;
        if (Number.isNaN(start)) start = 0;
    }
    const most = value.byteLength - start;
    if (most < 0) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds');
    let count = most;
    if (length !== undefined) {
        count = +length;
        if (count > 0) {
            if (count > most) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds');
        } else count = 0;
    }
    return new FastBuffer(value, start, count);
}

function fromObject(value) {
    if (isBytes(value)) return native.fromBytes(value);
    if (value.length !== undefined || isArrayBuffer(value.buffer)) {
        return typeof value.length === 'number' ? fromList(value) : create(0);
    }
    if (value.type === 'Buffer' && Array.isArray(value.data)) return fromList(value.data);
    return undefined;
}

function fromList(list) {
    const length = list.length > 0 ? Math.min(list.length, 2 ** 32) : 0;
    if (length > MAX) throw outOfRange('size', `>= 0 && <= ${MAX}`, length);
    const made = create(length);
    for (let at = 0; at < length; at++) made[at] = list[at];
    return made;
}

Buffer.of = (...items) => fromList(items);

Buffer.alloc = function alloc(length, fill, encoding) {
    const made = create(size(length));
    if (fill !== undefined && fill !== 0 && made.length > 0) made.fill(fill, encoding);
    return made;
};
Buffer.allocUnsafe = function allocUnsafe(length) {
    return create(size(length));
};
Buffer.allocUnsafeSlow = function allocUnsafeSlow(length) {
    return create(size(length));
};

Buffer.isBuffer = function isBuffer(value) {
    return value instanceof Buffer;
};
Buffer.isEncoding = function isEncoding(encoding) {
    return typeof encoding === 'string' && encoding.length !== 0 && native.normalize(encoding) !== undefined;
};

Buffer.byteLength = function byteLength(value, encoding) {
    if (typeof value !== 'string') {
        if (isView(value) || isArrayBuffer(value)) return value.byteLength;
        throw invalidArgType('string', ['string', 'Buffer', 'ArrayBuffer'], value);
    }
    return native.byteLength(value, native.normalize(encoding) ?? 'utf8');
};

Buffer.compare = function compare(a, b) {
    if (!isBytes(a)) throw invalidArgType('buf1', ['Buffer', 'Uint8Array'], a);
    if (!isBytes(b)) throw invalidArgType('buf2', ['Buffer', 'Uint8Array'], b);
    return a === b ? 0 : native.compare(a, b);
};

Buffer.concat = function concat(list, length) {
    if (!Array.isArray(list)) throw invalidArgType('list', 'Array', list);
    if (length === undefined) {
        length = 0;
        for (const one of list) if (one?.length) length += one.length;
    } else size(length, 'length');
    const made = Buffer.allocUnsafe(length);
    let at = 0;
    for (let index = 0; index < list.length; index++) {
        const one = list[index];
        if (!isBytes(one)) throw invalidArgType(`list[${index}]`, ['Buffer', 'Uint8Array'], one);
        at += native.copy(one, made, at, 0, one.length);
    }
    return made;
};

Buffer.copyBytesFrom = function copyBytesFrom(view, offset, length) {
    if (!isView(view) || view instanceof DataView) throw invalidArgType('view', 'TypedArray', view);
    const part = view.subarray(offset ?? 0, length === undefined ? undefined : (offset ?? 0) + length);
    return native.fromBytes(part);
};

const proto = Buffer.prototype;

for (const [name, key] of [['parent', 'buffer'], ['offset', 'byteOffset']]) {
    Object.defineProperty(proto, name, {
        enumerable: true,
        get() {
            return this instanceof Buffer ? this[key] : undefined;
        },
    });
}

function clamp(value, most) {
    const number = Math.trunc(+value) || 0;
    return number < 0 ? 0 : Math.min(number, most);
}

proto.toString = function toString(encoding, start, end) {
    if (arguments.length === 0) return native.toText(this, 'utf8');
    const from = start === undefined ? 0 : clamp(start, this.length);
    const to = end === undefined ? this.length : clamp(end, this.length);
    if (to <= from) return '';
    return native.toText(this, encoding === undefined ? 'utf8' : encodingOf(encoding), from, to);
};
proto.toLocaleString = proto.toString;

proto.equals = function equals(other) {
    if (!isBytes(other)) throw invalidArgType('otherBuffer', ['Buffer', 'Uint8Array'], other);
    return this === other || (this.byteLength === other.byteLength && native.compare(this, other) === 0);
};

function bound(value, name, fallback, most) {
    if (value === undefined) return fallback;
    if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
    if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
    if (value < 0 || value > most) throw outOfRange(name, `>= 0 && <= ${most}`, value);
    return value;
}

proto.compare = function compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
    if (!isBytes(target)) throw invalidArgType('target', ['Buffer', 'Uint8Array'], target);
    if (arguments.length === 1) return native.compare(this, target);
    const from = bound(targetStart, 'targetStart', 0, 2 ** 53 - 1);
    const to = bound(targetEnd, 'targetEnd', target.length, target.length);
    const start = bound(sourceStart, 'sourceStart', 0, 2 ** 53 - 1);
    const end = bound(sourceEnd, 'sourceEnd', this.length, this.length);
    if (start >= end) return from >= to ? 0 : -1;
    if (from >= to) return 1;
    return native.compare(this.subarray(start, end), target.subarray(from, to));
};

function search(buffer, value, from, encoding, backwards) {
    if (typeof from === 'string') [from, encoding] = [undefined, from];
    let start = +from;
    if (Number.isNaN(start)) start = backwards ? buffer.length : 0;
    start = Math.trunc(start);
    if (start < 0) start += buffer.length;
    if (start < 0) {
        if (backwards) return -1;
        start = 0;
    }
    let pattern;
    let two = false;
    if (typeof value === 'number') pattern = new Uint8Array([value]);
    else if (typeof value === 'string') {
        const name = encodingOf(encoding);
        two = name === 'utf16le';
        pattern = native.fromString(value, name);
    } else if (isBytes(value)) {
        two = native.normalize(encoding) === 'utf16le';
        pattern = value;
    } else throw invalidArgType('value', ['number', 'string', 'Buffer', 'Uint8Array'], value);
    if (pattern.length > 0 && start >= buffer.length && !backwards) return -1;
    return native.indexOf(buffer, pattern, start, backwards, two);
}

proto.indexOf = function indexOf(value, from, encoding) {
    return search(this, value, from, encoding, false);
};
proto.lastIndexOf = function lastIndexOf(value, from, encoding) {
    return search(this, value, from, encoding, true);
};
proto.includes = function includes(value, from, encoding) {
    return search(this, value, from, encoding, false) !== -1;
};

proto.fill = function fill(value, offset, end, encoding) {
    if (typeof offset === 'string') [offset, end, encoding] = [undefined, undefined, offset];
    else if (typeof end === 'string') [end, encoding] = [undefined, end];
    const from = bound(offset, 'offset', 0, 2 ** 53 - 1);
    const to = bound(end, 'end', this.length, this.length);
    if (from >= to) return this;
    if (typeof value === 'string') {
        if (encoding !== undefined && typeof encoding !== 'string') throw invalidArgType('encoding', 'string', encoding);
        const pattern = native.fromString(value, encodingOf(encoding));
        if (pattern.length === 0) {
            if (value.length > 0) throw invalidArgValue('value', value);
            native.fill(this, 0, from, to);
        } else native.fill(this, pattern, from, to);
    } else if (isView(value)) {
        if (!native.fill(this, value, from, to)) throw invalidArgValue('value', value);
    } else {
        native.fill(this, (+value || 0) & 255, from, to);
    }
    return this;
};

proto.write = function write(text, offset, length, encoding) {
    if (typeof text !== 'string') throw invalidArgType('argument', 'string', text);
    if (typeof offset === 'string') [offset, length, encoding] = [undefined, undefined, offset];
    else if (typeof length === 'string') [length, encoding] = [undefined, length];
    const from = bound(offset, 'offset', 0, this.length);
    const left = this.length - from;
    const count = length === undefined ? left : Math.min(bound(length, 'length', left, this.length), left);
    return native.write(this, text, from, count, encodingOf(encoding));
};

proto.copy = function copy(target, targetStart, sourceStart, sourceEnd) {
    if (!isView(target)) throw invalidArgType('target', ['Buffer', 'Uint8Array'], target);
    const integer = (value, fallback) => (value === undefined ? fallback : Math.trunc(+value) || 0);
    const to = integer(targetStart, 0);
    if (to < 0) throw outOfRange('targetStart', '>= 0', to);
    const from = integer(sourceStart, 0);
    if (from < 0 || from > this.length) throw outOfRange('sourceStart', `>= 0 && <= ${this.length}`, from);
    const end = integer(sourceEnd, this.length);
    if (end < 0) throw outOfRange('sourceEnd', '>= 0', end);
    return native.copy(this, target, to, from, end);
};

proto.slice = function slice(start, end) {
    return this.subarray(start, end);
};

for (const bytes of [2, 4, 8]) {
    const name = `swap${bytes * 8}`;
    proto[name] = { [name]() {
        if (this.length % bytes !== 0) {
            throw make(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${bytes * 8}-bits`);
        }
        native.swap(this, bytes);
        return this;
    } }[name];
}

proto.toJSON = function toJSON() {
    return { type: 'Buffer', data: Array.prototype.slice.call(this) };
};

proto[kInspect] = function inspect(depth, options) {
    const limit = exports.INSPECT_MAX_BYTES;
    let text = native.toText(this, 'hex', 0, Math.min(limit, this.length)).replace(/(..)(?=.)/g, '$1 ');
    const left = this.length - limit;
    if (left > 0) text += ` ... ${left} more byte${left > 1 ? 's' : ''}`;
    const extra = Object.keys(this).filter((key) => !/^\d+$/.test(key));
    if (extra.length) {
        const shown = require('util').inspect(Object.fromEntries(extra.map((key) => [key, this[key]])), { ...options, breakLength: Infinity });
        text += `${this.length ? ', ' : ''}${shown.slice(2, -2)}`;
    }
    return `<${this.constructor.name} ${text}>`;
};
proto.inspect = proto[kInspect];
Object.defineProperty(proto, 'inspect', { enumerable: false });

// Reading and writing numbers.

function checkOffset(buffer, offset, bytes) {
    if (typeof offset !== 'number') throw invalidArgType('offset', 'number', offset);
    const most = buffer.length - bytes;
    if (Number.isInteger(offset) && offset >= 0 && offset <= most) return;
    if (Math.floor(offset) !== offset) throw outOfRange('offset', 'an integer', offset);
    if (most < 0) throw make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
    throw outOfRange('offset', `>= 0 and <= ${most}`, offset);
}

function checkBytes(bytes) {
    if (typeof bytes !== 'number') throw invalidArgType('byteLength', 'number', bytes);
    if (Math.floor(bytes) !== bytes) throw outOfRange('byteLength', 'an integer', bytes);
    if (bytes < 1 || bytes > 6) throw outOfRange('byteLength', '>= 1 and <= 6', bytes);
}

function readUnsigned(buffer, offset, bytes, little) {
    checkOffset(buffer, offset, bytes);
    let value = 0;
    if (little) for (let at = bytes - 1; at >= 0; at--) value = value * 256 + buffer[offset + at];
    else for (let at = 0; at < bytes; at++) value = value * 256 + buffer[offset + at];
    return value;
}

function readSigned(buffer, offset, bytes, little) {
    const value = readUnsigned(buffer, offset, bytes, little);
    const half = 2 ** (bytes * 8 - 1);
    return value >= half ? value - 2 * half : value;
}

function checkValue(value, min, max, bits, signed) {
    if (value >= min && value <= max) return;
    let range;
    if (bits > 32) range = signed ? `>= -(2 ** ${bits - 1}) and < 2 ** ${bits - 1}` : `>= 0 and < 2 ** ${bits}`;
    else range = `>= ${min} and <= ${max}`;
    throw outOfRange('value', range, value);
}

function writeInteger(buffer, input, offset, bytes, little, signed) {
    const value = +input;
    const bits = bytes * 8;
    const min = signed ? -(2 ** (bits - 1)) : 0;
    const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
    if (value < min || value > max) checkValue(value, min, max, bits, signed);
    checkOffset(buffer, offset, bytes);
    let rest = Math.trunc(value) || 0;
    if (rest < 0) rest += 2 ** bits;
    for (let at = 0; at < bytes; at++) {
        buffer[little ? offset + at : offset + bytes - 1 - at] = rest % 256;
        rest = Math.floor(rest / 256);
    }
    return offset + bytes;
}

function method(name, body) {
    Object.defineProperty(body, 'name', { value: name });
    proto[name] = body;
}

for (const [sign, read, signed] of [['UInt', readUnsigned, false], ['Int', readSigned, true]]) {
    const alias = (name) => name.replace('UInt', 'Uint');
    for (const [bits, ends] of [[8, ['']], [16, ['LE', 'BE']], [32, ['LE', 'BE']]]) {
        const bytes = bits / 8;
        for (const end of ends) {
            const little = end !== 'BE';
            method(`read${sign}${bits}${end}`, function (offset = 0) {
                return read(this, offset, bytes, little);
            });
            method(`write${sign}${bits}${end}`, function (value, offset = 0) {
                return writeInteger(this, value, offset, bytes, little, signed);
            });
            for (const kind of signed ? [] : ['read', 'write']) proto[alias(`${kind}${sign}${bits}${end}`)] = proto[`${kind}${sign}${bits}${end}`];
        }
    }
    for (const end of ['LE', 'BE']) {
        method(`read${sign}${end}`, function (offset, byteLength) {
            if (offset === undefined) throw invalidArgType('offset', 'number', offset);
            checkBytes(byteLength);
            return read(this, offset, byteLength, end === 'LE');
        });
        method(`write${sign}${end}`, function (value, offset, byteLength) {
            checkBytes(byteLength);
            return writeInteger(this, value, offset, byteLength, end === 'LE', signed);
        });
        for (const kind of signed ? [] : ['read', 'write']) proto[alias(`${kind}${sign}${end}`)] = proto[`${kind}${sign}${end}`];
    }
}

function viewOf(buffer, offset, bytes) {
    checkOffset(buffer, offset, bytes);
    return new DataView(buffer.buffer, buffer.byteOffset + offset, bytes);
}

for (const end of ['LE', 'BE']) {
    const little = end === 'LE';
    for (const [name, type, bytes] of [['Float', 'Float32', 4], ['Double', 'Float64', 8]]) {
        method(`read${name}${end}`, function (offset = 0) {
            return viewOf(this, offset, bytes)[`get${type}`](0, little);
        });
        method(`write${name}${end}`, function (value, offset = 0) {
            viewOf(this, offset, bytes)[`set${type}`](0, +value, little);
            return offset + bytes;
        });
    }
    for (const signed of [true, false]) {
        const type = signed ? 'BigInt64' : 'BigUint64';
        const min = signed ? -(2n ** 63n) : 0n;
        const max = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
        const range = signed ? '>= -(2n ** 63n) and < 2n ** 63n' : '>= 0n and < 2n ** 64n';
        method(`read${type}${end}`, function (offset = 0) {
            return viewOf(this, offset, 8)[`get${type}`](0, little);
        });
        method(`write${type}${end}`, function (value, offset = 0) {
            if (typeof value !== 'bigint') throw invalidArgType('value', 'bigint', value);
            if (value < min || value > max) throw outOfRange('value', range, value);
            viewOf(this, offset, 8)[`set${type}`](0, value, little);
            return offset + 8;
        });
        if (!signed) {
            for (const kind of ['read', 'write']) proto[`${kind}BigUInt64${end}`] = proto[`${kind}BigUint64${end}`];
        }
    }
}

// The slices and writes of one encoding, as old code calls them.
for (const [name, encoding] of [['ascii', 'ascii'], ['base64', 'base64'], ['base64url', 'base64url'], ['latin1', 'latin1'],
    ['hex', 'hex'], ['ucs2', 'utf16le'], ['utf8', 'utf8']]) {
    proto[`${name}Slice`] = function (start = 0, end = this.length) {
        return native.toText(this, encoding, start, end);
    };
    proto[`${name}Write`] = function (text, offset = 0, length = this.length - offset) {
        return native.write(this, text, offset, length, encoding);
    };
}

function SlowBuffer(length) {
    return Buffer.allocUnsafeSlow(length);
}
Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype);
Object.setPrototypeOf(SlowBuffer, Uint8Array);

function transcode(source, from, to) {
    if (!isBytes(source)) throw invalidArgType('source', ['Buffer', 'Uint8Array'], source);
    const known = ['utf8', 'utf16le', 'latin1', 'ascii'];
    const [a, b] = [native.normalize(from), native.normalize(to)];
    if (!known.includes(a) || !known.includes(b)) {
        throw make(Error, 'U_ILLEGAL_ARGUMENT_ERROR', 'Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]');
    }
    const most = { latin1: 0xFF, ascii: 0x7F }[b] ?? 0x10FFFF;
    const text = native.toText(source, a, 0, source.length);
    // What the target does not have becomes a question mark.
    return native.fromString(Array.from(text, (char) => (char.codePointAt(0) > most ? '?' : char)).join(''), b);
}

function badCharacter(message) {
    return new (require('internal/dom_exception'))(message, 'InvalidCharacterError');
}

function btoa(input) {
    if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "input" argument must be specified');
    const text = `${input}`;
    for (let at = 0; at < text.length; at++) {
        if (text.charCodeAt(at) > 255) throw badCharacter('Invalid character');
    }
    return native.toText(native.fromString(text, 'latin1'), 'base64');
}

function atob(input) {
    if (arguments.length === 0) throw make(TypeError, 'ERR_MISSING_ARGS', 'The "input" argument must be specified');
    let text = `${input}`.replace(/[\t\n\f\r ]/g, '');
    if (text.length % 4 === 0) text = text.replace(/={1,2}$/, '');
    if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) {
        throw badCharacter('The string to be decoded is not correctly encoded.');
    }
    return native.toText(native.fromString(text, 'base64'), 'latin1');
}

function bytesArgument(value) {
    if (!isView(value) && !isArrayBuffer(value)) throw invalidArgType('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], value);
    if (isArrayBuffer(value) && value.detached) throw make(Error, 'ERR_INVALID_STATE', 'Invalid state: Cannot validate on a detached buffer');
    return value;
}

// Few scripts need them: made when asked for.
for (const name of ['Blob', 'File', 'resolveObjectURL']) {
    Object.defineProperty(exports, name, { enumerable: true, configurable: true, get: () => require('internal/blob')[name] });
}
exports.Buffer = Buffer;
exports.SlowBuffer = SlowBuffer;
exports.transcode = transcode;
exports.isUtf8 = (value) => native.isUtf8(bytesArgument(value));
exports.isAscii = (value) => native.isAscii(bytesArgument(value));
exports.kMaxLength = MAX;
exports.kStringMaxLength = native.maxStringLength;
exports.constants = { MAX_LENGTH: MAX, MAX_STRING_LENGTH: native.maxStringLength };
let inspectBytes = 50;
Object.defineProperty(exports, 'INSPECT_MAX_BYTES', {
    configurable: true,
    enumerable: true,
    get: () => inspectBytes,
    set(value) {
        if (typeof value !== 'number') throw invalidArgType('INSPECT_MAX_BYTES', 'number', value);
        if (!(value >= 0)) throw outOfRange('INSPECT_MAX_BYTES', '>= 0', value);
        inspectBytes = value;
    },
});
exports.btoa = btoa;
exports.atob = atob;
