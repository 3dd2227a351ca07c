function f(n) { return n ? f(n - 1) + 1 : 0; }
if (f(9000) !== 9000) process.exit(1);
function s(n) { if (n) [2, 1].sort(() => { s(n - 1); return 0; }); }
s(3000);
const o = { get x() { return this.n-- > 0 ? this.x : 1; }, n: 4500 };
o.x;
let j = 3000;
JSON.stringify({ toJSON() { return j-- > 0 ? { again: this } : 1; } });
