//! Every command: what is refused and why, and that parsing and emitting are inverse on generated values.

use std::borrow::Cow;

use microstack_wire::command::{MAX_TEXT, number};
use microstack_wire::{
    AgentHash, AuthInfo, Capabilities, Command, CoreHash, MAX_AFTER_AUTH, MAX_CERT, MAX_SIGNATURE, MAX_TAG,
    MAX_UPDATE_BLOCK, MeshId, Nonce, Phase, Platform, ServerId, Side, TlsHash, WireError,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// A message: the command number and `len` bytes in all.
fn message(command: u16, len: usize) -> Vec<u8> {
    let mut message = vec![0x55; len];
    message[..2].copy_from_slice(&command.to_be_bytes());
    message
}

fn agent(message: &[u8]) -> Result<Command<'_>, WireError> {
    Command::parse_from_agent(message)
}

fn server(message: &[u8]) -> Result<Command<'_>, WireError> {
    Command::parse_from_server(message)
}

#[test]
fn lengths_below_and_above_are_refused_with_the_numbers() {
    use Side::{Agent, Server};
    // (from, command, exact lengths that are right)
    let exact: &[(Side, u16, &[usize])] = &[
        (Agent, 1, &[98]),
        (Server, 1, &[98]),
        (Agent, 4, &[2]),
        (Server, 4, &[2]),
        (Agent, 5, &[50]),
        (Agent, 11, &[4, 52]),
        (Agent, 12, &[52]),
        (Agent, 14, &[4]),
        (Server, 11, &[4]),
        (Server, 12, &[4]),
        (Server, 13, &[4, 52]),
        (Server, 16, &[4]),
    ];
    for (from, command, lengths) in exact {
        for len in 2..110 {
            let message = message(*command, len);
            let result = match from {
                Agent => agent(&message),
                Server => server(&message),
            };
            if lengths.contains(&len) {
                assert!(result.is_ok(), "{from} {command} of {len}: {result:?}");
                assert_eq!(result.unwrap().to_vec(), message);
                continue;
            }
            let expected = match lengths.iter().find(|right| **right > len) {
                Some(need) => WireError::Truncated { command: *command, need: *need, got: len },
                None => WireError::TooLong { command: *command, limit: *lengths.last().unwrap(), got: len },
            };
            assert_eq!(result, Err(expected));
        }
    }
}

#[test]
fn a_message_without_a_command_is_empty() {
    for message in [&b""[..], b"{", &[0]] {
        assert_eq!(agent(message), Err(WireError::Empty { got: message.len() }));
        assert_eq!(server(message), Err(WireError::Empty { got: message.len() }));
    }
    assert_eq!(Command::parse_text("{"), Err(WireError::Empty { got: 1 }));
}

#[test]
fn the_other_sides_commands_are_refused() {
    for command in [10, 13, 16, 20] {
        let expected = Err(WireError::WrongDirection { command, from: Side::Agent });
        assert_eq!(agent(&message(command, 100)), expected);
    }
    for command in [3, 5, 15, 30, 31] {
        let expected = Err(WireError::WrongDirection { command, from: Side::Server });
        assert_eq!(server(&message(command, 100)), expected);
    }
}

#[test]
fn commands_that_do_not_exist_are_named() {
    for command in [0, 6, 7, 8, 9, 17, 18, 19, 21, 29, 32, 999] {
        let expected = Err(WireError::UnknownCommand { command });
        assert_eq!(agent(&message(command, 60)), expected);
        assert_eq!(server(&message(command, 60)), expected);
    }
    let text = agent(&message(999, 2)).unwrap_err().to_string();
    assert!(text.contains("999") && text.contains("version"), "{text}");
}

