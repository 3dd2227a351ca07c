const assert = require('assert');
const { parse } = require('querystring');
const million = 'a'.repeat(1e6);
const calls = [
    () => new URL('http://host/' + million).pathname.length,
    () => new URL('http://host/' + '../'.repeat(3e5)).pathname.length,
    () => new URL('http://host/?' + 'a=b&'.repeat(1e5)).searchParams.toString().length,
    () => require('url').parse('http://host/' + '%41'.repeat(3e5)).path.length,
    () => require('url').parse('http://' + '@'.repeat(2e5)).href.length,
    () => Object.keys(parse('&'.repeat(1e6))).length + 1,
    () => Object.keys(parse('a=b&'.repeat(1e5), null, null, { maxKeys: 0 })).length,
    () => JSON.parse('[' + '1,'.repeat(5e5) + '1]').length,
    () => JSON.parse('"' + '\\u0041'.repeat(3e5) + '"').length,
    () => Object.keys(JSON.parse('{' + Array.from({ length: 5e4 }, (_, at) => `"k${at}":${at}`).join() + '}')).length,
    () => { try { JSON.parse(' '.repeat(1e6)); } catch (error) { return error.name.length; } },
    () => require('path').normalize('/' + '../a/'.repeat(2e5)).length,
    () => require('util').inspect(million).length,
    () => Buffer.from('='.repeat(1e6), 'base64').length + 1,
    () => Buffer.from(million, 'hex').length,
];
for (const call of calls) {
    const start = Date.now();
    assert(call() > 0, String(call));
    // Linear work takes well under a second; what is quadratic takes minutes.
    assert(Date.now() - start < 20000, `${call} took ${Date.now() - start} ms`);
}
