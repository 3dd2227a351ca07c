//: uncaught nested too deep
eval('(function(){'.repeat(1e5) + '})'.repeat(1e5));
