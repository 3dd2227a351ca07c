// A text grown piece by piece, as logs and listings are.
function run() {
    var text = '', i;
    for (i = 0; i < 30000; i++) { text += 'piece ' + i + ';'; }
    return text.length;
}
