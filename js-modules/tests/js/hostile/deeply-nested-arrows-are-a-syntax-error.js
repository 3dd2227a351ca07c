//: uncaught nested too deep
eval('a=>'.repeat(1e5) + '1');
