//! Cases of the reader: whole and byte by byte, good and bad.

use super::frames::{self, FrameFault, Frames, Message, opcode};
use super::head::{Body, Start};
use super::parser::{Event, Expect, Fault, Parser, Role};

fn read(role: Role, bytes: &[u8], step: usize, expect: Expect) -> (Vec<Event>, Result<(), Fault>) {
    let mut parser = Parser::new(role, 16 * 1024);
    let mut out = Vec::new();
    for part in bytes.chunks(step) {
        if let Err(fault) = parser.feed(part, expect, &mut out) {
            return (out, Err(fault));
        }
    }
    let end = parser.finish(&mut out);
    (out, end)
}

/// Heads in short, bodies joined: what does not depend on how the bytes were cut.
fn shape(events: &[Event]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut body, mut rest) = (Vec::new(), Vec::new());
    for event in events {
        if let Event::Body(bytes) = event {
            body.extend_from_slice(bytes);
            continue;
        }
        if !body.is_empty() {
            out.push(format!("body {}", String::from_utf8_lossy(&std::mem::take(&mut body))));
        }
        match event {
            Event::Head(head) => out.push(match &head.start {
                Start::Request { method, target, .. } => {
                    format!("{method} {}", String::from_utf8_lossy(target))
                }
                Start::Response { status, .. } => format!("{status}"),
            }),
            Event::Trailers(fields) => out.push(format!("trailers {}", fields.len() / 2)),
            Event::End => out.push("end".into()),
            Event::Upgrade(bytes) => {
                if out.last().is_none_or(|last| last != "upgrade") {
                    out.push("upgrade".into());
                }
                rest.extend_from_slice(bytes);
            }
            Event::Body(_) => unreachable!(),
        }
    }
    body.extend(rest);
    if !body.is_empty() {
        out.push(format!("body {}", String::from_utf8_lossy(&body)));
    }
    out
}

fn same_in_all_cuts(role: Role, bytes: &[u8], expect: Expect) -> (Vec<String>, Option<&'static str>) {
    let (events, end) = read(role, bytes, bytes.len().max(1), expect);
    let whole = (shape(&events), end.err().map(|fault| fault.code));
    for step in 1..bytes.len().min(9) {
        let (events, end) = read(role, bytes, step, expect);
        assert_eq!((shape(&events), end.err().map(|fault| fault.code)), whole, "in steps of {step}");
    }
    whole
}

fn request(text: &str) -> (Vec<String>, Option<&'static str>) {
    same_in_all_cuts(Role::Requests, text.as_bytes(), Expect::default())
}

fn response(text: &str) -> (Vec<String>, Option<&'static str>) {
    same_in_all_cuts(Role::Responses, text.as_bytes(), Expect::default())
}

