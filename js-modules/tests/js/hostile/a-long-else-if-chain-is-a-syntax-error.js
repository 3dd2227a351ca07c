//: uncaught nested too deep
eval('if(a){}else '.repeat(1e5) + '{}');
