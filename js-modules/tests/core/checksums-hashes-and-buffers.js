//: real
//: prints 891568578 910901175 891568578 910901175 871334697
//: prints BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD
//: prints 900150983CD24FB0D6963F7D28E17F72
//: prints done
//: prints hash CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA134C825A7
//: prints 616263 61:62:7A 0AFF a YWJj
//: prints 96
//: prints Error generating FileHash
//: prints 16909060 515 4.3.2.1
console.log([crc32('abc'), crc32c('abc'), crc32('c', crc32('ab')), crc32c(Buffer.from('abc')), crc32('abc', 5)].join(' '));
console.log(require('SHA256Stream').create().syncHash('abc').toString('hex'));
console.log(require('MD5Stream').create().syncHash('abc').toString('hex'));
var s = require('SHA384Stream').create(), hash;
s.on('hash', function (h) { hash = h.toString('hex'); });
s.write('ab'); s.write('c'); s.end();
console.log('done');
console.log('hash ' + hash);
console.log([Buffer.from('abc').toString('hex'), Buffer.from('abz').toString('hex:'), Buffer.from('0x0aFF', 'hex').toString('hex'),
  Buffer.from('61006200', 'hex').toString(), Buffer.from('abc').toString('base64')].join(' '));
console.log('' + getSHA384FileHash('/etc/passwd').toString('hex').length);
try { getSHA384FileHash('/no/such'); } catch (e) { console.log(('' + e).trim()); }
var b = Buffer.from('0102030405', 'hex');
console.log(ntohl(b, 0) + ' ' + ntohs(b, 1) + ' ' + _ipv4From(16909060));
