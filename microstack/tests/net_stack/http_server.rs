//! The HTTP server against raw clients.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use microstack::chain::Chain;
use microstack::http::{ClosedWhy, Response, Stage};

use crate::harness::*;

/// Sends `request` and gives everything the server says until it hangs up.
fn ask(server: Server, request: &[u8]) -> (String, Shared) {
    let chain = Chain::new().unwrap();
    let (addr, seen) = server.start(&chain);
    let request = request.to_vec();
    let answer = with_peer(&chain, move || talk(addr, &request));
    (answer, seen)
}

fn talk(addr: SocketAddr, request: &[u8]) -> String {
    let mut stream = raw(addr);
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or("0").parse().unwrap()
}

#[test]
fn requests_come_one_by_one_and_pipelined_ones_in_order() {
    let request = b"GET /a?x=%41+b&y HTTP/1.1\r\nHost: h\r\n\r\n\
        POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\
        \r\nHEAD /c HTTP/1.1\r\nhOST: h\r\n\r\n\
        POST /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n\
        GET /e HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: h\r\n\r\n";
    let (answer, seen) = ask(Server::plain(), request);
    let seen = seen.borrow();
    let targets: Vec<&str> = seen.requests.iter().map(|request| request.target.as_str()).collect();
    assert_eq!(targets, ["/a?x=%41+b&y", "/b", "/c", "/d", "/e"]);
    assert_eq!(seen.requests[0].path(), "/a");
    assert_eq!(seen.requests[0].query(), [("x".into(), "A b".into()), ("y".into(), String::new())]);
    assert_eq!(seen.requests[1].body, b"hello");
    assert_eq!(seen.requests[3].body, b"abc0123456789");
    assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 5);
    // HEAD: the length of what GET would give, and no body.
    assert!(answer.contains("Content-Length: 7\r\n\r\nHTTP/1.1"), "{answer}");
    assert!(answer.ends_with("Connection: close\r\n\r\nGET /e"), "{answer}");
    assert!(matches!(seen.http_closed, Some(ClosedWhy::Done)));
}

#[test]
fn requests_may_arrive_byte_by_byte() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    let answer = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.set_nodelay(true).unwrap();
        let request =
            b"POST /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n";
        for byte in request {
            stream.write_all(&[*byte]).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    assert_eq!(status(&answer), 200);
    assert_eq!(seen.borrow().requests[0].body, b"wxyz");
}

