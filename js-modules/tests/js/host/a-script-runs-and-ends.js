//: prints hello world
console.log('hello', 'world');
