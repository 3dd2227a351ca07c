// Parsing and writing what servers and agents send.
function run() {
    var list = [], i, text, sum = 0;
    for (i = 0; i < 8000; i++) { list.push({ id: i, name: 'device ' + i, tags: ['a', 'b', i], on: i % 2 === 0, at: { x: i / 3, y: null } }); }
    for (i = 0; i < 3; i++) { text = JSON.stringify(list); sum += JSON.parse(text).length + text.length; }
    return sum;
}
