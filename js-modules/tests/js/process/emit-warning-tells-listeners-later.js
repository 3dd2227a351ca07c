//: prints sync
//: prints Odd C1 careful
process.on('warning', (w) => console.log(w.name, w.code, w.message));
process.emitWarning('careful', 'Odd', 'C1');
console.log('sync');
