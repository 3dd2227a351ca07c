'use strict';

// One thread runs all script of a context: packages that ask whether they are on the main thread get their answer,
// and whoever wants a second one is told that there is none.

const { make } = require('internal/errors');

class Worker {
    constructor() {
        throw make(Error, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', 'Worker threads are unavailable: this host runs all script on one thread');
    }
}

module.exports = {
    isMainThread: true,
    parentPort: null,
    resourceLimits: {},
    threadId: 0,
    workerData: null,
    SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
    Worker,
    getEnvironmentData: (key) => environment.get(key),
    setEnvironmentData(key, value) {
        if (value === undefined) environment.delete(key);
        else environment.set(key, value);
    },
};

const environment = new Map();
