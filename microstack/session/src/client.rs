//! The operator's end: one session.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ring::digest::{SHA384, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey};

use crate::envelope::Envelope;
use crate::error::{Error, HelloError, Refusal, SendError};
use crate::hello::{ClientHello, DeviceHello, MAX_TUNNEL_ID, Resume, SessionId};
use crate::keys::{LinkKey, LinkSecrets, Resumption, SECRET_LEN, Transcript};
use crate::record::CloseCode;
use crate::seal::{Opener, Sealer};
use crate::stream::{Message, Stream, Taken};

/// What a client is made for.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Node id of the device: the hash of the only key that is accepted.
    pub node: [u8; 48],
    /// Protocol number of the session: 1 terminal, 2 desktop, 5 files.
    pub protocol: u16,
}

/// Random numbers for one link. Each must be fresh and from a generator fit for keys.
#[derive(Clone)]
pub struct ClientRandom {
    /// For the key of the link.
    pub key: [u8; 32],
    /// For the nonce.
    pub nonce: [u8; 32],
}

/// What the device says of itself and of the session, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceFacts {
    /// The session's name on the device.
    pub session: SessionId,
    /// For how long the device keeps the session without a link.
    pub kept: Duration,
    /// Rights of the user, as the server told the device.
    pub rights: u32,
    /// The user, as the server told the device: a text to show, or to compare with who one is.
    pub user: String,
}

/// What the owner has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// Send this text frame through the tunnel.
    SendText(String),
    /// Send this binary frame through the tunnel.
    SendBinary(Vec<u8>),
    /// The device has proved who it is; messages may flow.
    Opened(DeviceFacts),
    /// The session goes on over the new link.
    Resumed,
    /// The device sent this.
    Message(Message),
    /// There is room for messages again after [`SendError::Full`].
    Room,
    /// The session is over; send what is left to send and close the tunnel.
    Closed {
        /// Why.
        code: CloseCode,
        /// In the device's words: hostile text.
        reason: String,
    },
}

/// One session of an operator. See the contract in the crate's documentation.
pub struct Client {
    options: ClientOptions,
    link: Link,
    session: Option<Known>,
    stream: Stream,
    out: VecDeque<Output>,
    heard: Option<Instant>,
    pinged: bool,
    over: bool,
}

enum Link {
    /// None, or one that was given up.
    Down,
    /// Our hello is sent.
    Greeting { key: LinkKey, hello: Vec<u8> },
    /// Both ends have keys.
    Up { sealer: Sealer, opener: Opener },
}

struct Known {
    id: SessionId,
    resumption: Resumption,
}

/// A device that does not answer the hello in this time is given up.
pub const HELLO_PATIENCE: Duration = Duration::from_secs(10);
/// After so much silence we ask.
pub const SILENCE: Duration = Duration::from_secs(20);
/// And wait so long for an answer.
pub const PING_PATIENCE: Duration = Duration::from_secs(10);

impl Client {
    /// A session that has not begun.
    pub fn new(options: ClientOptions) -> Client {
        Client {
            options,
            link: Link::Down,
            session: None,
            stream: Stream::default(),
            out: VecDeque::new(),
            heard: None,
            pinged: false,
            over: false,
        }
    }

    /// A tunnel is ready: the relay has said `c` or `cr`. The hello is the next output.
    ///
    /// # Errors
    /// [`Error::Ended`] when the session is over, [`Error::Hello`] when the tunnel's id is too long.
    pub fn attach(&mut self, now: Instant, tunnel: &str, random: ClientRandom) -> Result<(), Error> {
        if self.over {
            return Err(Error::Ended);
        }
        if tunnel.len() > MAX_TUNNEL_ID {
            return Err(HelloError::Form("the tunnel's id is too long").into());
        }
        let key = LinkKey::from_random(random.key);
        let hello = ClientHello {
            protocol: self.options.protocol,
            point: key.point(),
            nonce: random.nonce,
            node: self.options.node,
            tunnel: tunnel.to_owned(),
            resume: self.session.as_ref().map(|known| Resume {
                session: known.id,
                received: self.stream.received(),
                proof: [0; SECRET_LEN],
            }),
        };
        let hello = hello.emit(self.session.as_ref().map(|known| &known.resumption));
        self.out.retain(|output| !matches!(output, Output::SendText(_) | Output::SendBinary(_)));
        self.out.push_back(Output::SendText(Envelope::Client { hello: hello.clone() }.emit()));
        self.link = Link::Greeting { key, hello };
        self.heard = Some(now);
        self.pinged = false;
        Ok(())
    }

