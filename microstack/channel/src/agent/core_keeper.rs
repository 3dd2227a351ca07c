//! Keeping the agent's core: what to store, start, stop and answer (agent-channel specification 4.1).
//!
//! One keeper lives as long as the agent's process, across connections. It does no I/O: the owner stores,
//! starts and stops.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::DeflateDecoder;
use microstack_crypto::sha384;
use microstack_wire::CoreHash;

use super::session::{AgentSession, ServerCommand};
use crate::frame::Message;

/// Largest core after inflation, in bytes.
pub const MAX_CORE_BYTES: usize = 16 * 1024 * 1024;

/// How long a stored core waits for the server's word before it is started anyway.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// What the keeper knows at start.
#[derive(Debug, Clone, Default)]
pub struct KeeperConfig {
    /// Hash of the core in the store.
    pub stored: Option<CoreHash>,
    /// Answer zeros and ignore what the server sends: the core is a local one.
    pub local: bool,
    /// Cores that must not be started because they kept failing.
    pub quarantined: Vec<CoreHash>,
}

/// What the owner has to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeeperOutput {
    /// Store this body, four leading bytes included, in place of the stored one, durably.
    Store {
        /// Its hash.
        hash: CoreHash,
        /// The body as hashed.
        body: Arc<[u8]>,
    },
    /// Delete the stored core.
    Delete,
    /// Stop the running core.
    Stop,
    /// Start this core.
    Start {
        /// Its hash.
        hash: CoreHash,
        /// The body; `None` means the stored one.
        body: Option<Arc<[u8]>>,
    },
    /// The core would be started now but is quarantined: start the last good one if there is one.
    Quarantined(CoreHash),
    /// Send this.
    Send(Message),
    /// The core received is unusable; log why.
    Refused(CoreRefused),
    /// Nothing to do before the next input or this instant.
    Wait(Option<Instant>),
}

/// Why a received core was not taken.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoreRefused {
    /// The body does not have the hash the server named. Usual cause: damage on the way.
    Hash {
        /// What the server said.
        named: CoreHash,
        /// What the body has.
        seen: CoreHash,
    },
    /// The compressed body cannot be inflated. Real agents take raw DEFLATE only.
    Deflate,
    /// The inflated body is larger than 16 MiB.
    TooLarge,
    /// The server of this channel may not replace the core; answers zeros.
    Local,
}

/// Decides about the core of one agent.
///
/// Contract: one input, then [`CoreKeeper::poll`] until [`KeeperOutput::Wait`].
#[derive(Debug)]
pub struct CoreKeeper {
    stored: Option<CoreHash>,
    running: Option<CoreHash>,
    local: bool,
    quarantined: Vec<CoreHash>,
    start_at: Option<Instant>,
    outputs: VecDeque<KeeperOutput>,
}

impl CoreKeeper {
    /// Starts with the process. A stored core waits for the server's word, at most 60 s.
    pub fn start(config: KeeperConfig, now: Instant) -> CoreKeeper {
        CoreKeeper {
            start_at: config.stored.and_then(|_| now.checked_add(START_DEADLINE)),
            stored: config.stored,
            running: None,
            local: config.local,
            quarantined: config.quarantined,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one command of the server; those that are not about cores are not ours.
    ///
    /// The session is the proof that the channel is open, and builds the answers.
    pub fn handle(&mut self, session: &AgentSession, command: &ServerCommand<'_>) {
        match *command {
            ServerCommand::CoreHashQuery { request } => self.report(session, request),
            ServerCommand::CoreOk { .. } => self.start_stored(),
            ServerCommand::Core { request, .. }
            | ServerCommand::CoreDeflated { request, .. }
            | ServerCommand::CoreClear { request }
                if self.local =>
            {
                self.outputs.push_back(KeeperOutput::Refused(CoreRefused::Local));
                self.report(session, request);
            }
            ServerCommand::Core { request, hash, .. } | ServerCommand::CoreDeflated { request, hash, .. }
                if self.stored == Some(hash) =>
            {
                self.report(session, request);
            }
            ServerCommand::Core { request, hash, body } => {
                self.take(session, request, hash, Ok(body.to_vec()));
            }
            ServerCommand::CoreDeflated { request, hash, body } => {
                self.take(session, request, hash, inflate(body));
            }
            ServerCommand::CoreClear { request } => {
                self.forget();
                self.report(session, request);
            }
            _ => {}
        }
    }

    /// Takes the passing of time: a stored core is started when the server keeps silent.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.start_at.is_some_and(|at| now >= at) {
            self.start_stored();
        }
    }

