//! A server that cannot be reached must cost nothing: the pain behind many a swapping Raspberry Pi.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::peer::{auth_request, auth_verify, identities};
use meshlite_tests::{Agent, eventually, procfs, soak};
use microstack::tls;
use microstack::wire::{MeshId, MshBuilder, ServerUrl};
use rustls::{ServerConnection, StreamOwned};
use tungstenite::Message;

/// Five ways to fail, in turn: closed at once, no TLS, no WebSocket, a wrong hash, closed inside the handshake.
fn failing_server() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let certificate = Certificate::p256("a failing server");
    let config = tls::server_config(vec![certificate.der.clone()], &certificate.key).unwrap();
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            let config = config.clone();
            std::thread::spawn(move || {
                let _ = tcp.set_read_timeout(Some(Duration::from_secs(10)));
                let mut tcp = tcp;
                let mut piece = [0; 4096];
                match number % 5 {
                    0 => {}
                    1 => {
                        let _ = tcp.read(&mut piece);
                        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                    }
                    2 => {
                        let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
                        let _ = tls.read(&mut piece);
                        let _ =
                            tls.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
                        tls.conn.send_close_notify();
                        let _ = tls.flush();
                    }
                    kind => {
                        let tls = StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
                        let Ok(mut socket) = tungstenite::accept(tls) else { return };
                        while let Ok(message) = socket.read() {
                            if message.into_data().starts_with(&[0, 1]) {
                                break;
                            }
                        }
                        if kind == 3 {
                            let _ = socket.send(Message::binary(auth_request([9; 48], [8; 48])));
                            let proof = auth_verify(&identities(1)[0].cert_der, &[7; 256]);
                            let _ = socket.send(Message::binary(proof));
                        }
                        let _ = socket.close(None);
                        let _ = socket.flush();
                    }
                }
            });
        }
    });
    (address, count)
}

#[test]
fn a_failed_connect_leaves_no_memory() {
    let total = if soak() { 10_000 } else { 500 };
    let (address, count) = failing_server();
    let url = ServerUrl::parse(&format!("wss://{address}/agent.ashx")).unwrap();
    let msh = MshBuilder::group("nowhere", MeshId([7; 48]), identities(1)[0].server_id(), &url).emit();
    let mut agent = Agent::with_identity(&msh, 0, &["--pace", "20"]);
    let worker = agent.worker();
    let reached = |n: usize| {
        eventually(&format!("{n} failed connects"), Duration::from_secs(1200), || {
            (count.load(Ordering::SeqCst) >= n).then_some(())
        });
    };
    reached(100);
    let warm = procfs::rss_kib(worker);
    let descriptors = procfs::descriptors(worker);
    reached(total);
    let after = procfs::rss_kib(worker);
    println!("{warm} KiB after 100, {after} KiB after {total} failed connects");
    assert_eq!(agent.worker(), worker, "the worker was never replaced");
    assert!(after <= warm + 256, "memory grew from {warm} to {after} KiB in {total} failed connects");
    assert!(procfs::descriptors(worker) <= descriptors + 4, "descriptors leak");
    agent.process().assert_no_panic();
}

#[test]
fn a_refused_port_is_tried_again_with_growing_patience_and_told_once_each() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = ServerUrl::parse(&format!("wss://{free}/agent.ashx")).unwrap();
    let msh = MshBuilder::group("nowhere", MeshId([7; 48]), identities(1)[0].server_id(), &url).emit();
    let mut agent = Agent::start(&msh);
    let line = agent.process().expect(0, &["not connected", "failures=3"], Duration::from_secs(60));
    assert!(
        line.contains("refused") && line.contains(&free.to_string()),
        "the cause and the address: {line}"
    );
    let status = agent.command(&["status"]);
    assert_eq!(status.code, Some(1), "{status:?}");
    assert!(status.stdout.contains(&free.to_string()), "{status:?}");
}
