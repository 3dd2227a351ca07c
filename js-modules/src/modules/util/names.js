'use strict';

// Names of system errors and texts in colours.

const { constants } = require('os');
const { inspect } = require('internal/inspect');
const { invalidArgType, invalidArgValue, outOfRange } = require('internal/errors');

const TEXTS = {
    E2BIG: 'argument list too long', EACCES: 'permission denied', EADDRINUSE: 'address already in use',
    EADDRNOTAVAIL: 'address not available', EAGAIN: 'resource temporarily unavailable', EALREADY: 'connection already in progress',
    EBADF: 'bad file descriptor', EBUSY: 'resource busy or locked', ECANCELED: 'operation canceled',
    ECONNABORTED: 'software caused connection abort', ECONNREFUSED: 'connection refused', ECONNRESET: 'connection reset by peer',
    EEXIST: 'file already exists', EFAULT: 'bad address in system call argument', EFBIG: 'file too large',
    EHOSTUNREACH: 'host is unreachable', EINTR: 'interrupted system call', EINVAL: 'invalid argument', EIO: 'i/o error',
    EISCONN: 'socket is already connected', EISDIR: 'illegal operation on a directory', ELOOP: 'too many symbolic links encountered',
    EMFILE: 'too many open files', EMSGSIZE: 'message too long', ENAMETOOLONG: 'name too long', ENETDOWN: 'network is down',
    ENETUNREACH: 'network is unreachable', ENFILE: 'file table overflow', ENOBUFS: 'no buffer space available',
    ENODEV: 'no such device', ENOENT: 'no such file or directory', ENOMEM: 'not enough memory',
    ENOPROTOOPT: 'protocol not available', ENOSPC: 'no space left on device', ENOSYS: 'function not implemented',
    ENOTCONN: 'socket is not connected', ENOTDIR: 'not a directory', ENOTEMPTY: 'directory not empty',
    ENOTSOCK: 'socket operation on non-socket', ENOTSUP: 'operation not supported on socket', EPERM: 'operation not permitted',
    EPIPE: 'broken pipe', EPROTO: 'protocol error', EPROTONOSUPPORT: 'protocol not supported',
    EPROTOTYPE: 'protocol wrong type for socket', ERANGE: 'result too large', EROFS: 'read-only file system',
    ESPIPE: 'invalid seek', ESRCH: 'no such process', ETIMEDOUT: 'connection timed out', ETXTBSY: 'text file is busy',
    EXDEV: 'cross-device link not permitted', ENXIO: 'no such device or address', EMLINK: 'too many links',
    EILSEQ: 'illegal byte sequence', EOVERFLOW: 'value too large for defined data type', ENOTTY: 'inappropriate ioctl for device',
};

let byNumber;
function table() {
    if (byNumber === undefined) {
        byNumber = new Map();
        for (const [name, number] of Object.entries(constants.errno)) {
            if (TEXTS[name]) byNumber.set(-number, [name, TEXTS[name]]);
        }
        for (const [number, ...both] of [[-4095, 'EOF', 'end of file'], [-4094, 'UNKNOWN', 'unknown error']]) byNumber.set(number, both);
    }
    return byNumber;
}

function checked(number) {
    if (typeof number !== 'number') throw invalidArgType('err', 'number', number);
    if (number >= 0 || !Number.isSafeInteger(number)) throw outOfRange('err', 'a negative integer', number);
    return number;
}

exports.getSystemErrorName = (number) => table().get(checked(number))?.[0] ?? `Unknown system error ${number}`;
exports.getSystemErrorMessage = (number) => table().get(checked(number))?.[1] ?? `Unknown system error ${number}`;
exports.getSystemErrorMap = () => new Map(table());

exports.styleText = function styleText(format, text, { validateStream = true, stream = process.stdout } = {}) {
    if (typeof text !== 'string') throw invalidArgType('text', 'string', text);
    if (typeof validateStream !== 'boolean') throw invalidArgType('options.validateStream', 'boolean', validateStream);
    let plain = false;
    if (validateStream) {
        if (stream === null || typeof stream !== 'object' || typeof stream.write !== 'function') {
            throw invalidArgType('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream);
        }
        plain = !stream.isTTY || Boolean(process.env.NO_COLOR);
    }
    let [left, right] = ['', ''];
    for (const key of Array.isArray(format) ? format : [format]) {
        const codes = inspect.colors[key];
        if (!codes) throw invalidArgValue('format', key, `must be one of: ${Object.keys(inspect.colors).map((one) => `'${one}'`).join(', ')}`);
        left += `\u001b[${codes[0]}m`;
        right = `\u001b[${codes[1]}m${right}`;
    }
    return plain && validateStream && stream !== process.stdout ? text : `${left}${text}${right}`;
};
