//! Messages of all sizes and shapes.

use std::io::{Read, Write};

use microstack::chain::Chain;
use microstack::ws::{CloseWhy, WsOptions};

use crate::harness::*;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 31 + n / 251) as u8).collect()
}

#[test]
fn a_client_takes_one_frame_of_600_kilobytes() {
    let chain = Chain::new().unwrap();
    let pair = open(&chain, Server::default(), |_| {});
    let core = microstack::ws::Bytes::from(pattern(600_000));
    let shared = core.clone();
    tell(&chain, pair.server, move |cx, conn| conn.send_binary(cx, shared).unwrap());
    run(&chain, || !pair.at_client.borrow().binary.is_empty());
    assert_eq!(pair.at_client.borrow().binary[0], core);
}

#[test]
fn a_server_never_splits_a_message() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    let peer = move || {
        let mut stream = raw(addr);
        stream.write_all(UPGRADE).unwrap();
        assert!(read_head(&mut stream).starts_with("HTTP/1.1 101 "));
        let mut head = [0; 10];
        stream.read_exact(&mut head).unwrap();
        // FIN and binary, no mask, a length of 64 bits.
        assert_eq!(head[..2], [0x82, 127]);
        assert_eq!(u64::from_be_bytes(head[2..].try_into().unwrap()), 600_000);
        let mut body = vec![0; 600_000];
        stream.read_exact(&mut body).unwrap();
        body
    };
    let thread = std::thread::spawn(peer);
    run(&chain, || seen.borrow().open.is_some());
    let server = seen.borrow().accepted[0];
    tell(&chain, server, |cx, conn| conn.send_binary(cx, pattern(600_000)).unwrap());
    run(&chain, || thread.is_finished());
    assert_eq!(thread.join().unwrap(), pattern(600_000));
}

#[test]
fn a_server_joins_the_4096_byte_fragments_of_real_agents() {
    let chain = Chain::new().unwrap();
    let server = Server { ws: WsOptions { max_message: 1 << 20, ..WsOptions::default() }, ..Server::plain() };
    let (addr, seen) = server.start(&chain);
    let text: String = (0..31_000).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
    let sent = text.clone();
    with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(UPGRADE).unwrap();
        read_head(&mut stream);
        for (first, body) in [(0x01, sent.as_bytes().to_vec()), (0x02, pattern(100_000))] {
            let pieces: Vec<&[u8]> = body.chunks(4096).collect();
            for (n, piece) in pieces.iter().enumerate() {
                let opcode = if n == 0 { first } else { 0x00 };
                let fin = if n + 1 == pieces.len() { 0x80 } else { 0 };
                stream.write_all(&masked(fin | opcode, piece)).unwrap();
                if n == 3 {
                    stream.write_all(&masked(0x89, b"between fragments")).unwrap();
                    let mut pong = [0; 19];
                    stream.read_exact(&mut pong).unwrap();
                    assert_eq!(&pong[..2], &[0x8A, 17]);
                    assert_eq!(&pong[2..], b"between fragments");
                }
            }
        }
    });
    run(&chain, || !seen.borrow().binary.is_empty());
    let seen = seen.borrow();
    assert_eq!(seen.text, [text]);
    assert_eq!(seen.binary, [pattern(100_000)]);
    assert_eq!(seen.pings, 2);
}

#[test]
fn every_length_around_the_frame_format_s_edges_survives() {
    let chain = Chain::new().unwrap();
    let pair = open(&chain, Server::echo(), |_| {});
    let lengths = [0, 1, 125, 126, 127, 4095, 4096, 16383, 16384, 16385, 65535, 65536, 65537, 200_000];
    for len in lengths {
        tell(&chain, pair.client, move |cx, conn| {
            conn.send_binary(cx, pattern(len)).unwrap();
            conn.send_text(cx, "ü".repeat(len / 2)).unwrap();
        });
    }
    run(&chain, || pair.at_client.borrow().text.len() == lengths.len());
    let seen = pair.at_client.borrow();
    for (n, len) in lengths.into_iter().enumerate() {
        assert_eq!(seen.binary[n], pattern(len), "{len}");
        assert_eq!(seen.text[n], "ü".repeat(len / 2), "{len}");
    }
}

#[test]
fn a_message_over_the_cap_is_refused_and_the_cap_can_be_raised() {
    let chain = Chain::new().unwrap();
    let pair = open(&chain, Server::default(), |_| {});
    tell(&chain, pair.client, |cx, conn| conn.send_binary(cx, pattern(16 * 1024)).unwrap());
    run(&chain, || pair.at_server.borrow().binary.len() == 1);
    tell(&chain, pair.server, |_, conn| conn.set_max_message(100_000));
    run_for(&chain, 5);
    tell(&chain, pair.client, |cx, conn| conn.send_binary(cx, pattern(100_000)).unwrap());
    run(&chain, || pair.at_server.borrow().binary.len() == 2);
    tell(&chain, pair.client, |cx, conn| conn.send_binary(cx, pattern(100_001)).unwrap());
    run(&chain, || pair.at_server.borrow().closed.is_some() && pair.at_client.borrow().closed.is_some());
    assert_eq!(why(&pair.at_server), CloseWhy::TooLarge { limit: 100_000 });
    // The rest of the message may still be under way when the server hangs up: either end is legal.
    match why(&pair.at_client) {
        CloseWhy::Peer { code: Some(1009), .. } | CloseWhy::Reset(_) | CloseWhy::Eof => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn fragments_over_the_cap_are_refused_together() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    let close = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(UPGRADE).unwrap();
        read_head(&mut stream);
        stream.write_all(&masked(0x02, &[0; 4096])).unwrap();
        for _ in 0..3 {
            stream.write_all(&masked(0x00, &[0; 4096])).unwrap();
        }
        stream.write_all(&masked(0x00, &[0; 1])).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest
    });
    assert_eq!(close, [0x88, 2, 0x03, 0xF1], "close frame with code 1009");
    assert_eq!(why(&seen), CloseWhy::TooLarge { limit: 16384 });
}

#[test]
fn a_frame_that_only_announces_gigabytes_is_refused_at_once() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(UPGRADE).unwrap();
        read_head(&mut stream);
        let mut head = vec![0x82, 0xFF, 0x7F];
        head.extend([0xFF; 7]);
        head.extend([1, 2, 3, 4]); // the mask; no body ever comes
        stream.write_all(&head).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    });
    assert_eq!(why(&seen), CloseWhy::TooLarge { limit: 16384 });
}

#[test]
fn messages_that_come_with_the_upgrade_request_are_not_lost() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::plain().start(&chain);
    with_peer(&chain, move || {
        let mut stream = raw(addr);
        let mut all = UPGRADE.to_vec();
        all.extend(masked(0x81, b"early"));
        all.extend(masked(0x82, &[7; 5000]));
        stream.write_all(&all).unwrap();
        read_head(&mut stream);
        stream.write_all(&masked(0x81, b"late")).unwrap();
        stream.write_all(&masked(0x88, b"")).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [0x88, 0]);
    });
    assert_eq!(seen.borrow().text, ["early", "late"]);
    assert_eq!(seen.borrow().binary, [vec![7; 5000]]);
}
