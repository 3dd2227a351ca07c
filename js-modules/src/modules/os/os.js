'use strict';

const signals = {
    SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGIOT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9,
    SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGSTKFLT: 16, SIGCHLD: 17,
    SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22, SIGURG: 23, SIGXCPU: 24, SIGXFSZ: 25,
    SIGVTALRM: 26, SIGPROF: 27, SIGWINCH: 28, SIGIO: 29, SIGPOLL: 29, SIGPWR: 30, SIGSYS: 31,
};

const errno = {
    EPERM: 1, ENOENT: 2, ESRCH: 3, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, ENOEXEC: 8, EBADF: 9, ECHILD: 10, EAGAIN: 11,
    ENOMEM: 12, EACCES: 13, EFAULT: 14, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENODEV: 19, ENOTDIR: 20, EISDIR: 21,
    EINVAL: 22, ENFILE: 23, EMFILE: 24, ENOTTY: 25, ETXTBSY: 26, EFBIG: 27, ENOSPC: 28, ESPIPE: 29, EROFS: 30,
    EMLINK: 31, EPIPE: 32, EDOM: 33, ERANGE: 34, EDEADLK: 35, ENAMETOOLONG: 36, ENOTEMPTY: 39, ELOOP: 40,
    EADDRINUSE: 98, EADDRNOTAVAIL: 99, ENETDOWN: 100, ENETUNREACH: 101, ECONNABORTED: 103, ECONNRESET: 104,
    EISCONN: 106, ENOTCONN: 107, ETIMEDOUT: 110, ECONNREFUSED: 111, EHOSTUNREACH: 113, EALREADY: 114, EINPROGRESS: 115,
};

const priority = {
    PRIORITY_LOW: 19, PRIORITY_BELOW_NORMAL: 10, PRIORITY_NORMAL: 0, PRIORITY_ABOVE_NORMAL: -7, PRIORITY_HIGH: -14,
    PRIORITY_HIGHEST: -20,
};

exports.EOL = '\n';
exports.devNull = '/dev/null';
exports.constants = { signals, errno, priority };
exports.arch = () => native.arch;
exports.platform = () => 'linux';
exports.endianness = () => native.endianness;
exports.hostname = () => native.uname().nodename;
exports.type = () => native.uname().sysname;
exports.release = () => native.uname().release;
exports.version = () => native.uname().version;
exports.machine = () => native.uname().machine;
exports.uptime = () => native.uptime();
exports.loadavg = () => native.loadavg();
exports.totalmem = () => native.memory().total;
exports.freemem = () => native.memory().free;
exports.cpus = () => native.cpus();
exports.availableParallelism = () => Math.max(1, native.cpus().length);
exports.homedir = () => process.env.HOME || native.user().homedir;

exports.tmpdir = () => {
    const path = process.env.TMPDIR || process.env.TMP || process.env.TEMP || '/tmp';
    return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
};

exports.userInfo = (options) => {
    const user = native.user();
    const info = { uid: user.uid, gid: user.gid, username: user.username, homedir: user.homedir, shell: user.shell || null };
    if (options && options.encoding === 'buffer') {
        for (const key of ['username', 'homedir', 'shell']) if (info[key] !== null) info[key] = Buffer.from(info[key]);
    }
    return info;
};

exports.networkInterfaces = () => {
    const result = {};
    for (const one of native.interfaces()) {
        if (!one.up || !one.running || one.addresses.length === 0) continue;
        result[one.name] = one.addresses.map((a) => {
            const item = {
                address: a.address, netmask: a.netmask, family: a.v6 ? 'IPv6' : 'IPv4', mac: one.mac,
                internal: one.loopback, cidr: a.address + '/' + a.prefix,
            };
            if (a.v6) item.scopeid = a.linkLocal ? one.index : 0;
            return item;
        });
    }
    return result;
};

for (const name of Object.keys(exports)) {
    const call = exports[name];
    // As in Node: `${os.hostname}` is the value.
    if (typeof call === 'function' && call.length === 0) call[Symbol.toPrimitive] = () => call();
}
