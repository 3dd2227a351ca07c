//! The `.msh` file: where an agent finds its server and its group (agent-channel spec 2.1).
//!
//! Reading is as lenient as real agents are, because the file may come from any server: odd lines are skipped and
//! remembered. What a connection needs is checked when it is asked for, and its errors name the key.

use std::fmt;

use crate::{IdError, MeshId, ServerId, ServerUrl, UrlError, hex};

/// The keys and values of one `.msh` file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Msh {
    entries: Vec<(String, Value)>,
    skipped: Vec<Skipped>,
}

impl Msh {
    /// Cap on a file, in bytes. Real ones have about 500, or 34 KB with translations.
    pub const MAX_LEN: usize = 1024 * 1024;

    /// Reads a file. A later line replaces an earlier one with the same key.
    ///
    /// # Errors
    /// [`MshError::TooLong`], [`MshError::NotText`], or [`MshError::NoKeys`] for a text without a single key.
    pub fn parse(file: &[u8]) -> Result<Msh, MshError> {
        if file.len() > Msh::MAX_LEN {
            return Err(MshError::TooLong { limit: Msh::MAX_LEN, got: file.len() });
        }
        let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        let text = std::str::from_utf8(file).map_err(|error| {
            let line = 1 + file[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            MshError::NotText { line }
        })?;
        let mut msh = Msh::default();
        for (index, line) in text.split('\n').enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line_number = index + 1;
            let skip = match line.split_once('=') {
                None => Skip::NoEqualSign,
                Some((key, _)) if key.trim().is_empty() => Skip::NoKey,
                // A core comes over the authenticated channel only.
                Some((key, _)) if key.trim() == "CoreModule" => Skip::CoreModule,
                Some((key, value)) if value.contains('\0') || key.contains('\0') => Skip::Nul,
                Some((key, value)) => {
                    msh.set(key.trim(), Value::from_text(value.trim()));
                    continue;
                }
            };
            msh.skipped.push(Skipped { line: line_number, why: skip });
        }
        match msh.entries.is_empty() {
            true => Err(MshError::NoKeys),
            false => Ok(msh),
        }
    }

    /// Writes the file as a server does: an empty line first, CRLF line ends.
    pub fn emit(&self) -> Vec<u8> {
        let mut text = String::from("\r\n");
        for (key, value) in &self.entries {
            text.push_str(key);
            text.push('=');
            match value {
                Value::Text(value) => text.push_str(value),
                Value::Bytes(bytes) => {
                    text.push_str("0x");
                    text.push_str(&hex::upper(bytes));
                }
                Value::Delete => {}
            }
            text.push_str("\r\n");
        }
        text.into_bytes()
    }

    /// The group this agent shall be in.
    ///
    /// # Errors
    /// [`MshError::Missing`] or [`MshError::BadMeshId`].
    pub fn mesh_id(&self) -> Result<MeshId, MshError> {
        match self.value("MeshID") {
            None | Some(Value::Delete) => Err(MshError::Missing { key: "MeshID" }),
            Some(Value::Text(_)) => Err(MshError::BadMeshId { bytes: None }),
            Some(Value::Bytes(bytes)) => {
                let mut id = [0; 48];
                match bytes.len() {
                    length @ (32 | 48) => id[..length].copy_from_slice(bytes),
                    length => return Err(MshError::BadMeshId { bytes: Some(length) }),
                }
                Ok(MeshId(id))
            }
        }
    }

    /// The identities of the servers, in the order of [`Msh::servers`].
    ///
    /// # Errors
    /// [`MshError::Missing`], or [`MshError::BadServerId`] with the position in the list.
    pub fn server_ids(&self) -> Result<Vec<ServerId>, MshError> {
        list(self.text("ServerID")?)
            .map(|(at, text)| ServerId::from_hex(text).map_err(|why| MshError::BadServerId { at, why }))
            .collect()
    }

    /// Where the servers are.
    ///
    /// # Errors
    /// [`MshError::Missing`], or [`MshError::BadServer`] with the position in the list.
    pub fn servers(&self) -> Result<Servers, MshError> {
        let text = self.text("MeshServer")?;
        if text == "local" {
            return Ok(Servers::Local);
        }
        list(text)
            .map(|(at, text)| ServerUrl::parse(text).map_err(|why| MshError::BadServer { at, why }))
            .collect::<Result<_, _>>()
            .map(Servers::Listed)
    }

