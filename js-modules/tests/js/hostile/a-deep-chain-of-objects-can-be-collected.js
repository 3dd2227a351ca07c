let o = null;
for (let i = 0; i < 1e6; i++) o = { o };
o = null;
for (let i = 0; i < 200; i++) Buffer.alloc(1e6);
