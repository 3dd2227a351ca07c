//! Cores: the server's decisions, the agent's keeping, and both together.

mod common;

use std::io::Write;
use std::time::{Duration, Instant};

use common::sessions;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use microstack_channel::agent::{self, AgentSession, CoreKeeper, KeeperConfig, KeeperOutput, ServerCommand};
use microstack_channel::core_sync::{self, CoreSync, GiveUp, Inputs, MAX_PUSHES, Output, Wanted};
use microstack_channel::server::{AgentCommand, ServerSession};
use microstack_channel::wire::{AgentHash, Capabilities, CoreHash};
use microstack_channel::{Message, SessionError};
use microstack_crypto::sha384;
use proptest::prelude::*;

fn body(js: &str) -> Vec<u8> {
    [&[0; 4], js.as_bytes()].concat()
}

fn hash(body: &[u8]) -> CoreHash {
    CoreHash(sha384(body))
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn inputs(wanted: Wanted) -> Inputs {
    Inputs { disconnects: 0, type_known: true, capabilities: Capabilities(0x118), wanted, program: None }
}

/// All outputs of a server machine until it waits.
fn outputs(sync: &mut CoreSync) -> Vec<Output> {
    std::iter::from_fn(|| match sync.poll() {
        Output::Wait(_) => None,
        output => Some(output),
    })
    .collect()
}

fn kept(keeper: &mut CoreKeeper) -> Vec<KeeperOutput> {
    std::iter::from_fn(|| match keeper.poll() {
        KeeperOutput::Wait(_) => None,
        output => Some(output),
    })
    .collect()
}

fn reply(request: u16, hash: Option<CoreHash>) -> AgentCommand<'static> {
    AgentCommand::CoreHash { request, hash }
}

/// The request id of a message, which every one of these has in the same place.
fn request_of(message: &Message) -> u16 {
    let Message::Binary(bytes) = message else { panic!("text") };
    u16::from_be_bytes([bytes[2], bytes[3]])
}

const A: CoreHash = CoreHash([0xAA; 48]);
const B: CoreHash = CoreHash([0xBB; 48]);

#[test]
fn the_right_core_is_confirmed_at_once() {
    let (_, session) = sessions();
    let now = Instant::now();
    let mut sync = CoreSync::start(&session, inputs(Wanted::Core(A)), now);
    let first = outputs(&mut sync);
    let [Output::Send(query)] = &first[..] else { panic!("{first:?}") };
    assert_eq!(*query, session.core_query(request_of(query)));
    sync.handle(&session, now, &reply(request_of(query), Some(A)));
    assert_eq!(outputs(&mut sync), [Output::Send(session.core_ok(request_of(query))), Output::Stable]);
    sync.handle(&session, now, &reply(0, Some(A)));
    assert_eq!(outputs(&mut sync), [], "a second report of the same changes nothing");
}

#[test]
fn a_local_core_is_left_alone() {
    let (_, session) = sessions();
    for wanted in [Wanted::Core(A), Wanted::Any, Wanted::Nothing] {
        let now = Instant::now();
        let mut sync = CoreSync::start(&session, inputs(wanted), now);
        outputs(&mut sync);
        sync.handle(&session, now, &reply(1, Some(CoreHash::LOCAL)));
        assert_eq!(outputs(&mut sync), [Output::Send(session.core_ok(1)), Output::Stable]);
    }
}

