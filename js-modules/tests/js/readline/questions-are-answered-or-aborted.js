//: prints bob "name? "
//: prints AbortError ABORT_ERR
//: prints ERR_USE_AFTER_CLOSE readline was closed
const readline = require('readline');
const { PassThrough } = require('stream');
(async () => {
    const input = new PassThrough(), output = new PassThrough();
    let shown = '';
    output.on('data', (data) => { shown += data; });
    const rl = readline.promises.createInterface({ input, output });
    const asked = rl.question('name? ');
    input.write('bob\n');
    console.log(await asked, JSON.stringify(shown));
    const stop = new AbortController(), again = rl.question('again? ', { signal: stop.signal });
    stop.abort();
    await again.catch((error) => console.log(error.name, error.code));
    rl.close();
    try { readline.Interface.prototype.question.call(rl, 'x', () => {}); } catch (error) { console.log(error.code, error.message); }
})();
