'use strict';

const { make, invalidArgType, validateString } = require('internal/errors');
const core = require('internal/crypto');
const { Buffer } = require('buffer');
const { PublicKeyObject, KeyObject, HANDLE } = require('internal/crypto/keys');

const STATE = Symbol('state');

function lines(name) { return name.length ? name.map(([key, value]) => `${key}=${value}`).join('\n') : undefined; }

function object(name) {
    const out = Object.create(null);
    for (const [key, value] of name) {
        if (out[key] === undefined) out[key] = value;
        else if (Array.isArray(out[key])) out[key].push(value);
        else out[key] = [out[key], value];
    }
    return out;
}

function fingerprint(bytes, hash) {
    const handle = core.hash(hash);
    core.update(handle, bytes);
    return core.digest(handle).toString('hex').toUpperCase().match(/../g).join(':');
}

// The alternative names, split where no quotes are open.
function altNames(text) {
    const list = [];
    for (const match of (text || '').matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
        list.push([match[1], match[2][0] === '"' ? JSON.parse(match[2]) : match[2]]);
    }
    return list;
}

function matches(pattern, host, options) {
    pattern = pattern.toLowerCase();
    if (pattern === host) return true;
    if (options.wildcards === false || !pattern.includes('*')) return false;
    const wanted = pattern.split('.'), given = host.split('.');
    if (wanted.length !== given.length || wanted.length < 3 && !options.singleLabelSubdomains && wanted.length < 2) return false;
    if (wanted.slice(1).join('.') !== given.slice(1).join('.') || wanted.slice(1).some((label) => label.includes('*'))) return false;
    const [before, after, more] = wanted[0].split('*');
    if (more !== undefined || wanted.length < 3) return false;
    if (options.partialWildcards === false && (before || after)) return false;
    if (given[0].startsWith('xn--') && (before || after)) return false;
    return given[0].length >= before.length + after.length && given[0].startsWith(before) && given[0].endsWith(after);
}

class X509Certificate {
    constructor(buffer) {
        if (typeof buffer === 'string') buffer = Buffer.from(buffer);
        if (!ArrayBuffer.isView(buffer)) throw invalidArgType('buffer', ['string', 'Buffer', 'TypedArray', 'DataView'], buffer);
        Object.defineProperty(this, STATE, { value: core.certificate(buffer), enumerable: false });
    }
    get raw() { return this[STATE].raw; }
    get subject() { return lines(this[STATE].subject); }
    get issuer() { return lines(this[STATE].issuer); }
    get subjectAltName() { return this[STATE].subjectAltName; }
    get infoAccess() { return this[STATE].infoAccess; }
    get issuerCertificate() { return undefined; }
    get validFrom() { return this[STATE].validFrom; }
    get validTo() { return this[STATE].validTo; }
    get serialNumber() { return this[STATE].serialNumber; }
    get keyUsage() { return this[STATE].keyUsage; }
    get ca() { return this[STATE].ca; }
    get fingerprint() { return fingerprint(this.raw, 'sha1'); }
    get fingerprint256() { return fingerprint(this.raw, 'sha256'); }
    get fingerprint512() { return fingerprint(this.raw, 'sha512'); }
    get publicKey() {
        const handle = this[STATE].publicKey;
        if (handle === undefined) throw make(Error, 'ERR_OSSL_UNSUPPORTED', 'error:1E08010C:DECODER routines::unsupported');
        return new PublicKeyObject(handle);
    }

