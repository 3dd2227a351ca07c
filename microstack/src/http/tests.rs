//! The parsers on generated input.

use proptest::prelude::*;

use super::*;

fn parse(bytes: &[u8]) -> Result<Option<(RequestHead, usize)>, HttpError> {
    RequestHead::parse(bytes, 0, &Limits::default())
}

/// Feeds a head in pieces, as a connection does, remembering what was searched.
fn parse_in_pieces(bytes: &[u8], cuts: &[usize]) -> Result<Option<(RequestHead, usize)>, HttpError> {
    let mut searched = 0;
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([bytes.len()]).collect();
    ends.sort_unstable();
    for end in ends {
        if let Some(found) = RequestHead::parse(&bytes[..end], searched, &Limits::default())? {
            return Ok(Some(found));
        }
        searched = end;
    }
    Ok(None)
}

fn chunked(pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        out.extend_from_slice(format!("{:X}\r\n", piece.len()).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

proptest! {
    #[test]
    fn a_head_is_the_same_wherever_it_is_cut(
        path in "/[a-z0-9/._-]{0,40}",
        fields in proptest::collection::vec(("[A-Za-z-]{1,20}", "[ -~]{0,40}"), 0..10),
        cuts in proptest::collection::vec(any::<usize>(), 0..6),
        after in proptest::collection::vec(any::<u8>(), 0..30),
    ) {
        let mut text = format!("GET {path} HTTP/1.1\r\nHost: h\r\n");
        for (name, value) in &fields {
            text.push_str(&format!("X-{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut bytes = text.clone().into_bytes();
        bytes.extend(after);
        let (head, len) = parse_in_pieces(&bytes, &cuts).unwrap().unwrap();
        prop_assert_eq!(len, text.len());
        prop_assert_eq!(&head.request.target, &path);
        prop_assert_eq!(head.request.headers.len(), fields.len() + 1);
        for (n, (name, value)) in fields.iter().enumerate() {
            let (seen_name, seen_value) = head.request.headers.iter().nth(n + 1).unwrap();
            prop_assert_eq!(seen_name, format!("X-{name}"));
            prop_assert_eq!(seen_value.trim(), value.trim());
        }
    }

    #[test]
    fn nothing_makes_the_parsers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let _ = ResponseHead::parse(&bytes, 0, &Limits::default());
        let mut with_start = b"HTTP/1.1 200 OK\r\n".to_vec();
        with_start.extend_from_slice(&bytes);
        let _ = ResponseHead::parse(&with_start, 0, &Limits::default());
        let mut out = Vec::new();
        let mut decoder = BodyDecoder::new(Framing::Chunked);
        let _ = decoder.decode(&bytes, &mut out, 1000);
        prop_assert!(out.len() <= bytes.len());
        let _ = percent_decode(&String::from_utf8_lossy(&bytes), true);
    }

    #[test]
    fn chunks_are_joined_wherever_they_are_cut_and_whatever_the_room(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..8),
        cut in 1usize..20,
        room in 1usize..40,
        after in proptest::collection::vec(any::<u8>(), 0..10),
    ) {
        let body: Vec<u8> = pieces.concat();
        let coded = chunked(&pieces);
        let mut input = coded.clone();
        input.extend_from_slice(&after);
        let mut decoder = BodyDecoder::new(Framing::Chunked);
        let (mut out, mut at) = (Vec::new(), 0);
        while !decoder.is_done() {
            let end = input.len().min(at + cut);
            let before = out.len();
            at += decoder.decode(&input[at..end], &mut out, room).unwrap();
            prop_assert!(out.len() - before <= room);
        }
        prop_assert_eq!(out, body);
        prop_assert_eq!(at, coded.len(), "nothing of the next message is taken");
    }

    #[test]
    fn percent_decoding_undoes_encoding(text in ".{0,60}") {
        let coded: String = text.bytes().map(|b| format!("%{b:02x}")).collect();
        prop_assert_eq!(percent_decode(&coded, true), text.clone());
        prop_assert_eq!(percent_decode(&percent_encode(&text), true), text);
    }
}

#[test]
fn broken_escapes_stay() {
    assert_eq!(percent_decode("%", false), "%");
    assert_eq!(percent_decode("%4", false), "%4");
    assert_eq!(percent_decode("%zz%41", false), "%zzA");
    assert_eq!(percent_decode("a+b", false), "a+b");
    assert_eq!(percent_decode("%ff", false), "\u{FFFD}");
}

#[test]
fn a_websocket_request_must_be_whole() {
    let good = [
        "GET / HTTP/1.1",
        "Host: h",
        "Upgrade: WebSocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ];
    let request =
        |lines: &[&str]| parse(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).unwrap().unwrap().0;
    assert!(request(&good).request.is_websocket());
    for (n, line) in [
        (0, "POST / HTTP/1.1"),
        (2, "Upgrade: h2c"),
        (3, "Connection: close"),
        (4, "X: y"),
        (4, "Sec-WebSocket-Key: c2hvcnQ="),
        (5, "Sec-WebSocket-Version: 8"),
    ] {
        let mut lines = good;
        lines[n] = line;
        assert!(!request(&lines).request.is_websocket(), "{line}");
    }
}

#[test]
fn a_head_that_can_never_end_is_not_waited_for() {
    assert!(matches!(parse(b"GET / HTTP/1.1\nHost: h\n\n"), Err(HttpError::Malformed(_))));
    let blank = |n| parse(format!("{}GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n".repeat(n)).as_bytes());
    assert!(blank(4).unwrap().is_some());
    assert!(matches!(blank(5), Err(HttpError::Malformed(_))), "an endless stream of them must not be kept");
    assert!(matches!(parse(&[0x16, 0x03, 0x01]), Err(HttpError::Malformed(_))), "TLS");
    let limits = Limits { head_bytes: 100, ..Limits::default() };
    let long = [b'x'; 101];
    assert_eq!(RequestHead::parse(&long, 0, &limits), Err(HttpError::HeadTooLong { limit: 100 }));
    assert_eq!(RequestHead::parse(&long[..100], 0, &limits), Ok(None));
}

#[test]
fn an_answer_without_a_class_of_status_is_refused() {
    let answer = |status: &str| {
        let text = format!("HTTP/1.1 {status} Word\r\n\r\n");
        ResponseHead::parse(text.as_bytes(), 0, &Limits::default())
    };
    for status in ["000", "004", "099"] {
        assert_eq!(answer(status), Err(HttpError::Malformed("the status")), "{status}");
    }
    for status in ["100", "200", "599", "999"] {
        assert_eq!(answer(status).unwrap().unwrap().0.status.to_string(), status);
    }
}

#[test]
fn statuses_without_body_have_none() {
    let headers: Headers = [("Content-Length", "5")].into_iter().collect();
    for (status, method) in [(204, "GET"), (304, "GET"), (101, "GET"), (200, "HEAD")] {
        assert_eq!(Framing::of_response(&headers, false, status, method), Ok(Framing::Length(0)));
    }
    assert_eq!(Framing::of_response(&headers, false, 200, "GET"), Ok(Framing::Length(5)));
    assert_eq!(Framing::of_response(&Headers::new(), false, 200, "GET"), Ok(Framing::UntilClose));
}
