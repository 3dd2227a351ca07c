//: prints hello 5n
//: prints hXYlo hXY
//: prints a,a/b,a/f,c,c/b,c/f
//: prints a:true c:true
//: prints rename new
//: prints data XYl
const fs = require('fs');
const os = require('os');
(async () => {
    const root = fs.mkdtempSync(os.tmpdir() + '/meshlite-fs-');
    fs.mkdirSync(root + '/a/b', { recursive: true });
    await fs.promises.writeFile(root + '/a/f', 'hello');
    console.log(await fs.promises.readFile(root + '/a/f', 'utf8'), (await fs.promises.stat(root + '/a/f', { bigint: true })).size);
    const handle = await fs.promises.open(root + '/a/f', 'r+');
    await handle.write('XY', 1);
    const whole = await fs.promises.readFile(root + '/a/f', 'utf8');
    console.log(whole, (await handle.read(Buffer.alloc(3), 0, 3, 0)).buffer.toString());
    await handle.close();
    fs.cpSync(root + '/a', root + '/c', { recursive: true });
    console.log(fs.readdirSync(root, { recursive: true }).sort().join());
    const seen = [];
    for await (const entry of await fs.promises.opendir(root)) seen.push(`${entry.name}:${entry.isDirectory()}`);
    console.log(seen.sort().join(' '));
    const watcher = fs.watch(root + '/a', (kind, name) => { console.log(kind, name); watcher.close(); });
    fs.writeFileSync(root + '/a/new', '1');
    watcher.on('close', () => {
        const stream = fs.createReadStream(root + '/a/f', { start: 1, end: 3, encoding: 'utf8' });
        stream.on('data', (data) => console.log('data', data)).on('close', () => fs.rmSync(root, { recursive: true }));
    });
})();