#[test]
fn what_could_be_understood_in_two_ways_is_refused() {
    for (what, expected, head) in [
        (
            "length and chunks",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "two lengths",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        ),
        (
            "two equal lengths",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        ),
        ("a list of lengths", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello"),
        ("a signed length", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello"),
        ("an empty length", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\nhello"),
        (
            "an endless length",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
        ),
        ("folded header", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"),
        ("blank before colon", 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\nhello"),
        (
            "another coding",
            501,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "a look-alike coding",
            501,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "two codings",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        ),
        ("chunks in 1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("bare line feeds", 400, "GET / HTTP/1.1\nHost: h\n\n"),
        ("one bare line feed", 400, "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
        ("no host", 400, "GET / HTTP/1.1\r\n\r\n"),
        ("two hosts", 400, "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"),
        ("a relative target", 400, "GET x HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("another protocol", 505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"),
        (
            "another expectation",
            417,
            "POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n",
        ),
        ("a NUL in a value", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"),
        (
            "a bad chunk size",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        ),
        (
            "a huge chunk size",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        ),
        (
            "a chunk without end",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX",
        ),
        (
            "chunks with bare line feeds",
            400,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n",
        ),
    ] {
        let (answer, seen) =
            ask(Server::plain(), format!("{head}GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes());
        assert_eq!(status(&answer), expected, "{what}: {answer}");
        assert_eq!(answer.matches("Content-Length: ").count(), 1, "{what}: {answer}");
        assert!(seen.borrow().requests.is_empty(), "{what}");
    }
}

#[test]
fn caps_hold() {
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(17_000));
    assert_eq!(status(&ask(Server::plain(), long.as_bytes()).0), 431);
    let endless = "GET / HTTP/1.1\r\nHost: h\r\nX: ".to_owned() + &"x".repeat(17_000);
    assert_eq!(status(&ask(Server::plain(), endless.as_bytes()).0), 431);
    let many = format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "a: b\r\n".repeat(64));
    assert_eq!(status(&ask(Server::plain(), many.as_bytes()).0), 431);
    let body = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n";
    assert_eq!(status(&ask(Server::plain(), body.as_bytes()).0), 413);
    let mut chunks = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..5 {
        chunks.extend_from_slice(b"4000\r\n");
        chunks.extend_from_slice(&[b'x'; 0x4000]);
        chunks.extend_from_slice(b"\r\n");
    }
    assert_eq!(status(&ask(Server::plain(), &chunks).0), 413);
    let fits = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n{}",
        "y".repeat(65536)
    );
    let (answer, seen) = ask(Server::plain(), fits.as_bytes());
    assert_eq!((status(&answer), seen.borrow().requests[0].body.len()), (200, 65536));
}

#[test]
fn a_client_that_asks_is_told_to_continue() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream
            .write_all(b"PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n")
            .unwrap();
        assert_eq!(read_head(&mut stream), "HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(b"body").unwrap();
        assert!(read_head(&mut stream).starts_with("HTTP/1.1 200 "));
        let mut body = [0; 6];
        stream.read_exact(&mut body).unwrap();
        // Too large a body is refused before it is sent.
        stream
            .write_all(
                b"PUT /y HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\nExpect: 100-continue\r\n\r\n",
            )
            .unwrap();
        assert!(read_head(&mut stream).starts_with("HTTP/1.1 413 "));
    });
    assert_eq!(seen.borrow().requests[0].body, b"body");
    assert_eq!(seen.borrow().requests.len(), 1);
}

#[test]
fn http_1_0_is_served_and_kept_alive_only_on_request() {
    let (answer, _) = ask(Server::plain(), b"GET / HTTP/1.0\r\n\r\n");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    let twice = b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
    let (answer, _) = ask(Server::plain(), twice);
    assert!(answer.contains("Connection: keep-alive\r\n") && answer.ends_with("GET /2"), "{answer}");
}

#[test]
fn slow_heads_and_bodies_meet_their_deadlines() {
    for (part, stage) in [
        ("GET / HTTP/1.1\r\nHost: h\r\nX: ", Stage::Request),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx", Stage::Body),
    ] {
        let chain = Chain::new().unwrap();
        let mut server = Server::plain();
        server.options.head_timeout = Duration::from_millis(150);
        server.options.body_timeout = Duration::from_millis(150);
        let (addr, seen) = server.start(&chain);
        let before = Instant::now();
        let answer = with_peer(&chain, move || {
            let mut stream = raw(addr);
            stream.write_all(part.as_bytes()).unwrap();
            // A trickle must not put off the deadline.
            for _ in 0..20 {
                std::thread::sleep(Duration::from_millis(20));
                if stage == Stage::Request && stream.write_all(b"x").is_err() {
                    break;
                }
            }
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8(answer).unwrap()
        });
        assert!(before.elapsed() < Duration::from_secs(5));
        if !answer.is_empty() {
            assert_eq!(status(&answer), 408);
        }
        let closed = seen.borrow_mut().http_closed.take();
        assert!(matches!(closed, Some(ClosedWhy::Deadline(s)) if s == stage), "{closed:?}");
    }
}

#[test]
fn an_idle_connection_is_closed_and_one_that_never_spoke_too() {
    let chain = Chain::new().unwrap();
    let mut server = Server::plain();
    server.options.head_timeout = Duration::from_millis(150);
    server.options.idle_timeout = Duration::from_millis(150);
    let (addr, seen) = server.start(&chain);
    let silent = raw(addr);
    run(&chain, || seen.borrow().http_closed.is_some());
    drop(silent);
    seen.borrow_mut().http_closed = None;
    let answer = with_peer(&chain, move || talk(addr, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_eq!(status(&answer), 200);
    assert!(matches!(seen.borrow().http_closed, Some(ClosedWhy::Deadline(Stage::Idle))));
}

#[test]
fn a_large_answer_goes_to_a_slow_reader_whole() {
    let body = microstack::ws::Bytes::from((0..5_000_000u32).map(|n| n as u8).collect::<Vec<u8>>());
    let sent = body.clone();
    let mut server =
        Server { answer: Rc::new(move |_| Response::new(200).with_body(sent.clone())), ..Server::default() };
    server.options.tls = None;
    let chain = Chain::new().unwrap();
    let (addr, _) = server.start(&chain);
    let got = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        read_head(&mut stream);
        std::thread::sleep(Duration::from_millis(100));
        let mut got = Vec::new();
        stream.read_to_end(&mut got).unwrap();
        got
    });
    assert!(got == body);
}

#[test]
fn a_reader_that_stops_meets_the_write_deadline() {
    let mut server =
        Server { answer: Rc::new(|_| Response::new(200).with_body(vec![0; 20 << 20])), ..Server::plain() };
    server.options.write_timeout = Duration::from_millis(200);
    let chain = Chain::new().unwrap();
    let (addr, seen) = server.start(&chain);
    let mut stream = raw(addr);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    run(&chain, || seen.borrow().http_closed.is_some());
    assert!(matches!(seen.borrow().http_closed, Some(ClosedWhy::Deadline(Stage::Write))));
}

#[test]
fn answers_cannot_be_split_by_values() {
    let answer: Answer = Rc::new(|request| Response::redirect(302, request.query_value("to").unwrap()));
    let request = b"GET /?to=/x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let (answer, _) = ask(Server { answer, ..Server::plain() }, request);
    assert!(!answer.contains("\r\nSet-Cookie"), "{answer}");
}

#[test]
fn absolute_targets_become_paths() {
    let (answer, _) =
        ask(Server::plain(), b"GET http://h:80/p?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert!(answer.ends_with("GET /p?q"), "{answer}");
}
