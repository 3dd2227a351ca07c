//! Bringing an agent to the wanted core: the decisions of agent-channel specification 3.4, 4.2 and 4.3.
//!
//! Runs after command 4. The bodies of cores stay with the owner, who keeps one copy for all agents: this
//! machine only says when to push.
//!
//! Real agents echo the request id of a query, so a reply to an older request than the last push can be told
//! from a refusal of that push. Without this the core would be sent twice, as existing servers do.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use microstack_wire::{AgentHash, Capabilities, CoreHash};

use super::session::{AgentCommand, ServerSession};
use crate::frame::Message;

/// What is known about the agent when the session opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Disconnects of this node since the counter was last cleared, every two minutes.
    pub disconnects: u32,
    /// Whether the agent type number is one we know.
    pub type_known: bool,
    /// From AuthInfo.
    pub capabilities: Capabilities,
    /// The core this agent should run.
    pub wanted: Wanted,
    /// The hash of the program this agent should be, if updates of its type are on.
    pub program: Option<AgentHash>,
}

/// Which core an agent should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    Core(CoreHash),
    /// Whatever an operator has put there by hand.
    Any,
    /// None: an existing one is cleared.
    Nothing,
}

/// What the owner has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this.
    Send(Message),
    /// Send the wanted core with this request id.
    Push {
        /// Request id for the message.
        request: u16,
        /// Which core.
        hash: CoreHash,
        /// Whether the agent takes command 20.
        deflated_ok: bool,
    },
    /// The agent runs another program than it should: update it, then call [`CoreSync::resume`].
    Update {
        /// What it runs.
        runs: AgentHash,
    },
    /// The agent runs what it should (4.3). Comes again after a later push.
    Stable,
    /// Nothing more will be tried on this connection.
    GiveUp(GiveUp),
    /// Nothing to do before the next message or this instant.
    Wait(Option<Instant>),
}

/// Why the agent does not get its core.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    /// The device loses its connection too often; its core was cleared and no other is sent.
    CrashLoop {
        /// Disconnects since the counter was cleared.
        disconnects: u32,
    },
    /// The agent did not take the core.
    Refused {
        /// How often it was sent.
        sent: u8,
        /// What the agent reports instead.
        reports: Option<CoreHash>,
    },
    /// The agent does not answer. Usual cause: its core blocks it.
    Silent {
        /// How long we waited.
        after: Duration,
    },
}

/// More disconnects than this, and command 4 is not sent at all.
pub const MAX_DISCONNECTS_CONFIRMED: u32 = 6;

/// More disconnects than this, and the core is cleared.
pub const MAX_DISCONNECTS_WITH_CORE: u32 = 4;

/// A core is sent at most this often on one connection.
pub const MAX_PUSHES: u8 = 5;

/// How long an agent may take to answer; generous, because a starting core can hold it up.
pub const REPLY_DEADLINE: Duration = Duration::from_secs(120);

/// Whether a device with this many recent disconnects is confirmed (3.4 row a).
pub fn admits(disconnects: u32) -> bool {
    disconnects <= MAX_DISCONNECTS_CONFIRMED
}

/// Brings one agent to its core and keeps it there. One per connection.
///
/// Contract: one input, then [`CoreSync::poll`] until [`Output::Wait`].
#[derive(Debug)]
pub struct CoreSync {
    requests: Requests,
    wanted: Wanted,
    program: Option<AgentHash>,
    deflated_ok: bool,
    manages_core: bool,
    pushes: u8,
    step: Step,
    outputs: VecDeque<Output>,
}

impl CoreSync {
    /// Starts after command 4 was sent.
    pub fn start(session: &ServerSession, inputs: Inputs, now: Instant) -> CoreSync {
        let recovery = inputs.capabilities.contains(Capabilities::RECOVERY);
        let mut sync = CoreSync {
            requests: Requests { last: 0 },
            wanted: inputs.wanted,
            program: inputs.program.filter(|_| inputs.type_known && !recovery),
            deflated_ok: inputs.capabilities.contains(Capabilities::COMPRESSION),
            manages_core: recovery || inputs.capabilities.contains(Capabilities::JAVASCRIPT),
            pushes: 0,
            step: Step::Over,
            outputs: VecDeque::new(),
        };
        if inputs.disconnects > MAX_DISCONNECTS_WITH_CORE {
            let request = sync.requests.next();
            sync.outputs.push_back(Output::Send(session.core_clear(request)));
            let disconnects = inputs.disconnects;
            sync.outputs.push_back(Output::GiveUp(GiveUp::CrashLoop { disconnects }));
            return sync;
        }
        if !inputs.type_known && !recovery {
            let request = sync.requests.next();
            sync.outputs.push_back(Output::Send(session.core_clear(request)));
        }
        match sync.program {
            Some(_) => {
                let request = sync.requests.next();
                sync.outputs.push_back(Output::Send(session.update_query(request)));
                sync.step = Step::AskedProgram { since: now };
            }
            None => sync.ask_core(session, now),
        }
        sync
    }

    /// Takes one message of the agent; those that are not about cores or programs are not ours.
    pub fn handle(&mut self, session: &ServerSession, now: Instant, command: &AgentCommand<'_>) {
        match *command {
            AgentCommand::AgentHash { hash, .. } => self.on_program(session, now, hash),
            AgentCommand::CoreHash { request, hash } => self.on_core(session, now, request, hash),
            _ => {}
        }
    }