    /// Each server with its identity.
    ///
    /// # Errors
    /// As [`Msh::servers`] and [`Msh::server_ids`], and [`MshError::UnequalLists`] if they do not pair up.
    pub fn targets(&self) -> Result<Targets, MshError> {
        let ids = self.server_ids()?;
        match self.servers()? {
            Servers::Local => Ok(Targets::Local(ids)),
            Servers::Listed(urls) if urls.len() == ids.len() => {
                Ok(Targets::Listed(urls.into_iter().zip(ids).collect()))
            }
            Servers::Listed(urls) => Err(MshError::UnequalLists { servers: urls.len(), ids: ids.len() }),
        }
    }

    /// Display name of the group.
    pub fn mesh_name(&self) -> Option<&str> {
        self.get("MeshName")
    }

    /// The text of a key; none if it is absent, deleted or given in bytes.
    pub fn get(&self, key: &str) -> Option<&str> {
        match self.value(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a key in whichever form.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Every key with its value, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The lines that were not understood; worth a line in the log.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    fn set(&mut self, key: &str, value: Value) {
        match self.entries.iter_mut().find(|(name, _)| name == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key.to_owned(), value)),
        }
    }

    fn text(&self, key: &'static str) -> Result<&str, MshError> {
        self.get(key).ok_or(MshError::Missing { key })
    }
}

/// One value of a `.msh` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, as written.
    Text(String),
    /// Written `0x` and hexadecimal digits.
    Bytes(Vec<u8>),
    /// Empty: the key is deleted from the agent's store.
    Delete,
}

impl Value {
    /// A `0x` without proper digits behind it stays text; the accessor of the key complains if it matters.
    fn from_text(text: &str) -> Value {
        match text.strip_prefix("0x").map(hex::read) {
            _ if text.is_empty() => Value::Delete,
            Some(Ok(bytes)) => Value::Bytes(bytes),
            _ => Value::Text(text.to_owned()),
        }
    }
}

/// The value of `MeshServer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Servers {
    /// Look for the server on the local network.
    Local,
    /// Fixed addresses, at least one.
    Listed(Vec<ServerUrl>),
}

/// Servers with their identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// Look on the local network for one of these.
    Local(Vec<ServerId>),
    /// Fixed addresses, each with the identity that must answer there.
    Listed(Vec<(ServerUrl, ServerId)>),
}

/// A line that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is the matter with it.
    pub why: Skip,
}

/// Why a line was skipped.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// It is no `key=value`.
    NoEqualSign,
    /// There is nothing before the `=`.
    NoKey,
    /// It would smuggle in a core.
    CoreModule,
    /// It contains a NUL.
    Nul,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the .msh file ", self.line)?;
        f.write_str(match self.why {
            Skip::NoEqualSign => "is skipped: it is no key=value",
            Skip::NoKey => "is skipped: there is nothing before the =",
            Skip::CoreModule => "is refused: a core must come over the authenticated channel",
            Skip::Nul => "is skipped: it contains a NUL",
        })
    }
}

/// Makes a `.msh` file; used by servers.
#[derive(Debug, Clone, Default)]
pub struct MshBuilder {
    msh: Msh,
}

impl MshBuilder {
    /// The five keys every server writes, in its order. Old identities come out in their old form.
    pub fn group(name: &str, mesh: MeshId, server: ServerId, url: &ServerUrl) -> MshBuilder {
        let mesh = if mesh.is_old() { mesh.0[..32].to_vec() } else { mesh.0.to_vec() };
        MshBuilder::default()
            .text("MeshName", name)
            .text("MeshType", "2")
            .bytes("MeshID", mesh)
            .text("ServerID", &server.to_hex())
            .text("MeshServer", &explicit(url))
    }

    /// Sets a key to a text. Line ends and NULs become blanks: the format cannot hold them.
    pub fn text(mut self, key: &str, value: &str) -> MshBuilder {
        self.msh.set(&one_line(key).replace(['=', '#'], "_"), Value::from_text(&one_line(value)));
        self
    }

    /// Sets a key to bytes.
    pub fn bytes(mut self, key: &str, value: Vec<u8>) -> MshBuilder {
        self.msh.set(&one_line(key).replace(['=', '#'], "_"), Value::Bytes(value));
        self
    }

    /// The finished file.
    pub fn finish(self) -> Msh {
        self.msh
    }

    /// The finished file as bytes.
    pub fn emit(self) -> Vec<u8> {
        self.msh.emit()
    }
}

