//! Targets for HTTP/1.1, read as the connections read it: in pieces, cut anywhere.

use microstack::http::{BodyDecoder, Framing, Limits, Request, RequestHead, ResponseHead};

use crate::mutate::Random;

/// Small limits, so that short inputs reach them.
const LIMITS: Limits = Limits { head_bytes: 1024, headers: 8, body_bytes: 512 };

/// What a sequence of bytes was understood as.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Refused. Which of several faults is named may depend on how much was there to see; that there is one may not.
    Refused,
    /// The head of the next message is incomplete.
    InHead,
    /// The body is incomplete and has this so far; the flag says whether the connection may end here.
    InBody(Vec<u8>, bool),
    /// The one answer is complete; so many bytes are left.
    Done(usize),
}

/// Requests on a server's connection, one after the other.
pub fn http_request(data: &[u8]) {
    let whole = read_requests(&[data]);
    for pieces in cuts(data) {
        assert_eq!(read_requests(&pieces), whole, "the pieces change what is read");
    }
    for request in &whole.0 {
        assert!(request.target.starts_with('/') || request.target == "*");
        assert!(request.target.bytes().all(|byte| !byte.is_ascii_control() && byte != b' '));
        assert!(request.body.len() <= LIMITS.body_bytes && request.headers.len() <= LIMITS.headers);
        assert!(request.path().len() <= request.target.len());
        for (name, value) in request.query() {
            assert!(request.query_value(&name).is_some(), "{name:?} {value:?}");
        }
        for (_, value) in request.headers.iter() {
            assert!(!value.contains(['\r', '\n', '\0']));
        }
        assert_eq!(request.is_websocket(), request.websocket_key().is_some());
        request.keeps_alive();
    }
}

/// An answer on a client's connection; the first byte says whether the question was HEAD.
pub fn http_response(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let method = if first & 1 == 1 { "HEAD" } else { "GET" };
    let whole = read_response(method, &[data]);
    for pieces in cuts(data) {
        assert_eq!(read_response(method, &pieces), whole, "the pieces change what is read");
    }
    let (Some(head), body, end) = whole else { return };
    assert!((200..=999).contains(&head.status), "interim answers are passed over");
    assert!(head.headers.len() <= LIMITS.headers && body.len() <= data.len());
    if method == "HEAD" {
        assert!(body.is_empty() && matches!(end, End::Done(_) | End::Refused));
    }
}

/// A body in chunks; the first byte says how much room there is each time.
pub fn chunked_body(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    let whole = decode(&[data], data.len());
    for pieces in cuts(data) {
        assert_eq!(decode(&pieces, 1 + usize::from(*first)), whole, "the pieces change what is read");
    }
    if let Ok((body, Some(left))) = whole {
        assert_eq!(
            by_the_grammar(data),
            Some((body.clone(), left)),
            "it takes what another reader would not"
        );
        // Written anew as one chunk it is the same body.
        let mut coded = match body.len() {
            0 => Vec::new(),
            n => [format!("{n:x}\r\n").as_bytes(), &body, b"\r\n"].concat(),
        };
        coded.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(decode(&[&coded], coded.len()), Ok((body, Some(0))));
    }
}

/// The loop of the server's connection, without its socket.
fn read_requests(pieces: &[&[u8]]) -> (Vec<Request>, End) {
    let (mut read, mut input, mut searched) = (Vec::new(), Vec::new(), 0);
    let mut body: Option<(Request, BodyDecoder)> = None;
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match &mut body {
                None if input.len() == searched => break,
                None => match RequestHead::parse(&input, searched, &LIMITS) {
                    Err(error) => {
                        assert!((400..=599).contains(&error.status()) && !error.to_string().is_empty());
                        return (read, End::Refused);
                    }
                    Ok(None) => {
                        assert!(input.len() <= LIMITS.head_bytes + 8, "a head is kept beyond its limit");
                        searched = input.len();
                    }
                    Ok(Some((head, length))) => {
                        input.drain(..length);
                        searched = 0;
                        body = Some((head.request, BodyDecoder::new(head.framing)));
                    }
                },
                Some((request, decoder)) => {
                    let room = LIMITS.body_bytes + 1 - request.body.len();
                    let Ok(used) = decoder.decode(&input, &mut request.body, room) else {
                        return (read, End::Refused);
                    };
                    if request.body.len() > LIMITS.body_bytes {
                        return (read, End::Refused);
                    }
                    input.drain(..used);
                    if !decoder.is_done() {
                        assert!(input.is_empty(), "bytes were left with room for them");
                        break;
                    }
                    read.extend(body.take().map(|(request, _)| request));
                }
            }
        }
    }
    let end = match body {
        None => End::InHead,
        Some((request, decoder)) => End::InBody(request.body, decoder.may_end()),
    };
    (read, end)
}

