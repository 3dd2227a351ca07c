//! Targets for open channels: what each side reads, the care for an agent's core, and bringing it to the wanted one.

use std::time::{Duration, Instant};

use microstack::channel::agent::{
    AgentSession, CoreKeeper, KeeperConfig, KeeperOutput, MAX_CORE_BYTES, ServerCommand,
};
use microstack::channel::core_sync::{CoreSync, GiveUp, Inputs, MAX_PUSHES, Output, Wanted};
use microstack::channel::server::{AgentCommand, ServerSession};
use microstack::channel::{Frame, Message, SessionError};
use microstack::crypto::sha384;
use microstack::wire::{AgentHash, Capabilities, Command, CoreHash, deflate_raw, frame_core};

use crate::cut::{Cut, framed};
use crate::fixture;

/// Messages of a server; the first byte says whether binary or text.
pub fn agent_session(data: &[u8]) {
    let (agent, server) = fixture::sessions();
    in_either_frame(data, |frame| {
        let command = match agent.parse(frame) {
            Ok(command) => command,
            Err(error) => return is_no_session_command(&error),
        };
        let again = match command.clone() {
            ServerCommand::Core { request, hash, body } => server.core(request, hash, body),
            ServerCommand::CoreDeflated { request, hash, body } => server.core_deflated(request, hash, body),
            ServerCommand::CoreClear { request } => Ok(server.core_clear(request)),
            ServerCommand::CoreHashQuery { request } => Ok(server.core_query(request)),
            ServerCommand::CoreOk { request } => Ok(server.core_ok(request)),
            ServerCommand::UpdateQuery { request } => Ok(server.update_query(request)),
            ServerCommand::UpdateStart { request } => Ok(server.update_start(request)),
            // Blocks of ours always have the request id 1.
            ServerCommand::UpdateBlock { request: 1, block } => server.update_block(block),
            ServerCommand::UpdateBlock { .. } => return,
            ServerCommand::UpdateEnd { request, hash } => Ok(server.update_end(request, hash)),
            ServerCommand::Json(text) => server.json(text),
            ServerCommand::Custom { command, body } => server.custom(command, body),
            other => panic!("the target does not know {other:?}"),
        };
        let again = again.expect("what was read can be sent");
        assert_eq!(agent.parse(again.as_frame()), Ok(command));
    });
}

/// Messages of an agent; the first byte says whether binary or text.
pub fn server_session(data: &[u8]) {
    let (agent, server) = fixture::sessions();
    in_either_frame(data, |frame| {
        let command = match server.parse(frame) {
            Ok(command) => command,
            Err(error) => return is_no_session_command(&error),
        };
        let again = match command.clone() {
            AgentCommand::CoreHash { request, hash } => Ok(agent.core_hash(request, hash)),
            AgentCommand::AgentHash { request, hash } => Ok(agent.agent_hash(request, hash)),
            AgentCommand::UpdateAck { request } => Ok(agent.update_ack(request)),
            // It is sent by the handshake.
            AgentCommand::Tag(tag) => Ok(Message::Binary(Command::Tag(tag).to_vec())),
            AgentCommand::Json(text) => agent.json(text),
            AgentCommand::Custom { command, body } => agent.custom(command, body),
            other => panic!("the target does not know {other:?}"),
        };
        let again = again.expect("what was read can be sent");
        assert_eq!(server.parse(again.as_frame()), Ok(command));
    });
}

