// Objects used as maps: added, read, changed and removed by name.
function run() {
    var map = {}, i, sum = 0;
    for (i = 0; i < 2000; i++) { map['key' + i] = i; }
    for (i = 0; i < 40000; i++) { sum += map['key' + (i % 2000)]; }
    for (i = 0; i < 1000; i++) { delete map['key' + (i * 2)]; }
    return sum + Object.keys(map).length;
}
