//: exit 7
//: prints exit 5
process.on('exit', (code) => {
    console.log('exit', code);
    process.exit(7);
});
setTimeout(() => process.exit(5), 1);
