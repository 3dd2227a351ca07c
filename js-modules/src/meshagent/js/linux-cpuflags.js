'use strict';
// What the processor can do: the flags of its first core as an object of `true`.

const { read } = require('internal/run');

const found = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(read('/proc/cpuinfo'));
for (const flag of found === null ? [] : found[1].trim().split(/\s+/)) { exports[flag] = true; }
