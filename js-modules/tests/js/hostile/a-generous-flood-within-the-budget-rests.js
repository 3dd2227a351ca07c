//: turn 20000
//: prints 30000
let left = 30000;
let done = 0;
const next = () => {
    done++;
    if (--left > 0) (left % 2 ? queueMicrotask : process.nextTick)(next);
    else setTimeout(() => console.log(done), 0);
};
next();
