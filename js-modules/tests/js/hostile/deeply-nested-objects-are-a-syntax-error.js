//: uncaught nested too deep
eval('x=' + '{a:'.repeat(1e5) + '1' + '}'.repeat(1e5));
