'use strict';
// `http-headers`: the head of a message as an object; names in lower case.

function parse(text) {
  const all = {};
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) { continue; }
    const name = line.substring(0, colon).toLowerCase(), value = line.substring(colon + 1).trim();
    all[name] = all[name] === undefined ? value : all[name] + ', ' + value;
  }
  return all;
}

module.exports = function (text, onlyHeaders) {
  const whole = typeof text === 'string' ? text : text.toString();
  if (onlyHeaders === true) { return parse(whole); }
  const end = whole.indexOf('\r\n'), first = end < 0 ? whole : whole.substring(0, end), headers = parse(end < 0 ? '' : whole.substring(end + 2));
  let found = /^HTTP\/(\d+)\.(\d+) (\d+) ?(.*)$/.exec(first);
  if (found !== null) { return { statusCode: Number(found[3]), statusMessage: found[4], version: { major: found[1], minor: found[2] }, headers }; }
  found = /^(\S+) (\S+) HTTP\/(\d+)\.(\d+)$/.exec(first);
  if (found !== null) { return { method: found[1], url: found[2], version: { major: found[3], minor: found[4] }, headers }; }
  return { headers };
};
