try { for (;;) setTimeout(() => {}, 1e6).unref(); } catch (e) { if (e.code !== 'ERR_TOO_MANY_TIMERS') throw e; }
