'use strict';

// Runs one of Node's test files: `meshlite-agent script run.js FILE [FLAGS…]`. The file sees the arguments and the
// version table that it would see in Node; everything else is the host's own.

const [file, ...flags] = process.argv.slice(2);
process.argv = [process.execPath, file];
process.execArgv = flags;
// Node's tests take this for "crypto is there". The host itself does not claim to hold OpenSSL.
if (require('module').builtinModules.includes('crypto')) process.versions.openssl = '3.0.16';
// They take this for "names of hosts, text encodings and transcoding work", which ours do without Intl.
process.config.variables.v8_enable_i18n_support = 1;
if (flags.includes('--pending-deprecation')) process.env.NODE_PENDING_DEPRECATION = '1';
if (flags.includes('--no-deprecation')) process.noDeprecation = true;
if (flags.includes('--throw-deprecation')) process.throwDeprecation = true;
if (flags.some((flag) => flag.replace('_', '-') === '--expose-internals')) require('./internals.js');
if (file.endsWith('.mjs')) import(file).catch((error) => setImmediate(() => { throw error; }));
else require('module')._load(file, null, true);
