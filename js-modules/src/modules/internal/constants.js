'use strict';

// The old module of all numbers in one object.

const { constants } = require('os');
module.exports = { ...constants.errno, ...constants.signals, ...constants.priority, ...constants.dlopen, ...require('fs').constants };
