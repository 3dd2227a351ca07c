/* meshlite-core
{ "name": "pipeline", "version": "1.0.0",
  "permissions": { "exec": ["/bin/ls", "/usr/bin/ls", "/bin/grep", "/usr/bin/grep", "/usr/bin/wc", "/bin/wc"] } }
*/
'use strict';

// `ls FOLDER | grep TEXT | wc -l` without a shell: three children and the pipes between them. A word from the console
// never becomes a part of a command line. Console: `count FOLDER TEXT`.

const agent = require('MeshAgent');
const { spawn } = require('node:child_process');

// Gives what the last program printed; fails when a program cannot be started.
function pipeline(...commands) {
    return new Promise((resolve, reject) => {
        const children = commands.map(([file, ...args]) => spawn(file, args, { timeout: 10000 }));
        children.forEach((child, at) => {
            child.on('error', reject);
            child.stdin.on('error', () => {}); // a reader that ended early: as in a shell
            if (at > 0) children[at - 1].stdout.pipe(child.stdin); else child.stdin.end();
        });
        let printed = '';
        const last = children.at(-1);
        last.stdout.on('data', (chunk) => { printed = (printed + chunk).slice(0, 65536); });
        last.on('close', () => resolve(printed));
    });
}

async function count(folder, wanted) {
    if (!wanted) return 'Try: count FOLDER TEXT';
    try {
        const lines = await pipeline(['/bin/ls', '--', folder], ['/bin/grep', '-F', '-e', wanted], ['/usr/bin/wc', '-l']);
        return `${Number(lines)} names in ${folder} have ${wanted}`;
    } catch (error) {
        return error.message;
    }
}

agent.AddCommandHandler(async (command) => {
    if (command.action !== 'msg' || command.type !== 'console') return;
    const [name, ...words] = command.value.split(' ');
    const value = name === 'count' ? await count(...words) : 'Try: count FOLDER TEXT';
    agent.SendCommand({ action: 'msg', type: 'console', sessionid: command.sessionid, value });
});
agent.AddConnectHandler((open) => {
    if (open) agent.SendCommand({ action: 'coreinfo', value: 'pipes children', caps: 8 | 16 });
});
