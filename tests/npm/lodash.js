const _ = require('lodash');
const list = [{ n: 'b', a: 3 }, { n: 'a', a: 1 }, { n: 'b', a: 2 }];
console.log(_.groupBy(list, 'n'), _.orderBy(list, ['n', 'a'], ['asc', 'desc']), _.sumBy(list, 'a'), _.keyBy(list, 'a'));
console.log(_.merge({ a: [1, { b: 2 }] }, { a: [0, { c: 3 }] }), _.cloneDeep(new Map([[1, { a: new Date(0) }]])), _.isEqual({ a: [1, /x/g] }, { a: [1, /x/g] }));
console.log(_.chunk(_.range(7), 3), _.camelCase('Foo bar-baz'), _.kebabCase('fooBarÄ'), _.deburr('déjà vu'), _.template('hi <%- user %> <% _.forEach(list, function (x) { %>[<%= x %>]<% }) %>')({ user: '<b>', list: [1, 2] }));
console.log(_.get({ a: [{ b: { c: 3 } }] }, 'a[0].b.c'), _.set({}, 'x.y[1]', 5), _.curry((a, b, c) => a + b + c)(1)(2)(3), _.chain([3, 1, 2]).sortBy().map((x) => x * 2).reverse().value());
const late = _.debounce((x) => console.log('debounced', x), 5);
late(1); late(2);
