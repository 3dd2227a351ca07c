//: exit 5
setTimeout(() => process.exit(6), 0);
Promise.resolve().then(() => {
    Promise.resolve().then(() => process.exit(7));
    process.nextTick(() => process.exit(8));
    try { process.exit(5); } catch { process.exit(9); } finally { Promise.reject(new Error('late')); }
});
