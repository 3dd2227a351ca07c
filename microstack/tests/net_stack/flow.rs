//! Back-pressure: what happens when one side does not read.

use std::cell::Cell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use microstack::chain::{Chain, Cx};
use microstack::ws::{Conn, Event, SendError};

use crate::harness::*;

const MESSAGE: usize = 64 * 1024;
const COUNT: u32 = 320; // 20 MiB each way

fn numbered(n: u32) -> Vec<u8> {
    let mut message = vec![n as u8; MESSAGE];
    message[..4].copy_from_slice(&n.to_be_bytes());
    message
}

/// Sends the messages from `next` on, until refused or done.
fn pump(cx: &mut Cx<'_>, conn: &mut Conn, next: &Cell<u32>) {
    while next.get() < COUNT {
        match conn.send_binary(cx, numbered(next.get())) {
            Ok(()) => next.set(next.get() + 1),
            Err(SendError::Backlogged) => return,
            Err(SendError::Closed) => panic!("closed"),
        }
    }
}

fn sender(next: Rc<Cell<u32>>) -> OnEvent {
    Box::new(move |cx, conn, event| {
        if let Event::Open(_) | Event::Drained = event {
            pump(cx, conn, &next);
        }
    })
}

#[test]
fn a_stalled_reader_does_not_grow_the_queue_and_loses_nothing() {
    let chain = Chain::new().unwrap();
    let (from_server, from_client) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let counter = from_server.clone();
    let mut server = Server { react: Rc::new(move || sender(counter.clone())), ..Server::default() };
    server.ws.max_message = MESSAGE;
    server.ws.max_backlog = 256 * 1024;
    let (addr, at_server) = server.start(&chain);
    let mut options = client_options(url(addr, "/agent.ashx"));
    options.max_backlog = 256 * 1024;
    let at_client = Shared::default();
    let mut send = sender(from_client.clone());
    let react: OnEvent = Box::new(move |cx, conn, event| {
        if let Event::Open(_) = event {
            conn.pause_reading(cx);
        }
        send(cx, conn, event);
    });
    let client = chain.add("client", WsLink::reacting(options, &at_client, react));
    // The server reads all the time: everything of the client arrives although the client reads nothing.
    run(&chain, || at_server.borrow().binary.len() == COUNT as usize);
    run_for(&chain, 100);
    assert_eq!(at_client.borrow().binary.len(), 0, "paused");
    assert!(from_server.get() < COUNT, "the socket's buffers cannot hold 20 MiB");
    let turns = chain.stats().turns;
    run_for(&chain, 200);
    assert!(chain.stats().turns - turns < 20, "a stalled connection is no reason to be busy");
    tell(&chain, client, |cx, conn| conn.resume_reading(cx));
    run(&chain, || at_client.borrow().binary.len() == COUNT as usize);
    for seen in [&at_client, &at_server] {
        let seen = seen.borrow();
        assert!(seen.backlog_peak <= 256 * 1024 + MESSAGE + 64, "{}", seen.backlog_peak);
        for (n, message) in seen.binary.iter().enumerate() {
            assert_eq!(*message, numbered(n as u32), "message {n}");
        }
    }
    assert!(at_server.borrow().drained > 0);
    run_for(&chain, 20);
    assert_eq!(at_client.borrow().binary.len(), COUNT as usize, "nothing twice");
}

#[test]
fn pings_of_a_peer_that_does_not_read_do_not_pile_up() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    let mut stream = raw(addr);
    stream.write_all(UPGRADE).unwrap();
    run(&chain, || seen.borrow().open.is_some());
    let server = seen.borrow().accepted[0];
    tell(&chain, server, |cx, conn| {
        // More than the socket takes, so that pongs must wait.
        conn.send_binary(cx, vec![0; 12 << 20]).unwrap();
    });
    run_for(&chain, 20);
    stream.set_nonblocking(true).unwrap();
    let ping = masked(0x89, &[1; 125]);
    for _ in 0..20_000 {
        let _ = stream.write(&ping); // whole or not at all, but for the last ones
        if seen.borrow().pings > 2000 {
            break;
        }
        chain.turn(Some(Duration::ZERO)).unwrap();
    }
    assert!(seen.borrow().pings > 2000, "{}", seen.borrow().pings);
    let backlog = Rc::new(Cell::new(0));
    let out = backlog.clone();
    tell(&chain, server, move |_, conn| out.set(conn.backlog()));
    run_for(&chain, 5);
    assert!(backlog.get() > 0 && backlog.get() <= (12 << 20) + 14 + 127, "{}", backlog.get());
}

#[test]
fn drained_comes_once_per_filling() {
    let chain = Chain::new().unwrap();
    let mut server = Server::default();
    server.ws.max_backlog = 1000;
    let pair = open(&chain, server, |_| {});
    tell(&chain, pair.client, |cx, conn| conn.pause_reading(cx));
    run_for(&chain, 5);
    let refused = Rc::new(Cell::new(false));
    let flag = refused.clone();
    tell(&chain, pair.server, move |cx, conn| {
        for _ in 0..500 {
            match conn.send_binary(cx, vec![1; 64 * 1024]) {
                Ok(()) => {}
                Err(e) => {
                    assert_eq!(e, SendError::Backlogged);
                    flag.set(true);
                }
            }
        }
    });
    run(&chain, || refused.get());
    assert_eq!(pair.at_server.borrow().drained, 0);
    tell(&chain, pair.client, |cx, conn| conn.resume_reading(cx));
    run(&chain, || pair.at_server.borrow().drained == 1);
    run_for(&chain, 50);
    assert_eq!(pair.at_server.borrow().drained, 1);
}

#[test]
fn one_busy_connection_does_not_starve_another() {
    let chain = Chain::new().unwrap();
    let mut server = Server::default();
    server.ws.max_message = 1 << 20;
    let (addr, at_server) = server.start(&chain);
    // A raw flood by a thread, and beside it a polite client's ping.
    let flood = std::thread::spawn(move || {
        let config = microstack::tls::client_config(microstack::tls::ClientTrust::AnyChain);
        let name = microstack::tls::server_name("localhost").unwrap();
        let mut tls =
            rustls::StreamOwned::new(rustls::ClientConnection::new(config, name).unwrap(), raw(addr));
        tls.write_all(UPGRADE).unwrap();
        read_head(&mut tls);
        let frame = masked(0x82, &[9; 1000]);
        let mut sent = 0;
        while sent < 8000 && tls.write_all(&frame).is_ok() {
            sent += 1;
        }
        let _ = tls.write_all(&masked(0x88, b""));
        let mut sink = Vec::new();
        let _ = tls.read_to_end(&mut sink);
        sent
    });
    run(&chain, || at_server.borrow().binary.len() > 100);
    let polite = Shared::default();
    let client = chain.add("polite", WsLink::client(client_options(url(addr, "/agent.ashx")), &polite));
    run(&chain, || polite.borrow().open.is_some());
    tell(&chain, client, |cx, conn| conn.ping(cx));
    run(&chain, || polite.borrow().pongs == 1);
    run(&chain, || flood.is_finished());
    assert_eq!(flood.join().unwrap(), 8000);
    run(&chain, || at_server.borrow().binary.len() == 8000);
}
