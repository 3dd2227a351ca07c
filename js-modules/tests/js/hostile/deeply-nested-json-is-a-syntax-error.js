//: prints SyntaxError
try {
    JSON.parse('['.repeat(1e6));
} catch (error) {
    console.log(error.name);
}
