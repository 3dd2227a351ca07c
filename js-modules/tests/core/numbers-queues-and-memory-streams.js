//: real
//: prints 12345678901234567891 24691357802469135780 1763668414462081127 1 258 513 4
//: prints -1 1 0
//: prints 010002000000036162
//: prints true false 5 5 true
//: prints 891568578 1267612143
var bignum = require('bignum'), big = bignum('12345678901234567890');
console.log([big.add(bignum('1')), big.mul(bignum('2')), big.div(bignum('7')), big.mod(bignum('7')),
    bignum.fromBuffer(Buffer.from('0102', 'hex')), bignum.fromBuffer(Buffer.from('0102', 'hex'), { endian: 'little' }),
    bignum('9').sub(bignum('5')).toNumber()].map(function (n) { return n.toString(); }).join(' '));
console.log(big.cmp(bignum('5')) + ' ' + bignum('5').cmp(big) + ' ' + big.cmp(big));
var MemoryStream = require('MemoryStream'), memory = new MemoryStream();
memory.writeUInt8(1);
memory.writeUInt16BE(2);
memory.writeUInt32BE(3);
memory.write(Buffer.from('ab'));
memory.end();
console.log(memory.buffer.toString('hex'));
var Queue = require('queue'), queue = new Queue(), answers = [queue.isEmpty()];
queue.enQueue(5);
answers.push(queue.isEmpty(), queue.peekQueue(), queue.deQueue(), queue.isEmpty());
console.log(answers.join(' '));
var crc = require('crc32-stream').create();
crc.write(Buffer.from('abc'));
var first = crc.value;
crc.end(Buffer.from('def'));
console.log(first + ' ' + crc.value);
