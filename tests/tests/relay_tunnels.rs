//! Tunnels through `meshlite-server`: ports behind our agent and behind the real one, and a reader that stops reading.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use meshlite_tests::server::is_connected;
use meshlite_tests::{
    Agent, Message, Operator, PATIENCE, Peer, RealAgent, Server, Tunnel, eventually, interop, procfs, soak,
};
use serde_json::{Value, json};

/// A port that answers with what it gets.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut from, mut to) = (client.try_clone().unwrap(), client);
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    address
}

/// The device, once its core runs.
fn node(server: &Server) -> String {
    eventually("a connected device with a core", PATIENCE, || {
        let devices = server.devices();
        let has_core =
            |d: &&Value| is_connected(d) && d["core"].as_str().is_some_and(|core| !core.is_empty());
        let id = devices.iter().find(has_core)?["id"].as_str()?.to_owned();
        Some(if id.starts_with("node//") { id } else { format!("node//{id}") })
    })
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let step = move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(step).collect()
}

fn bytes_of(tunnel: &mut Tunnel, wanted: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < wanted {
        match tunnel.receive(PATIENCE).expect("the tunnel stays open") {
            Some(Message::Binary(bytes)) => all.extend(bytes),
            Some(Message::Text(_)) => {}
            None => panic!("{} of {wanted} bytes came", all.len()),
        }
    }
    all
}

/// Bytes there and back, then quiet for longer than a heart-beat, then bytes again.
fn port_behind(server: &Server, quiet: Duration) {
    let node = node(server);
    let mut operator = Operator::sign_in(&server.account());
    let port = echo().port();
    let mut tunnel = operator.relay(&node, &format!("tcpport={port}"));
    let data = noise(3_000_000);
    let mut back = Vec::new();
    for piece in data.chunks(50_000) {
        tunnel.send(piece);
        back.extend(bytes_of(&mut tunnel, 1));
    }
    let left = data.len() - back.len();
    back.extend(bytes_of(&mut tunnel, left));
    assert!(back == data, "what came back differs");
    let until = Instant::now() + quiet;
    while Instant::now() < until {
        let left = until.saturating_duration_since(Instant::now());
        assert!(tunnel.receive(left).expect("the tunnel survives its heart-beats").is_none());
    }
    tunnel.send(b"still here");
    assert_eq!(bytes_of(&mut tunnel, 10), b"still here");
}

/// Heart-beats come after 25 to 29 s of silence.
fn quiet() -> Duration {
    if soak() { Duration::from_secs(70) } else { Duration::from_millis(100) }
}

#[test]
fn a_port_behind_our_agent() {
    let server = Server::start();
    let _agent = Agent::start(&server.group("lab"));
    port_behind(&server, quiet());
}

#[test]
fn a_port_behind_the_real_agent() {
    let Some(meshcentral) = interop() else { return };
    let server = Server::start();
    let _agent = RealAgent::start(&meshcentral, &server.group("lab"));
    port_behind(&server, quiet());
}

#[test]
fn a_stalled_reader_costs_the_server_no_memory() {
    let server = Server::start();
    let cookie = Operator::sign_in(&server.account()).cookie();
    let path = format!("/meshrelay.ashx?id=stall&noping=1&auth={cookie}");
    let mut reader = Peer::open(server.address(), &path).unwrap();
    let mut writer = Peer::open(server.address(), &path).unwrap();
    for end in [&mut writer, &mut reader] {
        assert!(matches!(end.receive_message(PATIENCE), Ok(Some(Message::Text(start))) if start == "c"));
    }
    let total: u64 = if soak() { 1 << 30 } else { 200 << 20 };
    let message = noise(64 << 10);
    let count = total / message.len() as u64;
    let before = procfs::anonymous_kib(server.pid());
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let (progress, copy) = (sent.clone(), message.clone());
    let sender = std::thread::spawn(move || {
        for _ in 0..count {
            writer.send(&copy).expect("the tunnel stays open");
            progress.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        writer
    });
    // The sender runs into the reader that does not read.
    let sent_now = || sent.load(std::sync::atomic::Ordering::SeqCst);
    let mut last = (sent_now(), Instant::now());
    eventually("the sender is held back", PATIENCE, || {
        let now = sent_now();
        if now != last.0 {
            last = (now, Instant::now());
        }
        (now > 0 && last.1.elapsed() > Duration::from_secs(1)).then_some(())
    });
    assert!(sent_now() < count / 2, "{} of {count} messages went nowhere", sent_now());
    let stalled = procfs::anonymous_kib(server.pid());
    let mut most = stalled;
    for n in 0..count {
        match reader.receive_message(PATIENCE).expect("the tunnel stays open") {
            Some(Message::Binary(bytes)) => assert!(bytes == message, "message {n} differs"),
            _ => panic!("message {n} did not come"),
        }
        if n % 512 == 0 {
            most = most.max(procfs::anonymous_kib(server.pid()));
        }
    }
    drop(sender.join().unwrap());
    assert!(most < before + 4096, "{before} kB before, {stalled} kB while stalled, {most} kB at most");
    println!(
        "{total} bytes passed; server {before} kB before, {stalled} kB while stalled, {most} kB at most"
    );
}

#[test]
fn a_recording_is_listed_shown_and_exported() {
    let mut server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept").display().to_string();
    server.restart_with(&["--recordings".to_owned(), kept.clone(), "--record-all".to_owned()]);
    let _agent = Agent::start(&server.group("lab"));
    let node = node(&server);
    let mut operator = Operator::sign_in(&server.account());
    let options = json!({ "cols": 91, "rows": 31 });
    let mut tunnel = operator.session(&node, 1, Some(options));
    tunnel.send(b"echo one''two\r");
    tunnel.output_until("the answer of the shell", |all| all.contains("onetwo"));
    drop(tunnel);
    let run = |args: &[&str]| {
        let output = std::process::Command::new(meshlite_tests::place::program("meshlite-server"))
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let file = eventually("the recording is whole", PATIENCE, || {
        let all: Value = serde_json::from_str(&run(&["recordings", "list", &kept, "--json"])).unwrap();
        let file = all[0]["file"].as_str()?.to_owned();
        assert_eq!(all[0]["session"]["protocol"], 1);
        run(&["recordings", "show", &file]).contains("the end").then_some(file)
    });
    let cast = run(&["recordings", "export", &file, "--asciicast"]);
    let lines: Vec<Value> = cast.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["width"], &lines[0]["height"]), (&json!(91), &json!(31)));
    let shown: String =
        lines[1..].iter().filter(|line| line[1] == "o").filter_map(|line| line[2].as_str()).collect();
    assert!(shown.contains("onetwo"), "{shown:?}");
    assert!(lines[1..].iter().all(|line| line[1] != "i"), "what was typed must be asked for");
}
