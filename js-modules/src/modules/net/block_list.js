'use strict';
// Addresses as values, and lists of them.

const { ipFamily } = require('internal/net');
const { make, invalidArgType, invalidArgValue, outOfRange, validateString, validateObject } = require('internal/errors');
const { port: validPort } = require('internal/net/shared');

// The address as a number of 32 or 128 bits.
function numeric(address, family) {
    if (family === 'ipv4') return address.split('.').reduce((all, part) => all * 256n + BigInt(part), 0n);
    let text = address.split('%')[0];
    const dotted = text.lastIndexOf('.') === -1 ? null : text.slice(text.lastIndexOf(':') + 1);
    if (dotted) {
        const four = numeric(dotted, 'ipv4');
        text = text.slice(0, -dotted.length) + (four >> 16n).toString(16) + ':' + (four & 0xFFFFn).toString(16);
    }
    const [head, tail] = text.split('::');
    const left = head ? head.split(':') : [], right = tail ? tail.split(':') : [];
    const middle = text.includes('::') ? new Array(8 - left.length - right.length).fill('0') : [];
    return [...left, ...middle, ...right].reduce((all, part) => all * 65536n + BigInt('0x' + part), 0n);
}

function lower(family) {
    validateString(family, 'family');
    const low = family.toLowerCase();
    if (low !== 'ipv4' && low !== 'ipv6') throw invalidArgValue('family', family);
    return low;
}

class SocketAddress {
    #address; #family; #port; #flowlabel;
    constructor(options = {}) {
        validateObject(options, 'options');
        const family = options.family === undefined ? 'ipv4' : lower(options.family);
        const { address = family === 'ipv4' ? '127.0.0.1' : '::', port = 0, flowlabel = 0 } = options;
        validateString(address, 'options.address');
        if (ipFamily(address) !== (family === 'ipv4' ? 4 : 6)) throw make(Error, 'ERR_INVALID_ADDRESS', 'Invalid address');
        validPort(port, 'options.port');
        if (typeof flowlabel !== 'number') throw invalidArgType('options.flowlabel', 'number', flowlabel);
        if (flowlabel < 0 || flowlabel > 0xFFFFF) throw outOfRange('options.flowlabel', '>= 0 && <= 1048575', flowlabel);
        this.#address = address; this.#family = family; this.#port = port | 0; this.#flowlabel = flowlabel;
    }
    static isSocketAddress(value) { return typeof value === 'object' && value !== null && #family in value; }
    static parse(input) {
        const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(String(input));
        if (!match) return undefined;
        const address = match[1] === undefined ? match[2] : match[1];
        const family = ipFamily(address);
        if (!family || (family === 6) !== (match[1] !== undefined) || Number(match[3] || 0) > 0xFFFF) return undefined;
        return new SocketAddress({ address, port: Number(match[3] || 0), family: family === 4 ? 'ipv4' : 'ipv6' });
    }
    get address() { return this.#address; }
    get family() { return this.#family; }
    get port() { return this.#port; }
    get flowlabel() { return this.#flowlabel; }
    toJSON() { return { address: this.#address, port: this.#port, family: this.#family, flowlabel: this.#flowlabel }; }
}

function plain(value, family, name) {
    if (SocketAddress.isSocketAddress(value)) return { address: value.address, family: value.family };
    validateString(value, name);
    const low = lower(family);
    if (ipFamily(value) !== (low === 'ipv4' ? 4 : 6)) throw make(Error, 'ERR_INVALID_ADDRESS', 'Invalid address');
    return { address: value, family: low };
}

const MAPPED = 0xFFFFn << 32n;

class BlockList {
    #rules = [];
    static isBlockList(value) { return typeof value === 'object' && value !== null && #rules in value; }
    addAddress(address, family = 'ipv4') {
        const one = plain(address, family, 'address'), at = numeric(one.address, one.family);
        this.#rules.unshift({ family: one.family, from: at, to: at, text: `Address: ${shown(one.family)} ${one.address}` });
    }
    addRange(start, end, family = 'ipv4') {
        const one = plain(start, family, 'start'), two = plain(end, family, 'end');
        const from = numeric(one.address, one.family), to = numeric(two.address, two.family);
        if (from > to) throw invalidArgValue('start', start, `must come before ${end}`);
        this.#rules.unshift({ family: one.family, from, to, text: `Range: ${shown(one.family)} ${one.address}-${two.address}` });
    }
    addSubnet(network, prefix, family = 'ipv4') {
        const one = plain(network, family, 'network'), bits = one.family === 'ipv4' ? 32 : 128;
        if (typeof prefix !== 'number') throw invalidArgType('prefix', 'number', prefix);
        if (!Number.isInteger(prefix) || prefix < 0 || prefix > bits) throw outOfRange('prefix', `>= 0 && <= ${bits}`, prefix);
        const hosts = (1n << BigInt(bits - prefix)) - 1n, from = numeric(one.address, one.family) & ~hosts;
        this.#rules.unshift({ family: one.family, from, to: from + hosts, text: `Subnet: ${shown(one.family)} ${one.address}/${prefix}` });
    }
    check(address, family = 'ipv4') {
        const one = SocketAddress.isSocketAddress(address) ? address : (validateString(address, 'address'), { address, family: lower(family) });
        if (ipFamily(one.address) !== (one.family === 'ipv4' ? 4 : 6)) return false;
        const at = numeric(one.address, one.family);
        return this.#rules.some((rule) => {
            if (rule.family === one.family) return at >= rule.from && at <= rule.to;
            // A version 4 address inside a version 6 one is the same machine.
            if (one.family === 'ipv6') return at >> 32n === 0xFFFFn && at - MAPPED >= rule.from && at - MAPPED <= rule.to;
            return at + MAPPED >= rule.from && at + MAPPED <= rule.to;
        });
    }
    get rules() { return this.#rules.map((rule) => rule.text); }
}

function shown(family) { return family === 'ipv4' ? 'IPv4' : 'IPv6'; }

module.exports = { BlockList, SocketAddress };
