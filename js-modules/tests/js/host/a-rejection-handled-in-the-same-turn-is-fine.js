const p = Promise.reject(new Error('handled'));
process.nextTick(() => p.catch(() => {}));
