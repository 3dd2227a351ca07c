//: loops 10000
//: crash RuntimeLimitError
try { while (true) {} } finally { process.exit(0); }
