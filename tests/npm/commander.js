const { Command, Option } = require('commander');
const program = new Command();
program.name('tool').version('1.2.3').exitOverride().configureOutput({ writeErr: (text) => console.log('err', text.trim()) })
    .option('-v, --verbose', 'talk', (_, n) => n + 1, 0).addOption(new Option('--level <l>', 'level').choices(['low', 'high']).default('low'));
program.command('send <file> [more...]').option('--no-check').action((file, more, options) => console.log(file, more, options, program.opts()));
program.parse(['-v', '-v', 'send', 'a.bin', 'b', 'c', '--no-check'], { from: 'user' });
for (const args of [['--level', 'mid', 'send', 'x'], ['send'], ['unknown']]) {
    try { program.parse(args, { from: 'user' }); } catch (error) { console.log(error.code, error.exitCode); }
}
console.log(program.helpInformation());
