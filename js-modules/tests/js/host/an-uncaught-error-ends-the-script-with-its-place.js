//: uncaught an-uncaught-error-ends-the-script-with-its-place.js:3:13 TypeError
setTimeout(() => process.exit(0), 1000);
({}).missing();
