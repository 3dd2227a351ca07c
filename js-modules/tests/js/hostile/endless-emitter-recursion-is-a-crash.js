//: crash RuntimeLimitError
const e = new (require('events'))();
e.on('x', () => e.emit('x'));
e.emit('x');
