'use strict';
// The interface that packets to the rest of the world take: `{interface, metric}`, or null.

const { read } = require('internal/run');

module.exports = function defaultRoute() {
  let best = null;
  for (const line of read('/proc/net/route').split('\n').slice(1)) {
    const row = line.split('\t');
    // A route to everywhere, with a gateway or straight out of the interface, that is up.
    if (row.length < 8 || row[1] !== '00000000' || row[7] !== '00000000' || (parseInt(row[3], 16) & 1) === 0) { continue; }
    const route = { interface: row[0], metric: Number(row[6]) };
    if (best === null || route.metric < best.metric) { best = route; }
  }
  return best;
};
