//: permissions none
//: prints MODULE_NOT_FOUND
try {
    require('./fixtures/data');
} catch (error) {
    console.log(error.code);
}
require('events');