    /// Takes the news that the running core ended by itself or was stopped by its budget.
    pub fn ended(&mut self) {
        self.running = None;
    }

    /// Forbids a core that keeps failing; it is not started again before another one was pushed.
    pub fn quarantine(&mut self, hash: CoreHash) {
        if !self.quarantined.contains(&hash) {
            self.quarantined.push(hash);
        }
    }

    /// Lifts the quarantine of a core, for example on an operator's order.
    pub fn pardon(&mut self, hash: CoreHash) {
        self.quarantined.retain(|other| *other != hash);
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> KeeperOutput {
        self.outputs.pop_front().unwrap_or(KeeperOutput::Wait(self.start_at))
    }

    /// When [`CoreKeeper::handle_timeout`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        self.start_at
    }

    /// The core in the store.
    pub fn stored(&self) -> Option<CoreHash> {
        self.stored
    }

    /// The core that was started last and has not ended.
    pub fn running(&self) -> Option<CoreHash> {
        self.running
    }

    fn take(
        &mut self,
        session: &AgentSession,
        request: u16,
        named: CoreHash,
        body: Result<Vec<u8>, CoreRefused>,
    ) {
        let judged = body.and_then(|body| {
            let seen = CoreHash(sha384(&body));
            if seen == named { Ok(body) } else { Err(CoreRefused::Hash { named, seen }) }
        });
        match judged {
            Err(why) => {
                self.outputs.push_back(KeeperOutput::Refused(why));
                self.forget();
            }
            Ok(body) => {
                let body: Arc<[u8]> = body.into();
                self.stored = Some(named);
                self.outputs.push_back(KeeperOutput::Store { hash: named, body: Arc::clone(&body) });
                self.stop();
                self.launch(named, Some(body));
            }
        }
        self.report(session, request);
    }

    fn start_stored(&mut self) {
        match self.stored {
            Some(hash) if self.running.is_none() => self.launch(hash, None),
            _ => self.start_at = None,
        }
    }

    fn launch(&mut self, hash: CoreHash, body: Option<Arc<[u8]>>) {
        self.start_at = None;
        if self.quarantined.contains(&hash) {
            self.outputs.push_back(KeeperOutput::Quarantined(hash));
        } else {
            self.running = Some(hash);
            self.outputs.push_back(KeeperOutput::Start { hash, body });
        }
    }

    fn forget(&mut self) {
        if self.stored.take().is_some() {
            self.outputs.push_back(KeeperOutput::Delete);
        }
        self.start_at = None;
        self.stop();
    }

    fn stop(&mut self) {
        if self.running.take().is_some() {
            self.outputs.push_back(KeeperOutput::Stop);
        }
    }

    fn report(&mut self, session: &AgentSession, request: u16) {
        let hash = if self.local { Some(CoreHash::LOCAL) } else { self.stored };
        self.outputs.push_back(KeeperOutput::Send(session.core_hash(request, hash)));
    }
}

/// Inflates a raw DEFLATE body, never beyond the cap.
fn inflate(body: &[u8]) -> Result<Vec<u8>, CoreRefused> {
    let mut inflated = Vec::new();
    // One byte more than allowed tells "just fits" from "too large".
    let mut limited = DeflateDecoder::new(body).take(MAX_CORE_BYTES as u64 + 1);
    limited.read_to_end(&mut inflated).map_err(|_| CoreRefused::Deflate)?;
    if inflated.len() > MAX_CORE_BYTES {
        return Err(CoreRefused::TooLarge);
    }
    Ok(inflated)
}

impl std::fmt::Display for CoreRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CoreRefused::Hash { named, seen } => {
                write!(f, "the core has the hash {seen}, but the server named {named}")
            }
            CoreRefused::Deflate => f.write_str("the compressed core is not raw DEFLATE"),
            CoreRefused::TooLarge => {
                write!(f, "the compressed core inflates to more than {MAX_CORE_BYTES} bytes")
            }
            CoreRefused::Local => {
                f.write_str("the server sent a core, but this agent runs a local one and keeps it")
            }
        }
    }
}
