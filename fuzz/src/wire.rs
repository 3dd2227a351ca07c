//! Targets for the wire formats of the agent channel.

use std::io::Cursor;
use std::net::{IpAddr, Ipv6Addr};

use microstack::wire::discovery::{DiscoveryKey, MAX_PACKET, Packet};
use microstack::wire::trailer::{self, Kind};
use microstack::wire::{
    Command, MAX_AFTER_AUTH, MeshId, Msh, NodeId, ServerId, ServerUrl, Side, agent_hash, core_hash,
    core_text, deflate_raw, inflate_raw,
};

/// Binary frames from an agent.
pub fn agent_command(data: &[u8]) {
    command(Side::Agent, data);
}

/// Binary frames from a server.
pub fn server_command(data: &[u8]) {
    command(Side::Server, data);
}

/// Text frames from either side.
pub fn text_command(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Command::parse_text(&text) {
        Ok(command) => assert_eq!(command.to_vec(), text.as_bytes()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// What follows the number of command 3, so that the fuzzer need not find that number first.
pub fn auth_info(data: &[u8]) {
    command(Side::Agent, &[&[0, 3], data].concat());
}

fn command(from: Side, message: &[u8]) {
    let command = match Command::parse(from, message) {
        Ok(command) => command,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert!(command.number().is_some() || message[0] == b'{');
    assert!(!command.name().is_empty());
    // What was understood once is understood again, and to the same.
    let emitted = command.to_vec();
    assert_eq!(Command::parse(from, &emitted).as_ref(), Ok(&command));
    // Canonical form: a second round changes no byte.
    assert_eq!(Command::parse(from, &emitted).map(|again| again.to_vec()), Ok(emitted));
}

/// The `.msh` file.
pub fn msh(data: &[u8]) {
    let msh = match Msh::parse(data) {
        Ok(msh) => msh,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let emitted = msh.emit();
    let again = Msh::parse(&emitted).expect("an emitted file has the keys of the one it came from");
    assert!(again.entries().eq(msh.entries()));
    assert!(again.skipped().is_empty());
    assert_eq!(again.emit(), emitted);
    assert_eq!(msh.value("CoreModule"), None);
    for skipped in msh.skipped() {
        assert!(!skipped.to_string().is_empty());
    }
    for error in [msh.mesh_id().err(), msh.targets().err(), msh.server_ids().err(), msh.servers().err()]
        .into_iter()
        .flatten()
    {
        assert!(!error.to_string().is_empty());
    }
}

/// A program with or without an msh in it.
pub fn trailer(data: &[u8]) {
    const MSH: &[u8] = b"\r\nMeshName=lab\r\n";
    if let Some(found) = trailer::find(data) {
        assert!(found.content.start <= found.content.end && found.content.end + 20 == data.len() as u64);
        if found.kind == Kind::Msh {
            let read = trailer::read_msh(&mut Cursor::new(data)).expect("reading from memory does not fail");
            let (start, end) = (found.content.start as usize, found.content.end as usize);
            assert_eq!(read.as_deref(), Some(&data[start..end]));
        }
    }
    let with_msh = trailer::append(data, MSH);
    let read = trailer::read_msh(&mut Cursor::new(&with_msh)).expect("reading from memory does not fail");
    assert_eq!(read.as_deref(), Some(MSH));
    // The hash leaves the msh out. An error means a cut Windows program, which nothing can be said about.
    if let Ok(hash) = agent_hash(&mut Cursor::new(data)) {
        assert_eq!(agent_hash(&mut Cursor::new(&with_msh)).ok(), Some(hash));
    }
}

/// Discovery packets in clear.
pub fn discovery(data: &[u8]) {
    let packet = match Packet::parse(data) {
        Ok(packet) => packet,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let emitted = packet.emit();
    assert!(emitted.len() <= MAX_PACKET);
    assert_eq!(Packet::parse(&emitted).as_ref(), Ok(&packet));
    if let Packet::Announcement(announcement) = packet {
        for sender in [IpAddr::from([192, 0, 2, 7]), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            if let Ok(url) = announcement.url_for(sender) {
                assert!(url.tls && url.port != 0);
            }
        }
    }
}

/// Encrypted discovery packets.
pub fn discovery_encrypted(data: &[u8]) {
    let key = DiscoveryKey::new("secret");
    match key.decrypt(data) {
        Ok(plain) => {
            let iv = data[..16].try_into().expect("a packet that decrypts has its 16 bytes in front");
            assert_eq!(key.encrypt(iv, &plain), data);
            discovery(&plain);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let plain = &data[..data.len().min(MAX_PACKET)];
    assert_eq!(key.decrypt(&key.encrypt([7; 16], plain)).as_deref(), Ok(plain));
}

/// Addresses in `.msh` files and in relay commands.
pub fn server_url(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let url = match ServerUrl::parse_allowing_plain(&text) {
        Ok(url) => url,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(ServerUrl::parse(&text).is_ok(), url.tls);
    assert!(url.port != 0 && url.path_and_query.starts_with('/') && !url.host.is_empty());
    // These two go into a request head as they are.
    for part in [&url.authority(), &url.path_and_query] {
        assert!(part.bytes().all(|byte| byte.is_ascii_graphic()), "{part:?}");
    }
    assert_eq!(ServerUrl::parse_allowing_plain(&url.to_string()).as_ref(), Ok(&url));
    let relay = url.join("*/meshrelay.ashx?id=1").expect("a relay beside a good address is good");
    assert_eq!((&relay.host, relay.port, relay.tls), (&url.host, url.port, url.tls));
}

/// Core bodies in clear.
pub fn core_frame(data: &[u8]) {
    match core_text(data) {
        Ok(text) => {
            let framed = microstack::wire::frame_core(text);
            assert_eq!(core_text(&framed), Ok(text));
            assert_eq!(framed.len(), data.len());
            assert_eq!(core_hash(&framed) == core_hash(data), framed == data);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Core bodies in raw DEFLATE.
pub fn core_deflated(data: &[u8]) {
    const CAP: usize = 64 * 1024;
    const { assert!(CAP < MAX_AFTER_AUTH) };
    match inflate_raw(data, CAP) {
        Ok(body) => {
            assert!(body.len() <= CAP);
            assert_eq!(inflate_raw(&deflate_raw(&body), CAP), Ok(body));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert_eq!(inflate_raw(&deflate_raw(data), data.len()).as_deref(), Ok(data));
}

/// Both text forms of ids.
pub fn id_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match NodeId::from_hex(&text) {
        Ok(id) => assert_eq!(id.to_hex(), text.to_ascii_uppercase()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(id) = NodeId::from_text64(&text) {
        assert_eq!(id.to_text64(), text);
    }
    for id in [MeshId::from_hex(&text), MeshId::from_text64(&text)].into_iter().flatten() {
        assert_eq!(MeshId::from_hex(&id.to_hex()), Ok(id));
        assert_eq!(MeshId::from_text64(&id.to_text64()), Ok(id));
    }
    if let Ok(id) = ServerId::from_hex(&text) {
        assert_eq!(ServerId::from_hex(&id.to_hex()), Ok(id));
    }
}
