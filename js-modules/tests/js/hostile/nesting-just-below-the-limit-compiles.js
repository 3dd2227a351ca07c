// The scan's limit must lie below what the native stack bears: the deepest accepted source of each kind is compiled.
const kinds = [['(', '1', ')'], ['[', '1', ']'], ['(function(){', '', '})()'], ['{', '', '}'], ['x=>', '0', ''],
    ['!', 'a', ''], ['a?b:', 'a', ''], ['if(0){}else ', '{}', ''], ['new ', 'a', ''], ['f(', '1', ')'],
    ['`${', '1', '}`'], ['- ', 'a', ''], ['typeof ', 'a', ''], ['a=', 'a', ''], ['for(;0;)', '{}', ''], ['a**', 'a', ''],
    ['a+', 'a', ''], ['a.', 'a', ''], ['a,', 'a', ''], ['if(0)', '{}', ''], ['class{[', '1', ']}'], ['x={a:', '1', '}'],
    ['async()=>{', '', '}'], ['a??', 'a', ''], ['a[', '1', ']'], ['do ', '{}', 'while(0)\n']];
for (const [open, middle, close] of kinds) {
    let low = 1;
    let high = 100000;
    while (high - low > Math.max(2, low / 8)) {
        const n = Math.ceil((low + high) / 2);
        const start = open.startsWith('class') ? 'x=' : '';
        try {
            new Function(start + open.repeat(n) + middle + close.repeat(n));
            low = n;
        } catch (e) {
            if (!/nested too deep/.test(e.message)) throw new Error(`${open} ${n}: ${e.message}`);
            high = n - 1;
        }
    }
    console.log(open, low);
    if (low < 200) throw new Error(`${open} is refused at ${low}`);
}
