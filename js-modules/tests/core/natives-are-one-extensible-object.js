//: prints true 7
//: prints patched
//: prints false
//: prints fs os process childProcess MeshAgent
require('MeshAgent')._tsid = 7;
console.log((require('fs') === require('fs')) + ' ' + require('MeshAgent')._tsid);
var fs = require('fs'), old = fs.readdirSync;
fs.readdirSync = function () { return 'patched'; };
console.log(require('fs').readdirSync('/'));
fs.readdirSync = old;
delete require('MeshAgent')._tsid;
console.log('_tsid' in require('MeshAgent'));
console.log([fs._ObjectID, require('os')._ObjectID, process._ObjectID, require('child_process')._ObjectID, require('MeshAgent')._ObjectID].join(' '));
