//: prints got hi
const { Readable, Writable, Duplex } = require('stream');
const util = require('util');
function Mine() { Readable.call(this); this.left = ['hi', null]; }
util.inherits(Mine, Readable);
Mine.prototype._read = function () { this.push(this.left.shift()); };
class Sink extends Writable { _write(chunk, encoding, callback) { console.log('got ' + chunk); callback(); } }
new Mine().pipe(new Sink());
if (!(new Duplex() instanceof Writable) || !(new Duplex() instanceof Readable)) throw new Error('Duplex is both');
