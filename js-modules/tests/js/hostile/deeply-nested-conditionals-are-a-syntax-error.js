//: uncaught nested too deep
eval('a?b:'.repeat(1e5) + '1');
