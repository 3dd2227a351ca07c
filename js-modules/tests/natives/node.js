// Each function that a module of Node's layer exports, with the permission it needs. A name that is not here fails the
// test: whoever adds a native says here what guards it. `m` is the module, `cb` a callback.
const table = {
    fs: {
        none: `close closeSync fchmod fchmodSync fchown fchownSync fdatasync fdatasyncSync fstat fstatSync fsync fsyncSync
            ftruncate ftruncateSync futimes futimesSync read readSync readv readvSync write writeSync writev writevSync
            exists existsSync watchFile unwatchFile Dirent Stats Dir _toUnixTimestamp openAsBlob`,
        'fs.read': `access('/etc',cb) accessSync('/etc') copyFile('/etc/passwd','/tmp/x',cb) copyFileSync('/etc/passwd','/tmp/x')
            lstat('/etc',cb) lstatSync('/etc') open('/etc/passwd','r',cb) openSync('/etc/passwd') readFile('/etc/passwd',cb)
            readFileSync('/etc/passwd') readdir('/etc',cb) readdirSync('/etc') readlink('/proc/self',cb) readlinkSync('/proc/self')
            realpath('/etc',cb) realpathSync('/etc') stat('/etc',cb) statSync('/etc') statfs('/etc',cb) statfsSync('/etc')
            createReadStream('/etc/passwd') ReadStream('/etc/passwd') FileReadStream('/etc/passwd') cp('/etc/passwd','/tmp/x',cb)
            cpSync('/etc/passwd','/tmp/x') opendir('/etc',cb) opendirSync('/etc') watch('/etc')`,
        'fs.write': `appendFile('/tmp/x','y',cb) appendFileSync('/tmp/x','y') chmod('/tmp',511,cb) chmodSync('/tmp',511)
            chown('/tmp',0,0,cb) chownSync('/tmp',0,0) lchown('/tmp',0,0,cb) lchownSync('/tmp',0,0) link('/etc/passwd','/tmp/x',cb)
            linkSync('/etc/passwd','/tmp/x') lutimes('/tmp',1,1,cb) lutimesSync('/tmp',1,1) mkdir('/tmp/x',cb) mkdirSync('/tmp/x')
            mkdtemp('/tmp/x',cb) mkdtempSync('/tmp/x') rename('/tmp/x','/tmp/y',cb) renameSync('/tmp/x','/tmp/y') rm('/tmp/x',cb)
            rmSync('/tmp/x') rmdir('/tmp/x',cb) rmdirSync('/tmp/x') symlink('/etc','/tmp/x',cb) symlinkSync('/etc','/tmp/x')
            truncate('/tmp/x',0,cb) truncateSync('/tmp/x',0) unlink('/tmp/x',cb) unlinkSync('/tmp/x') utimes('/tmp',1,1,cb)
            utimesSync('/tmp',1,1) writeFile('/tmp/x','y',cb) writeFileSync('/tmp/x','y') createWriteStream('/tmp/x')
            WriteStream('/tmp/x') FileWriteStream('/tmp/x') open('/tmp/x','w',cb) openSync('/tmp/x','a')
            mkdirSync('/tmp/x/y',{recursive:true}) rmSync('/tmp/x',{recursive:true,force:true})`,
    },
    'fs/promises': {
        none: 'fstat fsync fdatasync ftruncate',
        'fs.read': `access('/etc') copyFile('/etc/passwd','/tmp/x') lstat('/etc') open('/etc/passwd') readFile('/etc/passwd')
            readdir('/etc') readlink('/proc/self') realpath('/etc') stat('/etc') statfs('/etc') cp('/etc/passwd','/tmp/x')
            opendir('/etc') watch('/etc')[Symbol.asyncIterator]().next()`,
        'fs.write': `appendFile('/tmp/x','y') chmod('/tmp',511) chown('/tmp',0,0) lchown('/tmp',0,0) link('/etc/passwd','/tmp/x')
            lutimes('/tmp',1,1) mkdir('/tmp/x') mkdtemp('/tmp/x') rename('/tmp/x','/tmp/y') rm('/tmp/x') rmdir('/tmp/x')
            symlink('/etc','/tmp/x') truncate('/tmp/x',0) unlink('/tmp/x') utimes('/tmp',1,1) writeFile('/tmp/x','y')`,
    },
    child_process: {
        none: 'ChildProcess',
        exec: `spawn('/bin/true') execFile('/bin/true',cb) exec('true',cb) spawnSync('/bin/true') execFileSync('/bin/true')
            execSync('true') fork('/tmp/x.js')`,
    },
    net: {
        none: `BlockList Server Socket Stream SocketAddress createServer isIP isIPv4 isIPv6 getDefaultAutoSelectFamily
            setDefaultAutoSelectFamily getDefaultAutoSelectFamilyAttemptTimeout setDefaultAutoSelectFamilyAttemptTimeout
            _normalizeArgs _createServerHandle`,
        net: `connect(9,'127.0.0.1') createConnection({port:9}) connect('/tmp/socket') createServer().listen(0)
            createServer().listen('/tmp/socket') Socket().connect(9,'127.0.0.1')`,
    },
    dgram: { none: 'Socket createSocket', net: `createSocket('udp4').bind(0,'127.0.0.1')` },
    dns: {
        none: 'getDefaultResultOrder setDefaultResultOrder Resolver getServers setServers',
        net: `lookup('example.com',cb) lookupService('127.0.0.1',22,cb) resolve('example.com',cb) resolve4('example.com',cb)
            resolve6('example.com',cb) reverse('127.0.0.1',cb)`,
    },
    'dns/promises': {
        none: 'getDefaultResultOrder setDefaultResultOrder Resolver getServers setServers',
        net: `lookup('example.com') lookupService('127.0.0.1',22) resolve('example.com') resolve4('example.com') resolve6('example.com')
            reverse('127.0.0.1')`,
    },
    tls: {
        none: `SecureContext Server TLSSocket checkServerIdentity convertALPNProtocols createSecureContext createServer getCiphers`,
        net: `connect({port:9,host:'127.0.0.1'}) createServer().listen(0)`,
    },
    http: {
        none: `_connectionListener Agent ClientRequest IncomingMessage OutgoingMessage Server ServerResponse createServer
            validateHeaderName validateHeaderValue setMaxIdleHTTPParsers`,
        net: `get('http://127.0.0.1:9/') request('http://127.0.0.1:9/') createServer().listen(0)`,
    },
    https: { none: 'Agent Server createServer', net: `get('https://127.0.0.1:9/') request('https://127.0.0.1:9/')` },
    ffi: { none: 'Pointer struct sizeof alignof errno free', ffi: `open('libc.so.6') open(null) alloc(8) read(8n,'int') write(8n,'int',1) readCString(8n) callback('int',[],()=>1)` },
    os: {
        none: `arch platform endianness hostname type release version machine uptime loadavg totalmem freemem cpus
            availableParallelism homedir tmpdir userInfo networkInterfaces getPriority`,
        exec: '',
    },
    process: {
        none: `exit reallyExit abort setUncaughtExceptionCaptureCallback hasUncaughtExceptionCaptureCallback nextTick hrtime
            uptime memoryUsage cwd emitWarning getuid geteuid getgid getegid getgroups cpuUsage resourceUsage
            getActiveResourcesInfo binding constrainedMemory setSourceMapsEnabled`,
        exec: `kill(process.pid,0)`,
        'fs.read': `chdir('/etc')`,
        'fs.write': `umask(18)`,
        env: `env.X='y'`,
    },
};

