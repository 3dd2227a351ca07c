//: prints caught promise.uncaughtRejection: why
var P = require('promise');
process.on('uncaughtException', function (e) { console.log('caught ' + (e.cause !== undefined && e.message.indexOf('=>') > 0 ? e.cause : e)); });
P.reject('why');
P.reject('seen').catch(function () { });
