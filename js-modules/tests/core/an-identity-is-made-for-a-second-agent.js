//: prints root hidden
//: prints 48 true
// What meshcore writes into the store of its diagnostic agent.
var made = require('MeshAgent').GenerateAgentCertificate('CN=MeshNodeDiagnosticCertificate');
console.log(Object.keys(made).join() + ' ' + made.root.passphrase);
var read = require('tls').loadCertificate(made.root);
console.log(read.getKeyHash().length + ' ' + (read.toDER().toString('latin1').indexOf('MeshNodeDiagnosticCertificate') > 0));
