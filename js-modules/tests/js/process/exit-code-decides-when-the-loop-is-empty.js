//: exit 9
//: prints before 9
//: prints exit 9
process.exitCode = 9;
let once = true;
process.on('beforeExit', (code) => {
    if (once) console.log('before', code);
    once = false;
});
process.on('exit', (code) => console.log('exit', code));
