//: exit 2
setTimeout(() => console.log('late'), 1);
process.nextTick(() => console.log('tick'));
process.on('exit', () => process.nextTick(() => console.log('tick in exit')));
try {
    process.exit(2);
} catch {
    console.log('caught');
} finally {
    console.log('finally');
}
