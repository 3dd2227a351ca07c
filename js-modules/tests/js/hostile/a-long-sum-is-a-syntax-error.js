//: uncaught nested too deep
eval('1' + '+1'.repeat(1e5));
