const { v1, v3, v4, v5, v7, validate, version, parse, stringify, NIL } = require('uuid');
console.log(v5('meshlite', v5.DNS), v3('meshlite', v3.URL), version(v4()), version(v7()), version(v1()), new Set(Array.from({ length: 100 }, () => v4())).size);
console.log(validate('x'), validate(NIL), stringify(parse('6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b')), v7() < v7(), v4({ random: Buffer.alloc(16, 7) }));
