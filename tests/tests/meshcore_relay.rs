//! The unmodified meshcore of a real MeshCentral on our agent: the way through a device to others, and archives.
//!
//! `MESHLITE_PEER=real` runs the same with the real agent, to tell a fault of ours from one of the test.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use meshlite_tests::managed::Device;
use meshlite_tests::{ManagedDevice, Message, PATIENCE, Tunnel, eventually, procfs, soak};
use serde_json::{Value, json};

/// The next data; texts are the relay's own.
#[track_caller]
fn data(tunnel: &mut Tunnel) -> Vec<u8> {
    let until = Instant::now() + PATIENCE;
    loop {
        match tunnel.receive(until.saturating_duration_since(Instant::now())) {
            Ok(Some(Message::Binary(bytes))) => return bytes,
            Ok(Some(Message::Text(_))) => {}
            other => panic!("waited for data: {other:?}"),
        }
    }
}

#[track_caller]
fn ends(tunnel: &mut Tunnel) {
    let until = Instant::now() + PATIENCE;
    while tunnel.receive(Duration::from_secs(1)).is_ok() {
        assert!(Instant::now() < until, "the relay did not end");
    }
}

/// A target on loopback that serves one connection.
fn target(serve: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            serve(stream);
        }
    });
    port
}

#[test]
fn a_tcp_relay_carries_bytes_both_ways_and_ends_with_its_target() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let mut operator = bench.operator();
    // Echoes until it has seen a `Q`.
    let port = target(|mut stream| {
        let mut block = [0; 8192];
        while let Ok(n @ 1..) = stream.read(&mut block) {
            if block[..n].contains(&b'Q') || stream.write_all(&block[..n]).is_err() {
                return;
            }
        }
    });
    let mut relay = operator.relay(&bench.node, &format!("tcpport={port}&tcpaddr=127.0.0.1"));
    // Every byte value but the one that ends it, in pieces that fit no block size.
    let sent: Vec<u8> = (0..600_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .filter(|b| *b != b'Q')
        .collect();
    let mut got = Vec::new();
    for piece in sent.chunks(7001) {
        relay.send(piece);
        // Texts are the operator's own signals: they are not for the target.
        relay.control(&json!({ "ctrlChannel": "102938", "type": "rtt" }));
        let wanted = got.len() + piece.len();
        while got.len() < wanted {
            got.extend(data(&mut relay));
        }
    }
    assert!(got == sent, "the echo differs");
    relay.send(b"Q");
    ends(&mut relay);

    // Nobody listens there any more.
    let mut refused = operator.relay(&bench.node, &format!("tcpport={port}"));
    ends(&mut refused);
    bench.device.process().assert_no_panic();
}

#[test]
fn a_stalled_reader_of_a_tcp_relay_holds_the_target_back() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let mut operator = bench.operator();
    let volume = if soak() { 100_000_000 } else { 12_000_000 };
    let port = target(move |mut stream| {
        let block = [b'd'; 16_000];
        for _ in 0..volume / block.len() {
            if stream.write_all(&block).is_err() {
                return;
            }
        }
    });
    let worker = bench.device.worker();
    let before = procfs::anonymous_kib(worker);
    let mut relay = operator.relay(&bench.node, &format!("tcpport={port}"));
    let mut peak = 0;
    let stalled = Instant::now();
    while stalled.elapsed() < Duration::from_secs(if soak() { 30 } else { 4 }) {
        peak = peak.max(procfs::anonymous_kib(worker));
        thread::sleep(Duration::from_millis(100));
    }
    let mut counted = 0;
    while counted < volume {
        counted += data(&mut relay).len();
        peak = peak.max(procfs::anonymous_kib(worker));
    }
    assert_eq!(counted, volume, "bytes from the target");
    let grown = peak.saturating_sub(before);
    assert!(grown < 24 << 10, "the worker grew from {before} KiB by {grown} KiB");
}

