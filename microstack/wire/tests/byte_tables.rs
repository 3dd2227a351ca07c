//! The byte tables of `docs/wire.md` are true: each message is built and compared with its table, row by row.

use std::collections::HashMap;

use microstack_wire::command::{AuthInfo, Command, Platform};
use microstack_wire::{AgentHash, Capabilities, CoreHash, MeshId, Nonce, ServerId, TlsHash};

const DOCUMENT: &str = include_str!("../../../docs/wire.md");
const A: [u8; 48] = [0xA5; 48];
const B: [u8; 48] = [0xB7; 48];

/// A message, and for each field the document names (up to its first comma or bracket) the bytes it must hold.
type Example = (Vec<u8>, Vec<(&'static str, Vec<u8>)>);

fn examples() -> HashMap<&'static str, Example> {
    let info = AuthInfo {
        info_version: 1,
        agent_type: 0x0102_0304,
        agent_version: 0x0506_0708,
        platform: Platform::Server,
        mesh: MeshId(A),
        capabilities: Capabilities(0x118),
        name: "pi".into(),
    };
    let certificate = vec![0xC3; 300];
    let signature = vec![0xD9; 384];
    let core = b"\0\0\0\0var a;".to_vec();
    let request = 0x1112u16.to_be_bytes().to_vec();
    let hash = |name| vec![("request", request.clone()), (name, A.to_vec())];
    let with = |mut fields: Vec<(&'static str, Vec<u8>)>, more: (&'static str, Vec<u8>)| {
        fields.push(more);
        fields
    };
    let table = [
        (
            "1 AuthRequest",
            Command::AuthRequest { hash: TlsHash(A), nonce: Nonce(B) }.to_vec(),
            vec![("hash of the TLS certificate", A.to_vec()), ("nonce", B.to_vec())],
        ),
        (
            "2 AuthVerify",
            Command::AuthVerify { certificate: &certificate, signature: &signature }.to_vec(),
            vec![
                ("certificate length", vec![0x01, 0x2C]),
                ("certificate", certificate.clone()),
                ("signature", signature.clone()),
            ],
        ),
        (
            "3 AuthInfo",
            Command::AuthInfo(info).to_vec(),
            vec![
                ("layout version", vec![0, 0, 0, 1]),
                ("agent type", vec![1, 2, 3, 4]),
                ("agent version", vec![5, 6, 7, 8]),
                ("platform", vec![0, 0, 0, 4]),
                ("group id", A.to_vec()),
                ("capabilities", vec![0, 0, 1, 0x18]),
                ("name length", vec![0, 2]),
                ("computer name", b"pi".to_vec()),
            ],
        ),
        ("4 AuthConfirm", Command::AuthConfirm.to_vec(), vec![]),
        ("5 ServerId", Command::ServerId(ServerId(A)).to_vec(), vec![("ServerID", A.to_vec())]),
        (
            "10 Core",
            Command::Core { request: 0x1112, hash: CoreHash(A), body: &core }.to_vec(),
            with(hash("core hash"), ("core: four bytes to skip", core.clone())),
        ),
        (
            "11 CoreHashReply",
            Command::CoreHashReply { request: 0x1112, hash: Some(CoreHash(A)) }.to_vec(),
            hash("core hash"),
        ),
        (
            "12 UpdateReply",
            Command::UpdateReply { request: 0x1112, hash: AgentHash(A) }.to_vec(),
            hash("program hash; zeros: never update me"),
        ),
        (
            "13 UpdateEnd",
            Command::UpdateEnd { request: 0x1112, hash: AgentHash(A) }.to_vec(),
            hash("program hash"),
        ),
        (
            "14 UpdateBlock",
            Command::UpdateBlock { request: 1, block: b"\x7fELF" }.to_vec(),
            vec![("request", vec![0, 1]), ("program bytes", b"\x7fELF".to_vec())],
        ),
        ("15 Tag", Command::Tag(b"rack 7").to_vec(), vec![("content of the tag file", b"rack 7".to_vec())]),
        ("16 CoreOk", Command::CoreOk { request: 0x1112 }.to_vec(), vec![("request", request.clone())]),
        (
            "20 CoreDeflated",
            Command::CoreDeflated { request: 0x1112, hash: CoreHash(A), body: &core }.to_vec(),
            with(hash("core hash"), ("core in raw DEFLATE", core.clone())),
        ),
    ];
    table.into_iter().map(|(name, message, fields)| (name, (message, fields))).collect()
}

/// The rows of each table: `(section, offset, bytes, field)`.
fn rows() -> Vec<(String, String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in DOCUMENT.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            section = heading.split(',').next().unwrap_or_default().to_owned();
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let is_row =
            line.starts_with("| ") && !section.is_empty() && cells.len() == 3 && cells[0] != "offset";
        if is_row {
            found.push((section.clone(), cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned()));
        }
    }
    found
}

/// An offset or a size: a number, `n` (the certificate), `4+n`, or `rest`.
fn number(text: &str, variable: usize, rest: usize) -> usize {
    match text {
        "rest" => rest,
        "n" => variable,
        other => match other.strip_suffix("+n") {
            Some(fixed) => fixed.parse::<usize>().unwrap() + variable,
            None => other.parse().unwrap_or_else(|_| panic!("not an offset or size: {other}")),
        },
    }
}

#[test]
fn every_row_of_the_document_describes_the_message_we_emit() {
    let examples = examples();
    let mut covered: HashMap<String, usize> = HashMap::new();
    for (section, offset, bytes, field) in rows() {
        let (message, fields) =
            examples.get(section.as_str()).unwrap_or_else(|| panic!("no example for section {section}"));
        let next = covered.entry(section.clone()).or_default();
        let offset = number(&offset, 300, 0);
        assert_eq!(offset, *next, "{section}: {field} does not follow the row before it");
        let size = number(&bytes, 300, message.len() - offset);
        *next += size;
        let found = &message[offset..offset + size];
        if field == "command" {
            let number: u16 = section.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(found, number.to_be_bytes(), "{section}");
            continue;
        }
        let (_, expected) = fields
            .iter()
            .find(|(name, _)| field == *name || field.split([',', '(']).next().unwrap().trim() == *name)
            .unwrap_or_else(|| panic!("{section}: no example for {field}"));
        assert_eq!(found, expected, "{section}: {field}");
    }
    for (section, (message, _)) in &examples {
        assert_eq!(
            covered.get(*section),
            Some(&message.len()),
            "{section}: the table ends before the message"
        );
    }
}
