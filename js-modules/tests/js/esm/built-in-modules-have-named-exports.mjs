import assert, { strictEqual } from 'assert';
import { EventEmitter, once } from 'node:events';
import events from 'node:events';
import { readFileSync, promises } from 'fs';
import * as path from 'path';

strictEqual(assert.strictEqual, strictEqual);
strictEqual(events, EventEmitter);
strictEqual(typeof once, 'function');
strictEqual(typeof promises.readFile, 'function');
strictEqual(path.default.join, path.join);
assert(readFileSync(import.meta.filename, 'utf8').startsWith('import assert'));
