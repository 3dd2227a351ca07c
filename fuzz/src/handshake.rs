//! Targets for both handshakes as a whole: frames in any order, and an owner who answers anything at any time.

use std::time::{Duration, Instant};

use microstack::channel::{Frame, HandshakeError, PolicyHold, agent, server};
use microstack::crypto::{SignError, VerifyError, rsa_public_key, sha384, verify_agent_signature};
use microstack::wire::{Command, MAX_BEFORE_AUTH, NodeId};

use crate::cut::{Cut, framed};
use crate::fixture::{self, TLS_KEY, recording};

/// What one byte of a script means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Step {
    /// A binary frame follows.
    Binary,
    /// A text frame follows.
    Text,
    /// A recorded frame; its number follows.
    Recorded,
    /// A recorded frame with one byte changed: its number, the place in two bytes, and what to flip.
    Damaged,
    /// The owner signed.
    Signed,
    /// The owner could not sign.
    SignFailed,
    /// The owner checked the signature in earnest.
    Checked,
    /// The owner says the signature is good, whatever it is.
    Good,
    /// The owner says the signature is bad.
    Bad,
    /// So many seconds pass.
    Later,
    /// The owner lets the agent in.
    Confirm,
    /// The owner keeps the agent out.
    KeepOut,
    /// A frame over the cap.
    Huge,
}

impl Step {
    fn of(byte: u8) -> Step {
        use Step::*;
        const ALL: [Step; 13] = [
            Binary, Text, Recorded, Damaged, Signed, SignFailed, Checked, Good, Bad, Later, Confirm, KeepOut,
            Huge,
        ];
        ALL[usize::from(byte) % ALL.len()]
    }
}

/// What was asked of the owner to check.
struct Question {
    cert: Vec<u8>,
    data: [u8; 144],
    signature: Vec<u8>,
}

impl Question {
    fn answer(&self) -> Result<(), VerifyError> {
        verify_agent_signature(&self.cert, &self.data, &self.signature)
    }
}

/// The agent's handshake.
pub fn agent_handshake(data: &[u8]) {
    let mut cut = Cut::new(data);
    let mut watch = AgentWatch::start(cut.byte());
    while !cut.is_empty() {
        watch.step(&mut cut);
        watch.drain();
    }
}

struct AgentWatch {
    machine: agent::Handshake,
    now: Instant,
    skip: bool,
    sign_asked: bool,
    signed: bool,
    question: Option<Question>,
    judged_good: bool,
    confirmed: bool,
    overdue: bool,
    held: bool,
    ready: bool,
}

impl AgentWatch {
    fn start(setup: u8) -> AgentWatch {
        let recording = recording();
        let right = agent::Pin { server: recording.server_id, tls: recording.tls };
        let pin = match setup % 4 {
            0 => None,
            1 => Some(right),
            2 => Some(agent::Pin { tls: TLS_KEY, ..right }),
            _ => Some(agent::Pin { server: microstack::wire::ServerId([1; 48]), ..right }),
        };
        let mut config = fixture::agent_config();
        if setup & 4 != 0 {
            config.commit_date = "2026-Nov-21".to_owned();
            config.host_info = "a computer".to_owned();
            config.agent_name = Some("a \"name\"".to_owned());
            config.tag = b"tag".to_vec();
        }
        let now = fixture::start();
        let machine = agent::Handshake::start(config, fixture::seen(), recording.agent_nonce, pin, now);
        let mut watch = AgentWatch {
            skip: pin == Some(right),
            machine,
            now,
            sign_asked: false,
            signed: false,
            question: None,
            judged_good: false,
            confirmed: false,
            overdue: false,
            held: false,
            ready: false,
        };
        assert_eq!(watch.machine.skip_path(), watch.skip);
        watch.drain();
        watch
    }