fn in_either_frame(data: &[u8], read: impl Fn(Frame<'_>)) {
    let Some((first, data)) = data.split_first() else { return };
    match first & 1 {
        0 => read(Frame::Binary(data)),
        _ => read(Frame::Text(&String::from_utf8_lossy(data))),
    }
}

fn is_no_session_command(error: &SessionError) {
    assert!(!error.to_string().is_empty());
    if let SessionError::HandshakeOver { command } = error {
        assert!(matches!(command, 0..=9 | 30 | 31), "{command} belongs to a session");
    }
}

/// The agent's keeper of its core: the first byte sets it up, then steps follow.
pub fn core_keeper(data: &[u8]) {
    let mut cut = Cut::new(data);
    let setup = cut.byte();
    let local = setup & 2 != 0;
    let stored = (setup & 1 != 0).then(|| some_core(0));
    let mut quarantined: Vec<_> = (setup & 4 != 0).then(|| some_core(setup >> 4)).into_iter().collect();
    let mut now = fixture::start();
    let config = KeeperConfig { stored, local, quarantined: quarantined.clone() };
    let mut machine = CoreKeeper::start(config, now);
    let mut owner = Owner { local, stored, running: None };
    owner.drain(&mut machine, &quarantined, None);
    while !cut.is_empty() {
        let mut asked = None;
        match cut.byte() % 10 {
            0..=2 => asked = order(&mut machine, cut.frame()),
            // A core that has the hash it is said to have, in clear and compressed.
            step @ 3..=4 => {
                let (request, body) = (cut.byte().into(), cut.frame());
                let hash = CoreHash(sha384(body));
                let deflated = deflate_raw(body);
                let command = match step {
                    3 => Command::Core { request, hash, body },
                    _ => Command::CoreDeflated { request, hash, body: &deflated },
                };
                asked = order(&mut machine, &command.to_vec());
            }
            5 => {
                machine.ended();
                owner.running = None;
            }
            6 => {
                let core = some_core(cut.byte());
                machine.quarantine(core);
                quarantined.push(core);
            }
            7 => {
                let core = some_core(cut.byte());
                machine.pardon(core);
                quarantined.retain(|other| *other != core);
            }
            8 => {
                now += Duration::from_secs(cut.byte().into());
                machine.handle_timeout(now);
            }
            _ => asked = order(&mut machine, &[0, [10, 11, 16][usize::from(cut.byte() % 3)], 0, cut.byte()]),
        }
        owner.drain(&mut machine, &quarantined, asked);
    }
}

/// Gives a message to the keeper; the request id if it has to be answered.
fn order(machine: &mut CoreKeeper, message: &[u8]) -> Option<u16> {
    let session: &AgentSession = &fixture::sessions().0;
    let Ok(command) = session.parse(Frame::Binary(message)) else { return None };
    machine.handle(session, &command);
    match command {
        ServerCommand::Core { request, .. }
        | ServerCommand::CoreDeflated { request, .. }
        | ServerCommand::CoreClear { request }
        | ServerCommand::CoreHashQuery { request } => Some(request),
        _ => None,
    }
}

/// What the owner of a keeper has done so far.
struct Owner {
    local: bool,
    stored: Option<CoreHash>,
    running: Option<CoreHash>,
}

impl Owner {
    fn drain(&mut self, machine: &mut CoreKeeper, quarantined: &[CoreHash], asked: Option<u16>) {
        let mut answers = Vec::new();
        for _ in 0..8 {
            match machine.poll() {
                KeeperOutput::Wait(at) => {
                    assert_eq!(at, machine.deadline());
                    assert_eq!((machine.stored(), machine.running()), (self.stored, self.running));
                    let answered: Vec<u16> = answers.iter().map(|(request, _)| *request).collect();
                    assert_eq!(answered, asked.into_iter().collect::<Vec<_>>(), "one answer to one order");
                    return;
                }
                KeeperOutput::Store { hash, body } => {
                    assert!(!self.local, "a local core is replaced");
                    assert!(body.len() <= MAX_CORE_BYTES && CoreHash(sha384(&body)) == hash);
                    self.stored = Some(hash);
                }
                KeeperOutput::Delete => {
                    assert!(!self.local && self.stored.take().is_some(), "nothing to delete");
                }
                KeeperOutput::Stop => {
                    assert!(!self.local && self.running.take().is_some(), "nothing to stop");
                }
                KeeperOutput::Start { hash, body } => {
                    assert!(!quarantined.contains(&hash), "a core in quarantine is started");
                    assert_eq!(self.running.replace(hash), None, "two cores at a time");
                    assert_eq!(self.stored, Some(hash), "what runs is what is stored");
                    assert!(body.is_none_or(|body| CoreHash(sha384(&body)) == hash));
                }
                KeeperOutput::Quarantined(hash) => {
                    assert!(quarantined.contains(&hash) && self.running != Some(hash));
                }
                KeeperOutput::Send(Message::Binary(bytes)) => match Command::parse_from_agent(&bytes) {
                    Ok(Command::CoreHashReply { request, hash }) => {
                        assert_eq!(hash, if self.local { Some(CoreHash::LOCAL) } else { self.stored });
                        answers.push((request, hash));
                    }
                    other => panic!("a keeper answers {other:?}"),
                },
                KeeperOutput::Send(Message::Text(text)) => panic!("a keeper answers {text}"),
                KeeperOutput::Refused(why) => assert!(!why.to_string().is_empty()),
            }
        }
        panic!("one input leads to more than 8 outputs");
    }
}

/// Few enough for scripts to hit one that is in use; number 1 is the core of a recorded session.
fn some_core(number: u8) -> CoreHash {
    match number % 4 {
        1 => CoreHash(sha384(&frame_core("a core"))),
        n => CoreHash([n + 1; 48]),
    }
}

/// The server's machine that brings an agent to its core: four bytes set it up, then steps follow.
pub fn core_sync(data: &[u8]) {
    let mut cut = Cut::new(data);
    let session: &ServerSession = &fixture::sessions().1;
    let (disconnects, setup) = (u32::from(cut.byte() % 9), cut.byte());
    let capabilities = Capabilities(cut.byte().into())
        | if setup & 1 != 0 { Capabilities::COMPRESSION } else { Capabilities::default() };
    let inputs = Inputs {
        disconnects,
        type_known: setup & 2 != 0,
        capabilities,
        wanted: wanted(cut.byte()),
        program: (setup & 4 != 0).then_some(AgentHash([7; 48])),
    };
    let mut now = fixture::start();
    let mut watch = SyncWatch {
        wanted: inputs.wanted,
        capabilities,
        machine: CoreSync::start(session, inputs, now),
        pushes: 0,
        clears: 0,
        last: 0,
        over: false,
    };
    watch.drain();
    while !cut.is_empty() {
        match cut.byte() % 8 {
            0..=1 => watch.tell(session, now, cut.frame()),
            2..=3 => {
                let request = if cut.byte() & 1 == 0 { watch.last } else { cut.byte().into() };
                let hash = match cut.byte() % 6 {
                    0 => None,
                    1 => Some(CoreHash::LOCAL),
                    n => Some(some_core(n)),
                };
                watch.tell(session, now, &Command::CoreHashReply { request, hash }.to_vec());
            }
            4 => {
                let hash = [AgentHash::NEVER_UPDATE, AgentHash([7; 48]), AgentHash([8; 48])];
                let hash = hash[usize::from(cut.byte() % 3)];
                watch.tell(session, now, &Command::UpdateReply { request: watch.last, hash }.to_vec());
            }
            5 => {
                watch.wanted = wanted(cut.byte());
                (watch.pushes, watch.clears, watch.over) = (0, 0, false);
                watch.machine.want(session, watch.wanted, now);
            }
            6 => watch.machine.resume(session, now),
            _ => {
                now += Duration::from_secs(cut.byte().into());
                watch.machine.handle_timeout(now);
            }
        }
        watch.drain();
    }
}

struct SyncWatch {
    machine: CoreSync,
    wanted: Wanted,
    capabilities: Capabilities,
    pushes: u8,
    clears: u8,
    /// Request id of the last question.
    last: u16,
    over: bool,
}

impl SyncWatch {
    fn tell(&mut self, session: &ServerSession, now: Instant, message: &[u8]) {
        if let Ok(command) = session.parse(Frame::Binary(message)) {
            self.machine.handle(session, now, &command);
        }
    }

    fn drain(&mut self) {
        let mut stable = self.machine.is_stable();
        for _ in 0..8 {
            match self.machine.poll() {
                Output::Wait(at) => {
                    assert_eq!(at, self.machine.deadline());
                    assert_eq!(self.machine.is_stable(), stable);
                    assert!(!self.over || at.is_none(), "it waits after giving up");
                    return;
                }
                // A core is cleared before it is given up, so nothing at all comes afterwards.
                other if self.over => panic!("after giving up comes {other:?}"),
                Output::Send(Message::Binary(bytes)) => {
                    match Command::parse_from_server(&bytes).expect("it sends what can be read") {
                        Command::CoreHashQuery { request } | Command::UpdateQuery { request } => {
                            assert_ne!(request, 0, "0 is left to agents");
                            self.last = request;
                        }
                        Command::CoreClear { request } => {
                            (self.last, self.clears) = (request, self.clears + 1);
                            assert!(self.clears <= MAX_PUSHES + 2, "it clears for ever");
                        }
                        Command::CoreOk { .. } => {}
                        other => panic!("this machine does not send {}", other.name()),
                    }
                }
                Output::Send(Message::Text(text)) => panic!("this machine does not send {text}"),
                Output::Push { request, hash, deflated_ok } => {
                    assert_eq!(self.wanted, Wanted::Core(hash));
                    assert_eq!(deflated_ok, self.capabilities.contains(Capabilities::COMPRESSION));
                    assert_ne!(request, 0, "0 is left to agents");
                    (self.last, self.pushes, stable) = (request, self.pushes + 1, false);
                    assert!(self.pushes <= MAX_PUSHES, "it pushes for ever");
                }
                Output::Update { runs } => assert_ne!(runs, AgentHash::NEVER_UPDATE),
                Output::Stable => stable = true,
                Output::GiveUp(why) => {
                    assert!(!why.to_string().is_empty());
                    if let GiveUp::Refused { sent, .. } = why {
                        assert!(sent <= MAX_PUSHES);
                    }
                    (self.over, stable) = (true, false);
                }
            }
        }
        panic!("one input leads to more than 8 outputs");
    }
}

fn wanted(byte: u8) -> Wanted {
    match byte % 4 {
        0 => Wanted::Any,
        1 => Wanted::Nothing,
        n => Wanted::Core(some_core(n)),
    }
}

/// Recorded messages of servers in their frames.
pub fn messages_of_servers() -> Vec<Vec<u8>> {
    let mut messages = with_front(0, crate::seeds::frames_of_servers());
    messages.push(b"\x01{\"action\":\"ping\"}".to_vec());
    messages
}

/// Recorded messages of agents in their frames.
pub fn messages_of_agents() -> Vec<Vec<u8>> {
    let mut messages = with_front(0, crate::seeds::frames_of_agents());
    messages.extend(with_front(1, crate::seeds::text_frames()));
    messages
}

fn with_front(front: u8, messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    messages.into_iter().map(|message| [vec![front], message].concat()).collect()
}

/// Cores pushed, refused, cleared and quarantined.
pub fn scripts_for_keepers() -> Vec<Vec<u8>> {
    let core = framed(&frame_core("a core"));
    let push = |step: u8| [&[step, 9], core.as_slice()].concat();
    let order = |command: Command<'_>| [&[0], framed(&command.to_vec()).as_slice()].concat();
    let (hash, body) = (CoreHash([5; 48]), frame_core("of another hash"));
    // 100 KiB out of about 100 bytes: the cap itself is tested where the keeper is.
    let bomb = deflate_raw(&vec![0; 100_000]);
    vec![
        [&[0], &[9, 1, 1][..], &push(3), &[9, 2, 1, 9, 0, 1]].concat(),
        [&[1], &[8, 60, 5][..], &push(4), &push(4), &[5, 9, 2, 7]].concat(),
        [&[3], &push(3)[..], &[9, 0, 1, 9, 2, 1, 9, 1, 1]].concat(),
        [&[0x14], &push(3)[..], &[7, 1, 9, 2, 1, 6, 1, 5], &push(4), &[9, 2, 0]].concat(),
        [&[1], &order(Command::Core { request: 3, hash, body: &body })[..]].concat(),
        [&[1], &order(Command::CoreDeflated { request: 3, hash, body: &bomb })[..], &push(3)].concat(),
    ]
}

/// Agents that take their core, refuse it, keep silent, crash and run another program.
pub fn scripts_for_syncs() -> Vec<Vec<u8>> {
    let (echo_none, echo_wanted) = ([2, 0, 0], [2, 0, 2]);
    vec![
        [&[0, 7, 0x18, 2, 4, 1][..], &echo_none, &echo_wanted, &echo_none].concat(),
        [&[0, 2, 0x18, 2][..], &echo_none.repeat(8)].concat(),
        [&[0, 2, 0x18, 1][..], &echo_wanted.repeat(8)].concat(),
        [&[0, 6, 0x18, 0, 4, 2, 6][..], &echo_wanted, &[5, 2, 7, 121]].concat(),
        [&[5, 0, 0x18, 2][..], &echo_none, &[5, 3], &[2, 0, 3]].concat(),
        vec![0, 0, 0x40, 3, 2, 1, 0, 4, 5, 1, 2, 1, 9, 1],
    ]
}
