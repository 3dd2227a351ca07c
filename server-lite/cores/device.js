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

// Text in a fixed field of a record: it ends at a NUL.
function fixedText(bytes, at, length) {
    for (var i = at, text = ''; i < at + length && bytes[i] > 31 && bytes[i] < 127; i++) { text += String.fromCharCode(bytes[i]); }
    return text;
}

// Sessions of people: what logind keeps, or else utmp (records of 384 bytes; type 7 is a session).
function userSessions() {
    var found = [], names = [], buffer, i;
    try { names = fs.readdirSync('/run/systemd/sessions'); } catch (e) { /* no logind */ }
    for (i = 0; i < names.length && i < 1024; i++) {
        var text = /^[A-Za-z0-9]+$/.test(names[i]) ? read('/run/systemd/sessions/' + names[i]) : '', sort = field(text, 'CLASS', '=');
        if (!text || (sort && sort.substring(0, 4) !== 'user') || !field(text, 'USER', '=')) { continue; }
        found.push({
            Username: field(text, 'USER', '='), SessionId: names[i], uid: number(field(text, 'UID', '=')),
            State: field(text, 'ACTIVE', '=') === '1' ? 'Active' : field(text, 'STATE', '=') || 'Connected',
            StationName: field(text, 'TTY', '=') || field(text, 'DISPLAY', '='), Host: field(text, 'REMOTE_HOST', '=')
        });
    }
    if (found.length) { return found; }
    buffer = bytesOf('/var/run/utmp', MAX_READ);
    if (!buffer) { return []; }
    for (i = 0; i + 384 <= buffer.length && i < 384 * 1024; i += 384) {
        var name = buffer[i] === 7 ? fixedText(buffer, i + 44, 32) : '';
        if (!name) { continue; }
        found.push({
            Username: name, SessionId: fixedText(buffer, i + 40, 4) || String(i / 384), State: 'Active',
            StationName: fixedText(buffer, i + 8, 32), Host: fixedText(buffer, i + 76, 128)
        });
    }
    return found;
}

function people() {
    var names = {}, list = [];
    userSessions().forEach(function (one) { names[one.Username] = 1; });
    for (var name in names) { list.push(name); }
    return list.sort();
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
