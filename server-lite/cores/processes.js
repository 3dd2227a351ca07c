// ---- processes ----

// Every process: `pid (name) state parent ...` in its stat; the name may hold blanks and brackets.
function table() {
    var names = fs.readdirSync('/proc'), rows = [];
    for (var i = 0; i < names.length; i++) {
        var stat = /^\d+$/.test(names[i]) ? read('/proc/' + names[i] + '/stat') : '', close = stat.lastIndexOf(')');
        if (close < 0) { continue; }
        var rest = stat.substring(close + 2).split(' ');
        rows.push({
            pid: number(names[i]), parent: number(rest[1]), state: rest[0], kib: number(rest[21]) * 4,
            name: stat.substring(stat.indexOf('(') + 1, close)
        });
    }
    return rows.sort(function (a, b) { return a.pid - b.pid; });
}

function processes() {
    return table().map(function (p) {
        return pad(p.pid, 7, true) + ' ' + p.state + ' ' + pad(p.kib, 9, true) + ' KiB  ' + p.name;
    }).join('\n');
}

// Ends a process and all that it started.
function end(pid) {
    var all = table(), doomed = [pid];
    for (var i = 0; i < doomed.length; i++) {
        for (var j = 0; j < all.length; j++) { if (all[j].parent === doomed[i]) { doomed.push(all[j].pid); } }
    }
    doomed.forEach(function (one) { try { process.kill(one, 9); } catch (e) { /* gone already */ } });
}