#[test]
fn a_core_that_is_never_taken_is_sent_five_times() {
    let (_, session) = sessions();
    let now = Instant::now();
    let mut sync = CoreSync::start(&session, inputs(Wanted::Core(A)), now);
    let (mut request, mut pushes, mut gave_up) = (1, 0, None);
    outputs(&mut sync);
    for _ in 0..100 {
        sync.handle(&session, now, &reply(request, Some(B)));
        for output in outputs(&mut sync) {
            match output {
                Output::Push { request: id, hash, .. } => {
                    assert_eq!(hash, A);
                    (request, pushes) = (id, pushes + 1);
                }
                Output::GiveUp(why) => assert_eq!(gave_up.replace(why), None),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(pushes, MAX_PUSHES);
    assert_eq!(gave_up, Some(GiveUp::Refused { sent: 5, reports: Some(B) }));
    assert!(!sync.is_stable());
}

#[test]
fn an_answer_to_an_older_question_does_not_send_the_core_twice() {
    let (_, session) = sessions();
    let now = Instant::now();
    // An unknown type: the core is cleared and queried, so two answers come.
    let unknown = Inputs { type_known: false, ..inputs(Wanted::Core(A)) };
    let mut sync = CoreSync::start(&session, unknown, now);
    let first = outputs(&mut sync);
    let [Output::Send(clear), Output::Send(query)] = &first[..] else { panic!("{first:?}") };
    assert_eq!(*clear, session.core_clear(1));
    sync.handle(&session, now, &reply(request_of(clear), None));
    assert_eq!(outputs(&mut sync), []);
    sync.handle(&session, now, &reply(request_of(query), None));
    let second = outputs(&mut sync);
    let [Output::Push { request, .. }] = second[..] else { panic!("{second:?}") };
    sync.handle(&session, now, &reply(request_of(query), None));
    assert_eq!(outputs(&mut sync), [], "late echo");
    sync.handle(&session, now, &reply(request, Some(A)));
    assert_eq!(outputs(&mut sync).last(), Some(&Output::Stable));
}

#[test]
fn a_device_in_a_crash_loop_gets_no_core_and_then_no_confirmation() {
    let (_, session) = sessions();
    let start = |disconnects| {
        let mut sync =
            CoreSync::start(&session, Inputs { disconnects, ..inputs(Wanted::Core(A)) }, Instant::now());
        outputs(&mut sync)
    };
    assert_eq!(start(4), [Output::Send(session.core_query(1))]);
    for disconnects in [5, 6] {
        let expected =
            [Output::Send(session.core_clear(1)), Output::GiveUp(GiveUp::CrashLoop { disconnects })];
        assert_eq!(start(disconnects), expected);
    }
    assert!(core_sync::admits(6) && !core_sync::admits(7));
}

#[test]
fn an_agent_without_javascript_is_stable_at_once() {
    let (_, session) = sessions();
    let plain = Inputs { capabilities: Capabilities(0x08), ..inputs(Wanted::Core(A)) };
    let mut sync = CoreSync::start(&session, plain, Instant::now());
    assert_eq!(outputs(&mut sync), [Output::Stable]);
}

#[test]
fn a_recovery_agent_is_asked_for_its_core_and_nothing_else() {
    let (_, session) = sessions();
    let recovery = Inputs {
        capabilities: Capabilities::RECOVERY,
        type_known: false,
        program: Some(AgentHash([1; 48])),
        ..inputs(Wanted::Core(A))
    };
    let mut sync = CoreSync::start(&session, recovery, Instant::now());
    assert_eq!(outputs(&mut sync), [Output::Send(session.core_query(1))]);
}

#[test]
fn the_program_is_asked_for_first_where_updates_are_on() {
    let (_, session) = sessions();
    let now = Instant::now();
    let right = AgentHash([1; 48]);
    let start = |answer| {
        let with_updates = Inputs { program: Some(right), ..inputs(Wanted::Core(A)) };
        let mut sync = CoreSync::start(&session, with_updates, now);
        assert_eq!(outputs(&mut sync), [Output::Send(session.update_query(1))]);
        sync.handle(&session, now, &AgentCommand::AgentHash { request: 1, hash: answer });
        let next = outputs(&mut sync);
        (sync, next)
    };
    for never in [right, AgentHash::NEVER_UPDATE] {
        assert_eq!(start(never).1, [Output::Send(session.core_query(2))]);
    }
    for other in [AgentHash([2; 48]), AgentHash::FORCE_UPDATE] {
        let (mut sync, next) = start(other);
        assert_eq!(next, [Output::Update { runs: other }]);
        sync.resume(&session, now);
        assert_eq!(outputs(&mut sync), [Output::Send(session.core_query(2))]);
    }
}

#[test]
fn an_agent_that_keeps_silent_is_given_up_on() {
    let (_, session) = sessions();
    let now = Instant::now();
    let mut sync = CoreSync::start(&session, inputs(Wanted::Core(A)), now);
    outputs(&mut sync);
    let deadline = sync.deadline().unwrap();
    sync.handle_timeout(deadline - Duration::from_millis(1));
    assert_eq!(outputs(&mut sync), []);
    sync.handle_timeout(deadline);
    assert_eq!(outputs(&mut sync), [Output::GiveUp(GiveUp::Silent { after: core_sync::REPLY_DEADLINE })]);
    assert_eq!(sync.deadline(), None);
}

#[test]
fn an_operator_may_push_and_clear_later() {
    let (_, session) = sessions();
    let now = Instant::now();
    let mut sync = CoreSync::start(&session, inputs(Wanted::Core(A)), now);
    outputs(&mut sync);
    sync.handle(&session, now, &reply(1, Some(A)));
    outputs(&mut sync);
    sync.want(&session, Wanted::Core(B), now);
    let pushed = outputs(&mut sync);
    let [Output::Push { request, hash: B, .. }] = pushed[..] else { panic!("{pushed:?}") };
    sync.handle(&session, now, &reply(request, Some(B)));
    assert_eq!(outputs(&mut sync), [Output::Send(session.core_ok(request)), Output::Stable]);
    sync.want(&session, Wanted::Nothing, now);
    let cleared = outputs(&mut sync);
    let [Output::Send(clear)] = &cleared[..] else { panic!("{cleared:?}") };
    sync.handle(&session, now, &reply(request_of(clear), None));
    assert_eq!(outputs(&mut sync), [Output::Stable]);
}

fn keeper(stored: Option<CoreHash>) -> CoreKeeper {
    CoreKeeper::start(KeeperConfig { stored, ..Default::default() }, Instant::now())
}

#[test]
fn a_new_core_is_stored_started_and_reported() {
    let (session, _) = sessions();
    let mut keeper = keeper(None);
    let core = body("1+1");
    let named = hash(&core);
    keeper.handle(&session, &ServerCommand::Core { request: 9, hash: named, body: &core });
    assert_eq!(
        kept(&mut keeper),
        [
            KeeperOutput::Store { hash: named, body: core.clone().into() },
            KeeperOutput::Start { hash: named, body: Some(core.clone().into()) },
            KeeperOutput::Send(session.core_hash(9, Some(named))),
        ]
    );
    assert_eq!((keeper.stored(), keeper.running()), (Some(named), Some(named)));
    // The same once more, in both forms: only reported.
    keeper.handle(&session, &ServerCommand::Core { request: 10, hash: named, body: &core });
    let deflated = deflate(&core);
    keeper.handle(&session, &ServerCommand::CoreDeflated { request: 11, hash: named, body: &deflated });
    let reports = [10, 11].map(|request| KeeperOutput::Send(session.core_hash(request, Some(named))));
    assert_eq!(kept(&mut keeper), reports);
    // Another one, compressed: the old one is stopped first.
    let next = body("2+2");
    let deflated = deflate(&next);
    keeper.handle(&session, &ServerCommand::CoreDeflated { request: 12, hash: hash(&next), body: &deflated });
    assert_eq!(
        kept(&mut keeper),
        [
            KeeperOutput::Store { hash: hash(&next), body: next.clone().into() },
            KeeperOutput::Stop,
            KeeperOutput::Start { hash: hash(&next), body: Some(next.clone().into()) },
            KeeperOutput::Send(session.core_hash(12, Some(hash(&next)))),
        ]
    );
}

#[test]
fn a_damaged_core_is_not_run_and_reported_as_none() {
    let (session, _) = sessions();
    let core = body("1+1");
    let zlib = [&[0x78, 0x9C][..], &deflate(&core)].concat();
    let bomb = deflate(&vec![0; agent::MAX_CORE_BYTES + 1]);
    let damaged: [(ServerCommand<'_>, &str); 4] = [
        (ServerCommand::Core { request: 1, hash: A, body: &core }, "named"),
        (ServerCommand::CoreDeflated { request: 1, hash: hash(&core), body: &zlib }, "raw DEFLATE"),
        (ServerCommand::CoreDeflated { request: 1, hash: hash(&core), body: &[0xFF; 60] }, "raw DEFLATE"),
        (ServerCommand::CoreDeflated { request: 1, hash: A, body: &bomb }, "16777216 bytes"),
    ];
    for (command, text) in damaged {
        let mut keeper = keeper(Some(B));
        keeper.handle(&session, &ServerCommand::CoreOk { request: 0 });
        assert_eq!(kept(&mut keeper), [KeeperOutput::Start { hash: B, body: None }]);
        keeper.handle(&session, &command);
        let outputs = kept(&mut keeper);
        let KeeperOutput::Refused(why) = &outputs[0] else { panic!("{outputs:?}") };
        assert!(why.to_string().contains(text), "{why}");
        let report = KeeperOutput::Send(session.core_hash(1, None));
        assert_eq!(outputs[1..], [KeeperOutput::Delete, KeeperOutput::Stop, report]);
        assert_eq!((keeper.stored(), keeper.running(), keeper.deadline()), (None, None, None));
    }
}

#[test]
fn the_largest_core_just_fits() {
    let (session, _) = sessions();
    let core = vec![0; agent::MAX_CORE_BYTES];
    let mut keeper = keeper(None);
    let deflated = deflate(&core);
    keeper.handle(&session, &ServerCommand::CoreDeflated { request: 1, hash: hash(&core), body: &deflated });
    assert!(matches!(kept(&mut keeper)[..], [KeeperOutput::Store { .. }, KeeperOutput::Start { .. }, _]));
}

#[test]
fn a_stored_core_waits_for_the_server_at_most_a_minute() {
    let (session, _) = sessions();
    let start = KeeperOutput::Start { hash: A, body: None };
    let mut told = keeper(Some(A));
    told.handle(&session, &ServerCommand::CoreHashQuery { request: 5 });
    assert_eq!(kept(&mut told), [KeeperOutput::Send(session.core_hash(5, Some(A)))]);
    told.handle(&session, &ServerCommand::CoreOk { request: 5 });
    assert_eq!(kept(&mut told), std::slice::from_ref(&start));
    told.handle(&session, &ServerCommand::CoreOk { request: 5 });
    assert_eq!((kept(&mut told), told.deadline()), (vec![], None), "it runs already");
    told.ended();
    told.handle(&session, &ServerCommand::CoreOk { request: 5 });
    assert_eq!(kept(&mut told), std::slice::from_ref(&start), "it had ended");

    let now = Instant::now();
    let mut alone = CoreKeeper::start(KeeperConfig { stored: Some(A), ..Default::default() }, now);
    alone.handle_timeout(now + Duration::from_secs(59));
    assert_eq!(kept(&mut alone), []);
    assert!(matches!(alone.poll(), KeeperOutput::Wait(Some(at)) if at == now + Duration::from_secs(60)));
    alone.handle_timeout(now + Duration::from_secs(60));
    assert_eq!(kept(&mut alone), [start]);

    let mut empty = keeper(None);
    empty.handle_timeout(now + Duration::from_secs(600));
    empty.handle(&session, &ServerCommand::CoreOk { request: 5 });
    empty.handle(&session, &ServerCommand::CoreHashQuery { request: 6 });
    assert_eq!(kept(&mut empty), [KeeperOutput::Send(session.core_hash(6, None))]);
}

#[test]
fn a_cleared_core_is_gone() {
    let (session, _) = sessions();
    let mut keeper = keeper(Some(A));
    keeper.handle(&session, &ServerCommand::CoreOk { request: 1 });
    kept(&mut keeper);
    keeper.handle(&session, &ServerCommand::CoreClear { request: 2 });
    let report = KeeperOutput::Send(session.core_hash(2, None));
    assert_eq!(kept(&mut keeper), [KeeperOutput::Delete, KeeperOutput::Stop, report.clone()]);
    keeper.handle(&session, &ServerCommand::CoreClear { request: 2 });
    assert_eq!(kept(&mut keeper), [report]);
}

#[test]
fn an_agent_with_a_local_core_answers_zeros_and_takes_none() {
    let (session, _) = sessions();
    let config = KeeperConfig { local: true, ..Default::default() };
    let mut keeper = CoreKeeper::start(config, Instant::now());
    let core = body("1+1");
    let deflated = deflate(&core);
    let zeros = KeeperOutput::Send(session.core_hash(4, Some(CoreHash::LOCAL)));
    keeper.handle(&session, &ServerCommand::CoreHashQuery { request: 4 });
    assert_eq!(kept(&mut keeper), std::slice::from_ref(&zeros));
    for command in [
        ServerCommand::Core { request: 4, hash: hash(&core), body: &core },
        ServerCommand::CoreDeflated { request: 4, hash: hash(&core), body: &deflated },
        ServerCommand::CoreClear { request: 4 },
    ] {
        keeper.handle(&session, &command);
        let outputs = kept(&mut keeper);
        assert!(matches!(outputs[0], KeeperOutput::Refused(_)));
        assert_eq!(outputs[1..], *std::slice::from_ref(&zeros));
    }
    assert_eq!(keeper.stored(), None);
}

#[test]
fn a_quarantined_core_is_kept_but_not_started() {
    let (session, _) = sessions();
    let core = body("while(true);");
    let bad = hash(&core);
    let config = KeeperConfig { stored: Some(bad), quarantined: vec![bad], ..Default::default() };
    let mut keeper = CoreKeeper::start(config, Instant::now());
    keeper.handle(&session, &ServerCommand::CoreOk { request: 1 });
    assert_eq!(kept(&mut keeper), [KeeperOutput::Quarantined(bad)]);
    // The server is told the truth about the store, so it does not push again and again.
    keeper.handle(&session, &ServerCommand::Core { request: 2, hash: bad, body: &core });
    assert_eq!(kept(&mut keeper), [KeeperOutput::Send(session.core_hash(2, Some(bad)))]);
    keeper.pardon(bad);
    keeper.handle(&session, &ServerCommand::CoreOk { request: 3 });
    assert_eq!(kept(&mut keeper), [KeeperOutput::Start { hash: bad, body: None }]);
    keeper.quarantine(bad);
    keeper.ended();
    keeper.handle(&session, &ServerCommand::CoreOk { request: 4 });
    assert_eq!(kept(&mut keeper), [KeeperOutput::Quarantined(bad)]);
}

/// Server machine and keeper joined by their sessions, message by message.
fn converge(
    wanted: Wanted,
    cores: &[Vec<u8>],
    stored: Option<CoreHash>,
    compressed: bool,
) -> (CoreKeeper, usize) {
    let (agent, server): (AgentSession, ServerSession) = sessions();
    let now = Instant::now();
    let mut sync = CoreSync::start(&server, inputs(wanted), now);
    let mut keeper = keeper(stored);
    let mut pushes = 0;
    for _ in 0..50 {
        let message = match sync.poll() {
            Output::Send(message) => message,
            Output::Push { request, hash: named, deflated_ok } => {
                pushes += 1;
                let core = cores.iter().find(|core| hash(core) == named).unwrap();
                match compressed && deflated_ok {
                    true => server.core_deflated(request, named, &deflate(core)).unwrap(),
                    false => server.core(request, named, core).unwrap(),
                }
            }
            Output::Stable => continue,
            Output::Wait(_) => break,
            other => panic!("{other:?}"),
        };
        keeper.handle(&agent, &agent.parse(message.as_frame()).unwrap());
        for output in kept(&mut keeper) {
            if let KeeperOutput::Send(message) = output {
                sync.handle(&server, now, &server.parse(message.as_frame()).unwrap());
            }
        }
    }
    assert!(sync.is_stable());
    (keeper, pushes)
}

#[test]
fn agent_and_server_agree_from_every_start() {
    let cores = [body("a()"), body("b()")];
    let (a, b) = (hash(&cores[0]), hash(&cores[1]));
    for compressed in [false, true] {
        for stored in [None, Some(a), Some(b), Some(A)] {
            let (keeper, pushes) = converge(Wanted::Core(b), &cores, stored, compressed);
            assert_eq!((keeper.stored(), keeper.running()), (Some(b), Some(b)));
            assert_eq!(pushes, usize::from(stored != Some(b)), "sent once where needed");
            let (keeper, _) = converge(Wanted::Nothing, &cores, stored, compressed);
            assert_eq!((keeper.stored(), keeper.running()), (None, None));
            let (keeper, pushes) = converge(Wanted::Any, &cores, stored, compressed);
            assert_eq!((keeper.stored(), keeper.running(), pushes), (stored, stored, 0));
        }
    }
}

#[test]
fn sessions_read_only_what_their_peer_may_say() {
    let (agent, server) = sessions();
    let proof = microstack_channel::wire::Command::AuthConfirm.to_vec();
    let late = Message::Binary(proof);
    assert_eq!(agent.parse(late.as_frame()), Err(SessionError::HandshakeOver { command: 4 }));
    assert_eq!(server.parse(late.as_frame()), Err(SessionError::HandshakeOver { command: 4 }));
    assert!(matches!(agent.parse(agent.update_ack(1).as_frame()), Ok(ServerCommand::UpdateBlock { .. })));
    assert!(matches!(server.parse(server.core_ok(1).as_frame()), Err(SessionError::Wire(_))));
    assert_eq!(server.parse(agent.update_ack(1).as_frame()), Ok(AgentCommand::UpdateAck { request: 1 }));
    let json = agent.json(r#"{"action":"ping"}"#).unwrap();
    assert_eq!(server.parse(json.as_frame()), Ok(AgentCommand::Json(r#"{"action":"ping"}"#.into())));
    assert!(agent.json("[1]").is_err() && server.json("").is_err());
    let custom = server.custom(1000, b"buffer").unwrap();
    assert_eq!(agent.parse(custom.as_frame()), Ok(ServerCommand::Custom { command: 1000, body: b"buffer" }));
    assert!(server.custom(16, b"").is_err());
    let large = vec![0; 16 * 1024 * 1024];
    assert!(matches!(server.custom(1000, &large), Err(SessionError::TooLarge { .. })));
    assert!(matches!(server.core(1, A, &large), Err(SessionError::TooLarge { .. })));
    assert!(matches!(server.update_block(&large[..65_532]), Err(SessionError::TooLarge { .. })));
    assert!(server.update_block(&large[..65_531]).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_answers_make_the_server_send_without_end(
        replies in proptest::collection::vec((any::<u16>(), proptest::option::of(0..4u8)), 0..200),
        want in 0..3u8,
    ) {
        static SESSION: std::sync::OnceLock<ServerSession> = std::sync::OnceLock::new();
        let session = SESSION.get_or_init(|| sessions().1);
        let wanted = [Wanted::Core(A), Wanted::Nothing, Wanted::Any][want as usize];
        let now = Instant::now();
        let mut sync = CoreSync::start(session, inputs(wanted), now);
        let mut pushes = 0;
        for (request, hash) in replies {
            let hash = hash.map(|n| [A, B, CoreHash::LOCAL, CoreHash([1; 48])][n as usize]);
            sync.handle(session, now, &reply(request, hash));
            let outputs = outputs(&mut sync);
            prop_assert!(outputs.len() <= 3);
            pushes += outputs.iter().filter(|output| matches!(output, Output::Push { .. })).count();
        }
        prop_assert!(pushes <= usize::from(MAX_PUSHES));
    }
}
