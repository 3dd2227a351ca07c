'use strict';
// `wget(uri, path, options)`: fetches a file; a promise with events, settled with the hash of what was written.

const { EventEmitter, fail } = require('events');
const promise = require('promise');

module.exports = function wget(remoteUri, localPath, wgetoptions) {
  const settled = new promise(promise.defaultInit);
  EventEmitter.call(settled).createEvent('bytes', 'abort');
  const options = require('http').parseUri(remoteUri), given = wgetoptions || {};
  for (const name of Object.keys(given)) { options[name] = given[name]; }
  const hash = require('SHA384Stream').create();
  let done = false;
  const refuse = function (e) { if (!done) { done = true; settled._rej(e); } };
  hash.on('hash', function (value) { if (!done) { done = true; settled._res(value.toString('hex')); } });
  const request = require(/^(?:https|wss):$/.test(options.protocol) ? 'https' : 'http').get(options);
  settled._request = request;
  settled.bytes = 0;
  request.on('error', refuse);
  request.on('response', function (response) {
    if (response.statusCode !== 200) { refuse(fail('Server responded with Status Code: ' + response.statusCode)); response._dump(); return; }
    try {
      const file = require('fs').createWriteStream(localPath, { flags: 'wb' });
      response.on('data', function (chunk) { settled.bytes += chunk.length; settled.emit('bytes', chunk.length); });
      response.on('error', refuse);
      response.pipe(file);
      response.pipe(hash);
    } catch (e) {
      refuse(e);
    }
  });
  settled.abort = function () { request.abort(); refuse(fail('aborted')); };
  return settled;
};
