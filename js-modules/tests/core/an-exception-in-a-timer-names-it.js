//: prints Error: timers.onElapsed() callback handler on 'late()' => Error: late
//: prints again
process.on('uncaughtException', function (e) { console.log('' + e); });
setTimeout(function late() { throw new Error('late'); }, 1);
setTimeout(function () { console.log('again'); }, 30);
clearTimeout(null);
clearTimeout();
