//: crash RuntimeLimitError
function f() { 'a'.replace(/a/, f); return ''; }
f();
