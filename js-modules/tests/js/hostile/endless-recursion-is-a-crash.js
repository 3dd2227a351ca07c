//: crash functions call each other deeper
function f() { return f() + 1; }
try { f(); } catch { process.exit(0); }
