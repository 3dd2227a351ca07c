/* meshlite-core
{ "name": "blink", "version": "1.0.0",
  "permissions": { "fs.read": ["/sys/class/gpio"], "fs.write": ["/sys/class/gpio"] } }
*/
'use strict';

// Blinks a GPIO line through sysfs. Line and rate come from the agent's settings: `gpio=17`, `blinkMs=500` in the .msh
// file; `gpioFolder` is a stand-in for machines without GPIO. Console: on, off, blink, state.

const agent = require('MeshAgent');
const fs = require('fs');

const settings = _MSH();
const folder = settings.gpioFolder || '/sys/class/gpio';
const line = Number(settings.gpio || 17);
const every = Number(settings.blinkMs || 500);
const pin = `${folder}/gpio${line}`;
let timer = null;

function prepare() {
    if (!fs.existsSync(pin)) fs.writeFileSync(`${folder}/export`, String(line)); // the kernel makes the folder
    fs.writeFileSync(`${pin}/direction`, 'out');
}

function set(on) {
    fs.writeFileSync(`${pin}/value`, on ? '1' : '0');
}

function state() {
    return fs.readFileSync(`${pin}/value`).toString().trim() === '1' ? 'on' : 'off';
}

function stop() {
    if (timer !== null) clearInterval(timer);
    timer = null;
}

const commands = {
    on() { stop(); set(true); return 'on'; },
    off() { stop(); set(false); return 'off'; },
    blink() {
        stop();
        timer = setInterval(() => set(state() === 'off'), every);
        return `blinking every ${every} ms`;
    },
    state: () => (timer === null ? state() : 'blinking'),
};

agent.AddCommandHandler((command) => {
    if (command.action !== 'msg' || command.type !== 'console') return;
    let value = `Try: ${Object.keys(commands).join(', ')}`;
    try {
        if (Object.hasOwn(commands, command.value)) value = commands[command.value]();
    } catch (error) {
        value = `${error}`;
    }
    agent.SendCommand({ action: 'msg', type: 'console', sessionid: command.sessionid, value });
});

prepare();
agent.AddConnectHandler((open) => {
    if (open) agent.SendCommand({ action: 'coreinfo', value: `blink 1.0 on GPIO ${line}`, caps: 8 | 16 });
});