    /// Changes the wanted core, for example when an operator pushes one, and starts a new count of tries.
    pub fn want(&mut self, session: &ServerSession, wanted: Wanted, now: Instant) {
        self.wanted = wanted;
        self.pushes = 0;
        match wanted {
            Wanted::Core(hash) => self.push(hash, now),
            Wanted::Nothing => {
                let request = self.requests.next();
                self.outputs.push_back(Output::Send(session.core_clear(request)));
                self.step = Step::AskedCore { since: now, least: request };
            }
            Wanted::Any => self.ask_core(session, now),
        }
    }

    /// Goes on with the core after [`Output::Update`] turned out not to be needed or possible.
    pub fn resume(&mut self, session: &ServerSession, now: Instant) {
        if matches!(self.step, Step::Updating) {
            self.ask_core(session, now);
        }
    }

    /// Takes the passing of time.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_some_and(|at| now >= at) {
            self.step = Step::Over;
            self.outputs.push_back(Output::GiveUp(GiveUp::Silent { after: REPLY_DEADLINE }));
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Wait(self.deadline()))
    }

    /// When [`CoreSync::handle_timeout`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::AskedProgram { since } | Step::AskedCore { since, .. } | Step::Pushed { since, .. } => {
                since.checked_add(REPLY_DEADLINE)
            }
            Step::Updating | Step::Stable { .. } | Step::Over => None,
        }
    }

    /// Whether the agent runs what it should.
    pub fn is_stable(&self) -> bool {
        matches!(self.step, Step::Stable { .. })
    }

    fn on_program(&mut self, session: &ServerSession, now: Instant, runs: AgentHash) {
        let Step::AskedProgram { .. } = self.step else { return };
        if runs == AgentHash::NEVER_UPDATE || self.program == Some(runs) {
            self.ask_core(session, now);
        } else {
            self.step = Step::Updating;
            self.outputs.push_back(Output::Update { runs });
        }
    }

    /// Rows f and g of 3.4.
    fn ask_core(&mut self, session: &ServerSession, now: Instant) {
        if !self.manages_core {
            self.stable(None);
            return;
        }
        let request = self.requests.next();
        self.outputs.push_back(Output::Send(session.core_query(request)));
        self.step = Step::AskedCore { since: now, least: request };
    }

    /// 4.2.
    fn on_core(&mut self, session: &ServerSession, now: Instant, request: u16, reports: Option<CoreHash>) {
        let right = match (self.wanted, reports) {
            (_, Some(CoreHash::LOCAL)) | (Wanted::Any, _) => true,
            (Wanted::Core(wanted), reported) => reported == Some(wanted),
            (Wanted::Nothing, reported) => reported.is_none(),
        };
        match self.step {
            Step::AskedProgram { .. } | Step::Updating | Step::Over => return,
            // An echo of an older question says nothing about the one that is open.
            Step::AskedCore { least, .. } | Step::Pushed { least, .. }
                if !right && self.requests.is_older(request, least) =>
            {
                return;
            }
            Step::Stable { reported } if right && reported == reports => return,
            _ => {}
        }
        if right {
            if reports.is_some() {
                self.outputs.push_back(Output::Send(session.core_ok(request)));
            }
            self.stable(reports);
            return;
        }
        match self.wanted {
            Wanted::Core(hash) if self.pushes < MAX_PUSHES => self.push(hash, now),
            Wanted::Nothing if self.pushes < MAX_PUSHES => {
                self.pushes += 1;
                let request = self.requests.next();
                self.outputs.push_back(Output::Send(session.core_clear(request)));
                self.step = Step::AskedCore { since: now, least: request };
            }
            _ => {
                self.step = Step::Over;
                self.outputs.push_back(Output::GiveUp(GiveUp::Refused { sent: self.pushes, reports }));
            }
        }
    }

    fn push(&mut self, hash: CoreHash, now: Instant) {
        self.pushes += 1;
        let request = self.requests.next();
        self.outputs.push_back(Output::Push { request, hash, deflated_ok: self.deflated_ok });
        self.step = Step::Pushed { since: now, least: request };
    }

    fn stable(&mut self, reported: Option<CoreHash>) {
        self.step = Step::Stable { reported };
        self.outputs.push_back(Output::Stable);
    }
}

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GiveUp::CrashLoop { disconnects } => write!(
                f,
                "the device lost its connection {disconnects} times within two minutes, so its core was \
                 cleared; push a core again when the cause is found"
            ),
            GiveUp::Refused { sent, reports: Some(hash) } => {
                write!(f, "the core was sent {sent} times, but the agent still reports {hash}")
            }
            GiveUp::Refused { sent, reports: None } => {
                write!(f, "the core was sent {sent} times, but the agent still reports none")
            }
            GiveUp::Silent { after } => {
                write!(f, "the agent gave no answer about its core within {} s", after.as_secs())
            }
        }
    }
}

/// Counts request ids. 0 is left to agents that report by themselves.
#[derive(Debug)]
struct Requests {
    last: u16,
}

impl Requests {
    fn next(&mut self) -> u16 {
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.last
    }

    /// Whether `request` was asked before `least`; 0 is always taken as an answer.
    fn is_older(&self, request: u16, least: u16) -> bool {
        request != 0 && request != least && least.wrapping_sub(request) < u16::MAX / 2
    }
}

#[derive(Debug)]
enum Step {
    AskedProgram { since: Instant },
    Updating,
    AskedCore { since: Instant, least: u16 },
    Pushed { since: Instant, least: u16 },
    Stable { reported: Option<CoreHash> },
    Over,
}
