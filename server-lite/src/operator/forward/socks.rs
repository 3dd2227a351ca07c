//! The server's side of SOCKS5 (RFC 1928): CONNECT without authentication. No I/O.

use std::net::{Ipv4Addr, Ipv6Addr};

/// One client's handshake. Feed bytes, do what comes out; everything behind the request belongs to the connection.
#[derive(Debug)]
pub struct Socks {
    read: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Request,
    Over,
}

/// What a handshake comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// More bytes are needed; send these first.
    Reply(Vec<u8>),
    /// The client wants to go there.
    Connect {
        /// Send this first; it is empty unless the client asked before it was greeted.
        reply: Vec<u8>,
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// What came behind, for the other side.
        rest: Vec<u8>,
    },
    /// Send this, if anything, and hang up.
    Refuse(Vec<u8>),
}

/// How a connection went, for the client (RFC 1928 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Connected.
    Connected = 0,
    /// The device could not connect, or did not come.
    Failed = 5,
}

/// The longest request: head, 255 bytes of name, port.
const MAX_HANDSHAKE: usize = 4 + 1 + 255 + 2;

/// Bytes that a client may send ahead with its request.
const MAX_AHEAD: usize = 256 * 1024;

impl Socks {
    /// For a client that has said nothing yet.
    pub fn new() -> Socks {
        Socks { read: Vec::new(), state: State::Greeting }
    }

    /// Takes bytes of the client.
    pub fn handle(&mut self, bytes: &[u8]) -> Step {
        if self.read.len() + bytes.len() > MAX_HANDSHAKE + MAX_AHEAD {
            return Step::Refuse(Vec::new());
        }
        self.read.extend_from_slice(bytes);
        let mut reply = Vec::new();
        if self.state == State::Greeting {
            let Some((&[version, count], methods)) = self.read.split_first_chunk::<2>() else {
                return self.more(reply);
            };
            if version != 5 {
                return Step::Refuse(Vec::new());
            }
            let Some(methods) = methods.get(..usize::from(count)) else { return self.more(reply) };
            if !methods.contains(&0) {
                return Step::Refuse(vec![5, 0xFF]);
            }
            self.read.drain(..2 + usize::from(count));
            self.state = State::Request;
            reply = vec![5, 0];
        }
        if self.state == State::Over {
            return Step::Refuse(Vec::new());
        }
        let Some((&[version, command, _, kind], rest)) = self.read.split_first_chunk::<4>() else {
            return self.more(reply);
        };
        let (host, rest) = match kind {
            _ if version != 5 => return Step::Refuse(Vec::new()),
            _ if command != 1 => return self.refuse(reply, 7),
            1 => match rest.split_first_chunk::<4>() {
                Some((address, rest)) => (Ipv4Addr::from(*address).to_string(), rest),
                None => return self.more(reply),
            },
            4 => match rest.split_first_chunk::<16>() {
                Some((address, rest)) => (Ipv6Addr::from(*address).to_string(), rest),
                None => return self.more(reply),
            },
            3 => {
                let Some((&length, rest)) = rest.split_first() else { return self.more(reply) };
                let Some((name, rest)) = rest.split_at_checked(usize::from(length)) else {
                    return self.more(reply);
                };
                match std::str::from_utf8(name) {
                    Ok(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                        (name.to_owned(), rest)
                    }
                    _ => return self.refuse(reply, 4),
                }
            }
            _ => return self.refuse(reply, 8),
        };
        let Some((port, rest)) = rest.split_first_chunk::<2>() else { return self.more(reply) };
        let port = u16::from_be_bytes(*port);
        let rest = rest.to_vec();
        if port == 0 {
            return self.refuse(reply, 1);
        }
        self.state = State::Over;
        Step::Connect { reply, host, port, rest }
    }

    fn more(&self, reply: Vec<u8>) -> Step {
        Step::Reply(reply)
    }

    fn refuse(&mut self, mut reply: Vec<u8>, code: u8) -> Step {
        self.state = State::Over;
        reply.extend(answer(code));
        Step::Refuse(reply)
    }
}

/// The answer to a request.
pub fn outcome(outcome: Outcome) -> Vec<u8> {
    answer(outcome as u8)
}

/// The address that was bound is the device's; nobody asks for it.
fn answer(code: u8) -> Vec<u8> {
    vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeted() -> Socks {
        let mut socks = Socks::new();
        assert_eq!(socks.handle(&[5, 1, 0]), Step::Reply(vec![5, 0]));
        socks
    }

    fn connect(request: &[u8]) -> (String, u16, Vec<u8>) {
        match greeted().handle(request) {
            Step::Connect { host, port, rest, .. } => (host, port, rest),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_three_kinds_of_address_are_understood() {
        assert_eq!(connect(&[5, 1, 0, 1, 10, 0, 0, 9, 0, 80]), ("10.0.0.9".into(), 80, vec![]));
        assert_eq!(connect(b"\x05\x01\x00\x03\x04host\x01\xbbGET"), ("host".into(), 443, b"GET".to_vec()));
        let mut six = vec![5, 1, 0, 4];
        six.extend([0; 15]);
        six.extend([1, 0, 22]);
        assert_eq!(connect(&six), ("::1".into(), 22, vec![]));
    }

    #[test]
    fn a_handshake_may_come_byte_by_byte() {
        let mut socks = Socks::new();
        let all = b"\x05\x02\x00\x02\x05\x01\x00\x03\x01h\x00\x50";
        let steps: Vec<Step> = all.iter().map(|byte| socks.handle(&[*byte])).collect();
        let (last, before) = steps.split_last().unwrap();
        assert_eq!(*last, Step::Connect { reply: vec![], host: "h".into(), port: 80, rest: vec![] });
        let said: Vec<u8> = before
            .iter()
            .flat_map(|step| match step {
                Step::Reply(bytes) => bytes.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(said, [5, 0]);
    }

    #[test]
    fn a_client_may_ask_before_it_is_greeted() {
        let step = Socks::new().handle(b"\x05\x01\x00\x05\x01\x00\x03\x01h\x00\x50x");
        let rest = b"x".to_vec();
        assert_eq!(step, Step::Connect { reply: vec![5, 0], host: "h".into(), port: 80, rest });
    }

    #[test]
    fn what_is_not_offered_is_refused_as_the_standard_says() {
        assert_eq!(Socks::new().handle(&[5, 1, 2]), Step::Refuse(vec![5, 0xFF]));
        assert_eq!(Socks::new().handle(&[4, 1, 0, 80]), Step::Refuse(vec![]));
        let code = |request: &[u8]| match greeted().handle(request) {
            Step::Refuse(reply) => reply[1],
            other => panic!("{other:?}"),
        };
        assert_eq!(code(&[5, 2, 0, 1, 1, 2, 3, 4, 0, 1]), 7);
        assert_eq!(code(&[5, 1, 0, 9, 1]), 8);
        assert_eq!(code(b"\x05\x01\x00\x03\x02a\x1b\x00\x50"), 4);
        assert_eq!(code(&[5, 1, 0, 1, 1, 2, 3, 4, 0, 0]), 1);
    }

    #[test]
    fn a_client_cannot_make_it_keep_much() {
        let mut socks = Socks::new();
        let mut end = None;
        for _ in 0..100 {
            if let step @ Step::Refuse(_) = socks.handle(&[5; 16 * 1024]) {
                end = Some(step);
                break;
            }
        }
        assert!(end.is_some());
    }
}
