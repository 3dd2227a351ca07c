//! Answers whose bodies are handed over in pieces, at the pace of the client.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, Wake};
use microstack::http::{Event, Response, ServerConn, ServerOptions};
use microstack::net::{ListenOptions, Listener};

use crate::harness::*;

const PIECE: usize = 10_000;

/// Accepts one connection and answers each request with `length` bytes, in pieces that end beyond that.
struct PieceLink {
    listener: Listener,
    conn: Option<ServerConn>,
    length: usize,
    given: usize,
    total: Rc<Cell<usize>>,
}

impl Link for PieceLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.listener.start(cx, 0).unwrap();
        }
        self.listener.wake(cx, &wake);
        while let Some((tcp, peer)) = self.listener.poll(cx) {
            let options = Arc::new(ServerOptions::default());
            self.conn = Some(ServerConn::accept(cx, 1, tcp, peer, &options).unwrap());
        }
        let Some(conn) = &mut self.conn else { return };
        conn.wake(cx, &wake);
        while let Some(event) = conn.poll(cx) {
            if let Event::Request(_) = event {
                self.given = 0;
                conn.respond_in_pieces(cx, Response::new(200), self.length as u64);
            }
        }
        while conn.wants_piece() {
            let piece: Vec<u8> = (self.given..self.given + PIECE).map(byte).collect();
            self.given += PIECE;
            self.total.set(self.total.get() + PIECE);
            conn.push(cx, piece.into());
        }
        cx.set_timer([conn.deadline(), self.listener.deadline()].into_iter().flatten().min());
    }
}

fn byte(at: usize) -> u8 {
    (at % 251) as u8
}

fn start(chain: &Chain, length: usize) -> (SocketAddr, Rc<Cell<usize>>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    let addr = listener.local_addr().unwrap();
    let total = Rc::new(Cell::new(0));
    chain.add("pieces", PieceLink { listener, conn: None, length, given: 0, total: Rc::clone(&total) });
    (addr, total)
}

/// Reads one answer: its head, and as many bytes as that says.
fn answer(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut one = [0];
        stream.read_exact(&mut one).unwrap();
        head.push(one[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length =
        head.split("Content-Length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

#[test]
fn a_body_in_pieces_has_its_length_and_the_next_request_follows() {
    for length in [1, PIECE, 3 * PIECE + 7, 2_000_000] {
        let chain = Chain::new().unwrap();
        let (addr, _) = start(&chain, length);
        with_peer(&chain, move || {
            let mut stream = raw(addr);
            for _ in 0..2 {
                stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
                let (head, body) = answer(&mut stream);
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                assert_eq!(body.len(), length);
                assert!(body.iter().enumerate().all(|(at, got)| *got == byte(at)));
            }
        });
    }
}

#[test]
fn head_gets_the_length_and_no_body() {
    let chain = Chain::new().unwrap();
    let (addr, total) = start(&chain, 50_000);
    let said = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    });
    assert!(said.contains("Content-Length: 50000\r\n") && said.ends_with("\r\n\r\n"), "{said}");
    assert_eq!(total.get(), 0, "nothing was asked of the owner");
}

#[test]
fn a_reader_that_stops_asks_for_nothing_more() {
    let chain = Chain::new().unwrap();
    let (addr, total) = start(&chain, 1 << 30);
    let mut stream = raw(addr);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    let mut before = usize::MAX;
    // Until the system's own buffers are full.
    while before != total.get() {
        assert!(Instant::now() < until, "{} bytes were asked for, and no end", total.get());
        before = total.get();
        run_for(&chain, 300);
    }
    assert!(total.get() < 64 << 20, "{} bytes for a reader that reads nothing", total.get());
}
