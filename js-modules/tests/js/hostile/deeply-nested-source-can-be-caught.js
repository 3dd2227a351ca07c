try { eval('['.repeat(1e5)); } catch (e) { if (e.code !== 'ERR_SOURCE_TOO_DEEP' || !(e instanceof SyntaxError)) throw e; }
