//! How WebSockets end.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use microstack::chain::Chain;
use microstack::http::{ClosedWhy, Stage};
use microstack::net::ConnectFault;
use microstack::ws::{CloseWhy, Event, SendError};

use crate::harness::*;

#[test]
fn pings_are_answered_on_both_sides() {
    let chain = Chain::new().unwrap();
    let pair = open(&chain, Server::default(), |_| {});
    tell(&chain, pair.client, |cx, conn| conn.ping(cx));
    run(&chain, || pair.at_client.borrow().pongs == 1);
    tell(&chain, pair.server, |cx, conn| conn.ping(cx));
    run(&chain, || pair.at_server.borrow().pongs == 1);
    assert_eq!((pair.at_client.borrow().pings, pair.at_server.borrow().pings), (1, 1));
}

#[test]
fn what_was_sent_before_close_arrives_and_the_code_too() {
    let chain = Chain::new().unwrap();
    let pair = open(&chain, Server::default(), |_| {});
    tell(&chain, pair.server, |cx, conn| {
        for n in 0..50u8 {
            conn.send_binary(cx, vec![n; 20_000]).unwrap();
        }
        conn.close(cx, Some((4001, "go away")));
        conn.close(cx, None); // twice is once
        assert_eq!(conn.send_text(cx, "late"), Err(SendError::Closed));
    });
    run(&chain, || pair.at_server.borrow().closed.is_some() && pair.at_client.borrow().closed.is_some());
    assert_eq!(pair.at_client.borrow().binary.len(), 50);
    assert_eq!(why(&pair.at_client), CloseWhy::Peer { code: Some(4001), reason: "go away".into() });
    assert_eq!(why(&pair.at_server), CloseWhy::Local);
    assert!(pair.at_server.borrow().closed.as_ref().unwrap().clean);
    assert!(pair.at_client.borrow().closed.as_ref().unwrap().clean);
    run_for(&chain, 20);
}

#[test]
fn a_close_that_comes_in_the_middle_of_a_long_frame_is_answered_after_it() {
    const LONG: usize = 12 << 20;
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    let mut stream = raw(addr);
    stream.write_all(UPGRADE).unwrap();
    run(&chain, || seen.borrow().open.is_some());
    let server = seen.borrow().accepted[0];
    tell(&chain, server, |cx, conn| {
        conn.set_max_backlog(usize::MAX);
        conn.send_binary(cx, vec![7; LONG]).unwrap();
        conn.send_text(cx, "never begun").unwrap();
    });
    run_for(&chain, 30);
    stream.write_all(&masked(0x88, &[0x0F, 0xA1, b'!'])).unwrap();
    run_for(&chain, 100);
    assert!(seen.borrow().closed.is_none(), "the answer is not out");
    let rest = with_peer(&chain, move || {
        read_head(&mut stream);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest
    });
    assert_eq!(rest.len(), 10 + LONG + 5);
    assert_eq!(rest[10 + LONG..], [0x88, 3, 0x0F, 0xA1, b'!']);
    assert_eq!(why(&seen), CloseWhy::Peer { code: Some(4001), reason: "!".into() });
}

#[test]
fn a_client_closes_without_a_code() {
    let chain = Chain::new().unwrap();
    let pair = open(&chain, Server::default(), |_| {});
    tell(&chain, pair.client, |cx, conn| conn.close(cx, None));
    run(&chain, || pair.at_server.borrow().closed.is_some() && pair.at_client.borrow().closed.is_some());
    assert_eq!(why(&pair.at_server), CloseWhy::Peer { code: None, reason: String::new() });
    assert_eq!(why(&pair.at_client), CloseWhy::Local);
}

#[test]
fn close_gives_up_waiting_after_five_seconds() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    let mut stream = raw(addr);
    stream.write_all(UPGRADE).unwrap();
    run(&chain, || seen.borrow().open.is_some());
    let server = seen.borrow().accepted[0];
    let before = Instant::now();
    tell(&chain, server, |cx, conn| conn.close(cx, None));
    run(&chain, || seen.borrow().closed.is_some());
    let took = before.elapsed();
    assert!(took >= Duration::from_secs(5) && took < Duration::from_secs(8), "{took:?}");
    assert!(!seen.borrow().closed.as_ref().unwrap().clean);
}

