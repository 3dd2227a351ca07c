// Picking lines apart, as cores do with the output of tools.
function run() {
    var line = 'eth0      Link encap:Ethernet  HWaddr 02:fc:00:00:00:01  inet 192.168.17.23/24 metric 100';
    var mac = /([0-9a-f]{2}:){5}[0-9a-f]{2}/i, ip = /(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d+)/, word = /\S+/g;
    var count = 0, i;
    for (i = 0; i < 6000; i++) {
        count += mac.exec(line)[0].length + Number(ip.exec(line)[4]) + line.match(word).length;
    }
    return count;
}