#[test]
fn a_certificate_must_fit_in_its_message_and_its_cap() {
    let verify = |length: u16, len: usize| {
        let mut message = message(2, len);
        message[2..4].copy_from_slice(&length.to_be_bytes());
        message
    };
    let error = |message: Vec<u8>| agent(&message).unwrap_err();
    assert_eq!(error(message(2, 8)), WireError::Truncated { command: 2, need: 9, got: 8 });
    assert_eq!(error(verify(100, 104)), WireError::Truncated { command: 2, need: 105, got: 104 });
    assert_eq!(error(verify(0, 50)), WireError::EmptyField { command: 2, field: "certificate" });
    let limit = MAX_CERT as u16;
    assert!(agent(&verify(limit, 4 + MAX_CERT + MAX_SIGNATURE)).is_ok());
    assert_eq!(
        error(verify(limit, 5 + MAX_CERT + MAX_SIGNATURE)),
        WireError::FieldTooLong {
            command: 2,
            field: "signature",
            limit: MAX_SIGNATURE,
            got: MAX_SIGNATURE + 1
        }
    );
    assert_eq!(
        error(verify(limit + 1, 60_000)),
        WireError::FieldTooLong { command: 2, field: "certificate", limit: MAX_CERT, got: MAX_CERT + 1 }
    );
    // The claim alone is refused, whatever the message holds.
    assert!(matches!(error(verify(0xFFFF, 9)), WireError::FieldTooLong { .. }));
}

#[test]
fn auth_info_may_lack_its_name_but_not_half_of_it() {
    let mut full = message(3, 70);
    let Ok(Command::AuthInfo(info)) = agent(&full) else { panic!("{:?}", agent(&full)) };
    assert_eq!(info.name, "");
    assert_eq!(agent(&full[..69]), Err(WireError::Truncated { command: 3, need: 70, got: 69 }));
    full.push(0);
    assert_eq!(agent(&full), Err(WireError::Truncated { command: 3, need: 72, got: 71 }));
    full.extend_from_slice(&[5, b'a', b'b']);
    assert_eq!(agent(&full), Err(WireError::Truncated { command: 3, need: 77, got: 74 }));
    full.extend_from_slice(b"c\xFFd-ignored");
    let Ok(Command::AuthInfo(info)) = agent(&full) else { panic!("{:?}", agent(&full)) };
    assert_eq!(info.name, "abc\u{FFFD}d");
    full[70..72].copy_from_slice(&1025u16.to_be_bytes());
    full.resize(72 + 1025, b'x');
    assert!(matches!(agent(&full), Err(WireError::FieldTooLong { field: "computer name", limit: 1024, .. })));
}

#[test]
fn a_platform_outside_the_table_counts_as_a_desktop() {
    for (number, platform) in
        [(0, Platform::Desktop), (4, Platform::Server), (8, Platform::VirtualMachine), (9, Platform::Desktop)]
    {
        let mut message = message(3, 70);
        message[14..18].copy_from_slice(&u32::to_be_bytes(number));
        let Ok(Command::AuthInfo(info)) = agent(&message) else { panic!("{:?}", agent(&message)) };
        assert_eq!(info.platform, platform);
    }
}

#[test]
fn texts_end_at_their_nul_and_their_cap() {
    assert_eq!(agent(b"\0\x1E2022\0rest"), Ok(Command::AgentCommitDate("2022".into())));
    assert_eq!(agent(b"\0\x1E2022"), Ok(Command::AgentCommitDate("2022".into())));
    assert_eq!(agent(b"\0\x1E"), Ok(Command::AgentCommitDate("".into())));
    assert_eq!(agent(b"\0\x1FDebian"), Ok(Command::HostInfo("Debian".into())));
    assert_eq!(agent(b"\0\x1Fa\xFF"), Ok(Command::HostInfo("a\u{FFFD}".into())));
    for command in [30, 31] {
        assert!(agent(&message(command, 2 + MAX_TEXT)).is_ok());
        assert!(matches!(
            agent(&message(command, 3 + MAX_TEXT)),
            Err(WireError::FieldTooLong { limit: MAX_TEXT, .. })
        ));
    }
}

