//! Inputs to start from: recorded frames of real peers where there are some, else made by hand.

use microstack::wire::discovery::{Announcement, DiscoveryKey, Label, Packet};
use microstack::wire::{
    MeshId, MshBuilder, NodeId, ServerId, ServerUrl, deflate_raw, frame_core, hex, trailer,
};
use serde_json::Value;

/// The recorded transcripts, with direction and frame type of each message.
const TRANSCRIPTS: &[&str] = &[
    include_str!("../../tests/vectors/agent-channel/mini-full-tinycore.json"),
    include_str!("../../tests/vectors/agent-channel/mini-skip-deflatecore.json"),
    include_str!("../../tests/vectors/agent-channel/real-full.json"),
    include_str!("../../tests/vectors/agent-channel/real-json-session.json"),
    include_str!("../../tests/vectors/agent-channel/real-native-update.json"),
    include_str!("../../tests/vectors/agent-channel/real-recovery-core-update.json"),
    include_str!("../../tests/vectors/agent-channel/real-skip-and-ping.json"),
];

/// Recorded binary frames, agent to server.
pub fn frames_of_agents() -> Vec<Vec<u8>> {
    let mut frames = recorded("a2s", "binary");
    // An agent's own command, which no recording holds.
    frames.push(b"\x03\xE8core".to_vec());
    frames
}

/// Recorded binary frames, server to agent.
pub fn frames_of_servers() -> Vec<Vec<u8>> {
    let mut frames = recorded("s2a", "binary");
    frames.push(b"\x03\xE8core".to_vec());
    frames
}

/// Recorded text frames.
pub fn text_frames() -> Vec<Vec<u8>> {
    recorded("a2s", "text")
}

/// Recorded commands 3 without their number.
pub fn auth_infos() -> Vec<Vec<u8>> {
    recorded("a2s", "binary")
        .into_iter()
        .filter(|frame| frame.starts_with(&[0, 3]))
        .map(|frame| frame[2..].to_vec())
        .collect()
}

/// Files as servers write them, old and new, and one with everything odd.
pub fn msh_files() -> Vec<Vec<u8>> {
    let mut old = [0; 48];
    old[..32].fill(0xA5);
    let url = ServerUrl {
        tls: true,
        host: "mesh.example.com".into(),
        port: 443,
        path_and_query: "/agent.ashx".into(),
    };
    vec![
        MshBuilder::group("lab", MeshId([0xB7; 48]), ServerId([0xC9; 48]), &url).emit(),
        MshBuilder::group("old", MeshId(old), ServerId(old), &url).text("Tag", "x").emit(),
        format!(
            "MeshID=0x{0}\nServerID={0},{0}\nMeshServer=wss://a/agent.ashx,wss://[::1]:8443/d/agent.ashx",
            "AB".repeat(48)
        )
        .into_bytes(),
        b"\xEF\xBB\xBF# remark\n a = b \nMeshServer=local\nk=\nd=0xzz\nCoreModule=1\nnonsense\n=1\n".to_vec(),
    ]
}

/// Programs: bare, with an msh, for Windows unsigned and signed.
pub fn programs() -> Vec<Vec<u8>> {
    let elf = b"\x7FELF program".to_vec();
    let windows = |magic: u16, entry: usize, signed: bool| {
        let mut file = vec![0u8; 512];
        file[..2].copy_from_slice(b"MZ");
        file[60..64].copy_from_slice(&128u32.to_le_bytes());
        file[128..132].copy_from_slice(b"PE\0\0");
        file[152..154].copy_from_slice(&magic.to_le_bytes());
        if signed {
            file[entry..entry + 4].copy_from_slice(&512u32.to_le_bytes());
            file[entry + 4..entry + 8].copy_from_slice(&24u32.to_le_bytes());
            file.extend_from_slice(&20u32.to_le_bytes());
            file.extend_from_slice(&[0x30; 20]);
        }
        file
    };
    let mut programs = vec![
        elf,
        windows(0x10B, 280, false),
        windows(0x10B, 280, true),
        windows(0x20B, 296, false),
        windows(0x20B, 296, true),
    ];
    let with_msh: Vec<_> =
        programs.iter().map(|program| trailer::append(program, b"\r\nMeshType=2\r\n")).collect();
    programs.extend(with_msh);
    programs
}

/// Each kind of discovery packet.
pub fn discovery_packets() -> Vec<Vec<u8>> {
    let server = ServerId([0xAB; 48]);
    let mut labelled = Announcement::new(server, 8443, "/d/agent.ashx", true);
    labelled.label = Some(Label { name: "name".into(), info: "info".into() });
    [
        Packet::Scan,
        Packet::Query(server),
        Packet::Announcement(Announcement::new(server, 443, "/agent.ashx", false)),
        Packet::Announcement(labelled),
    ]
    .iter()
    .map(Packet::emit)
    .collect()
}

/// The same, encrypted with the key the target uses.
pub fn discovery_encrypted() -> Vec<Vec<u8>> {
    let key = DiscoveryKey::new("secret");
    discovery_packets().iter().map(|packet| key.encrypt([9; 16], packet)).collect()
}

/// Addresses in every shape.
pub fn server_urls() -> Vec<Vec<u8>> {
    [
        "wss://127.0.0.1:21001/agent.ashx",
        "wss://mesh.example.com/d/agent.ashx?key=1",
        "wss://[fe80::1]:443/",
        "ws://h",
        "https://h?q#f",
    ]
    .iter()
    .map(|url| url.as_bytes().to_vec())
    .collect()
}

/// Cores in clear.
pub fn core_bodies() -> Vec<Vec<u8>> {
    vec![frame_core(""), frame_core("var m = require('MeshAgent'); // é"), vec![1, 2, 3, 4, b'a']]
}

/// Cores in raw DEFLATE.
pub fn core_deflated() -> Vec<Vec<u8>> {
    let mut bodies: Vec<_> = core_bodies().iter().map(|body| deflate_raw(body)).collect();
    bodies.push(deflate_raw(&vec![0; 200_000]));
    bodies
}

/// Ids in both text forms, new and old.
pub fn id_texts() -> Vec<Vec<u8>> {
    let mut old = [0; 48];
    old[..32].fill(0x5A);
    let (new, old) = (NodeId([0xB9; 48]), MeshId(old));
    [new.to_hex(), new.to_text64(), old.to_hex(), old.to_text64()].map(String::into_bytes).to_vec()
}

fn recorded(direction: &str, frame: &str) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for transcript in TRANSCRIPTS {
        let document: Value = serde_json::from_str(transcript).expect("a recorded transcript is JSON");
        for message in document["messages"].as_array().into_iter().flatten() {
            let text = message["hex"].as_str().or(message["hex_head"].as_str());
            if let (Some(text), true, true) = (text, message["dir"] == direction, message["frame"] == frame) {
                frames.push(hex::read(text).expect("a recorded frame is hexadecimal"));
            }
        }
    }
    frames.sort();
    frames.dedup();
    frames
}