/// Why a `.msh` file cannot be used.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MshError {
    /// The file is far larger than a real one. Usual cause: another file was given.
    TooLong { limit: usize, got: usize },
    /// The file is not UTF-8. Usual cause: a program with an embedded msh was given, or UTF-16 from an editor.
    NotText { line: usize },
    /// No line is `key=value`. Usual cause: a log-in page was downloaded in its place.
    NoKeys,
    /// A key a connection needs is not there.
    Missing { key: &'static str },
    /// `MeshID` is not `0x` and 96 (old: 64) digits; the number of bytes if it was hexadecimal at all.
    BadMeshId { bytes: Option<usize> },
    /// One entry of `ServerID` is wrong; positions count from 1.
    BadServerId { at: usize, why: IdError },
    /// One entry of `MeshServer` is wrong; positions count from 1.
    BadServer { at: usize, why: UrlError },
    /// `MeshServer` and `ServerID` do not pair up.
    UnequalLists { servers: usize, ids: usize },
}

impl fmt::Display for MshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MshError::TooLong { limit, got } => {
                write!(f, "the .msh file has {got} bytes, more than {limit}; is it the right file?")
            }
            MshError::NotText { line } => {
                write!(f, "line {line} of the .msh file is not UTF-8 text; is it the right file?")
            }
            MshError::NoKeys => f.write_str(
                "the .msh file has no key=value line; download it again from the server (/meshsettings)",
            ),
            MshError::Missing { key } => {
                write!(f, "the .msh file has no {key}; download it again from the server")
            }
            MshError::BadMeshId { bytes: None } => {
                f.write_str("MeshID in the .msh file must be 0x and 96 hexadecimal digits")
            }
            MshError::BadMeshId { bytes: Some(bytes) } => {
                write!(
                    f,
                    "MeshID in the .msh file has {bytes} bytes; it must have 48, or 32 from an old server"
                )
            }
            MshError::BadServerId { at, why } => write!(f, "entry {at} of ServerID in the .msh file: {why}"),
            MshError::BadServer { at, why } => write!(f, "entry {at} of MeshServer in the .msh file: {why}"),
            MshError::UnequalLists { servers, ids } => write!(
                f,
                "the .msh file lists {servers} addresses in MeshServer and {ids} identities in ServerID; \
                 each address needs one"
            ),
        }
    }
}