    /// The tunnel is lost. [`Client::attach`] goes on with the session.
    pub fn detach(&mut self) {
        self.link = Link::Down;
        self.heard = None;
    }

    /// A text frame came through the tunnel. Text that is not of the handshake is an error: nothing in the open is taken.
    ///
    /// # Errors
    /// [`Error`]; the link is given up.
    pub fn handle_text(&mut self, now: Instant, text: &str) -> Result<(), Error> {
        let result = self.on_text(now, text);
        self.settle(result)
    }

    /// A binary frame came through the tunnel.
    ///
    /// # Errors
    /// [`Error`]; the link is given up.
    pub fn handle_binary(&mut self, now: Instant, frame: &[u8]) -> Result<(), Error> {
        let result = match &mut self.link {
            Link::Up { opener, .. } => opener.open(frame).and_then(|plain| self.stream.record(&plain)),
            _ => Err(Error::Unexpected("a record before the keys are agreed")),
        };
        self.heard = Some(now);
        self.pinged = false;
        self.settle(result)
    }

    /// The time of [`Client::deadline`] has come.
    ///
    /// # Errors
    /// [`Error::Silent`]: the link is given up.
    pub fn handle_time(&mut self, now: Instant) -> Result<(), Error> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Ok(());
        }
        if matches!(self.link, Link::Up { .. }) && !self.pinged {
            self.pinged = true;
            self.heard = Some(now);
            self.stream.owe_ping();
            return Ok(());
        }
        self.settle(Err(Error::Silent))
    }

    /// Sends a text or binary frame of the session protocol. Allowed at any time after [`Output::Opened`], also without a
    /// link.
    ///
    /// # Errors
    /// [`SendError`]; the message is not taken then.
    pub fn send(&mut self, message: &Message) -> Result<(), SendError> {
        match message {
            _ if self.over => Err(SendError::Ended),
            Message::Text(text) => self.stream.send(true, text.as_bytes()),
            Message::Binary(bytes) => self.stream.send(false, bytes),
        }
    }

    /// Ends the session behind everything that was sent. The device forgets it once it has arrived.
    pub fn close(&mut self, reason: &str) {
        self.stream.close(CloseCode::Done, reason);
    }

    /// Stops or goes on with giving messages; the device waits meanwhile.
    pub fn pause(&mut self, paused: bool) {
        self.stream.pause(paused);
    }

    /// The next thing to do; drain it after each input.
    ///
    /// # Errors
    /// [`Error::Record`] when the device breaks the protocol inside; the session is over.
    pub fn poll(&mut self) -> Result<Option<Output>, Error> {
        if let Some(output) = self.out.pop_front() {
            return Ok(Some(output));
        }
        if let Link::Up { sealer, .. } = &mut self.link
            && let Some(frame) = self.stream.next_frame(sealer)
        {
            return Ok(Some(Output::SendBinary(frame)));
        }
        if self.over {
            return Ok(None);
        }
        if self.stream.has_room_again() {
            return Ok(Some(Output::Room));
        }
        match self.stream.take() {
            Ok(None) => Ok(None),
            Ok(Some(Taken::Message(message))) => Ok(Some(Output::Message(message))),
            Ok(Some(Taken::Closed { code, reason })) => {
                self.over = true;
                // The end is acknowledged before the owner hears of it and closes the tunnel.
                self.out.push_back(Output::Closed { code, reason });
                self.poll_frames_first()
            }
            Err(error) => {
                self.settle(Err(error))?;
                Ok(None)
            }
        }
    }

    fn poll_frames_first(&mut self) -> Result<Option<Output>, Error> {
        if let Link::Up { sealer, .. } = &mut self.link
            && let Some(frame) = self.stream.next_frame(sealer)
        {
            return Ok(Some(Output::SendBinary(frame)));
        }
        Ok(self.out.pop_front())
    }

    /// When [`Client::handle_time`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        let heard = self.heard?;
        match &self.link {
            Link::Down => None,
            Link::Greeting { .. } => Some(heard + HELLO_PATIENCE),
            Link::Up { .. } => Some(heard + if self.pinged { PING_PATIENCE } else { SILENCE }),
        }
    }

    /// Whether a link is up and both ends are proved.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up { .. })
    }

    /// Whether the session began, so that it can go on over a new link.
    pub fn is_resumable(&self) -> bool {
        self.session.is_some() && !self.over
    }

    /// Bytes that [`Client::send`] takes now.
    pub fn room(&self) -> usize {
        self.stream.room()
    }

    /// Bytes sent that the device has not taken yet.
    pub fn buffered(&self) -> usize {
        self.stream.buffered()
    }

    /// Whether our end was taken by the device, so that the tunnel can be closed.
    pub fn is_closed_and_taken(&self) -> bool {
        self.stream.is_closed_and_taken()
    }

    fn on_text(&mut self, now: Instant, text: &str) -> Result<(), Error> {
        let Link::Greeting { key, hello } = std::mem::replace(&mut self.link, Link::Down) else {
            return Err(Error::Unexpected("a text frame outside of the encryption"));
        };
        let (device, signed) = match Envelope::parse(text)? {
            Envelope::Refused(refusal) => return Err(Error::Refused(refusal)),
            Envelope::Client { .. } => return Err(Error::Unexpected("our own part of the handshake")),
            Envelope::New { hello, key, signature } => (hello, Some((key, signature, Vec::new()))),
            Envelope::Resumed { hello, proof } => (hello, Some((Vec::new(), Vec::new(), proof))),
        };
        let (public, signature, proof) = signed.expect("both forms have a part");
        let said = DeviceHello::parse(&device)?;
        let transcript = Transcript::of(&hello, &device, &public);
        if said.resumed != self.session.is_some() || said.resumed == proof.is_empty() {
            return Err(Error::Unexpected("an answer to another hello"));
        }
        match &self.session {
            None => {
                if digest(&SHA384, &public).as_ref() != self.options.node {
                    return Err(Error::OtherDevice);
                }
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA384, &public)
                    .verify(&transcript.to_sign(), &signature)
                    .map_err(|_| Error::Signature)?;
            }
            Some(known) => {
                if !known.resumption.is_device_proof(&transcript, &proof) {
                    return Err(Error::Proof);
                }
                if known.id != said.session {
                    return Err(Error::Unexpected("another session"));
                }
            }
        }
        let ecdh = key.agree(&said.point).ok_or(Error::Point)?;
        let secrets =
            LinkSecrets::derive(&ecdh, self.session.as_ref().map(|known| &known.resumption), &transcript);
        // Nothing came meanwhile: the old link was given up before we said what we expect.
        self.stream.attach(said.received, self.stream.received())?;
        self.stream.owe_ack();
        self.link =
            Link::Up { sealer: Sealer::new(secrets.to_device), opener: Opener::new(secrets.to_client) };
        self.heard = Some(now);
        if self.session.is_some() {
            self.out.push_back(Output::Resumed);
        } else {
            self.session = Some(Known { id: said.session, resumption: secrets.resumption });
            self.out.push_back(Output::Opened(DeviceFacts {
                session: said.session,
                kept: Duration::from_secs(said.kept_s.into()),
                rights: said.rights,
                user: said.user,
            }));
        }
        Ok(())
    }

    /// Gives the link up after an error, and the session when no new link helps.
    fn settle(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = &result {
            self.detach();
            let lost =
                matches!(error, Error::Refused(Refusal::Busy | Refusal::Signature)) && self.session.is_none();
            if error.ends_session() || lost {
                self.over = true;
                self.out.clear();
            }
        }
        result
    }
}
