'use strict';

const { Socket, connect, defaults } = require('internal/net/socket');
const { Server, createServer } = require('internal/net/server');
const { BlockList, SocketAddress } = require('internal/net/block_list');
const { ipFamily } = require('internal/net');
const { validateFunction, invalidArgType, outOfRange, invalidArgValue } = require('internal/errors');

const text = (value) => typeof value === 'string' || (typeof value === 'object' && value !== null) ? String(value) : '';

Object.assign(exports, {
    BlockList,
    Server,
    Socket,
    SocketAddress,
    Stream: Socket,
    connect,
    createConnection: connect,
    createServer,
    isIP(input) { return ipFamily(text(input)); },
    isIPv4(input) { return ipFamily(text(input)) === 4; },
    isIPv6(input) { return ipFamily(text(input)) === 6; },
    getDefaultAutoSelectFamily() { return defaults.autoSelectFamily; },
    setDefaultAutoSelectFamily(value) {
        if (typeof value !== 'boolean') throw invalidArgType('value', 'boolean', value);
        defaults.autoSelectFamily = value;
    },
    getDefaultAutoSelectFamilyAttemptTimeout() { return defaults.attemptTimeout; },
    setDefaultAutoSelectFamilyAttemptTimeout(value) {
        if (typeof value !== 'number') throw invalidArgType('value', 'number', value);
        if (!Number.isInteger(value) || value < 1) throw outOfRange('value', '>= 1', value);
        defaults.attemptTimeout = Math.max(value, 10);
    },
});
