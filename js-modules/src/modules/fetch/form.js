'use strict';
// `FormData`, and the two ways it travels.

const { Blob, File, bytesOf } = require('internal/blob');

// Pieces of a form that somebody else sent.
const MAX_PARTS = 10000;

function entryOf(value, filename) {
    if (!(value instanceof Blob)) return String(value);
    if (value instanceof File && filename === undefined) return value;
    return new File([value], filename === undefined ? 'blob' : String(filename), { type: value.type, lastModified: value.lastModified });
}

class FormData {
    #list = [];
    constructor(form) {
        if (form !== undefined) throw new TypeError('FormData constructor: Argument 1 could not be converted to: undefined.');
    }
    append(name, value, filename) {
        if (arguments.length < 2) throw new TypeError('FormData.append: 2 arguments required');
        if (arguments.length > 2 && !(value instanceof Blob)) throw new TypeError('FormData.append: a file name belongs to a Blob');
        this.#list.push([String(name), entryOf(value, filename)]);
    }
    set(name, value, filename) {
        if (arguments.length > 2 && !(value instanceof Blob)) throw new TypeError('FormData.set: a file name belongs to a Blob');
        const key = String(name), entry = [key, entryOf(value, filename)];
        const at = this.#list.findIndex((one) => one[0] === key);
        if (at < 0) { this.#list.push(entry); return; }
        this.#list = this.#list.filter((one, i) => one[0] !== key || i === at);
        this.#list[at] = entry;
    }
    delete(name) { this.#list = this.#list.filter((one) => one[0] !== String(name)); }
    get(name) {
        const found = this.#list.find((one) => one[0] === String(name));
        return found === undefined ? null : found[1];
    }
    getAll(name) { return this.#list.filter((one) => one[0] === String(name)).map((one) => one[1]); }
    has(name) { return this.#list.some((one) => one[0] === String(name)); }
    forEach(callback, self) { for (const [name, value] of this.#list) callback.call(self, value, name, this); }
    * entries() { for (const [name, value] of this.#list) yield [name, value]; }
    * keys() { for (const [name] of this.#list) yield name; }
    * values() { for (const [, value] of this.#list) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    get [Symbol.toStringTag]() { return 'FormData'; }
}

function quoted(name) { return name.replace(/\r\n|\r|\n/g, '%0D%0A').replace(/"/g, '%22'); }

// The bytes of multipart/form-data (RFC 7578) with their boundary.
function encode(form) {
    let id = '';
    for (let i = 0; i < 4; i++) id += Math.floor(Math.random() * 0x100000000).toString(16).padStart(8, '0');
    const boundary = `----formdata-${id}`;
    const parts = [];
    for (const [name, value] of form) {
        let head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`;
        if (typeof value === 'string') {
            parts.push(Buffer.from(`${head}\r\n\r\n${value.replace(/\r?\n|\r/g, '\r\n')}\r\n`));
        } else {
            head += `; filename="${quoted(value.name)}"\r\nContent-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`;
            parts.push(Buffer.from(head), bytesOf(value), Buffer.from('\r\n'));
        }
    }
    parts.push(Buffer.from(`--${boundary}--\r\n`));
    return { bytes: Buffer.concat(parts), type: `multipart/form-data; boundary=${boundary}` };
}

function decode(bytes, type) {
    const form = new FormData();
    if (/^application\/x-www-form-urlencoded/i.test(type)) {
        const { URLSearchParams } = require('internal/url');
        for (const [name, value] of new URLSearchParams(bytes.toString())) form.append(name, value);
        return form;
    }
    const found = /^multipart\/form-data.*?boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(type);
    if (!found) throw new TypeError('Response.formData: Could not parse content as FormData.');
    const mark = Buffer.from('--' + (found[1] || found[2]));
    let at = bytes.indexOf(mark);
    for (let parts = 0; at >= 0; parts++) {
        if (parts > MAX_PARTS) throw new TypeError('Response.formData: too many parts');
        at += mark.length;
        if (bytes.toString('latin1', at, at + 2) === '--') return form;
        const head = bytes.indexOf('\r\n\r\n', at), next = bytes.indexOf(mark, at);
        if (head < 0 || next < 0 || head > next) break;
        const fields = bytes.toString('utf8', at + 2, head), body = bytes.subarray(head + 4, next - 2);
        const name = /^content-disposition:[^\r\n]*?[; ]name="([^"]*)"/im.exec(fields);
        if (!name) break;
        const file = /^content-disposition:[^\r\n]*?[; ]filename="([^"]*)"/im.exec(fields);
        const unquote = (text) => text.replace(/%22/g, '"').replace(/%0D%0A/g, '\r\n');
        if (file) {
            const kind = /^content-type:\s*([^\r\n]*)/im.exec(fields);
            form.append(unquote(name[1]), new File([body], unquote(file[1]), { type: kind ? kind[1] : 'text/plain' }));
        } else {
            form.append(unquote(name[1]), body.toString());
        }
        at = next;
    }
    throw new TypeError('Response.formData: Could not parse content as FormData.');
}

module.exports = { FormData, encode, decode };
