//: prints abc true
//: prints stopped true
const { Readable } = require('stream');
(async () => {
    const r = Readable.from(['a', 'b', 'c']);
    let text = '';
    for await (const chunk of r) text += chunk;
    console.log(text, r.destroyed);
    const endless = new Readable({ read() { this.push('x'); } });
    for await (const chunk of endless) break;
    console.log('stopped', endless.destroyed);
})();
