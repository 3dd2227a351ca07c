const ab = new ArrayBuffer(64, { maxByteLength: 64 });
const b = Buffer.from(ab, 16, 16);
ab.resize(20);
for (const f of [() => b.toString('hex'), () => b.fill(1), () => b.indexOf('a'), () => b.equals(Buffer.alloc(16)), () => b.swap16(), () => b.copy(Buffer.alloc(9)), () => b.write('hello')]) { try { f(); } catch {} }
const d = Buffer.from(new ArrayBuffer(8));
structuredDetach(d.buffer);
function structuredDetach(x) { x.transfer?.(); }
for (const f of [() => d.toString(), () => d.fill(1), () => d.indexOf('a'), () => Buffer.concat([d]), () => Buffer.from(d)]) { try { f(); } catch {} }
