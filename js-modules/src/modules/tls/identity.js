'use strict';
// Whether a certificate is a host's, by the rules of RFC 6125 as Node reads them.

const { ipFamily } = require('internal/net');
const { make } = require('internal/errors');

function fails(reason, host, cert) {
    const error = make(Error, 'ERR_TLS_CERT_ALTNAME_INVALID', `Hostname/IP does not match certificate's altnames: ${reason}`);
    error.reason = reason;
    error.host = host;
    error.cert = cert;
    return error;
}

const bare = (name) => (name.endsWith('.') ? name.slice(0, -1) : name);
const parts = (name) => bare(name).replace(/[A-Z]/g, (c) => c.toLowerCase()).split('.');

function matches(host, pattern, wildcards) {
    if (!pattern) return false;
    const wanted = parts(pattern);
    if (host.length !== wanted.length || wanted.includes('')) return false;
    if (wanted.some((part) => /[^\u0021-\u007F]/.test(part))) return false;
    for (let i = host.length - 1; i > 0; i--) if (host[i] !== wanted[i]) return false;
    const [first] = wanted, pieces = first.split('*');
    if (pieces.length === 1 || first.includes('xn--')) return host[0] === first;
    if (!wildcards || pieces.length > 2 || wanted.length <= 2) return false;
    const [before, after] = pieces;
    return before.length + after.length <= host[0].length && host[0].startsWith(before) && host[0].endsWith(after);
}

// `DNS:a, IP Address:b`; values with commas in them are quoted.
function split(text) {
    const names = [];
    const pattern = /([^,:]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;
    for (let match; (match = pattern.exec(text)) !== null && match[0] !== '';) {
        names.push([match[1], match[2].startsWith('"') ? JSON.parse(match[2]) : match[2]]);
    }
    return names;
}

function canonical(address) {
    if (ipFamily(address) !== 6) return address;
    return new URL(`http://[${address.split('%')[0]}]/`).hostname;
}

module.exports = function checkServerIdentity(hostname, cert) {
    const { subject, subjectaltname } = cert;
    const dns = [], ips = [];
    hostname = `${hostname}`;
    for (const [kind, value] of subjectaltname ? split(subjectaltname) : []) {
        if (kind === 'DNS') dns.push(value);
        else if (kind === 'IP Address') ips.push(canonical(value));
    }
    const name = bare(hostname);
    if (ipFamily(name)) {
        if (ips.includes(canonical(name))) return undefined;
        return fails(`IP: ${name} is not in the cert's list: ${ips.join(', ')}`, hostname, cert);
    }
    const host = parts(name);
    if (dns.length > 0) {
        if (dns.some((pattern) => matches(host, pattern, true))) return undefined;
        return fails(`Host: ${name}. is not in the cert's altnames: ${subjectaltname}`, hostname, cert);
    }
    // Only a certificate without names of any kind is known by its subject.
    if (!subjectaltname && subject && subject.CN) {
        const names = Array.isArray(subject.CN) ? subject.CN : [subject.CN];
        if (names.some((pattern) => matches(host, pattern, true))) return undefined;
        return fails(`Host: ${name}. is not cert's CN: ${subject.CN}`, hostname, cert);
    }
    if (!subject || Object.keys(subject).length === 0) return fails('Cert is empty', hostname, cert);
    return fails(`Host: ${name}. is not in the cert's altnames: ${subjectaltname}`, hostname, cert);
};