    fn step(&mut self, cut: &mut Cut<'_>) {
        let over = self.held || self.ready;
        let fits = |result: Result<(), HandshakeError>, asked: bool| match over {
            true => assert_eq!(result, Ok(()), "it answers after the end"),
            false => assert_eq!(result.is_ok(), asked, "{result:?}"),
        };
        match Step::of(cut.byte()) {
            Step::Binary => self.frame(Frame::Binary(cut.frame())),
            Step::Text => self.frame(Frame::Text(&String::from_utf8_lossy(cut.frame()))),
            Step::Recorded => self.frame(Frame::Binary(recorded(&recording().server, cut))),
            Step::Damaged => self.frame(Frame::Binary(&damaged(&recording().server, cut))),
            Step::Signed => {
                let asked = std::mem::take(&mut self.sign_asked);
                self.signed |= asked && !over;
                fits(self.machine.signed(vec![0x5A; 384]), asked);
            }
            Step::SignFailed => self.machine.sign_failed(a_failure()),
            Step::Checked => {
                let question = self.question.take();
                let result = question.as_ref().map_or(Ok(()), Question::answer);
                self.judged_good |= question.is_some() && result.is_ok() && !over;
                fits(self.machine.checked(result), question.is_some());
            }
            step @ (Step::Good | Step::Bad) => {
                let asked = self.question.take().is_some();
                self.judged_good |= asked && step == Step::Good && !over;
                fits(self.machine.verified(step == Step::Good), asked);
            }
            Step::Later | Step::Confirm | Step::KeepOut => {
                self.now += Duration::from_secs(cut.byte().into());
                self.machine.handle_timeout(self.now);
            }
            Step::Huge => self.frame(Frame::Binary(&[0; MAX_BEFORE_AUTH + 1])),
        }
    }

    fn frame(&mut self, frame: Frame<'_>) {
        if let Frame::Binary(bytes) = frame {
            self.confirmed |= matches!(Command::parse_from_server(bytes), Ok(Command::AuthConfirm));
        }
        match self.machine.handle(self.now, frame) {
            Ok(()) => {}
            Err(error) => {
                assert!(!self.held && !self.ready, "it answers after the end");
                assert!(!error.to_string().is_empty());
            }
        }
    }

    fn drain(&mut self) {
        for count in 0..16 {
            let output = self.machine.poll();
            let over = self.held || self.ready;
            match output {
                agent::Output::Wait(at) => {
                    assert_eq!(at, self.machine.deadline());
                    assert!(!over || at.is_none());
                    return;
                }
                other if over => panic!("after the end comes {other:?}"),
                agent::Output::Send(bytes) => self.sent(&bytes),
                agent::Output::SendText(text) => {
                    let value: serde_json::Value = serde_json::from_str(&text).expect("it sends JSON");
                    assert_eq!(value["action"], "agentName");
                    assert!(self.skip || self.judged_good, "it describes itself to a stranger");
                }
                agent::Output::Sign { data } => {
                    assert!(!self.sign_asked && !self.signed, "one signature for each connection");
                    let own = recording().agent_nonce;
                    assert!(data[..48] == recording().tls.0 || data[..48] == TLS_KEY.0, "a foreign hash");
                    assert_eq!(data[96..], own.0);
                    self.sign_asked = true;
                }
                agent::Output::Verify { cert_der, data, signature } => {
                    assert!(self.question.is_none(), "one question at a time");
                    let key = rsa_public_key(&cert_der).expect("the certificate was judged before");
                    assert!(recording().server_id.names_key(&key.pkcs1), "a foreign identity");
                    assert_eq!(data[..48], recording().tls.0);
                    assert_eq!(data[48..96], recording().agent_nonce.0);
                    self.question = Some(Question { cert: cert_der, data, signature });
                }
                agent::Output::Pin(pin) => {
                    assert!(self.judged_good, "a pin without a proof");
                    assert_eq!((pin.server, pin.tls), (recording().server_id, recording().tls));
                }
                agent::Output::Hold(error) => {
                    assert_eq!(count, 0, "something leaves together with a refusal");
                    assert!(!error.to_string().is_empty());
                    self.held = true;
                }
                agent::Output::Overdue(error) => {
                    assert!(!std::mem::replace(&mut self.overdue, true), "overdue comes once");
                    assert!(!error.to_string().is_empty());
                }
                agent::Output::Ready(session) => {
                    assert!(self.skip || self.judged_good, "ready without a proof");
                    assert!(self.question.is_none(), "ready with an open question");
                    assert!(self.signed && self.confirmed, "ready before the server is");
                    assert_eq!(session.server(), recording().server_id);
                    assert_eq!(session.skip_path(), self.skip);
                    self.ready = true;
                }
            }
        }
        panic!("one input leads to more than 16 outputs");
    }

