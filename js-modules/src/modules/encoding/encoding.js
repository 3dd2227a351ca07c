'use strict';

const { make, invalidArgType } = require('internal/errors');

const kInspect = Symbol.for('nodejs.util.inspect.custom');

function wrongThis(type) {
    return make(TypeError, 'ERR_INVALID_THIS', `Value of "this" must be of type ${type}`);
}

class TextEncoder {
    #brand = true;

    get encoding() {
        if (!(#brand in this)) throw wrongThis('TextEncoder');
        return 'utf-8';
    }

    encode(input = '') {
        if (!(#brand in this)) throw wrongThis('TextEncoder');
        const bytes = native.encode(`${input}`);
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }

    encodeInto(src, dest) {
        if (!(#brand in this)) throw wrongThis('TextEncoder');
        if (typeof src !== 'string') throw invalidArgType('src', 'string', src);
        if (!(dest instanceof Uint8Array)) throw invalidArgType('dest', 'Uint8Array', dest);
        const both = native.encodeInto(src, dest);
        return { read: Math.floor(both / 2 ** 32), written: both % 2 ** 32 };
    }

    [kInspect](depth, options, inspect) {
        if (typeof depth === 'number' && depth < 0) return this;
        return inspect({ encoding: this.encoding }, options);
    }
}

class TextDecoder {
    #handle;
    #encoding;
    #fatal;
    #ignoreBOM;

    constructor(encoding = 'utf-8', options = {}) {
        const label = `${encoding}`;
        if (options !== null && typeof options !== 'object' && typeof options !== 'function') {
            throw invalidArgType('options', 'Object', options);
        }
        const name = native.label(label);
        if (name === undefined) {
            throw make(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', `The "${label}" encoding is not supported`);
        }
        this.#encoding = name;
        this.#fatal = Boolean(options?.fatal);
        this.#ignoreBOM = Boolean(options?.ignoreBOM);
        this.#handle = native.decoder(name, this.#fatal, this.#ignoreBOM);
    }

    get encoding() {
        if (!(#handle in this)) throw wrongThis('TextDecoder');
        return this.#encoding;
    }

    get fatal() {
        if (!(#handle in this)) throw wrongThis('TextDecoder');
        return this.#fatal;
    }

    get ignoreBOM() {
        if (!(#handle in this)) throw wrongThis('TextDecoder');
        return this.#ignoreBOM;
    }

    decode(input = undefined, options = {}) {
        if (!(#handle in this)) throw wrongThis('TextDecoder');
        if (input !== undefined && !ArrayBuffer.isView(input) && !isBuffer(input)) {
            throw make(TypeError, 'ERR_INVALID_ARG_TYPE',
                'The "list" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.');
        }
        return native.decode(this.#handle, input, Boolean(options?.stream));
    }

    [kInspect](depth, options, inspect) {
        if (!(#handle in this)) throw wrongThis('TextDecoder');
        if (typeof depth === 'number' && depth < 0) return this;
        const shown = { encoding: this.#encoding, fatal: this.#fatal, ignoreBOM: this.#ignoreBOM };
        return `TextDecoder ${inspect(shown, options)}`;
    }
}

function isBuffer(value) {
    return require('util').types.isAnyArrayBuffer(value);
}

for (const [Class, names] of [[TextEncoder, ['encode', 'encodeInto', 'encoding']],
    [TextDecoder, ['decode', 'encoding', 'fatal', 'ignoreBOM']]]) {
    for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true });
    Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name });
}

module.exports = { TextDecoder, TextEncoder };
