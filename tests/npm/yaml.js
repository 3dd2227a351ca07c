const YAML = require('yaml');
const text = `# devices\nbase: &base { port: 22, tags: [a, 'b'] }\npi:\n  <<: *base\n  note: |\n    two\n    lines\n  folded: >-\n    one\n    line\n  when: 2024-02-29\n  size: 0x1F\n  none: ~\n`;
const document = YAML.parseDocument(text, { merge: true });
console.log(document.toJS(), document.errors.length);
document.setIn(['pi', 'port'], 2222);
console.log(String(document));
console.log(YAML.stringify({ a: [1, { b: 'x: y' }], long: 'w '.repeat(60), n: null, t: true, s: 'true' }));
try { YAML.parse('a: [1, 2\nb: }'); } catch (error) { console.log(error.name, error.code, error.linePos); }
