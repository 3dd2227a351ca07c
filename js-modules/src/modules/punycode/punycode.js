'use strict';
// Names with letters beyond ASCII, as RFC 3492 writes them.

const BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST = 128, MAX = 0x7fffffff;
// The full stop and what Unicode has in its place.
const DOTS = /[\u002e\u3002\uff0e\uff61]/g;

const tooBig = () => new RangeError('Overflow: input needs wider integers to process');
const badInput = () => new RangeError('Invalid input');

function adapt(delta, count, first) {
    delta = first ? Math.floor(delta / DAMP) : delta >> 1;
    delta += Math.floor(delta / count);
    let steps = 0;
    for (; delta > ((BASE - T_MIN) * T_MAX) >> 1; steps += BASE) delta = Math.floor(delta / (BASE - T_MIN));
    return steps + Math.floor(((BASE - T_MIN + 1) * delta) / (delta + SKEW));
}

const threshold = (k, bias) => Math.min(Math.max(k - bias, T_MIN), T_MAX);
const letter = (digit) => String.fromCharCode(digit < 26 ? digit + 97 : digit + 22);

function digitOf(code) {
    if (code >= 48 && code < 58) return code - 22;
    if (code >= 65 && code < 91) return code - 65;
    if (code >= 97 && code < 123) return code - 97;
    return BASE;
}

function decode(text) {
    const points = [];
    const end = Math.max(text.lastIndexOf('-'), 0);
    for (let i = 0; i < end; i++) {
        if (text.charCodeAt(i) >= FIRST) throw new RangeError('Illegal input >= 0x80 (not a basic code point)');
        points.push(text.charCodeAt(i));
    }
    let n = FIRST, at = 0, bias = FIRST_BIAS;
    for (let i = end > 0 ? end + 1 : 0; i < text.length;) {
        const before = at;
        for (let weight = 1, k = BASE; ; k += BASE) {
            if (i >= text.length) throw badInput();
            const digit = digitOf(text.charCodeAt(i++));
            if (digit >= BASE) throw badInput();
            if (digit > Math.floor((MAX - at) / weight)) throw tooBig();
            at += digit * weight;
            const t = threshold(k, bias);
            if (digit < t) break;
            if (weight > Math.floor(MAX / (BASE - t))) throw tooBig();
            weight *= BASE - t;
        }
        const count = points.length + 1;
        bias = adapt(at - before, count, before === 0);
        n += Math.floor(at / count);
        if (n > 0x10ffff) throw tooBig();
        at %= count;
        points.splice(at++, 0, n);
    }
    return encodeUcs2(points);
}

function encode(text) {
    const points = decodeUcs2(text);
    const plain = points.filter((point) => point < FIRST);
    let done = plain.length, result = encodeUcs2(plain);
    if (done > 0) result += '-';
    let n = FIRST, delta = 0, bias = FIRST_BIAS, first = true;
    while (done < points.length) {
        let next = MAX;
        for (const point of points) if (point >= n && point < next) next = point;
        if (next - n > Math.floor((MAX - delta) / (done + 1))) throw tooBig();
        delta += (next - n) * (done + 1);
        n = next;
        for (const point of points) {
            if (point < n) delta++;
            if (point !== n) continue;
            let rest = delta;
            for (let k = BASE; ; k += BASE) {
                const t = threshold(k, bias);
                if (rest < t) break;
                result += letter(t + (rest - t) % (BASE - t));
                rest = Math.floor((rest - t) / (BASE - t));
            }
            result += letter(rest);
            bias = adapt(delta, done + 1, first);
            first = false;
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
    return result;
}

// Units to code points; half a pair stays what it is.
function decodeUcs2(text) { return Array.from(text, (one) => one.codePointAt(0)); }
function encodeUcs2(points) { return points.map((point) => String.fromCodePoint(point)).join(''); }

// Each label of a name, or of the name behind the @ of an address.
function labels(name, change) {
    const [user, host] = name.includes('@') ? [`${name.split('@')[0]}@`, name.split('@')[1]] : ['', name];
    return user + host.replace(DOTS, '.').split('.').map(change).join('.');
}

function toUnicode(name) {
    return labels(name, (one) => (/^xn--/.test(one) ? decode(one.slice(4).toLowerCase()) : one));
}

function toASCII(name) {
    return labels(name, (one) => (/[^\0-\x7f]/.test(one) ? `xn--${encode(one)}` : one));
}

module.exports = { decode, encode, toASCII, toUnicode, ucs2: { decode: decodeUcs2, encode: encodeUcs2 }, version: '2.1.0' };
