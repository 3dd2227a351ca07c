//: uncaught nested too deep
(0, eval)('['.repeat(1e5) + ']'.repeat(1e5));
