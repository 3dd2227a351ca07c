// Runs a console line in the shell and answers with what it printed and how it ended.
var agent = require('MeshAgent');
var LONGEST = 16384;

function run(line, done) {
    var child = require('child_process').execFile('/bin/sh', ['sh', '-c', line]);
    var printed = '';
    var keep = function (chunk) {
        if (printed.length < LONGEST) { printed += chunk.toString(); }
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('exit', function (code) { done(code, printed.substring(0, LONGEST)); });
}

agent.AddCommandHandler(function (command) {
    if (command.action !== 'msg' || command.type !== 'console') { return; }
    run(command.value, function (code, printed) {
        agent.SendCommand({
            action: 'msg', type: 'console', sessionid: command.sessionid,
            value: printed + '\nended with ' + code
        });
    });
});

agent.SendCommand({ action: 'coreinfo', value: 'Example: run', caps: 8 | 16 });
