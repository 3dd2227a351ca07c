//: prints {"protocol":"wss:","host":"[::1]","port":444,"path":"/a/b?c=d","method":"GET"}
//: prints {"protocol":"http:","host":"host","port":80,"path":"/","method":"GET","username":"u","password":"p"}
//: prints {"statusCode":200,"statusMessage":"OK","version":{"major":"1","minor":"1"},"headers":{"a":"b","content-length":"5"}}
//: prints {"content-length":"5"}
//: prints {"method":"GET","url":"/x","version":{"major":"1","minor":"1"},"headers":{"a":"b","c":"5"}}
//: prints 10.0.0.0 10.1.2.3
//: prints 16 null false
//: prints PROXY p:8080 DIRECT
//: prints object object
var http = require('http'), headers = require('http-headers');
console.log(JSON.stringify(http.parseUri('wss://[::1]:444/a/b?c=d#e')));
console.log(JSON.stringify(http.parseUri('http://u:p@host')));
console.log(JSON.stringify(headers('HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 5', false)));
console.log(JSON.stringify(headers('Content-Length: 5', true)));
console.log(JSON.stringify(headers('GET /x HTTP/1.1\r\nA: b\r\nC: 5\r\n\r\n')));
var Address4 = require('ip-address').Address4, a = new Address4('10.1.2.3/8');
console.log(a.mask(8) + ' ' + a.toString());
console.log(http.generateNonce(16).length + ' ' + require('global-tunnel').proxyConfig + ' ' + require('global-tunnel').isProxying);
var pac = require('PAC').Create('function FindProxyForURL(u, h) { return shExpMatch(h, "*.lan") ? "DIRECT" : "PROXY p:8080"; }');
console.log(pac.FindProxyForURL('http://a/', 'a.org') + ' ' + pac.FindProxyForURL('http://a/', 'a.lan'));
console.log(typeof require('https').globalAgent.sockets + ' ' + typeof require('https').globalAgent.requests);
