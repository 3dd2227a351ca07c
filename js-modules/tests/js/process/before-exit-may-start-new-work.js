//: prints 1
//: prints 2
let n = 0;
process.on('beforeExit', () => {
    if (++n < 3) setTimeout(() => console.log(n), 1);
});
