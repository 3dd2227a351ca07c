const assert = require('assert');
const { parseArgs } = require('util');
const options = { verbose: { type: 'boolean', short: 'v' }, out: { type: 'string', short: 'o' }, tag: { type: 'string', multiple: true } };
const parsed = parseArgs({ args: ['-vo', 'file', '--tag=a', '--tag', 'b', 'rest', '--', '-x'], options, allowPositionals: true });
assert.deepStrictEqual({ ...parsed.values }, { verbose: true, out: 'file', tag: ['a', 'b'] });
assert.deepStrictEqual(parsed.positionals, ['rest', '-x']);
assert.throws(() => parseArgs({ args: ['--nope'], options }), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' });
assert.throws(() => parseArgs({ args: ['--out'], options }), { code: 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' });
assert.throws(() => parseArgs({ args: ['x'], options }), { code: 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL' });
