// ---- what the device is ----

function hostName() {
    return read('/proc/sys/kernel/hostname') || (os.hostname ? os.hostname() : '');
}

function system() {
    var release = read('/etc/os-release') || read('/usr/lib/os-release');
    return field(release, 'PRETTY_NAME', '=') || trim(process.platform + ' ' + read('/proc/sys/kernel/osrelease'));
}

function isRoot() {
    var ids = field(read('/proc/self/status'), 'Uid', ':').split(/\s+/);
    return (ids[1] || ids[0]) === '0';
}

// Signed-in people from utmp: records of 384 bytes, type 7 is a session, the name is at 44.
function people() {
    var found = {}, buffer;
    try { buffer = fs.readFileSync('/var/run/utmp'); } catch (e) { return []; }
    for (var at = 0; at + 384 <= buffer.length && at < 384 * 256; at += 384) {
        if (buffer[at] !== 7) { continue; }
        var name = '';
        for (var i = at + 44; i < at + 76 && buffer[i] > 32 && buffer[i] < 127; i++) {
            name += String.fromCharCode(buffer[i]);
        }
        if (name) { found[name] = 1; }
    }
    var names = [];
    for (var key in found) { names.push(key); }
    return names.sort();
}

function uptimeSeconds() { return parseFloat(read('/proc/uptime')) || 0; }

// What servers expect of `netif2`, whatever the engine's os module gives.
function interfaces() {
    var all = os.networkInterfaces(), gateways = {}, result = {};
    try { gateways = os.getDefaultGateways ? os.getDefaultGateways() : {}; } catch (e) { /* then without */ }
    for (var name in all) {
        if (!(all[name] instanceof Array)) { continue; }
        result[name] = [];
        for (var i = 0; i < all[name].length; i++) {
            var from = all[name][i], to = {};
            to.mac = String(from.mac || '00:00:00:00:00:00').toUpperCase();
            to.type = from.type || (from.internal ? 'loopback' : 'ethernet');
            to.status = from.status || 'up';
            if (from.address) {
                to.address = from.address;
                to.family = (from.family === 6 || from.family === 'IPv6') ? 'IPv6' : 'IPv4';
                if (from.netmask) { to.netmask = from.netmask; }
                var gateway = from.gateway || (to.family === 'IPv4' ? gateways[name] : null);
                if (gateway) { to.gateway = gateway; }
            }
            result[name].push(to);
        }
    }
    return result;
}

function hardware() {
    var ids = {}, dmi = '/sys/class/dmi/id/', cpu = read('/proc/cpuinfo'), memory = read('/proc/meminfo');
    var names = ['bios_vendor', 'bios_version', 'bios_date', 'board_vendor', 'board_name', 'board_version',
        'board_serial', 'sys_vendor', 'product_name', 'product_uuid', 'product_serial'];
    for (var i = 0; i < names.length; i++) {
        var value = read(dmi + names[i]);
        if (value) { ids[names[i]] = value.substring(0, 128); }
    }
    var model = field(cpu, 'model name', ':') || field(cpu, 'Model', ':') || field(cpu, 'cpu model', ':');
    if (model) { ids.cpu_name = model.substring(0, 128); }
    return {
        identifiers: ids,
        linux: {
            kernel: read('/proc/sys/kernel/osrelease'),
            cpus: (cpu.match(/^processor\s*:/mg) || []).length,
            memory_kib: number(field(memory, 'MemTotal', ':')),
            swap_kib: number(field(memory, 'SwapTotal', ':'))
        }
    };
}