#[test]
fn a_udp_relay_carries_datagrams_and_the_device_wakes_others() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let mut operator = bench.operator();
    let target = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    target.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = target.local_addr().unwrap().port();
    let mut relay = operator.relay(&bench.node, &format!("udpport={port}&udpaddr=127.0.0.1"));
    for text in ["one", "two", "a third, longer datagram"] {
        relay.send(text.as_bytes());
        let mut space = [0; 2000];
        let (n, from) = target.recv_from(&mut space).expect("the datagram");
        assert_eq!(&space[..n], text.as_bytes());
        target.send_to(&[b"re: ", &space[..n]].concat(), from).unwrap();
        assert_eq!(data(&mut relay), [b"re: ", text.as_bytes()].concat());
    }
    drop(relay);

    // Which interfaces there are is the machine's; that sending works on each is ours.
    let said = operator.console(&bench.node, "wakeonlan 010203040506");
    assert!(said.starts_with("Sending wake-on-lan on ") && said.ends_with(" interface(s)."), "{said}");
    assert!(!operator.console(&bench.node, "info").is_empty());
    bench.device.process().assert_no_panic();
}

#[test]
fn files_are_packed_unpacked_moved_and_found() {
    let Some(bench) = ManagedDevice::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let text: String = (0..40_000).map(|n| format!("line {n}\n")).collect();
    fs::create_dir_all(folder.path().join("tree/deep")).unwrap();
    fs::create_dir_all(folder.path().join("elsewhere")).unwrap();
    fs::write(folder.path().join("tree/deep/text.txt"), &text).unwrap();
    fs::write(folder.path().join("notes.txt"), "hello").unwrap();
    let mut operator = bench.operator();
    let mut files = operator.session(&bench.node, 5, None);

    files.control(
        &json!({ "action": "zip", "path": path, "files": ["tree", "notes.txt"], "output": "a.zip" }),
    );
    files.answer("the end of packing", |a| a["action"] == "refresh");
    let archive = folder.path().join("a.zip");
    if let Ok(checked) = Command::new("unzip").arg("-tq").arg(&archive).output() {
        assert!(checked.status.success(), "{checked:?}");
    }

    let out = folder.path().join("out");
    files.control(&json!({ "action": "unzip", "input": archive, "dest": out }));
    files.answer("the end of unpacking", |a| a["action"] == "refresh");
    assert!(
        fs::read(out.join("tree/deep/text.txt")).unwrap() == text.as_bytes(),
        "the unpacked file differs"
    );
    assert_eq!(fs::read(out.join("notes.txt")).unwrap(), b"hello");
    // The real agent never answers for what is no archive.
    if matches!(bench.device, Device::Ours(_)) {
        files.control(&json!({ "action": "unzip", "input": folder.path().join("notes.txt"), "dest": out }));
        let error = files.answer("a refusal", |a| a["msg"] == "unziperror");
        assert!(error["error"].is_string(), "{error}");
    }

    files.control(&json!({
        "action": "move", "scpath": path, "dspath": format!("{path}/elsewhere"), "names": ["notes.txt"],
    }));
    eventually("the move", PATIENCE, || {
        (fs::read(folder.path().join("elsewhere/notes.txt")).ok()? == b"hello").then_some(())
    });
    eventually("the old place to be empty", PATIENCE, || {
        (!folder.path().join("notes.txt").exists()).then_some(())
    });

    let mut found = Vec::new();
    files.control(&json!({ "action": "findfile", "reqid": 11, "path": path, "filter": "*.txt" }));
    loop {
        let one = files.answer("a found file", |a| a["action"] == "findfile" && a["reqid"] == 11);
        match &one["r"] {
            Value::String(name) => found.push(name.clone()),
            _ => break,
        }
    }
    found.sort();
    assert_eq!(
        found,
        ["/elsewhere/notes.txt", "/out/notes.txt", "/out/tree/deep/text.txt", "/tree/deep/text.txt"]
    );
}
