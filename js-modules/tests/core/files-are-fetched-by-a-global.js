//: real
//: prints function 3
//: prints rejected
console.log(typeof wget + ' ' + wget.length);
// Nobody listens on the discard port.
wget('http://127.0.0.1:9/x', '/nonexistent/x').then(function () { console.log('fetched'); }, function () { console.log('rejected'); });
