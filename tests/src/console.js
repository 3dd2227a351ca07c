// Sends console lines to devices of a MeshCentral and prints what they answer, as JSON: a list of
// `{line, answers: {nodeid: [texts]}}`. Run by tests as: node -e THIS WS_MODULE URL USER PASSWORD NODEIDS LINES
const [wsModule, url, user, password, nodes, lines] = process.argv.slice(1);
const WebSocket = require(wsModule);
const base64 = (text) => Buffer.from(text).toString('base64');
const ids = JSON.parse(nodes), commands = JSON.parse(lines), results = [];
const FIRST_MS = 8000, QUIET_MS = 700;

const socket = new WebSocket(url + '/control.ashx', {
  rejectUnauthorized: false, headers: { 'x-meshauth': base64(user) + ',' + base64(password) },
});
let current, timer;

function next() {
  if (current !== undefined) { results.push(current); }
  const line = commands.shift();
  if (line === undefined) {
    process.stdout.write(JSON.stringify(results), () => process.exit(0));
    return;
  }
  current = { line, answers: Object.fromEntries(ids.map((id) => [id, []])) };
  for (const nodeid of ids) { socket.send(JSON.stringify({ action: 'msg', type: 'console', nodeid, value: line })); }
  timer = setTimeout(next, FIRST_MS);
}

socket.on('message', (data) => {
  const message = JSON.parse(data);
  if (message.action === 'serverinfo') { next(); return; }
  if (message.action === 'close') { console.error(JSON.stringify(message)); process.exit(1); }
  if (message.action !== 'msg' || message.type !== 'console' || current === undefined) { return; }
  if (current.answers[message.nodeid] === undefined) { return; }
  current.answers[message.nodeid].push(String(message.value));
  // Each has answered once: whatever comes late belongs to the same command, if it comes soon.
  if (ids.every((id) => current.answers[id].length > 0)) {
    clearTimeout(timer);
    timer = setTimeout(next, QUIET_MS);
  }
});
socket.on('error', (error) => { console.error(String(error)); process.exit(1); });
socket.on('close', () => { console.error('the server closed the connection'); process.exit(1); });
