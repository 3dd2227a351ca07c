const Ajv = require('ajv');
const ajv = new Ajv({ allErrors: true });
const check = ajv.compile({
    type: 'object', required: ['name', 'ports'], additionalProperties: false,
    properties: {
        name: { type: 'string', minLength: 2, pattern: '^[a-z]+$' },
        ports: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 65535 }, uniqueItems: true },
        mode: { enum: ['fast', 'slow'] },
    },
});
for (const value of [{ name: 'pi', ports: [22, 80] }, { name: 'P', ports: [0, 0, 'x'], mode: 'idle', more: 1 }, {}, null]) {
    console.log(check(value), JSON.stringify(check.errors));
}
