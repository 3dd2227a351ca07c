// The smallest useful core: it says what it is, and answers `hello` on the console.
var agent = require('MeshAgent');

function say(text, sessionid) {
    agent.SendCommand({ action: 'msg', type: 'console', value: text, sessionid: sessionid });
}

agent.AddCommandHandler(function (command) {
    if (command.action !== 'msg' || command.type !== 'console') { return; }
    if (command.value === 'hello') {
        say('Hello from ' + process.platform + ', process ' + process.pid + '.', command.sessionid);
    } else {
        say('I only know: hello', command.sessionid);
    }
});

// 8: console, 16: a JavaScript core.
agent.SendCommand({ action: 'coreinfo', value: 'Example: hello', caps: 8 | 16 });