#[test]
fn a_peer_that_vanishes_is_told_from_one_that_closes() {
    let chain = Chain::new().unwrap();
    let pair = open(&chain, Server::default(), |_| {});
    chain.remove(pair.client); // the process died: no close frame
    run(&chain, || pair.at_server.borrow().closed.is_some());
    assert!(matches!(why(&pair.at_server), CloseWhy::Eof | CloseWhy::Reset(_)));
}

/// Sends `bytes` after an upgrade; gives what the server answered and why it closed.
fn after_upgrade(bytes: Vec<u8>) -> (Vec<u8>, CloseWhy) {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    let rest = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(UPGRADE).unwrap();
        read_head(&mut stream);
        stream.write_all(&bytes).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        rest
    });
    run(&chain, || seen.borrow().closed.is_some());
    (rest, why(&seen))
}

#[test]
fn broken_frames_end_the_connection_with_the_right_code() {
    let not_utf8 = masked(0x81, &[0xC3, 0x28]);
    let unfinished_utf8 = masked(0x81, &[0xC3]);
    let unmasked = vec![0x81, 1, b'a'];
    let reserved_bit = masked(0xC1, b"a");
    let unknown_opcode = masked(0x83, b"a");
    let unknown_control = masked(0x8B, b"a");
    let long_ping = masked(0x89, &[0; 126]);
    let split_ping = masked(0x09, b"a");
    let continuation_of_nothing = masked(0x80, b"a");
    let mut text_in_text = masked(0x01, b"a");
    text_in_text.extend(masked(0x81, b"b"));
    for (what, bytes, code) in [
        ("not UTF-8", not_utf8, 1007u16),
        ("unfinished UTF-8", unfinished_utf8, 1007),
        ("unmasked", unmasked, 1002),
        ("reserved bit", reserved_bit, 1002),
        ("unknown opcode", unknown_opcode, 1002),
        ("unknown control", unknown_control, 1002),
        ("long ping", long_ping, 1002),
        ("split ping", split_ping, 1002),
        ("continuation of nothing", continuation_of_nothing, 1002),
        ("text in text", text_in_text, 1002),
    ] {
        let (rest, why) = after_upgrade(bytes);
        assert!(matches!(why, CloseWhy::Protocol(_)), "{what}: {why:?}");
        let mut close = vec![0x88, 2];
        close.extend(code.to_be_bytes());
        assert_eq!(rest, close, "{what}");
    }
}

#[test]
fn garbage_never_panics() {
    let mut seed = 0x5EED_u64;
    for _ in 0..40 {
        let bytes: Vec<u8> = (0..200)
            .map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 33) as u8
            })
            .chain(std::iter::repeat_n(0, 20))
            .collect();
        let chain = Chain::new().unwrap();
        let (addr, seen) = Server::plain().start(&chain);
        let mut stream = raw(addr);
        stream.write_all(UPGRADE).unwrap();
        run(&chain, || seen.borrow().open.is_some());
        stream.write_all(&bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        run(&chain, || seen.borrow().closed.is_some());
    }
}

#[test]
fn an_upgrade_that_is_refused_says_its_status() {
    let chain = Chain::new().unwrap();
    let server = Server {
        refuse_upgrades: true,
        answer: std::rc::Rc::new(|_| microstack::http::Response::text(404, "nothing here")),
        ..Server::default()
    };
    let (addr, _) = server.start(&chain);
    let seen = Shared::default();
    chain.add("client", WsLink::client(client_options(url(addr, "/nowhere")), &seen));
    run(&chain, || seen.borrow().closed.is_some());
    assert_eq!(why(&seen), CloseWhy::Upgrade { status: 404, text: "Not Found".into() });
    assert!(why(&seen).to_string().contains("check the path"));
}