    toString() {
        return `-----BEGIN CERTIFICATE-----\n${this.raw.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
    }
    toJSON() { return this.toString(); }

    toLegacyObject() {
        const own = this[STATE];
        const out = {
            subject: object(own.subject), issuer: object(own.issuer), subjectaltname: own.subjectAltName, infoAccess: undefined, ca: own.ca,
            modulus: undefined, bits: undefined, exponent: undefined, pubkey: undefined,
            valid_from: own.validFrom, valid_to: own.validTo, fingerprint: this.fingerprint, fingerprint256: this.fingerprint256,
            fingerprint512: this.fingerprint512, ext_key_usage: own.keyUsage, serialNumber: own.serialNumber, raw: own.raw,
        };
        if (own.infoAccess) {
            out.infoAccess = Object.create(null);
            for (const line of own.infoAccess.trim().split('\n')) {
                const [, key, value] = /^(.*?) - (.*)$/.exec(line) || [];
                if (key) { const name = key + ' - ' + value.split(':')[0]; (out.infoAccess[name] = out.infoAccess[name] || []).push(value.slice(value.indexOf(':') + 1)); }
            }
        }
        if (own.publicKey !== undefined) {
            const parts = core.keyParts(own.publicKey);
            if (parts.type === 'rsa') {
                out.modulus = parts.n.toString('hex').toUpperCase();
                out.bits = parts.n.length * 8 - Math.clz32(parts.n[0]) + 24;
                out.exponent = '0x' + parts.e.toString('hex').replace(/^0+/, '');
                out.pubkey = core.keyWrite(own.publicKey, 'spki', false);
            } else if (parts.type === 'ec') {
                out.bits = parts.x.length * 8;
                out.pubkey = Buffer.concat([Buffer.from([4]), parts.x, parts.y]);
                out.asn1Curve = parts.curve;
                out.nistCurve = { prime256v1: 'P-256', secp384r1: 'P-384' }[parts.curve];
            }
        }
        for (const key of Object.keys(out)) if (out[key] === undefined) delete out[key];
        return out;
    }

    checkHost(name, options = {}) {
        validateString(name, 'name');
        const host = name.toLowerCase().replace(/\.$/, ''), subject = options.subject || 'default';
        const names = altNames(this.subjectAltName).filter(([kind]) => kind === 'DNS').map(([, value]) => value);
        const common = this[STATE].subject.filter(([key]) => key === 'CN').map(([, value]) => value);
        const tried = subject !== 'never' && (names.length === 0 || subject === 'always') ? names.concat(common) : names;
        return tried.find((one) => matches(one, host, options));
    }

    checkEmail(email, options = {}) {
        validateString(email, 'email');
        const names = altNames(this.subjectAltName).filter(([kind]) => kind === 'email').map(([, value]) => value);
        const own = this[STATE].subject.filter(([key]) => key === 'emailAddress').map(([, value]) => value);
        const tried = (options.subject || 'default') !== 'never' && (names.length === 0 || options.subject === 'always') ? names.concat(own) : names;
        const same = (a, b) => {
            const [left, host] = [a.slice(0, a.lastIndexOf('@')), a.slice(a.lastIndexOf('@')).toLowerCase()];
            return left === b.slice(0, b.lastIndexOf('@')) && host === b.slice(b.lastIndexOf('@')).toLowerCase();
        };
        return tried.some((one) => same(one, email)) ? email : undefined;
    }

    checkIP(ip) {
        validateString(ip, 'ip');
        const plain = (text) => {
            try { return new (require('url').URL)(`http://${text.includes(':') ? `[${text}]` : text}/`).hostname; } catch { return text; }
        };
        const names = altNames(this.subjectAltName).filter(([kind]) => kind === 'IP Address');
        return names.some(([, value]) => plain(value) === plain(ip)) ? ip : undefined;
    }

    checkIssued(other) {
        if (!(other instanceof X509Certificate)) throw invalidArgType('otherCert', 'X509Certificate', other);
        const same = JSON.stringify(this[STATE].issuer) === JSON.stringify(other[STATE].subject);
        return same && other[STATE].publicKey !== undefined && core.certificateSignedBy(this.raw, other[STATE].publicKey);
    }

    checkPrivateKey(key) {
        if (!(key instanceof KeyObject)) throw invalidArgType('pkey', 'KeyObject', key);
        if (key.type !== 'private') throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'pkey' is invalid. Received ${require('util').inspect(key)}`);
        return this[STATE].publicKey !== undefined && core.keyEquals(this[STATE].publicKey, core.keyPublic(key[HANDLE]));
    }

    verify(key) {
        if (!(key instanceof KeyObject)) throw invalidArgType('pkey', 'KeyObject', key);
        if (key.type !== 'public') throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'pkey' is invalid. Received ${require('util').inspect(key)}`);
        return core.certificateSignedBy(this.raw, key[HANDLE]);
    }

    [Symbol.for('nodejs.util.inspect.custom')](depth, options) {
        if (depth < 0) return this;
        const shown = {};
        for (const name of ['subject', 'subjectAltName', 'infoAccess', 'validFrom', 'validTo', 'fingerprint', 'fingerprint256', 'fingerprint512', 'keyUsage', 'serialNumber']) shown[name] = this[name];
        return 'X509Certificate ' + require('util').inspect(shown, options);
    }
}
for (const name of ['subject', 'issuer', 'subjectAltName', 'infoAccess', 'raw', 'publicKey', 'validFrom', 'validTo', 'serialNumber', 'keyUsage', 'ca', 'fingerprint', 'fingerprint256', 'fingerprint512']) {
    const own = Object.getOwnPropertyDescriptor(X509Certificate.prototype, name);
    Object.defineProperty(X509Certificate.prototype, name, { ...own, enumerable: true });
}

exports.X509Certificate = X509Certificate;
