//! Pain 1: existing agents grow by 250 KiB with every failed connection.

mod support;

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use microstack::wire::{MeshId, MshBuilder, ServerId, ServerUrl};
use support::{Agent, Fault, Server, ServerOptions, wait_for};

/// Accepts and closes at once: TLS fails.
fn closes_at_once() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream);
        }
    });
    port
}

/// Accepts and never says a word: as if the packets went nowhere.
fn never_answers() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || {
                let mut stream: TcpStream = stream.unwrap();
                let mut buf = [0; 4096];
                while matches!(stream.read(&mut buf), Ok(1..)) {}
            });
        }
    });
    port
}

#[test]
fn a_failed_connect_leaves_no_memory() {
    let dir = tempfile::tempdir().unwrap();
    let other_certificate =
        Server::start(ServerOptions { fault: Fault::EchoesAnotherHash, ..Default::default() });
    let hangs_up = Server::start(ServerOptions { fault: Fault::ClosesInHandshake, ..Default::default() });
    // Refused, black-holed, TLS failure, bad hash, closed in the handshake: the agent takes them in turn.
    let ports = [1, never_answers(), closes_at_once(), other_certificate.addr.port(), hangs_up.addr.port()];
    let urls: Vec<String> = ports.iter().map(|port| format!("wss://127.0.0.1:{port}/agent.ashx")).collect();
    let id: ServerId = other_certificate.certs.server_id();
    let ids = vec![id.to_hex(); ports.len()].join(",");
    let url = ServerUrl::parse(&urls[0]).unwrap();
    let msh = MshBuilder::group("lab", MeshId([7; 48]), id, &url).finish().emit();
    let text = String::from_utf8(msh).unwrap();
    let text = text.replace(&id.to_hex(), &ids).replace(&urls[0], &urls.join(","));
    let file = dir.path().join("agent.msh");
    std::fs::write(&file, text).unwrap();

    // Every wait is cut to 60 ms, so that six hundred failures take less than a minute.
    let agent = Agent::start(&file, dir.path(), &["--pace", "60", "--log", "debug"]);
    let worker = agent.worker();
    let tries = || agent.log().matches(" DEBUG connecting").count();
    let after = |count: usize| {
        wait_for(&format!("{count} failures"), Duration::from_secs(180), || (tries() > count).then_some(()));
        Agent::memory_kib(worker, "Rss")
    };
    let first = after(100);
    let last = after(600);
    assert_eq!(agent.worker(), worker, "it never restarted");
    // Each kind must really have happened.
    let log = agent.log();
    for part in ["refused", "no answer in time", "hung up", "Certificate the server names"] {
        assert!(log.contains(part), "{part}: {}", &log[log.len().saturating_sub(3000)..]);
    }
    assert!(last <= first + 256, "{first} KiB after 100 failures, {last} KiB after 600");
    agent.stop();
}
