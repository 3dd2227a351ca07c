Math.max.apply(null, new Array(70000).fill(1));
eval('Math.max(' + '1,'.repeat(70000) + '1)');
