//! Cores come and go for years in one worker: what one leaves behind, thousands leave behind.

use std::time::{Duration, Instant};

use boa_engine::js_string;
use js_modules::host::{Dialect, Host, HostOptions, on_big_stack};
use js_modules::meshagent::LAYER;
use microstack::chain::Chain;

/// What a busy core holds at the moment it is cleared.
const CORE: &str = "
    const net = require('node:net'), fs = require('node:fs'), cp = require('node:child_process');
    const kept = [Buffer.alloc(256 << 10)];
    for (let at = 0; at < 50; at++) kept.push(setInterval(() => kept.push([at]), 1 + at));
    const child = cp.spawn('/bin/cat');
    child.stdout.on('data', (data) => { kept.push(data); step(); });
    child.stdin.write('x');
    kept.push(child, fs.openSync('/proc/self/stat'), fs.openSync('/proc/self/status'));
    for (let at = 0; at < 100; at++) kept.push(new Promise(() => {}).then(() => kept));
    (async () => { await new Promise(() => {}); return kept; })();
    const server = net.createServer((peer) => {
        kept.push(peer);
        peer.on('data', () => { peer.write(Buffer.alloc(64 << 10)); step(); });
    });
    server.listen(0, '127.0.0.1', () => {
        const client = net.connect(server.address().port, '127.0.0.1', () => client.write('x'));
        client.once('data', () => { client.pause(); step(); });
        kept.push(client);
    });
    let steps = 0;
    function step() { if (++steps === 3) globalThis.ready = true; }
";

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Memory of this process that is its own, in KiB.
fn private_kib() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn children() -> usize {
    let mut count = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        // A thread may end between the two reads.
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        count += text.split_whitespace().count();
    }
    count
}

fn round(chain: &Chain, dialect: Dialect) {
    let layer = (dialect == Dialect::MeshAgent).then_some(LAYER);
    let options = HostOptions { dialect, layer, argv: vec!["agent".into()], ..HostOptions::default() };
    let mut host = Host::new(chain.clone(), options).unwrap();
    host.run_script("core.js", CORE);
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut ready = false;
    while !ready {
        let soon = Instant::now() + Duration::from_millis(20);
        chain
            .run_until(Some(soon.min(deadline)), &mut |_| {
                host.drain();
                false
            })
            .unwrap();
        let read = host.enter("test", |ctx| ctx.global_object().get(js_string!("ready"), ctx));
        ready = read.unwrap().to_boolean();
        assert!(Instant::now() < deadline, "the core did not get ready: {:?}", host.events());
    }
    drop(host);
}

#[test]
fn clearing_and_pushing_cores_leaks_nothing() {
    let rounds = if std::env::var_os("MESHLITE_SOAK").is_some() { 500 } else { 100 };
    on_big_stack(move || {
        let chain = Chain::new().unwrap();
        let dialects = [Dialect::Node, Dialect::MeshAgent];
        // Allocators and caches find their size first.
        let warm = rounds / 4;
        (0..warm).for_each(|at| round(&chain, dialects[at % 2]));
        let (files, memory) = (open_files(), private_kib());
        (warm..rounds).for_each(|at| round(&chain, dialects[at % 2]));
        let deadline = Instant::now() + Duration::from_secs(10);
        while (open_files() > files || children() > 0) && Instant::now() < deadline {
            chain.run_until(Some(Instant::now() + Duration::from_millis(20)), &mut |_| false).unwrap();
        }
        assert_eq!(children(), 0, "children outlived their cores");
        assert!(open_files() <= files, "{} open files became {}", files, open_files());
        // One core alone holds over 256 KiB of buffer; a leak of it in each round would be 20 MiB.
        let grown = private_kib().saturating_sub(memory);
        println!("{rounds} rounds: {files} open files, {memory} KiB, grown by {grown} KiB");
        assert!(grown < 4096, "private memory grew by {grown} KiB from {memory} in {} rounds", rounds - warm);
    })
    .unwrap();
}
