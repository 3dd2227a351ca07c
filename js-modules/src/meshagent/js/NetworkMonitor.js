'use strict';
// Addresses that come and go: a look at the interfaces when the kernel's route files change is not possible without
// polling, so this tells of nothing by itself; what it answers when asked is that of `os`.

const { EventEmitter } = require('events');
const os = require('os');

EventEmitter.call(exports).createEvent('change', 'add', 'remove');
for (const name of ['getPrimaryDnsSuffix', 'getArpCache', 'getDefaultGateways', 'name', 'uptime', 'dns', '_longbit']) { exports[name] = os[name]; }
Object.defineProperty(exports, 'Name', { get: function () { return os.Name; }, enumerable: true });
