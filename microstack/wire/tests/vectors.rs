//! The recorded traffic of real peers (agent-channel spec 9): every frame is read and written back byte for byte, and
//! every hash is computed again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use base64::Engine as _;
use microstack_wire::discovery::{DiscoveryKey, Packet};
use microstack_wire::{
    AgentHash, Capabilities, Command, CoreHash, MeshId, Msh, NodeId, Platform, ServerId, ServerUrl, TlsHash,
    agent_hash, command, core_hash, core_text, deflate_raw, hex, inflate_raw, trailer,
};
use serde_json::Value;

const TRANSCRIPTS: &[&str] = &[
    "real-full",
    "real-skip-and-ping",
    "real-native-update",
    "real-recovery-core-update",
    "real-json-session",
    "mini-full-tinycore",
    "mini-skip-deflatecore",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/agent-channel")
}

fn json(name: &str) -> Value {
    let path = folder().join(name).with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The DER of a certificate named in the `keys` of a transcript.
fn certificate(document: &Value, key: &str) -> Vec<u8> {
    let name = document["keys"][key].as_str().unwrap();
    let pem = fs::read_to_string(folder().join(format!("{name}.crt.pem"))).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

/// The PKCS#1 public key in the certificate: the content of the BIT STRING behind the algorithm rsaEncryption.
fn rsa_key(der: &[u8]) -> &[u8] {
    let algorithm = hex::read("06092A864886F70D0101010500").unwrap();
    let at = der.windows(algorithm.len()).position(|window| window == algorithm).unwrap() + algorithm.len();
    // Tag, long length in two bytes, number of unused bits.
    assert_eq!((der[at], der[at + 1], der[at + 4]), (0x03, 0x82, 0));
    let len = usize::from(u16::from_be_bytes([der[at + 2], der[at + 3]]));
    &der[at + 5..at + 4 + len]
}

fn sha384(data: &[u8]) -> [u8; 48] {
    ring::digest::digest(&ring::digest::SHA384, data).as_ref().try_into().unwrap()
}

/// Messages of a transcript by direction and command number, in order.
struct Transcript {
    document: Value,
    messages: BTreeMap<(String, u64), Vec<Vec<u8>>>,
}

impl Transcript {
    fn load(name: &str) -> Transcript {
        let document = json(name);
        let mut messages: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for message in document["messages"].as_array().unwrap() {
            if let (Some(text), Some(command)) = (message["hex"].as_str(), message["cmd"].as_u64()) {
                let direction = message["dir"].as_str().unwrap().to_owned();
                messages.entry((direction, command)).or_default().push(hex::read(text).unwrap());
            }
        }
        Transcript { document, messages }
    }

    fn all(&self, direction: &str, command: u64) -> &[Vec<u8>] {
        self.messages.get(&(direction.to_owned(), command)).map_or(&[], Vec::as_slice)
    }

    fn agent(&self, command: u64) -> Command<'_> {
        Command::parse_from_agent(&self.all("a2s", command)[0]).unwrap()
    }

    fn server(&self, command: u64) -> Command<'_> {
        Command::parse_from_server(&self.all("s2a", command)[0]).unwrap()
    }

    fn last_core_report(&self) -> Option<CoreHash> {
        match Command::parse_from_agent(self.all("a2s", 11).last().unwrap()) {
            Ok(Command::CoreHashReply { hash, .. }) => hash,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_recorded_frame_is_read_and_written_back() {
    let mut frames = 0;
    for name in TRANSCRIPTS {
        for message in json(name)["messages"].as_array().unwrap() {
            let Some(text) = message["hex"].as_str().or(message["hex_head"].as_str()) else { continue };
            let bytes = hex::read(text).unwrap();
            let parse = match message["dir"].as_str().unwrap() {
                "a2s" => Command::parse_from_agent,
                _ => Command::parse_from_server,
            };
            let command = match message["frame"].as_str().unwrap() {
                "binary" => parse(&bytes),
                "text" => Command::parse_text(std::str::from_utf8(&bytes).unwrap()),
                "ping" => continue,
                frame => panic!("{frame}"),
            };
            let command = command.unwrap_or_else(|error| panic!("{name}: {error}: {message}"));
            assert_eq!(command.number().map(u64::from), message["cmd"].as_u64(), "{name}: {message}");
            assert_eq!(command.to_vec(), bytes, "{name}: {message}");
            if let (Command::Json(text), Some(_)) = (&command, message.get("json")) {
                assert_eq!(serde_json::from_str::<Value>(text).unwrap(), message["json"]);
            }
            frames += 1;
        }
    }
    assert_eq!(frames, 159, "all frames of all transcripts");
}

#[test]
fn the_tls_hash_and_both_identities_follow_from_the_certificates() {
    for name in TRANSCRIPTS {
        let transcript = Transcript::load(name);
        if transcript.document.get("keys").is_none() {
            continue;
        }
        let tls = TlsHash(sha384(&certificate(&transcript.document, "server_tls")));
        let Command::AuthRequest { hash, nonce } = transcript.agent(1) else { panic!() };
        assert_eq!(hash, tls, "{name}");
        let Command::AuthRequest { hash, nonce: servers } = transcript.server(1) else { panic!() };
        assert_eq!(hash, tls, "{name}");
        assert_ne!(nonce, servers);

        let identity = certificate(&transcript.document, "server_identity");
        let Command::ServerId(expected) = transcript.agent(5) else { panic!() };
        assert!(expected.names_key(rsa_key(&identity)), "{name}");
        assert_eq!(expected, ServerId(sha384(rsa_key(&identity))));

        let node = certificate(&transcript.document, "agent");
        let Command::AuthVerify { certificate: sent, signature } = transcript.agent(2) else { panic!() };
        assert_eq!((sent, signature.len()), (&node[..], 384), "{name}");
        assert_ne!(NodeId(sha384(rsa_key(&node))).0[..4], [0; 4]);
        if !transcript.all("s2a", 2).is_empty() {
            let Command::AuthVerify { certificate: sent, .. } = transcript.server(2) else { panic!() };
            assert_eq!(sent, identity, "{name}");
        }
    }
}

#[test]
fn auth_info_carries_the_group_of_the_msh() {
    let transcript = Transcript::load("real-full");
    let Command::AuthInfo(info) = transcript.agent(3) else { panic!() };
    let mut file = String::from("\r\n");
    for (key, value) in transcript.document["msh"].as_object().unwrap() {
        file.push_str(&format!("{key}={}\r\n", value.as_str().unwrap()));
    }
    let msh = Msh::parse(file.as_bytes()).unwrap();
    assert_eq!(info.mesh, msh.mesh_id().unwrap());
    assert_eq!((info.info_version, info.agent_type, info.agent_version), (1, 6, 0));
    assert_eq!((info.platform, info.capabilities), (Platform::Desktop, Capabilities(0x118)));
    assert_eq!(info.name, "vm");
    assert_eq!(transcript.agent(5), Command::ServerId(msh.server_ids().unwrap()[0]));
    let url = ServerUrl::parse("wss://127.0.0.1:21001/agent.ashx").unwrap();
    assert_eq!(msh.servers(), Ok(microstack_wire::msh::Servers::Listed(vec![url])));
    assert_eq!(msh.emit(), file.as_bytes());
}

#[test]
fn a_plain_core_has_the_hash_it_claims_and_the_agent_confirms_it() {
    let transcript = Transcript::load("mini-full-tinycore");
    let Command::Core { request: 3, hash, body } = transcript.server(10) else { panic!() };
    assert_eq!(core_hash(body), hash);
    assert!(core_text(body).unwrap().starts_with("var m=require('MeshAgent')"));
    assert_eq!(microstack_wire::frame_core(core_text(body).unwrap()), body);
    assert_eq!(transcript.last_core_report(), Some(hash));
}

#[test]
fn a_deflated_core_has_the_hash_of_its_inflated_body() {
    let transcript = Transcript::load("mini-skip-deflatecore");
    let Command::CoreDeflated { request: 0, hash, body } = transcript.server(20) else { panic!() };
    let inflated = inflate_raw(body, command::MAX_AFTER_AUTH).unwrap();
    assert_eq!(core_hash(&inflated), hash);
    assert!(core_text(&inflated).unwrap().contains("corestart"));
    assert_eq!(inflate_raw(&deflate_raw(&inflated), inflated.len()), Ok(inflated));
    assert_eq!(transcript.last_core_report(), Some(hash));
}

#[test]
fn large_cores_carry_the_hash_of_the_body_that_was_left_out() {
    let mut cores = 0;
    for name in ["real-full", "real-recovery-core-update"] {
        let transcript = Transcript::load(name);
        for message in transcript.document["messages"].as_array().unwrap() {
            let Some(body) = message["sha384_of_body_from_offset_52"].as_str() else { continue };
            let head = hex::read(message["hex_head"].as_str().unwrap()).unwrap();
            let Ok(Command::Core { hash, .. }) = Command::parse_from_server(&head) else {
                panic!("{message}")
            };
            assert_eq!(hash, CoreHash::from_hex(body).unwrap());
            assert_eq!(transcript.last_core_report(), Some(hash));
            cores += 1;
        }
    }
    assert_eq!(cores, 3);
}

#[test]
fn an_update_begins_with_the_old_hash_and_ends_with_the_new_one() {
    let transcript = Transcript::load("real-native-update");
    let of = |text: &Value| AgentHash::from_hex(text.as_str().unwrap()).unwrap();
    let old = of(&transcript.document["old_binary_sha384"]);
    assert_eq!(transcript.server(12), Command::UpdateQuery { request: 0 });
    assert_eq!(transcript.agent(12), Command::UpdateReply { request: 0, hash: old });
    assert_eq!(transcript.server(10), Command::CoreClear { request: 0 });
    let [start, end] = transcript.all("s2a", 13) else { panic!("a start and an end") };
    assert_eq!(Command::parse_from_server(start), Ok(Command::UpdateStart { request: 0 }));
    let new = of(&transcript.document["binary"]["sha384"]);
    assert_eq!(Command::parse_from_server(end), Ok(Command::UpdateEnd { request: 0, hash: new }));
    assert_eq!(transcript.agent(14), Command::UpdateAck { request: 1 });
    let blocks =
        transcript.document["messages"].as_array().unwrap().iter().filter(|message| message["cmd"] == 14);
    for block in blocks.filter(|message| message["dir"] == "s2a") {
        assert!(block["len"].as_u64().unwrap() <= 4 + command::MAX_UPDATE_BLOCK as u64);
        let head = hex::read(block["hex_head"].as_str().unwrap()).unwrap();
        assert!(matches!(Command::parse_from_server(&head), Ok(Command::UpdateBlock { request: 1, .. })));
    }
}

#[test]
fn an_embedded_msh_is_found_made_and_left_out_of_the_hash() {
    let vector = &json("static")["embedded_msh_elf"];
    let file = hex::read(vector["file_hex"].as_str().unwrap()).unwrap();
    let msh = vector["msh_text"].as_str().unwrap().as_bytes();
    let found = trailer::find(&file).unwrap();
    assert_eq!(found.kind, trailer::Kind::Msh);
    let (start, end) = (found.content.start as usize, found.content.end as usize);
    assert_eq!(&file[start..end], msh);
    assert_eq!(vector["msh_length"].as_u64(), Some(msh.len() as u64));
    assert_eq!(trailer::append(&file[..start], msh), file);
    let expected = AgentHash::from_hex(vector["program_sha384"].as_str().unwrap()).unwrap();
    assert_eq!(agent_hash(&mut Cursor::new(&file)).unwrap(), expected);
    assert_eq!(agent_hash(&mut Cursor::new(&file[..start])).unwrap(), expected);
}

#[test]
fn an_encrypted_discovery_packet_is_opened_and_made_again() {
    let vector = &json("static")["discovery"];
    let key = DiscoveryKey::new(vector["key"].as_str().unwrap());
    let packet = hex::read(vector["packet_hex"].as_str().unwrap()).unwrap();
    let plain = key.decrypt(&packet).unwrap();
    assert_eq!(plain, vector["plain_ascii"].as_str().unwrap().as_bytes());
    let server = ServerId::from_hex(vector["plain_ascii"].as_str().unwrap()).unwrap();
    assert_eq!(Packet::parse(&plain), Ok(Packet::Query(server)));
    assert_eq!(Packet::Query(server).emit(), plain);
    let iv = hex::read(vector["iv_hex"].as_str().unwrap()).unwrap().try_into().unwrap();
    assert_eq!(key.encrypt(iv, &plain), packet);
}

#[test]
fn the_text_form_of_an_id() {
    let vector = &json("static")["id_text_form"];
    let (digits, text) = (vector["meshid_hex"].as_str().unwrap(), vector["meshid_text"].as_str().unwrap());
    let id = MeshId::from_hex(digits).unwrap();
    assert_eq!((id.to_text64().as_str(), id.to_hex().as_str()), (text, digits));
    assert_eq!(MeshId::from_text64(text), Ok(id));
}
