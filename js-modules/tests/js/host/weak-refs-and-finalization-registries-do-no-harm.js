const registry = new FinalizationRegistry(() => {});
for (let i = 0; i < 1000; i++) registry.register({}, i);
new WeakRef({}).deref();
setImmediate(() => {
    for (let i = 0; i < 100; i++) Buffer.alloc(1e6);
});
