//: real
//: prints {"protocol":"http:","host":"a.example","port":81,"path":"/x?y","method":"GET"}
//: prints {"protocol":"http:","host":"name","port":80,"path":"/","method":"GET"}
//: prints {"protocol":"http:","host":"","port":80,"path":"/x","method":"GET"}
//: prints {"protocol":"wss:","host":"a.example","port":443,"path":"/","method":"GET"}
//: prints http.parseUri(): Invalid Parameters
//: prints 0 0
var parse = require('http').parseUri;
['a.example:81/x?y', 'name', '/x', 'wss://a.example'].forEach(function (text) { console.log(JSON.stringify(parse(text))); });
try { parse(undefined); } catch (e) { console.log('' + e); }
// Neither is an empty path the present folder.
console.log(require('fs').readdirSync('').length + ' ' + require('fs').readdirSync('*').length);
