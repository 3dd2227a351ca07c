'use strict';

// Types, prototypes and values; the natives know only flat types such as `i32` and `{i32,f64}`.

class FfiError extends Error {
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

class Pointer {
    constructor(address) {
        this.address = BigInt(address);
        Object.freeze(this);
    }
    get isNull() {
        return this.address === 0n;
    }
    add(bytes) {
        return new Pointer(this.address + BigInt(bytes));
    }
    toString() {
        return '0x' + this.address.toString(16);
    }
}

const PLAIN = new Map([
    ['void', 'void'], ['bool', 'bool'], ['_Bool', 'bool'],
    ['i8', 'i8'], ['u8', 'u8'], ['i16', 'i16'], ['u16', 'u16'], ['i32', 'i32'], ['u32', 'u32'],
    ['i64', 'i64'], ['u64', 'u64'], ['isize', 'isize'], ['usize', 'usize'], ['f32', 'f32'], ['f64', 'f64'],
    ['int8_t', 'i8'], ['uint8_t', 'u8'], ['int16_t', 'i16'], ['uint16_t', 'u16'], ['int32_t', 'i32'],
    ['uint32_t', 'u32'], ['int64_t', 'i64'], ['uint64_t', 'u64'], ['size_t', 'usize'], ['ssize_t', 'isize'],
    ['intptr_t', 'isize'], ['uintptr_t', 'usize'], ['off_t', 'isize'], ['time_t', 'isize'], ['pid_t', 'i32'],
    ['uid_t', 'u32'], ['gid_t', 'u32'], ['mode_t', 'u32'], ['socklen_t', 'u32'],
    ['char', 'i8'], ['signed char', 'i8'], ['unsigned char', 'u8'], ['short', 'i16'], ['unsigned short', 'u16'],
    ['int', 'i32'], ['unsigned', 'u32'], ['unsigned int', 'u32'], ['long', 'isize'], ['unsigned long', 'usize'],
    ['long int', 'isize'], ['unsigned long int', 'usize'], ['short int', 'i16'], ['unsigned short int', 'u16'],
    ['long long', 'i64'], ['unsigned long long', 'u64'], ['long long int', 'i64'], ['unsigned long long int', 'u64'],
    ['float', 'f32'], ['double', 'f64'], ['pointer', 'pointer'], ['buffer', 'pointer'], ['cstring', 'pointer'],
]);

// A resolved type: the native text, and how values are turned.
function resolve(type, names) {
    if (type instanceof Struct) return { code: type.code, struct: type };
    if (typeof type !== 'string') throw new FfiError('ERR_FFI_TYPE', `${String(type)} is no type`);
    let text = type.replace(/\b(const|volatile|restrict|struct|enum|register)\b/g, ' ').replace(/\s+/g, ' ').trim();
    if (names && Object.hasOwn(names, text)) return resolve(names[text], null);
    if (text === 'cstring') return { code: 'pointer', text: true };
    const stars = text.match(/^(.*?) ?((?:\* ?)+)$/);
    if (stars !== null) return { code: 'pointer', text: stars[1] === 'char' && stars[2].trim() === '*' };
    text = text.replace(/^(?:unsigned|signed) /, (word) => (word === 'signed ' && text !== 'signed char' ? '' : word));
    const code = PLAIN.get(text);
    if (code === undefined) {
        throw new FfiError('ERR_FFI_TYPE', `unknown type ${JSON.stringify(type)}; give structs in { types }`);
    }
    return { code };
}

function toC(value, type) {
    if (value instanceof Pointer) return value.address;
    if (typeof value === 'function' && value[ADDRESS] !== undefined) return value[ADDRESS];
    if (type.struct && !ArrayBuffer.isView(value)) return type.struct.encode(value);
    return value;
}

function fromC(value, type) {
    if (type.struct) return type.struct.decode(value);
    if (type.code !== 'pointer') return value;
    if (type.text) return value === 0n ? null : native.text(value, 1 << 20);
    return value === 0n ? null : new Pointer(value);
}

// What C's default promotions make of an argument behind `...`.
function guess(value) {
    if (value && typeof value === 'object' && typeof value.type === 'string' && 'value' in value) {
        const type = resolve(value.type);
        if (type.code === 'f32') type.code = 'f64';
        if (['i8', 'i16', 'u8', 'u16', 'bool'].includes(type.code)) type.code = 'i32';
        return [type, value.value];
    }
    if (typeof value === 'boolean') return [{ code: 'i32' }, Number(value)];
    if (typeof value === 'bigint') return [{ code: value > 0x7fffffffffffffffn ? 'u64' : 'i64' }, value];
    if (typeof value !== 'number') return [{ code: 'pointer' }, value];
    if (!Number.isInteger(value)) return [{ code: 'f64' }, value];
    return [{ code: value === (value | 0) ? 'i32' : 'i64' }, value];
}

// `int printf(const char *, ...)`
function parse(prototype) {
    const match = /^\s*([^()]*?[\s*])([A-Za-z_]\w*)\s*\(([\s\S]*)\)\s*;?\s*$/.exec(prototype);
    if (match === null || prototype.length > 4096) {
        throw new FfiError('ERR_FFI_PROTOTYPE', `${JSON.stringify(prototype.slice(0, 100))} is no C prototype`);
    }
    const parts = [];
    let depth = 0, part = '';
    for (const char of match[3]) {
        depth += char === '(' ? 1 : char === ')' ? -1 : 0;
        if (char === ',' && depth === 0) {
            parts.push(part);
            part = '';
        } else part += char;
    }
    parts.push(part);
    const params = parts.map((one) => one.trim()).filter((one) => one !== '' && one !== 'void');
    const variadic = params.at(-1) === '...';
    if (variadic) params.pop();
    return { returns: match[1].trim(), name: match[2], params, variadic };
}

// The type of one parameter of a prototype, whose name may stand behind it.
function parameter(text, names) {
    if (/\(\s*\*/.test(text)) return { code: 'pointer' };
    const array = text.replace(/\[[^\]]*\]\s*$/, '');
    if (array !== text) return { code: 'pointer' };
    try {
        return resolve(text, names);
    } catch (error) {
        const unnamed = text.replace(/[A-Za-z_]\w*\s*$/, '').trim();
        if (unnamed === '' || unnamed === text) throw error;
        return resolve(unnamed, names);
    }
}

class Library {
    #handle;
    constructor(path) {
        this.path = path ?? null;
        this.#handle = native.open(path);
    }
    func(what, returns, params, options) {
        let found, names;
        if (returns === undefined || (typeof returns === 'object' && !(returns instanceof Struct) && params === undefined)) {
            options = returns ?? {};
            names = options.types;
            found = parse(what);
            found.params = found.params.map((one) => parameter(one, names));
            found.returns = resolve(found.returns, names);
        } else {
            options ??= {};
            found = {
                name: what, returns: resolve(returns, options.types), variadic: options.variadic === true,
                params: (params ?? []).map((one) => resolve(one, options.types)),
            };
        }
        const codes = found.params.map((one) => one.code);
        const handle = native.define(this.#handle, found.name, found.returns.code, codes, found.variadic);
        const prepare = (values) => {
            const fixed = found.params.length;
            if (found.variadic ? values.length < fixed : values.length !== fixed) {
                throw new FfiError('ERR_FFI_ARGUMENTS', `${found.name} takes ${fixed} arguments, not ${values.length}`);
            }
            const more = [];
            const ready = values.map((value, at) => {
                if (at < fixed) return toC(value, found.params[at]);
                const [type, inner] = guess(value);
                more.push(type.code);
                return toC(inner, type);
            });
            return [ready, more];
        };
        const call = (...values) => {
            const [ready, more] = prepare(values);
            return fromC(native.call(handle, ready, more), found.returns);
        };
        const background = (...values) => new Promise((done, failed) => {
            const [ready, more] = prepare(values);
            native.callAsync(handle, ready, more, (problem, value) => {
                if (problem !== undefined) failed(new FfiError('ERR_FFI_TYPE', problem));
                else {
                    // A text that C returns may be unmapped by now: that is an error of this call.
                    try { done(fromC(value, found.returns)); } catch (error) { failed(error); }
                }
            });
        });
        let main = options.async ? background : call;
        if (options.errno && !options.async) {
            main = (...values) => {
                const value = call(...values);
                return { value, errno: native.errno() };
            };
        }
        Object.defineProperty(main, 'name', { value: found.name });
        if (main !== background) main.async = background;
        return main;
    }
    symbol(name) {
        return new Pointer(native.symbol(this.#handle, name));
    }
    close() {
        native.close(this.#handle);
    }
}

class Struct {
    constructor(fields) {
        this.fields = [];
        const codes = [];
        for (const [name, given] of Object.entries(fields)) {
            const [type, count] = Array.isArray(given) ? given : [given, 0];
            if (Array.isArray(given) && !(Number.isInteger(count) && count > 0 && count <= 4096)) {
                throw new FfiError('ERR_FFI_TYPE', `the array ${name} is [type, length] with a length from 1 to 4096`);
            }
            const resolved = resolve(type);
            this.fields.push({ name, type: resolved, count, index: codes.length });
            for (let i = 0; i < (count || 1); i++) codes.push(resolved.code);
        }
        if (codes.length === 0) throw new FfiError('ERR_FFI_TYPE', 'a struct has at least one field');
        this.code = `{${codes.join(',')}}`;
        const [size, alignment, ...offsets] = native.layout(this.code);
        this.size = size;
        this.alignment = alignment;
        this.offsets = {};
        for (const field of this.fields) {
            field.offset = this.offsets[field.name] = offsets[field.index];
            field.size = native.layout(field.type.code)[0];
        }
        Object.freeze(this.offsets);
    }
    encode(object, bytes = Buffer.alloc(this.size), base = 0) {
        if (object === null || typeof object !== 'object') throw new FfiError('ERR_FFI_VALUE', 'a struct is given as an object');
        for (const { name, type, count, offset, size } of this.fields) {
            if (!(name in object)) continue;
            const values = count ? object[name] : [object[name]];
            if (count && (!values || !(values.length <= count))) {
                throw new FfiError('ERR_FFI_VALUE', `${name} takes an array of at most ${count}`);
            }
            for (let i = 0; i < values.length; i++) {
                const at = base + offset + i * size;
                if (type.struct) type.struct.encode(values[i], bytes, at);
                else native.encode(type.code, toC(values[i], type), bytes, at);
            }
        }
        return bytes;
    }
    decode(bytes, base = 0) {
        const out = {};
        for (const { name, type, count, offset, size } of this.fields) {
            const one = (i) => {
                const at = base + offset + i * size;
                if (type.struct) return type.struct.decode(bytes, at);
                return fromC(native.decode(type.code, bytes, at), type);
            };
            out[name] = count ? Array.from({ length: count }, (_, i) => one(i)) : one(0);
        }
        return out;
    }
    read(pointer) {
        return this.decode(native.read(toC(pointer, {}), this.size));
    }
    write(pointer, object) {
        const bytes = native.read(toC(pointer, {}), this.size);
        native.write(toC(pointer, {}), this.encode(object, bytes));
    }
}

const ADDRESS = Symbol('address');

function callback(returns, params, body) {
    if (typeof body !== 'function') throw new FfiError('ERR_FFI_VALUE', 'the third argument is the function that C calls');
    const [result, types] = [resolve(returns), params.map((one) => resolve(one))];
    const inner = (...values) => toC(body(...values.map((value, at) => fromC(value, types[at]))), result);
    const address = native.callback(result.code, types.map((one) => one.code), inner);
    const handle = (...values) => body(...values);
    handle[ADDRESS] = address;
    handle.pointer = new Pointer(address);
    handle.close = () => native.release(address, inner);
    return handle;
}

const raw = (pointer) => toC(pointer, {});

module.exports = {
    Pointer,
    open: (path) => new Library(path),
    struct: (fields) => new Struct(fields),
    callback,
    alloc: (size) => new Pointer(native.alloc(typeof size === 'number' ? size : module.exports.sizeof(size))),
    free: (pointer) => native.free(raw(pointer)),
    read(pointer, type) {
        if (typeof type === 'number') return native.read(raw(pointer), type);
        const resolved = resolve(type);
        return fromC(native.decode(resolved.code, native.read(raw(pointer), native.layout(resolved.code)[0]), 0), resolved);
    },
    write(pointer, type, value) {
        if (ArrayBuffer.isView(type)) return native.write(raw(pointer), type);
        const resolved = resolve(type);
        if (resolved.struct) return native.write(raw(pointer), resolved.struct.encode(value));
        const bytes = Buffer.alloc(native.layout(resolved.code)[0]);
        native.encode(resolved.code, toC(value, resolved), bytes, 0);
        native.write(raw(pointer), bytes);
    },
    readCString: (pointer, limit = 1 << 20) => native.text(raw(pointer), limit),
    errno: () => native.errno(),
    sizeof: (type) => native.layout(resolve(type).code)[0],
    alignof: (type) => native.layout(resolve(type).code)[1],
    pointerSize: native.pointerSize,
};