#[test]
fn cores_need_their_prefix_and_blocks_meet_their_cap() {
    assert!(matches!(server(&message(10, 4)), Ok(Command::CoreClear { request: 0x5555 })));
    for len in [2, 3] {
        assert_eq!(server(&message(10, len)), Err(WireError::Truncated { command: 10, need: 4, got: len }));
    }
    for len in 5..56 {
        assert_eq!(server(&message(10, len)), Err(WireError::Truncated { command: 10, need: 56, got: len }));
    }
    assert!(matches!(server(&message(10, 56)), Ok(Command::Core { body: [_, _, _, _], .. })));
    assert_eq!(server(&message(20, 52)), Err(WireError::Truncated { command: 20, need: 53, got: 52 }));
    assert!(matches!(server(&message(14, 4)), Ok(Command::UpdateBlock { block: [], .. })));
    assert!(server(&message(14, 4 + MAX_UPDATE_BLOCK)).is_ok());
    assert!(matches!(
        server(&message(14, 5 + MAX_UPDATE_BLOCK)),
        Err(WireError::FieldTooLong { field: "block", .. })
    ));
    assert!(agent(&message(15, 2 + MAX_TAG)).is_ok());
    assert!(matches!(agent(&message(15, 3 + MAX_TAG)), Err(WireError::FieldTooLong { field: "tag", .. })));
    let huge = message(10, MAX_AFTER_AUTH + 1);
    let expected = WireError::MessageTooLong { limit: MAX_AFTER_AUTH, got: MAX_AFTER_AUTH + 1 };
    assert_eq!(server(&huge), Err(expected));
}

#[test]
fn json_is_known_by_its_first_byte_in_both_frames() {
    assert_eq!(agent(b"{}"), Ok(Command::Json("{}".into())));
    assert_eq!(server(b"{\"a\":1}"), Ok(Command::Json("{\"a\":1}".into())));
    assert_eq!(Command::parse_text("{}"), Ok(Command::Json("{}".into())));
    assert_eq!(Command::parse_text("hello"), Err(WireError::NotJson));
    // UTF-8 stays UTF-8; what is none is Latin-1.
    assert_eq!(agent("{\"é\"}".as_bytes()), Ok(Command::Json("{\"é\"}".into())));
    assert_eq!(agent(b"{\"\xE9\"}"), Ok(Command::Json("{\"é\"}".into())));
}

#[test]
fn a_core_cannot_make_a_command_that_reads_as_another() {
    for number in [999, 10, 0x7B00, 0x7BFF] {
        assert_eq!(Command::custom(number, b""), Err(WireError::NotCustom { command: number }));
    }
    for number in [1000, 0x7AFF, 0x7C00, 0xFFFF] {
        let custom = Command::custom(number, b"body").unwrap();
        assert_eq!(agent(&custom.to_vec()), Ok(custom.clone()));
        assert_eq!(server(&custom.to_vec()), Ok(custom));
    }
}

#[test]
fn phases_are_those_of_the_specification() {
    for command in [1, 2, 3, 4, 5, 30, 31] {
        let mut message = message(command, 98);
        message[2..4].copy_from_slice(&[0, 9]);
        message[70..72].copy_from_slice(&[0, 1]);
        let len = match command {
            4 => 2,
            5 => 50,
            _ => 98,
        };
        assert_eq!(agent(&message[..len]).unwrap().phase(), Phase::BeforeAuthentication);
    }
    for (command, len) in [(11, 4), (12, 52), (14, 4), (15, 9), (1000, 9)] {
        assert_eq!(agent(&message(command, len)).unwrap().phase(), Phase::AfterAuthentication);
    }
    assert_eq!(agent(b"{}").unwrap().phase(), Phase::Any);
    assert_eq!(agent(b"{}").unwrap().name(), "JSON");
}

#[test]
fn a_tag_and_texts_over_their_caps_are_cut_when_sent() {
    assert_eq!(Command::Tag(&[7; MAX_TAG + 9]).to_vec().len(), 2 + MAX_TAG);
    let date = Command::AgentCommitDate("é".repeat(MAX_TEXT).into()).to_vec();
    assert!(matches!(agent(&date), Ok(Command::AgentCommitDate(text)) if text.len() == MAX_TEXT - 2));
    let mut info = sample_info();
    info.name = "é".repeat(AuthInfo::MAX_NAME);
    let message = Command::AuthInfo(info).to_vec();
    assert!(matches!(agent(&message), Ok(Command::AuthInfo(info)) if info.name.len() == AuthInfo::MAX_NAME));
}

