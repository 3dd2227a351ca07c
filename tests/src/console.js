// Sends console lines to devices of a MeshCentral and prints what they answer, as JSON: a list of
// `{line, answers: {nodeid: [texts]}}`. Run by tests as: node -e THIS WS_MODULE URL USER PASSWORD NODEIDS LINES
//
// Behind each line goes a second one whose answer is known: what comes before it belongs to the line, and a line that
// answers nothing is known to. LINES is a list of `[line, later]`; with `later` the answer is not there yet when the
// line has run: then a text of each device is waited for as well, and whatever follows it closely.
const [wsModule, url, user, password, nodes, lines] = process.argv.slice(1);
const WebSocket = require(wsModule);
const base64 = (text) => Buffer.from(text).toString('base64');
const ids = JSON.parse(nodes), commands = JSON.parse(lines), results = [];
// Agents drop console texts beyond ten a second.
const PACE_MS = 250, LATER_MS = 40000, QUIET_MS = 1200;

const socket = new WebSocket(url + '/control.ashx', {
  rejectUnauthorized: false, headers: { 'x-meshauth': base64(user) + ',' + base64(password) },
});
let current, marked, timer, started;

function say(value) {
  for (const nodeid of ids) { socket.send(JSON.stringify({ action: 'msg', type: 'console', nodeid, value })); }
}

function next() {
  if (current !== undefined) { results.push({ line: current.line, answers: current.answers }); }
  const command = commands.shift();
  if (command === undefined) {
    process.stdout.write(JSON.stringify(results), () => process.exit(0));
    return;
  }
  const [line, later] = command;
  current = { line, later, mark: 'mark' + results.length, answers: Object.fromEntries(ids.map((id) => [id, []])) };
  marked = new Set();
  started = Date.now();
  timer = undefined;
  say(line);
  say('eval "\'' + current.mark + '\'"');
  timer = setTimeout(next, LATER_MS);
}

function heard() {
  if (marked.size < ids.length) { return; }
  // A report of an exception is no answer.
  const answered = (id) => current.answers[id].some((text) => !text.startsWith('uncaughtException'));
  if (current.later && !ids.every(answered)) { return; }
  clearTimeout(timer);
  const pause = current.later ? QUIET_MS : 0;
  timer = setTimeout(next, Math.max(pause, started + PACE_MS - Date.now()));
}

socket.on('message', (data) => {
  const message = JSON.parse(data);
  if (message.action === 'serverinfo') { next(); return; }
  if (message.action === 'close') { console.error(JSON.stringify(message)); process.exit(1); }
  if (message.action !== 'msg' || message.type !== 'console' || current === undefined) { return; }
  if (current.answers[message.nodeid] === undefined) { return; }
  const text = String(message.value);
  if (text.includes(current.mark)) { marked.add(message.nodeid); } else { current.answers[message.nodeid].push(text); }
  heard();
});
socket.on('error', (error) => { console.error(String(error)); process.exit(1); });
socket.on('close', () => { console.error('the server closed the connection'); process.exit(1); });
