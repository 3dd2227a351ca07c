//: prints wss://127.0.0.1:443/agent.ashx 127.0.0.1 true
//: prints 96 96 6 true Office
//: prints true false undefined true
//: prints connected 1 true
//: prints 14:58:51 Nov 21 2022
//: prints 42 x
//: prints 60
//: prints true
var M = require('MeshAgent');
console.log(M.ServerUrl + ' ' + M.ServerIP + ' ' + (M.ServerInfo.ControlChannelCertificate.digest == new Array(49).join('AB')));
console.log(M.ServerInfo.MeshID.length + ' ' + M.coreHash.length + ' ' + M.ARCHID + ' ' + M.isControlChannelConnected + ' ' + _MSH().MeshName);
console.log((M.hasKVM === 0 || M.hasKVM === 1) + ' ' + M.isService + ' ' + M.serviceName + ' ' + (M.displayName.length > 0));
M.on('Connected', function (s) { console.log('connected ' + s + ' ' + (this === M)); });
console.log(process.versions.compileTime.split(', ').join(' '));
console.log(M.eval('6*7') + ' ' + M.eval('var fromEval = "x"; fromEval'));
M.idleTimeout = 60;
console.log('' + M.idleTimeout);
try { M.on('Nonsense', function () { }); } catch (e) { console.log(('' + e).indexOf('non-existing') > 0); }
