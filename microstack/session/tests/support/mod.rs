//! A client and a device in virtual time, with a relay between them that a test bends.
#![allow(dead_code)] // each test program uses its part

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use microstack_crypto::{Identity, RsaKey};
use microstack_session::{
    Client, ClientOptions, ClientRandom, Context, Device, DeviceOutput, DeviceRandom, Error, Limits, Message,
    Output, SessionId,
};

/// A frame in the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Client,
    Device,
}

/// What the relay does with a frame.
pub enum Fate {
    Pass,
    /// This one instead.
    Change(Frame),
    /// This one twice.
    Twice,
    Lose,
    /// The link ends before it.
    Cut,
}

pub fn identity(which: usize) -> &'static Identity {
    static IDENTITIES: OnceLock<[Identity; 2]> = OnceLock::new();
    let make = || {
        let key = RsaKey::generate(2048, &|_| {}).unwrap();
        Identity::agent_for_key(key, std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
            .unwrap()
    };
    &IDENTITIES.get_or_init(|| [make(), make()])[which]
}

/// Numbers that differ each time, and the same in each run.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

pub struct Pair {
    pub now: Instant,
    pub client: Client,
    pub device: Device,
    pub link: Option<u64>,
    pub links: u64,
    pub context: Context,
    pub numbers: Numbers,
    pub to_device: VecDeque<Frame>,
    pub to_client: VecDeque<Frame>,
    /// What the client's owner heard.
    pub client_heard: Vec<Output>,
    /// What the device's owner heard.
    pub device_heard: Vec<DeviceOutput>,
    pub client_errors: Vec<Error>,
    pub session: Option<SessionId>,
    /// Everything that the relay saw.
    pub seen: Vec<(From, Frame)>,
    /// Which identity signs.
    pub signer: usize,
}

