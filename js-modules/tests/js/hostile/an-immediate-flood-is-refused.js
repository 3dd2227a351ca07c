try { for (;;) setImmediate(() => {}); } catch (e) { if (e.code !== 'ERR_TOO_MANY_TIMERS') throw e; }