/// The loop of the client's connection, without its socket.
fn read_response(method: &str, pieces: &[&[u8]]) -> (Option<ResponseHead>, Vec<u8>, End) {
    let (mut input, mut searched, mut body) = (Vec::new(), 0, Vec::new());
    let mut begun: Option<(ResponseHead, BodyDecoder)> = None;
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match &mut begun {
                None if input.len() == searched => break,
                None => match ResponseHead::parse(&input, searched, &LIMITS) {
                    Err(_) => return (None, body, End::Refused),
                    Ok(None) => {
                        assert!(input.len() <= LIMITS.head_bytes, "a head is kept beyond its limit");
                        searched = input.len();
                    }
                    Ok(Some((head, length))) => {
                        input.drain(..length);
                        searched = 0;
                        if head.status / 100 == 1 {
                            continue;
                        }
                        let is_1_0 = !head.is_http_1_1;
                        match Framing::of_response(&head.headers, is_1_0, head.status, method) {
                            Ok(framing) => begun = Some((head, BodyDecoder::new(framing))),
                            Err(_) => return (None, body, End::Refused),
                        }
                    }
                },
                Some((_, decoder)) => match decoder.decode(&input, &mut body, usize::MAX) {
                    Err(_) => return (begun.map(|(head, _)| head), body, End::Refused),
                    Ok(used) => {
                        input.drain(..used);
                        break;
                    }
                },
            }
        }
    }
    match begun {
        None => (None, body, End::InHead),
        Some((head, decoder)) if decoder.is_done() => (Some(head), body, End::Done(input.len())),
        Some((head, decoder)) => (Some(head), Vec::new(), End::InBody(body, decoder.may_end())),
    }
}

/// The body so far, and how many bytes are left behind its end if that came.
fn decode(pieces: &[&[u8]], room: usize) -> Result<(Vec<u8>, Option<usize>), ()> {
    let mut decoder = BodyDecoder::new(Framing::Chunked);
    let (mut body, mut left) = (Vec::new(), 0);
    for piece in pieces {
        let mut rest = *piece;
        while !rest.is_empty() && !decoder.is_done() {
            let before = body.len();
            let used = decoder.decode(rest, &mut body, room).map_err(|error| {
                assert!(!error.to_string().is_empty());
            })?;
            assert!(body.len() - before <= room);
            assert!(used > 0, "the decoder stands still");
            rest = &rest[used..];
        }
        left += rest.len();
    }
    Ok((body, decoder.is_done().then_some(left)))
}

/// What RFC 9112 section 7.1 makes of a whole body, and how many bytes are left; `None` if it is not one.
fn by_the_grammar(mut data: &[u8]) -> Option<(Vec<u8>, usize)> {
    let line = |data: &mut &[u8]| {
        let end = data.windows(2).position(|two| two == b"\r\n")?;
        let (line, rest) = data.split_at(end);
        *data = &rest[2..];
        (!line.contains(&b'\r') && !line.contains(&b'\n')).then(|| line.to_vec())
    };
    let mut body = Vec::new();
    loop {
        let size = line(&mut data)?;
        let digits = size.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if size.get(digits).is_some_and(|byte| !b" \t;".contains(byte)) {
            return None;
        }
        let digits = std::str::from_utf8(&size[..digits]).ok()?;
        let size = usize::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            break;
        }
        body.extend_from_slice(data.get(..size)?);
        data = data[size..].strip_prefix(b"\r\n")?;
    }
    while !line(&mut data)?.is_empty() {}
    Some((body, data.len()))
}

/// The same bytes in single ones, if they are few, and in pieces that the bytes themselves decide.
fn cuts(data: &[u8]) -> Vec<Vec<&[u8]>> {
    let seed = data.iter().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let mut random = Random::new(seed);
    let (mut pieces, mut rest) = (Vec::new(), data);
    while !rest.is_empty() {
        let most = if random.below(4) == 0 { 600 } else { 24 };
        let (piece, after) = rest.split_at((1 + random.below(most)).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    let mut all = vec![pieces];
    if data.len() <= 400 {
        all.push(data.chunks(1).collect());
    }
    all
}

/// Requests as browsers, agents and attackers write them.
pub fn requests() -> Vec<Vec<u8>> {
    [
        "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /b?x=%41&y=a+b HTTP/1.1\r\nhost:h\r\nConnection: close\r\n\r\n",
        "GET /agent.ashx HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x01\x02",
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
         4;ext=1\r\nwiki\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n",
        "\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://h:80?q HTTP/1.1\r\nHost: h\r\nX: \u{e9}\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\n\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// Answers, each with the byte for the question in front.
pub fn responses() -> Vec<Vec<u8>> {
    [
        "\0HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more",
        "\x01HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "\0HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "\0HTTP/1.0 302 Found\r\nLocation: /\r\n\r\nuntil the end",
        "\0HTTP/1.1 204 No Content\r\n\r\n",
        "\0HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// Bodies in chunks, each with the byte for the room in front.
pub fn bodies() -> Vec<Vec<u8>> {
    [
        "\x10\x34\r\nwiki\r\n5 ; a=\"b\"\r\npedia\r\n0\r\n\r\nnext",
        "\x000000001f\r\n0123456789abcdef0123456789abcde\r\n0;last\r\nA: b\r\nC: d\r\n\r\n",
        "\x02ffffffff\r\nnever so much",
        "\x03123456789\r\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}