#[test]
fn pipelined_requests_come_out_in_order() {
    let text = "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
                PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n";
    let (shape, fault) = request(text);
    assert_eq!(fault, None);
    assert_eq!(
        shape,
        ["GET /a", "end", "POST /b", "body abc", "end", "PUT /c", "body hi!", "trailers 1", "end"]
    );
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let body = |fields: &str| request(&format!("POST / HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n")).1;
    assert_eq!(body("Content-Length: 1\r\nContent-Length: 1"), Some("HPE_UNEXPECTED_CONTENT_LENGTH"));
    assert_eq!(
        body("Content-Length: 1\r\nTransfer-Encoding: chunked"),
        Some("HPE_INVALID_TRANSFER_ENCODING")
    );
    assert_eq!(body("Transfer-Encoding: chunked, identity"), Some("HPE_INVALID_TRANSFER_ENCODING"));
    assert_eq!(
        body("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        Some("HPE_INVALID_TRANSFER_ENCODING")
    );
    assert_eq!(body("Transfer-Encoding: xchunked"), Some("HPE_INVALID_TRANSFER_ENCODING"));
    for length in ["+1", "-1", "1 2", "0x1", "", "1,1", "99999999999999999999"] {
        assert_eq!(
            body(&format!("Content-Length: {length}")),
            Some("HPE_INVALID_CONTENT_LENGTH"),
            "{length:?}"
        );
    }
    assert_eq!(body("Transfer-Encoding : chunked"), Some("HPE_INVALID_HEADER_TOKEN"));
    assert_eq!(body("A: b\r\n folded"), Some("HPE_INVALID_HEADER_TOKEN"));
    assert_eq!(body("A: b\0"), Some("HPE_INVALID_HEADER_TOKEN"));
    assert_eq!(body("A: b\nX: y"), Some("HPE_CR_EXPECTED"));
    assert_eq!(body("A: b\rX: y"), Some("HPE_LF_EXPECTED"));
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(request(old).1, Some("HPE_INVALID_TRANSFER_ENCODING"));
}

#[test]
fn damaged_chunks_are_refused() {
    let body =
        |chunks: &str| request(&format!("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")).1;
    for size in ["g", "", "0x1", " 1", "-1", "1 1", "fffffffffffff"] {
        assert_eq!(body(&format!("{size}\r\n")), Some("HPE_INVALID_CHUNK_SIZE"), "{size:?}");
    }
    assert_eq!(body("1\r\nab\r\n"), Some("HPE_STRICT"));
    assert_eq!(body("1\nx"), Some("HPE_CR_EXPECTED"));
    assert_eq!(body("1\r\nx\r\n"), Some("HPE_INVALID_EOF_STATE"));
    assert_eq!(body(&format!("1;{}\r\n", "x".repeat(20_000))), Some("HPE_CHUNK_EXTENSIONS_OVERFLOW"));
}

#[test]
fn heads_have_a_limit_and_start_as_they_must() {
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(request(&long).1, Some("HPE_HEADER_OVERFLOW"));
    assert_eq!(request(&"\r\n".repeat(10_000)).1, Some("HPE_HEADER_OVERFLOW"));
    assert_eq!(request("BREW / HTTP/1.1\r\n\r\n").1, Some("HPE_INVALID_METHOD"));
    assert_eq!(request("get / HTTP/1.1\r\n\r\n").1, Some("HPE_INVALID_METHOD"));
    assert_eq!(request("\x16\x03\x01").1, Some("HPE_INVALID_METHOD"));
    assert_eq!(request("GET / HTTP/2.0\r\n\r\n").1, Some("HPE_INVALID_VERSION"));
    assert_eq!(request("GET / a HTTP/1.1\r\n\r\n").1, Some("HPE_INVALID_CONSTANT"));
    assert_eq!(response("HTTQ/1.1 200 OK\r\n\r\n").1, Some("HPE_INVALID_CONSTANT"));
    assert_eq!(response("HTTP/1.1 20 OK\r\n\r\n").1, Some("HPE_INVALID_STATUS"));
}

#[test]
fn responses_end_as_their_head_and_request_say() {
    assert_eq!(response("HTTP/1.1 200 OK\r\n\r\nrest").0, ["200", "body rest", "end"]);
    assert_eq!(response("HTTP/1.1 304 OK\r\nContent-Length: 9\r\n\r\n").0, ["304", "end"]);
    assert_eq!(
        response("HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx").0,
        ["100", "end", "200", "body x", "end"]
    );
    assert_eq!(response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc").1, Some("HPE_INVALID_EOF_STATE"));
    let head = Expect { no_body: true, ..Expect::default() };
    let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(same_in_all_cuts(Role::Responses, text, head).0, ["200", "end"]);
    let (events, _) = read(Role::Responses, b"HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\r\n", 99, Expect::default());
    let Event::Head(head) = &events[0] else { panic!("{events:?}") };
    assert_eq!((head.fields[1].as_slice(), head.body), (b"b c".as_slice(), Body::UntilClose));
}

#[test]
fn an_upgrade_hands_on_what_follows() {
    let text = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nbytes";
    let wanted = Expect { upgrades: true, ..Expect::default() };
    assert_eq!(same_in_all_cuts(Role::Requests, text, wanted).0, ["GET /", "upgrade", "body bytes"]);
    let plain = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
    assert_eq!(same_in_all_cuts(Role::Requests, plain, Expect::default()).0, ["GET /", "end"]);
    let connect = b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\nx";
    assert_eq!(
        same_in_all_cuts(Role::Requests, connect, Expect::default()).0,
        ["CONNECT a:1", "upgrade", "body x"]
    );
}

#[test]
fn many_small_chunks_do_not_become_many_events() {
    let text =
        format!("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", "1\r\nx\r\n".repeat(5000));
    let (events, end) = read(Role::Requests, text.as_bytes(), text.len(), Expect::default());
    assert_eq!(end, Ok(()));
    assert!(events.len() < 200, "{}", events.len());
}

fn messages(bytes: &[u8], step: usize, masked: bool) -> (Vec<Message>, Result<(), FrameFault>) {
    let mut frames = Frames::new(masked, 1000);
    let mut out = Vec::new();
    for part in bytes.chunks(step) {
        if let Err(fault) = frames.feed(part, &mut out) {
            return (out, Err(fault));
        }
    }
    (out, Ok(()))
}

#[test]
fn frames_read_back_however_they_are_cut() {
    for mask in [None, Some([1, 2, 3, 4])] {
        let mut bytes = frames::frame(opcode::TEXT, false, "gr\u{fc}".as_bytes(), mask);
        bytes.extend(frames::frame(opcode::PING, true, b"p", mask));
        bytes.extend(frames::frame(opcode::CONTINUATION, true, b"n", mask));
        bytes.extend(frames::frame(opcode::BINARY, true, &[7; 300], mask));
        bytes.extend(frames::frame(opcode::CLOSE, true, b"\x03\xe8bye", mask));
        for step in 1..bytes.len() {
            let (out, end) = messages(&bytes, step, mask.is_some());
            assert_eq!(end, Ok(()));
            let wanted = [
                Message::Ping(b"p".to_vec()),
                Message::Text("gr\u{fc}n".into()),
                Message::Binary(vec![7; 300]),
                Message::Close(Some(1000), "bye".into()),
            ];
            assert_eq!(out, wanted, "in steps of {step}");
        }
    }
}

#[test]
fn broken_frames_are_refused_with_their_code() {
    let close = |bytes: &[u8], masked| messages(bytes, 1, masked).1.map_err(|fault| fault.close);
    assert_eq!(close(&[0xC1, 0x00], false), Err(1002), "reserved bit");
    assert_eq!(close(&[0x83, 0x00], false), Err(1002), "unknown opcode");
    assert_eq!(close(&[0x81, 0x81, 0, 0, 0, 0, b'x'], false), Err(1002), "a masked frame of a server");
    assert_eq!(close(&[0x81, 0x01, b'x'], true), Err(1002), "a bare frame of a client");
    assert_eq!(close(&[0x09, 0x00], false), Err(1002), "a fragmented ping");
    assert_eq!(close(&[0x80, 0x00], false), Err(1002), "nothing to continue");
    assert_eq!(close(&[0x01, 0x00, 0x81, 0x00], false), Err(1002), "a message inside of another");
    assert_eq!(close(&[0x81, 0x01, 0xFF], false), Err(1007), "no UTF-8");
    assert_eq!(close(&[0x82, 0x7F, 0, 0, 0, 0, 0, 0, 4, 0], false), Err(1009), "too big");
    assert_eq!(close(&[0x88, 0x02, 0x03, 0xED], false), Err(1002), "1005 is never sent");
    assert_eq!(close(&[0x88, 0x01, 0x03], false), Err(1002), "half a code");
    assert_eq!(close(&[0x88, 0x00], false), Ok(()));
}
