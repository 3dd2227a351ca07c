//: permissions none
'use strict';

let refused;
import('./fixtures/live.mjs').catch((error) => { refused = error; });
process.on('exit', () => {
    if (!/ERR_MODULE_NOT_FOUND|ERR_ACCESS_DENIED/.test(refused?.code)) throw new Error(`not refused: ${refused}`);
});