    fn sent(&mut self, bytes: &[u8]) {
        match Command::parse_from_agent(bytes).expect("it sends what can be read") {
            Command::AuthInfo(_) => {
                assert!(self.skip || self.judged_good, "it describes itself to a stranger")
            }
            Command::AuthVerify { .. } => assert!(self.signed),
            Command::AuthConfirm => assert!(self.skip, "the server must sign"),
            Command::Tag(_) => assert!((self.skip || self.judged_good) && self.confirmed),
            Command::AuthRequest { hash, nonce } => {
                assert_eq!((hash, nonce), (recording().tls, recording().agent_nonce));
            }
            Command::ServerId(_) | Command::AgentCommitDate(_) | Command::HostInfo(_) => {}
            other => panic!("a handshake has no {}", other.name()),
        }
    }
}

/// The server's handshake.
pub fn server_handshake(data: &[u8]) {
    let mut cut = Cut::new(data);
    let now = fixture::start();
    let machine = server::Handshake::start(fixture::server_config(), recording().server_nonce, now);
    let mut watch = ServerWatch {
        machine,
        now,
        sign_asked: false,
        signed: false,
        question: None,
        proven: None,
        verified: None,
        confirmed: false,
        held: false,
    };
    while !cut.is_empty() {
        watch.step(&mut cut);
        watch.drain();
    }
}

struct ServerWatch {
    machine: server::Handshake,
    now: Instant,
    sign_asked: bool,
    signed: bool,
    question: Option<Question>,
    /// The certificate whose signature the owner found good.
    proven: Option<Vec<u8>>,
    verified: Option<NodeId>,
    confirmed: bool,
    held: bool,
}

impl ServerWatch {
    fn step(&mut self, cut: &mut Cut<'_>) {
        let held = self.held;
        let fits = |result: Result<(), HandshakeError>, asked: bool| match held {
            true => assert_eq!(result, Ok(()), "it answers after a refusal"),
            false => assert_eq!(result.is_ok(), asked, "{result:?}"),
        };
        match Step::of(cut.byte()) {
            Step::Binary => self.frame(Frame::Binary(cut.frame())),
            Step::Text => self.frame(Frame::Text(&String::from_utf8_lossy(cut.frame()))),
            Step::Recorded => self.frame(Frame::Binary(recorded(&recording().agent, cut))),
            Step::Damaged => self.frame(Frame::Binary(&damaged(&recording().agent, cut))),
            Step::Signed => {
                let asked = std::mem::take(&mut self.sign_asked);
                self.signed |= asked;
                fits(self.machine.signed(vec![0x5A; 384]), asked);
            }
            // Only a signature that was asked for can fail; a session that is open does not end by it otherwise.
            Step::SignFailed if self.sign_asked || !self.confirmed => self.machine.sign_failed(a_failure()),
            Step::SignFailed => {}
            Step::Checked => {
                let question = self.question.take();
                let result = question.as_ref().map_or(Ok(()), Question::answer);
                let asked = question.is_some();
                self.judged(question, result.is_ok());
                fits(self.machine.checked(result), asked);
            }
            step @ (Step::Good | Step::Bad) => {
                let question = self.question.take();
                let asked = question.is_some();
                self.judged(question, step == Step::Good);
                fits(self.machine.verified(step == Step::Good), asked);
            }
            Step::Later => {
                self.now += Duration::from_secs(cut.byte().into());
                self.machine.handle_timeout(self.now);
            }
            Step::Confirm => match self.machine.confirm() {
                Ok(session) => {
                    assert!(!self.held && !self.confirmed);
                    assert_eq!(Some(session.node()), self.verified, "a session without a proof");
                    self.confirmed = true;
                }
                Err(error) => {
                    assert!(matches!(error, HandshakeError::Misuse(_)));
                    assert!(self.held || self.confirmed || self.verified.is_none(), "{error}");
                }
            },
            Step::KeepOut => self.machine.hold(PolicyHold::Full { limit: 1 }),
            Step::Huge => self.frame(Frame::Binary(&[0; MAX_BEFORE_AUTH + 1])),
        }
    }