impl std::error::Error for MshError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            MshError::BadServerId { why, .. } => Some(why),
            MshError::BadServer { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// The entries of a comma list with their positions from 1.
fn list(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(',').enumerate().map(|(index, entry)| (index + 1, entry.trim()))
}

/// Real servers always write the port.
fn explicit(url: &ServerUrl) -> String {
    let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
    let scheme = if url.tls { "wss" } else { "ws" };
    format!("{scheme}://{host}:{}{}", url.port, url.path_and_query)
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESH: &str =
        "B97D1A20286A95B08D4905CBC865339863B30F1B6F17F889069371858288E667FD80DA17CE557D7F1F36D7DB302BEFC5";
    const SERVER: &str =
        "ABF7D5C43CBF1D8B5C01C324391D0FAC00F73B67B54FA3707FA739A07E6F03F6315673BAB240BA56288D8B7A86218F34";

    fn recorded() -> String {
        format!(
            "\r\nMeshName=lab\r\nMeshType=2\r\nMeshID=0x{MESH}\r\nServerID={SERVER}\r\n\
             MeshServer=wss://127.0.0.1:21001/agent.ashx\r\n"
        )
    }

    #[test]
    fn a_real_servers_file_is_understood_and_written_byte_for_byte() {
        let msh = Msh::parse(recorded().as_bytes()).unwrap();
        assert_eq!(msh.mesh_name(), Some("lab"));
        assert_eq!(msh.mesh_id().unwrap().to_hex(), MESH);
        let url = ServerUrl::parse("wss://127.0.0.1:21001/agent.ashx").unwrap();
        let server = ServerId::from_hex(SERVER).unwrap();
        assert_eq!(msh.targets(), Ok(Targets::Listed(vec![(url.clone(), server)])));
        assert_eq!(msh.emit(), recorded().as_bytes());
        let built = MshBuilder::group("lab", msh.mesh_id().unwrap(), server, &url).emit();
        assert_eq!(built, recorded().as_bytes());
    }

    #[test]
    fn the_import_rules_of_real_agents() {
        let msh = Msh::parse(
            b"\xEF\xBB\xBF# MeshName=no\n  a = 1 \nb=0x0aFF\nc=x\nc=\nd=0xzz\nCoreModule=evil\nnonsense\n=x\na=2\nDa=a=b=c\n",
        )
        .unwrap();
        assert_eq!(msh.get("a"), Some("2"));
        assert_eq!(msh.value("b"), Some(&Value::Bytes(vec![0x0A, 0xFF])));
        assert_eq!((msh.get("c"), msh.value("c")), (None, Some(&Value::Delete)));
        assert_eq!(msh.get("d"), Some("0xzz"));
        assert_eq!(msh.get("Da"), Some("a=b=c"));
        assert_eq!(msh.value("CoreModule"), None);
        let skipped: Vec<_> = msh.skipped().iter().map(|skipped| (skipped.line, skipped.why)).collect();
        assert_eq!(skipped, [(7, Skip::CoreModule), (8, Skip::NoEqualSign), (9, Skip::NoKey)]);
        assert_eq!(msh.entries().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b", "c", "d", "Da"]);
    }

    #[test]
    fn an_old_server_with_32_byte_identities() {
        let (mesh, server) = (&MESH[..64], &SERVER[..64]);
        let text = format!("MeshID=0x{mesh}\nServerID={server}\nMeshServer=local\n");
        let msh = Msh::parse(text.as_bytes()).unwrap();
        assert!(msh.mesh_id().unwrap().is_old());
        let ids = msh.server_ids().unwrap();
        assert!(ids[0].is_old());
        assert_eq!(msh.targets(), Ok(Targets::Local(ids)));
    }

    #[test]
    fn several_servers_pair_up_with_their_identities() {
        let text = format!("ServerID={SERVER}, {SERVER}\nMeshServer=wss://a/agent.ashx,wss://b/agent.ashx");
        let msh = Msh::parse(text.as_bytes()).unwrap();
        let Ok(Targets::Listed(targets)) = msh.targets() else { panic!("{:?}", msh.targets()) };
        assert_eq!(targets.len(), 2);
        assert_eq!(targets[1].0.host, "b");
        let text = format!("ServerID={SERVER}\nMeshServer=wss://a/agent.ashx,wss://b/agent.ashx");
        let msh = Msh::parse(text.as_bytes()).unwrap();
        assert_eq!(msh.targets(), Err(MshError::UnequalLists { servers: 2, ids: 1 }));
    }

    #[test]
    fn unusable_files_say_what_to_do() {
        let of = |text: &[u8]| Msh::parse(text).unwrap_err();
        assert_eq!(of(b""), MshError::NoKeys);
        assert_eq!(of(b"<html>\n<body>\n"), MshError::NoKeys);
        assert_eq!(of(b"a=1\nb=\xFF\n"), MshError::NotText { line: 2 });
        assert!(matches!(of(&vec![b'a'; Msh::MAX_LEN + 1]), MshError::TooLong { .. }));
        let asked = |text: &str| {
            let msh = Msh::parse(text.as_bytes()).unwrap();
            [msh.mesh_id().unwrap_err(), msh.targets().unwrap_err()].map(|error| error.to_string())
        };
        let [mesh, server] = asked("x=1");
        assert!(mesh.contains("no MeshID") && server.contains("no ServerID"), "{mesh} {server}");
        let [mesh, server] = asked(&format!("MeshID=0x00\nServerID={SERVER}\nMeshServer=ws://h/agent.ashx"));
        assert!(mesh.contains("1 bytes") && server.contains("needs wss://"), "{mesh} {server}");
        let [mesh, server] = asked(&format!("MeshID={MESH}\nServerID=0x{SERVER}\nMeshServer=wss://h"));
        assert!(mesh.contains("must be 0x") && server.contains("no ServerID"), "{mesh} {server}");
        let [_, server] = asked("MeshID=0x00\nServerID=12\nMeshServer=wss://h");
        assert!(server.contains("entry 1 of ServerID") && server.contains("96"), "{server}");
    }

    #[test]
    fn a_group_name_cannot_smuggle_in_a_key() {
        let url = ServerUrl::parse("wss://h/agent.ashx").unwrap();
        let file =
            MshBuilder::group("x\r\nMeshServer=wss://evil", MeshId([1; 48]), ServerId([2; 48]), &url).emit();
        let Ok(Servers::Listed(urls)) = Msh::parse(&file).unwrap().servers() else { panic!("local") };
        assert_eq!(urls, [url]);
    }

    proptest! {
        #[test]
        fn parse_is_the_inverse_of_emit(
            texts in proptest::collection::vec(("[A-Za-z]{1,8}", "\\PC{0,20}"), 1..8),
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut builder = MshBuilder::default().bytes("Bytes", bytes);
            for (key, value) in &texts {
                // The one key that is refused on reading.
                if key != "CoreModule" { builder = builder.text(key, value); }
            }
            let msh = builder.finish();
            prop_assert_eq!(Msh::parse(&msh.emit()), Ok(msh));
        }

        #[test]
        fn no_file_panics(file in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(msh) = Msh::parse(&file) {
                let _ = (msh.mesh_id(), msh.targets());
                let again = Msh::parse(&msh.emit()).unwrap();
                prop_assert_eq!(again.entries, msh.entries);
            }
        }
    }
}
