//: uncaught a-syntax-error-names-file-line-and-column.js:3:9 SyntaxError
const fine = 1;
const x ] = 2;
