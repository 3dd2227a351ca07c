'use strict';
// Secure contexts, and the names of versions.

const natives = require('internal/tls');
const { make, invalidArgType } = require('internal/errors');

const VERSIONS = { 'TLSv1': 10, 'TLSv1.1': 11, 'TLSv1.2': 12, 'TLSv1.3': 13 };
const defaults = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' };

function version(value, fallback, which) {
    if (value === undefined || value === null) value = fallback;
    if (!Object.hasOwn(VERSIONS, value)) throw make(TypeError, 'ERR_TLS_INVALID_PROTOCOL_VERSION', `${JSON.stringify(value)} is not a valid ${which} TLS protocol version`);
    return VERSIONS[value];
}

// Lists may hold `{ pem, passphrase }`.
function plain(value, name) {
    if (value === undefined || value === null || value === false) return undefined;
    const list = (Array.isArray(value) ? value : [value]).map((one) => (one && one.pem !== undefined ? one.pem : one));
    for (const one of list) {
        if (typeof one !== 'string' && !ArrayBuffer.isView(one)) throw invalidArgType(`options.${name}`, ['string', 'Buffer', 'TypedArray', 'DataView'], one);
    }
    return list;
}

class SecureContext {
    constructor(options) {
        let { minVersion, maxVersion, secureProtocol } = options;
        const fixed = secureProtocol && /^TLSv1_([23])_/.exec(secureProtocol);
        if (fixed) minVersion = maxVersion = `TLSv1.${fixed[1]}`;
        if (options.pfx !== undefined && options.pfx !== null) throw make(Error, 'ERR_NOT_SUPPORTED', 'pfx is not read here yet; give key and cert as PEM');
        const context = natives.createContext({
            cert: plain(options.cert, 'cert'), key: plain(options.key, 'key'), ca: plain(options.ca, 'ca'),
            minVersion: version(minVersion, module.exports.defaults.minVersion, 'minimum'),
            maxVersion: version(maxVersion, module.exports.defaults.maxVersion, 'maximum'),
        });
        Object.defineProperty(this, 'context', { value: context, enumerable: false });
    }
}

function createSecureContext(options) {
    return new SecureContext(options || {});
}

// What an option called `secureContext` may be.
function contextOf(value) { return value && value.context ? value.context : undefined; }

module.exports = { SecureContext, createSecureContext, contextOf, defaults };
