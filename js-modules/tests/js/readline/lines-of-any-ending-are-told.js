//: prints ["a","b","c","de","","last"]
const readline = require('readline');
const { Readable } = require('stream');
(async () => {
    const rl = readline.createInterface({ input: Readable.from(['a\nb\r', '\nc\r\nd', 'e\n\nlast']), crlfDelay: Infinity });
    const lines = [];
    for await (const line of rl) lines.push(line);
    console.log(JSON.stringify(lines));
})();
