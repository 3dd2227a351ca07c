//: prints process.stdout function function
//: prints process.stdin true
//: prints nobody types
//: prints 7 4 null
// An agent's core has no terminal: what it would read is at its end.
console.log(process.stdout._ObjectID + ' ' + typeof process.stdout.write + ' ' + typeof process.stdout.end);
console.log(process.stdin._ObjectID + ' ' + (process.stdin === process.stdin));
process.stdin.on('data', function (chunk) { console.log('data ' + chunk); });
process.stdin.on('end', function () {
  console.log('nobody types');
  console.log(process.RLIMITS.NOFILE + ' ' + process.RLIMITS.CORE + ' ' + process.coreDumpLocation);
});
