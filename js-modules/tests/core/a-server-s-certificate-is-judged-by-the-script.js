//: prints key true der true
//: prints wrong tls.loadCertificate(): Invalid passphrase
//: prints judged true digest,fingerprint
//: prints up tls.socket true
//: prints got ping
//: prints got pong
//: prints refused not this one
// A PKCS#12 file of OpenSSL's: P-256, AES, as `openssl pkcs12 -export` writes it by default; its passphrase is "hidden".
var tls = require('tls'), hold = [], pfx = Buffer.from('MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcBMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh4egjWxqzmswICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEM0IFHYeae8NGNPQ/ohNcfOAggHgbxylCHeFJZfqOTIkpkO/vsapw42beoslqG7aU7F7IpOsnmpimzpc16OmeFxexCIRyJSRnqUJt5FtvlYI4oK/x8VBPOpRAUkCEUk7Bn7FB0R91xhin0N1B56Z7+wdfh1gl293Ar6Oi+vq7HO+1EiproxjoT6igmTM9Rpmqdpy3yHV3OjSjCJh0m9KKgdqhake1NZAUd5ivK4hvlHlI37/8uJa2W04Pgii6SCor2aD1ua8KroAJRQtVqfMwbUoaZs5bUQAoey9qOsuGJOF1qGTkq2mQUiMUeK1v4vgejoSiQeVNwWVBrypvVzHp8zcv+g+34bxdbpekVY0U3lSO/62u7LK6SWcPXBQ6O3xAjIxP6n43MA4hMTs+364F0R/xD12thRGi5cgcU/ZFFknSKr2SOpXtNED94MVy3sAKZx7YcDGQ9BvF2FMrfD8FU17zpLQ8WpX2V5hPuKnzZmAgAZWpphL18g4MP88v1EQZmVeyRQ8sHOQFF2O2s37T8nzAex+dCkvy7u6PDgjkiVqZxjPaotsQUJA1aDJENbfD1OkyFjiEgZ1cKX6UxUGJuy6opoRMHExrbbGU/O40rzT3+E78d2dyUZWZ2iZbBlO+1H3t9Wnb3iJOarfC4ESM8ADwWaUMIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEqMIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECB2HhoLOAqXBAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQC/veRSC3NkZvoeZkRFuqawSBkA2WZRqCZ0pg/aIj9nq3yNDjhKxZEo110zM0HAHao7AkH1AmucnbxwF6tL+1CcWuF5VJCmwO3okguXkQCyhY1hMKqvEyULxNwb9kQuECL9IFBhRFskGmGAzLKTWyAlaCCYGqHWH+pV3KpVqXq/DN3iOraKRoUz8K6t2AQGcNK6h/RKK5rEGAdMUHCD2k8Qck+DElMCMGCSqGSIb3DQEJFTEWBBTSsYOY4OuG1lSUgHF1hHyq5F4jZTBBMDEwDQYJYIZIAWUDBAIBBQAEIC1pMKILgfsvzsbqfDSCmv5R51zbnoae/llYzHYf2hBhBAhJ77KL+dgAwAICCAA=', 'base64');
var digest = '17:42:21:E0:27:7A:33:29:1F:6B:8C:28:A7:9C:1E:F0:8E:57:5B:B2:CB:1C:55:56:56:01:5C:D0:F5:BD:6E:AC:74:6A:61:D5:F2:18:CD:ED:8A:9E:00:6D:DF:44:C9:76';
var cert = tls.loadCertificate({ pfx: pfx, passphrase: 'hidden' });
console.log('key ' + (cert.getKeyHash().toString('hex') == 'C39DA24DABBB6849ACA593FF2F0CF4FBBB7F66C0349A1BA62C468CD44ABAACEA72B593E7ECA8667A645994DD76FD82D7') + ' der ' + (cert.toDER()[0] == 0x30));
try { tls.loadCertificate({ pfx: pfx, passphrase: 'other' }); } catch (e) { console.log('wrong ' + e); }
var s = tls.createServer({ pfx: pfx, passphrase: 'hidden' });
s.secureConnection = function (c) {
  hold.push(c);
  c.on('data', function (d) { console.log('got ' + d); this.write('pong'); });
};
s.listen({ port: 0, host: '127.0.0.1' });
var to = { port: s.address().port, host: '127.0.0.1', rejectUnauthorized: false };
var judged = false;
to.checkServerIdentity = function (certs) {
  if (!judged) { judged = true; console.log('judged ' + (certs[0].digest == digest) + ' ' + Object.keys(certs[0]).sort().join(',')); }
};
var c = tls.connect(to, function () { console.log('up ' + this._ObjectID + ' ' + (this === c)); this.write('ping'); });
c.on('data', function (d) { console.log('got ' + d); this.end(); });
c.on('close', function () {
  to.checkServerIdentity = function () { throw ('not this one'); };
  hold.push(tls.connect(to, function () { console.log('taken'); }));
  hold[1].on('error', function (e) { console.log('refused ' + e); s.close(); });
});
