//: prints a
//: prints b
//: prints 0
//: prints 1
//: prints c
const { setTimeout: sleep, setImmediate: soon, setInterval: every } = require('timers/promises');
const { promisify } = require('util');
(async () => {
    console.log(await sleep(1, 'a'));
    console.log(await soon('b'));
    let n = 0;
    for await (const v of every(1, 'v')) {
        console.log(n++);
        if (n === 2) break;
    }
    console.log(await promisify(setTimeout)(1, 'c'));
})();