#[test]
#[should_panic(expected = "64 KiB")]
fn a_certificate_that_cannot_be_written_down_is_our_own_mistake() {
    let certificate = vec![0; 65536];
    Command::AuthVerify { certificate: &certificate, signature: &[1] }.to_vec();
}

#[test]
fn every_error_text_names_the_command() {
    let errors = [
        agent(&message(1, 50)).unwrap_err(),
        agent(&message(5, 60)).unwrap_err(),
        agent(&message(10, 60)).unwrap_err(),
        server(&message(14, 70_000)).unwrap_err(),
        agent(&message(2, 9)).unwrap_err(),
    ];
    for (error, part) in errors.iter().zip([
        "needs 98",
        "at most 50",
        "must not come from the agent",
        "limit is 65531",
        "certificate",
    ]) {
        let text = error.to_string();
        assert!(text.contains("command") && text.contains(part), "{text}");
    }
    assert_eq!(number::name(number::CORE_DEFLATED), "CoreDeflated");
}

fn sample_info() -> AuthInfo {
    AuthInfo {
        info_version: 1,
        agent_type: 6,
        agent_version: 0,
        platform: Platform::VirtualMachine,
        mesh: MeshId([9; 48]),
        capabilities: Capabilities(0x118),
        name: "vm".into(),
    }
}

/// A command with what it borrows.
#[derive(Debug, Clone)]
enum Owned {
    Command(Command<'static>),
    AuthVerify(Vec<u8>, Vec<u8>),
    Core(u16, [u8; 48], Vec<u8>),
    CoreDeflated(u16, [u8; 48], Vec<u8>),
    Tag(Vec<u8>),
    Block(u16, Vec<u8>),
    Custom(u16, Vec<u8>),
}

impl Owned {
    fn command(&self) -> Command<'_> {
        match self {
            Owned::Command(command) => command.clone(),
            Owned::AuthVerify(certificate, signature) => Command::AuthVerify { certificate, signature },
            Owned::Core(request, hash, body) => {
                Command::Core { request: *request, hash: CoreHash(*hash), body }
            }
            Owned::CoreDeflated(request, hash, body) => {
                Command::CoreDeflated { request: *request, hash: CoreHash(*hash), body }
            }
            Owned::Tag(content) => Command::Tag(content),
            Owned::Block(request, block) => Command::UpdateBlock { request: *request, block },
            Owned::Custom(command, body) => Command::custom(*command, body).unwrap(),
        }
    }
}

fn hash() -> impl Strategy<Value = [u8; 48]> {
    any::<[u8; 48]>()
}

fn both_ways() -> impl Strategy<Value = Owned> {
    prop_oneof![
        (hash(), hash()).prop_map(|(hash, nonce)| Owned::Command(Command::AuthRequest {
            hash: TlsHash(hash),
            nonce: Nonce(nonce)
        })),
        (vec(any::<u8>(), 1..2000), vec(any::<u8>(), 5..600))
            .prop_map(|(der, sig)| Owned::AuthVerify(der, sig)),
        Just(Owned::Command(Command::AuthConfirm)),
        "\\{\\PC{1,40}".prop_map(|text| Owned::Command(Command::Json(Cow::Owned(text)))),
        (1000u16.., vec(any::<u8>(), 0..80))
            .prop_filter("JSON", |(command, _)| number::is_custom(*command))
            .prop_map(|(command, body)| Owned::Custom(command, body)),
    ]
}