#[test]
fn a_request_without_upgrade_is_told_so() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    // Not a proper request for a WebSocket: no key. The owner answers it as any other.
    let answer = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream
            .write_all(b"GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            .unwrap();
        read_head(&mut stream)
    });
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(!seen.borrow().requests[0].is_websocket());
}

#[test]
fn an_upgrade_nobody_asked_for_is_refused_by_426() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server { upgrade_all: true, ..Server::plain() }.start(&chain);
    let answer = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
    assert!(answer.contains("Sec-WebSocket-Version: 13\r\n"), "{answer}");
    assert!(matches!(why(&seen), CloseWhy::Protocol(_)));
    assert!(seen.borrow().open.is_none());
}

#[test]
fn a_server_that_speaks_no_http_is_named() {
    let chain = Chain::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").unwrap();
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink);
    });
    let seen = Shared::default();
    let client = chain.add("client", WsLink::client(client_options(plain_url(addr, "/")), &seen));
    run(&chain, || seen.borrow().closed.is_some());
    assert!(matches!(why(&seen), CloseWhy::Upgrade { status: 0, .. }), "{:?}", why(&seen));
    chain.remove(client);
    thread.join().unwrap();
}

#[test]
fn a_connection_refused_is_named() {
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let chain = Chain::new().unwrap();
    let seen = Shared::default();
    chain.add("client", WsLink::client(client_options(url(addr, "/")), &seen));
    run(&chain, || seen.borrow().closed.is_some());
    match why(&seen) {
        CloseWhy::Connect { fault: ConnectFault::Refused, text } => {
            assert!(text.contains(&addr.to_string()) && text.contains("refused"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn silence_runs_into_the_deadline_of_its_stage() {
    for (with_tls, stage) in [(true, Stage::Tls), (false, Stage::Request)] {
        let chain = Chain::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap(); // accepts in the kernel and never speaks
        let addr = listener.local_addr().unwrap();
        let seen = Shared::default();
        let mut options = client_options(if with_tls { url(addr, "/") } else { plain_url(addr, "/") });
        options.connect_timeout = Duration::from_millis(200);
        let before = Instant::now();
        chain.add("client", WsLink::client(options, &seen));
        run(&chain, || seen.borrow().closed.is_some());
        assert_eq!(why(&seen), CloseWhy::Deadline { stage });
        assert!(before.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_silent_tls_client_is_cut_off() {
    let chain = Chain::new().unwrap();
    let mut server = Server::default();
    server.options.tls_timeout = Duration::from_millis(100);
    let (addr, seen) = server.start(&chain);
    let mut stream = raw(addr);
    run(&chain, || seen.borrow().http_closed.is_some());
    assert!(matches!(seen.borrow().http_closed, Some(ClosedWhy::Deadline(Stage::Tls))));
    // At most the alert that says goodbye, then the end.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.len() <= 7, "{rest:?}");
}

#[test]
fn closing_while_connecting_is_legal() {
    let chain = Chain::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let seen = Shared::default();
    let client = chain.add("client", WsLink::client(client_options(url(addr, "/")), &seen));
    run_for(&chain, 10);
    tell(&chain, client, |cx, conn| {
        assert_eq!(conn.send_text(cx, "too early"), Err(SendError::Closed));
        conn.close(cx, None);
    });
    run(&chain, || seen.borrow().closed.is_some());
    assert_eq!(why(&seen), CloseWhy::Local);
}

#[test]
fn a_client_may_close_inside_an_event() {
    let chain = Chain::new().unwrap();
    let (addr, at_server) = Server::default().start(&chain);
    let seen = Shared::default();
    let react: OnEvent = Box::new(|cx, conn, event| {
        if let Event::Open(_) = event {
            conn.send_text(cx, "only this").unwrap();
            conn.close(cx, Some((1000, "")));
        }
    });
    chain.add("client", WsLink::reacting(client_options(url(addr, "/agent.ashx")), &seen, react));
    run(&chain, || seen.borrow().closed.is_some() && at_server.borrow().closed.is_some());
    assert_eq!(at_server.borrow().text, ["only this"]);
    assert_eq!(why(&at_server), CloseWhy::Peer { code: Some(1000), reason: String::new() });
}
