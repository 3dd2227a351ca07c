// Building, splitting, searching and replacing text.
function run() {
    var parts = [], i, at, count = 0, text;
    for (i = 0; i < 40000; i++) { parts.push('line ' + i); }
    text = parts.join('\n');
    for (i = 0; i < 4; i++) { count += text.split('\n').length; }
    for (at = text.indexOf('9'); at >= 0; at = text.indexOf('9', at + 1)) { count++; }
    count += text.replace(/7/g, 'seven').length;
    return count;
}
