//: prints spawn /no/such ENOENT
//: prints true -2 spawn /no/such /no/such ["a"]
//: prints close -2
const child = require('child_process').spawn('/no/such', ['a']);
child.on('error', (error) => {
    console.log(error.message);
    console.log(error.detail.includes('was not found'), error.errno, error.syscall, error.path, JSON.stringify(error.spawnargs));
});
child.on('close', (code) => console.log('close', code));
if (child.pid !== undefined) throw new Error('no pid');
