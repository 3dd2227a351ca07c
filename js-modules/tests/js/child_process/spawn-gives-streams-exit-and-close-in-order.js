//: prints spawn
//: prints out:hello
//: prints exit 3 null
//: prints close 3 null
const { spawn } = require('child_process');
const child = spawn('sh', ['-c', 'echo hello; exit 3']);
let text = '';
child.on('spawn', () => console.log('spawn'));
child.stdout.on('data', (part) => { text += part; });
child.stdout.on('end', () => console.log('out:' + text.trim()));
child.on('exit', (code, signal) => setTimeout(() => console.log('exit', code, signal), 0));
child.on('close', (code, signal) => setTimeout(() => console.log('close', code, signal), 5));
