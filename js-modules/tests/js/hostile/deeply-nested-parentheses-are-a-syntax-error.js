//: uncaught nested too deep
new Function('return ' + '('.repeat(1e5) + '1' + ')'.repeat(1e5));