const problems = [];
let refused = 0;
let waiting = 0;
function check(title, permission, error) {
    if (error?.code !== 'ERR_ACCESS_DENIED' || error.permission !== permission) problems.push(`${title}: not refused for ${permission}: ${error}`);
    else refused++;
}
function call(m, module, permission, text) {
    const title = `${module}.${text}`;
    let answered = false;
    const answer = (error) => {
        if (answered) return;
        answered = true;
        open.delete(title);
        check(title, permission, error);
    };
    open.add(title);
    let made;
    try {
        const make = /^(ReadStream|WriteStream|FileReadStream|FileWriteStream|Socket)\(/.test(text) ? 'new ' : '';
        made = new Function('m', 'cb', `return ${make}m.${text}`)(m, answer);
    } catch (error) {
        return answer(error);
    }
    if (made && typeof made.then === 'function') made.then(() => answer(null), answer);
    else if (made && typeof made.on === 'function') made.on('error', answer);
    else if (!/\bcb\b/.test(text)) answer(null);
}
const open = new Set();
const present = [];
for (const [name, rows] of Object.entries(table)) {
    let m;
    try { m = require(name); } catch (error) { if (error.code === 'MODULE_NOT_FOUND') continue; throw error; }
    present.push(name);
    const known = new Set(rows.none.split(/\s+/));
    for (const permission of Object.keys(rows).filter((key) => key !== 'none')) {
        for (const text of rows[permission].split(/\s+/).filter(Boolean)) {
            const own = /^\w+/.exec(text)[0];
            known.add(own);
            if (own in m) call(m, name, permission, text);
        }
    }
    for (const key of Object.keys(m)) {
        if (!known.has(key) && typeof m[key] === 'function') problems.push(`${name}.${key} is not in the table`);
    }
}
for (const name of ['fs', 'child_process', 'net', 'os', 'process']) if (!present.includes(name)) problems.push(`${name} is missing`);
const begun = Date.now();
(function wait() {
    if (open.size > 0 && Date.now() - begun < 20000) return void setTimeout(wait, 20);
    for (const title of open) problems.push(`${title}: no answer`);
    if (refused < 90) problems.push(`only ${refused} calls were refused`);
    for (const problem of problems) console.log(problem);
    console.log(`${refused} calls refused`);
    process.exit(problems.length ? 1 : 0);
})();