fn from_agent() -> impl Strategy<Value = Owned> {
    let info = (any::<[u32; 3]>(), 1u32..9, hash(), any::<u32>(), "[^\0]{0,60}").prop_map(
        |([info_version, agent_type, agent_version], platform, mesh, capabilities, name)| AuthInfo {
            info_version,
            agent_type,
            agent_version,
            platform: Platform::from_number(platform),
            mesh: MeshId(mesh),
            capabilities: Capabilities(capabilities),
            name,
        },
    );
    prop_oneof![
        4 => both_ways(),
        1 => info.prop_map(|info| Owned::Command(Command::AuthInfo(info))),
        1 => hash().prop_map(|id| Owned::Command(Command::ServerId(ServerId(id)))),
        1 => "[^\0]{0,60}".prop_map(|text| Owned::Command(Command::AgentCommitDate(text.into()))),
        1 => "[^\0]{0,60}".prop_map(|text| Owned::Command(Command::HostInfo(text.into()))),
        1 => (any::<u16>(), proptest::option::of(hash())).prop_map(|(request, hash)| {
            Owned::Command(Command::CoreHashReply { request, hash: hash.map(CoreHash) })
        }),
        1 => (any::<u16>(), hash()).prop_map(|(request, hash)| {
            Owned::Command(Command::UpdateReply { request, hash: AgentHash(hash) })
        }),
        1 => any::<u16>().prop_map(|request| Owned::Command(Command::UpdateAck { request })),
        1 => vec(any::<u8>(), 0..100).prop_map(Owned::Tag),
    ]
}

fn from_server() -> impl Strategy<Value = Owned> {
    let bare = (any::<u16>(), 0..5).prop_map(|(request, which)| {
        Owned::Command(match which {
            0 => Command::CoreClear { request },
            1 => Command::CoreHashQuery { request },
            2 => Command::CoreOk { request },
            3 => Command::UpdateQuery { request },
            _ => Command::UpdateStart { request },
        })
    });
    prop_oneof![
        3 => both_ways(),
        3 => bare,
        1 => (any::<u16>(), hash(), vec(any::<u8>(), 4..200)).prop_map(|(r, h, body)| Owned::Core(r, h, body)),
        1 => (any::<u16>(), hash(), vec(any::<u8>(), 1..200)).prop_map(|(r, h, body)| Owned::CoreDeflated(r, h, body)),
        1 => (any::<u16>(), hash()).prop_map(|(request, hash)| {
            Owned::Command(Command::UpdateEnd { request, hash: AgentHash(hash) })
        }),
        1 => (any::<u16>(), vec(any::<u8>(), 0..200)).prop_map(|(r, block)| Owned::Block(r, block)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_an_agent_emits_parses_to_the_same(owned in from_agent()) {
        let command = owned.command();
        let message = command.to_vec();
        prop_assert_eq!(Command::parse_from_agent(&message), Ok(command));
    }

    #[test]
    fn what_a_server_emits_parses_to_the_same(owned in from_server()) {
        let command = owned.command();
        let message = command.to_vec();
        prop_assert_eq!(Command::parse_from_server(&message), Ok(command));
    }

    #[test]
    fn emit_appends_and_changes_nothing_in_front(owned in from_server(), front in vec(any::<u8>(), 0..9)) {
        let mut out = front.clone();
        owned.command().emit(&mut out);
        prop_assert_eq!(&out[..front.len()], &front[..]);
        prop_assert_eq!(&out[front.len()..], &owned.command().to_vec()[..]);
    }

    #[test]
    fn no_head_of_a_message_panics(owned in prop_oneof![from_agent(), from_server()], share in 0.0..1.0f64) {
        let message = owned.command().to_vec();
        let head = &message[..(message.len() as f64 * share) as usize];
        let _ = (Command::parse_from_agent(head), Command::parse_from_server(head));
    }

    #[test]
    fn any_bytes_that_parse_are_stable(command in 0u16..40, body in vec(any::<u8>(), 0..140)) {
        let message = [&command.to_be_bytes()[..], &body].concat();
        for from in [Side::Agent, Side::Server] {
            if let Ok(command) = Command::parse(from, &message) {
                let emitted = command.to_vec();
                prop_assert_eq!(Command::parse(from, &emitted), Ok(command));
            }
        }
    }
}
