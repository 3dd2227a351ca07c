const assert = require('assert');
const TIMES = 8;      // linear work takes 8 times as long, quadratic work 64 times
const BOUND = 28;
const work = {
    split(n) { const s = 'abcd,'.repeat(n); return () => s.split(','); },
    'split wide'(n) { const s = 'ab€d,'.repeat(n); return () => s.split(','); },
    indexOf(n) { const s = 'abcd,'.repeat(n); return () => { for (let at = 0; (at = s.indexOf(',', at)) >= 0; at++); }; },
    'indexOf of a needle made to hurt'(n) { const s = 'a'.repeat(n), t = 'a'.repeat(n / 2) + 'b'; return () => s.indexOf(t); },
    lastIndexOf(n) { const s = 'abcd,'.repeat(n); return () => { for (let at = s.length; at > 0 && (at = s.lastIndexOf(',', at - 1)) >= 0;); }; },
    replaceAll(n) { const s = 'abcd,'.repeat(n); return () => s.replaceAll(',', '; '); },
    'replace by pattern'(n) { const s = 'abcd,'.repeat(n); return () => s.replace(/,/g, ';'); },
    'match by pattern'(n) { const s = 'abcd,'.repeat(n); return () => s.match(/b./g); },
    'split by pattern'(n) { const s = 'abcd, '.repeat(n); return () => s.split(/,\s/); },
    'exec in a loop'(n) { const s = 'abcd,'.repeat(n), p = /c(d)/g; return () => { while (p.exec(s)) { /* on */ } }; },
    'JSON.parse of objects'(n) { const s = '[' + '{"a":1,"b":"x"},'.repeat(n) + '0]'; return () => JSON.parse(s); },
    'JSON.parse of one object'(n) { const s = '{' + Array.from({ length: n }, (_, i) => `"k${i}":${i}`) + '}'; return () => JSON.parse(s); },
    'JSON.parse of nested arrays'(n) { const s = '['.repeat(n) + ']'.repeat(n); return () => JSON.parse(s); },
    'JSON.stringify of objects'(n) { const v = Array.from({ length: n }, (_, i) => ({ a: i, b: 'x' })); return () => JSON.stringify(v); },
    'JSON.stringify of one object'(n) { const v = Object.fromEntries(Array.from({ length: n }, (_, i) => ['k' + i, i])); return () => JSON.stringify(v); },
    join(n) { const v = Array.from({ length: n }, (_, i) => i); return () => v.join(); },
    flat(n) { const v = Array.from({ length: n }, (_, i) => [i, [i]]); return () => v.flat(2); },
    splice(n) { const v = Array.from({ length: n }, (_, i) => i); return () => { v.splice(1, 0, 'x', 'y'); v.splice(1, 2); }; },
    fill(n) { const v = new Float64Array(n * 20); return () => v.fill(0.1); },
};
const time = (run) => {
    const start = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - start);
};
for (const [name, make] of Object.entries(work)) {
    const ratios = [];
    // The machine may be busy: the best of some rounds counts.
    for (let round = 0; round < 8 && !(Math.min(...ratios) < BOUND); round++) {
        // Not less: below, everything fits into memory that is at hand already.
        const n = name.startsWith('JSON') ? 3000 : 8000;
        const small = make(n), large = make(n * TIMES);
        small();
        ratios.push(Math.min(time(large), time(large)) / Math.max(time(small), 1));
    }
    assert.ok(Math.min(...ratios) < BOUND, `${name}: ${TIMES} times the work took ${ratios} times as long`);
}
