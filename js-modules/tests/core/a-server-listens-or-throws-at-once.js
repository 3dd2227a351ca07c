//: prints false true 127.0.0.1 IPv4 true
//: prints server.listen(): Failed to bind
//: prints path 777 true
//: prints server.listen(): Failed to bind
//: real
var net = require('net'), fs = require('fs'), s = net.createServer({ maxConnections: 5 }), before = s.listening;
var same = s.listen({ port: 0, host: '127.0.0.1' }) === s, at = s.address();
console.log(before + ' ' + (same && s.listening) + ' ' + at.address + ' ' + at.family + ' ' + (at.port > 0));
try { net.createServer().listen({ port: at.port, host: '127.0.0.1' }); console.log('twice'); } catch (e) { console.log('' + e); }
var path = process.cwd() + 'listens-' + process.pid + '.sock', p = net.createServer();
p.listen({ path: path, writableAll: true, exclusive: true });
console.log('path ' + (fs.statSync(path).mode & 511).toString(8) + ' ' + fs.existsSync(path));
try { net.createServer().listen({ path: '/nonexistent-folder/x' }); console.log('nowhere'); } catch (e) { console.log('' + e); }
s.close();
p.close();
if (fs.existsSync(path)) { fs.unlinkSync(path); }
