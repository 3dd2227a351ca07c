try { for (;;) process.nextTick(() => {}); } catch (e) { if (e.code !== 'ERR_TOO_MANY_TICKS') throw e; }