impl Pair {
    pub fn new() -> Pair {
        Pair::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Pair {
        let identity = identity(0);
        let node = identity.node_id().0;
        Pair {
            now: Instant::now(),
            client: Client::new(ClientOptions { node, protocol: 1 }),
            device: Device::new(node, identity.key.public_pkcs1_der().to_vec(), limits),
            link: None,
            links: 0,
            context: Context::new("tunnel-0", "user//admin", 0xFFFF_FFFF),
            numbers: Numbers::new(42),
            to_device: VecDeque::new(),
            to_client: VecDeque::new(),
            client_heard: Vec::new(),
            device_heard: Vec::new(),
            client_errors: Vec::new(),
            session: None,
            seen: Vec::new(),
            signer: 0,
        }
    }

    /// A new tunnel: both sides come, and the client speaks first.
    pub fn attach(&mut self) {
        self.links += 1;
        self.link = Some(self.links);
        self.context.tunnel = format!("tunnel-{}", self.links);
        let random = ClientRandom { key: self.numbers.bytes(), nonce: self.numbers.bytes() };
        self.client.attach(self.now, &self.context.tunnel, random).unwrap();
    }

    /// The tunnel ends for both, with all that is in it.
    pub fn cut(&mut self) {
        if let Some(link) = self.link.take() {
            self.client.detach();
            self.device.lost(self.now, link);
        }
        self.to_device.clear();
        self.to_client.clear();
    }

    /// Moves frames until nothing moves, or the link is gone.
    pub fn run(&mut self) {
        self.run_with(&mut |_, _| Fate::Pass);
    }

    /// As [`Pair::run`] with somebody in the middle.
    pub fn run_with(&mut self, middle: &mut dyn FnMut(From, &Frame) -> Fate) {
        loop {
            self.drain();
            let Some(link) = self.link else { return };
            let (from, frame) = match (self.to_device.pop_front(), self.to_client.front()) {
                (Some(frame), _) => (From::Client, frame),
                (None, Some(_)) => (From::Device, self.to_client.pop_front().unwrap()),
                (None, None) => return,
            };
            self.seen.push((from, frame.clone()));
            let frames = match middle(from, &frame) {
                Fate::Pass => vec![frame],
                Fate::Change(other) => vec![other],
                Fate::Twice => vec![frame.clone(), frame],
                Fate::Lose => vec![],
                Fate::Cut => {
                    self.cut();
                    continue;
                }
            };
            for frame in frames {
                match from {
                    From::Client => self.give_device(link, frame),
                    From::Device => self.give_client(frame),
                }
            }
        }
    }

    pub fn give_device(&mut self, link: u64, frame: Frame) {
        match frame {
            Frame::Text(text) => {
                let random = DeviceRandom {
                    key: self.numbers.bytes(),
                    nonce: self.numbers.bytes(),
                    session: self.numbers.bytes(),
                };
                self.device.hello(self.now, link, self.context.clone(), &text, random);
            }
            Frame::Binary(bytes) => self.device.binary(self.now, link, &bytes),
        }
    }

    fn give_client(&mut self, frame: Frame) {
        let result = match &frame {
            Frame::Text(text) => self.client.handle_text(self.now, text),
            Frame::Binary(bytes) => self.client.handle_binary(self.now, bytes),
        };
        if let Err(error) = result {
            self.client_errors.push(error);
            self.drain();
            self.cut();
        }
    }

    pub fn drain(&mut self) {
        loop {
            match self.client.poll() {
                Ok(None) => break,
                Ok(Some(Output::SendText(text))) => self.to_device.push_back(Frame::Text(text)),
                Ok(Some(Output::SendBinary(bytes))) => self.to_device.push_back(Frame::Binary(bytes)),
                Ok(Some(other)) => self.client_heard.push(other),
                Err(error) => {
                    self.client_errors.push(error);
                    break;
                }
            }
        }
        while let Some(output) = self.device.poll() {
            match output {
                DeviceOutput::Sign { link, data } => {
                    let signature = identity(self.signer).key.sign_sha384(&data);
                    self.device.signed(self.now, link, Some(signature));
                }
                DeviceOutput::Text { link, text } if Some(link) == self.link => {
                    self.to_client.push_back(Frame::Text(text));
                }
                DeviceOutput::Binary { link, frame } if Some(link) == self.link => {
                    self.to_client.push_back(Frame::Binary(frame));
                }
                DeviceOutput::Text { .. } | DeviceOutput::Binary { .. } => {}
                other => {
                    if let DeviceOutput::Opened { session, .. } = other {
                        self.session = Some(session);
                    }
                    self.device_heard.push(other);
                }
            }
        }
    }

    /// Opens a session.
    pub fn open() -> Pair {
        let mut pair = Pair::new();
        pair.attach();
        pair.run();
        assert!(matches!(pair.client_heard[..], [Output::Opened(_)]), "{:?}", pair.client_heard);
        assert!(pair.session.is_some());
        pair
    }

    pub fn session(&self) -> SessionId {
        self.session.expect("the session was opened")
    }

    /// Messages that reached the client's owner.
    pub fn at_client(&self) -> Vec<Message> {
        let message = |output: &Output| match output {
            Output::Message(message) => Some(message.clone()),
            _ => None,
        };
        self.client_heard.iter().filter_map(message).collect()
    }

    /// Messages that reached the device's owner.
    pub fn at_device(&self) -> Vec<Message> {
        let message = |output: &DeviceOutput| match output {
            DeviceOutput::Message { message, .. } => Some(message.clone()),
            _ => None,
        };
        self.device_heard.iter().filter_map(message).collect()
    }

    /// Why the device dropped links.
    pub fn drops(&self) -> Vec<String> {
        let why = |output: &DeviceOutput| match output {
            DeviceOutput::Drop { why, .. } => Some(why.clone()),
            _ => None,
        };
        self.device_heard.iter().filter_map(why).collect()
    }
}

pub fn text(text: &str) -> Message {
    Message::Text(text.into())
}

pub fn binary(bytes: impl AsRef<[u8]>) -> Message {
    Message::Binary(bytes.as_ref().to_vec())
}