    fn judged(&mut self, question: Option<Question>, good: bool) {
        if let Some(question) = question.filter(|_| good && !self.held) {
            self.proven = Some(question.cert);
        }
    }

    fn frame(&mut self, frame: Frame<'_>) {
        match self.machine.handle(self.now, frame) {
            Ok(()) => {}
            Err(error) => {
                assert!(!self.held && !self.confirmed, "it answers after the end");
                assert!(!error.to_string().is_empty());
            }
        }
    }

    fn drain(&mut self) {
        for count in 0..16 {
            let output = self.machine.poll();
            match output {
                server::Output::Wait(at) => {
                    assert_eq!(at, self.machine.deadline());
                    assert!(at.is_none() || !(self.held || self.confirmed));
                    assert_eq!(self.machine.is_held(), self.held);
                    return;
                }
                other if self.held => panic!("after a refusal comes {other:?}"),
                server::Output::Send(bytes) => self.sent(&bytes),
                server::Output::Sign { identity, data } => {
                    assert!(!self.sign_asked && !self.signed, "one signature for each connection");
                    assert!(identity < fixture::server_config().identities.len());
                    assert!(data[..48] == recording().tls.0 || data[..48] == TLS_KEY.0, "a foreign hash");
                    assert_eq!(data[96..], recording().server_nonce.0);
                    self.sign_asked = true;
                }
                server::Output::Verify { cert_der, data, signature } => {
                    assert!(self.question.is_none() && self.proven.is_none(), "one question");
                    assert_eq!(data[48..96], recording().server_nonce.0, "a signature could be replayed");
                    self.question = Some(Question { cert: cert_der, data, signature });
                }
                server::Output::Hold(error) => {
                    assert_eq!(count, 0, "something leaves together with a refusal");
                    assert!(!error.to_string().is_empty());
                    self.held = true;
                }
                server::Output::Verified(hello) => {
                    assert!(self.verified.is_none(), "an agent is presented once");
                    assert_eq!(Some(&hello.cert_der), self.proven.as_ref(), "presented without a proof");
                    let key = rsa_public_key(&hello.cert_der).expect("its signature was checked");
                    assert_eq!(hello.node, NodeId(sha384(&key.pkcs1)));
                    assert!(hello.identity < fixture::server_config().identities.len());
                    if let Some(name) = &hello.agent_name {
                        assert!((1..=255).contains(&name.chars().count()));
                    }
                    self.verified = Some(hello.node);
                }
            }
        }
        panic!("one input leads to more than 16 outputs");
    }

    fn sent(&mut self, bytes: &[u8]) {
        match Command::parse_from_server(bytes).expect("it sends what can be read") {
            Command::AuthRequest { hash, nonce } => {
                assert!(hash == recording().tls || hash == TLS_KEY, "a foreign hash");
                assert_eq!(nonce, recording().server_nonce);
            }
            Command::AuthVerify { .. } => assert!(self.signed),
            Command::AuthConfirm => assert!(self.confirmed, "let in by nobody"),
            other => panic!("a handshake has no {}", other.name()),
        }
    }
}

fn recorded<'a>(frames: &'a [Vec<u8>], cut: &mut Cut<'_>) -> &'a [u8] {
    &frames[usize::from(cut.byte()) % frames.len()]
}

fn damaged(frames: &[Vec<u8>], cut: &mut Cut<'_>) -> Vec<u8> {
    let mut frame = recorded(frames, cut).to_vec();
    let at = usize::from(u16::from_be_bytes([cut.byte(), cut.byte()])) % frame.len();
    frame[at] ^= cut.byte();
    frame
}

fn a_failure() -> SignError {
    SignError::Stopped
}

/// Whole handshakes on both paths, an early proof, and frames in full.
pub fn scripts_for_agents() -> Vec<Vec<u8>> {
    use Step::*;
    let mut scripts = vec![
        script(
            0,
            &[&[Recorded as u8, 0], &[Signed as u8, Recorded as u8, 1], &[Checked as u8, Recorded as u8, 2]],
        ),
        script(5, &[&[Recorded as u8, 0, Signed as u8, Recorded as u8, 2]]),
        script(1, &[&[Recorded as u8, 0, Recorded as u8, 1, Signed as u8, Recorded as u8, 2, Good as u8]]),
        script(4, &[&[Recorded as u8, 1, Recorded as u8, 2, Recorded as u8, 0, Good as u8, Signed as u8]]),
        script(
            2,
            &[&[Recorded as u8, 0, Damaged as u8, 1, 5, 5, 1, Checked as u8, Later as u8, 30, Bad as u8]],
        ),
        // A proof that comes early and is no certificate.
        script(0, &[&[Damaged as u8, 1, 0, 4, 0xFF, Recorded as u8, 0, Recorded as u8, 1]]),
        script(3, &[&[Later as u8, 21, SignFailed as u8, Huge as u8]]),
    ];
    let mut whole = vec![0];
    for frame in &recording().server {
        whole.push(Binary as u8);
        whole.extend(framed(frame));
        whole.extend([Signed as u8, Checked as u8]);
    }
    scripts.push(whole);
    scripts
}

/// Whole handshakes on both paths, with and without a good end.
pub fn scripts_for_servers() -> Vec<Vec<u8>> {
    use Step::*;
    // The recorded agent: 30, 31, 5, 1, 2, 3, 15.
    let recorded =
        |numbers: &[u8]| -> Vec<u8> { numbers.iter().flat_map(|n| [Recorded as u8, *n]).collect() };
    let mut name = vec![Text as u8];
    name.extend(framed(br#"{"action":"agentName","value":"a name"}"#));
    let mut confirm = vec![Binary as u8];
    confirm.extend(framed(b"\0\x04"));
    let mut scripts = vec![
        [&recorded(&[0, 1, 2, 3])[..], &[Signed as u8], &recorded(&[4, 5]), &[Checked as u8, Confirm as u8]]
            .concat(),
        [&recorded(&[2])[..], &confirm, &recorded(&[3, 5, 4]), &name, &[Good as u8, Confirm as u8]].concat(),
        [&recorded(&[4, 5, 3])[..], &[Good as u8, KeepOut as u8, Later as u8, 31]].concat(),
        [&recorded(&[3, 4, 5])[..], &[Bad as u8]].concat(),
        [&recorded(&[3, 4])[..], &[Good as u8, SignFailed as u8, Huge as u8]].concat(),
        vec![Later as u8, 31],
        // A proof that comes early and is no certificate.
        [&[Damaged as u8, 4, 0, 4, 0xFF][..], &recorded(&[3, 4, 5])].concat(),
    ];
    let mut whole = Vec::new();
    for frame in &recording().agent {
        whole.push(Binary as u8);
        whole.extend(framed(frame));
    }
    whole.extend([Signed as u8, Checked as u8, Confirm as u8]);
    scripts.push(whole);
    scripts
}

fn script(setup: u8, steps: &[&[u8]]) -> Vec<u8> {
    [&[setup], steps.concat().as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_server_is_trusted_by_its_true_signature() {
        let script = scripts_for_agents().pop().expect("the frames in full come last");
        let mut cut = Cut::new(&script);
        let mut watch = AgentWatch::start(cut.byte());
        while !cut.is_empty() {
            watch.step(&mut cut);
            watch.drain();
        }
        assert!(watch.ready && watch.judged_good && !watch.held);
    }

    #[test]
    fn every_step_has_its_number() {
        for step in 0..13 {
            assert_eq!(Step::of(step) as u8, step);
        }
    }
}
