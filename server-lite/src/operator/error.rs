//! Why a command of the tool did not succeed, and the exit code that says so.

use std::path::PathBuf;
use std::{fmt, io};

use microstack::store::secret_file::SecretFileError;
use microstack::wire::id::ServerId;
use microstack::ws::CloseWhy;

use super::escape::escape_line;
use super::proof::ProofError;

/// Why a command of the tool did not succeed.
#[derive(Debug)]
#[non_exhaustive]
pub enum OperatorError {
    /// The command line asks for something that cannot be.
    Usage(String),
    /// There is no login in the configuration folder.
    NotLoggedIn {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A name or the beginning of an id fits nothing.
    Unknown {
        /// `device` or `group`.
        kind: &'static str,
        /// What was given.
        text: String,
    },
    /// A name or the beginning of an id fits more than one.
    Ambiguous {
        /// What was given.
        text: String,
        /// What it fits.
        candidates: Vec<Candidate>,
    },
    /// The server could not be connected to, or the connection broke.
    Unreachable {
        /// The server's address.
        server: String,
        /// What happened.
        why: CloseWhy,
    },
    /// A session with a device did not begin, or broke.
    Tunnel {
        /// The device's name.
        device: String,
        /// It had begun.
        begun: bool,
        /// What ended it.
        why: CloseWhy,
    },
    /// The other end of an encrypted session is not the device, or does not want one.
    NotSecure {
        /// The device's name.
        device: String,
        /// What is wrong.
        error: microstack::session::Error,
    },
    /// The server was reached and did not answer in time.
    Silent {
        /// What was asked for.
        asked: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The server is not the one whose identity is known.
    OtherServer {
        /// The address that was connected to.
        server: String,
        /// The identity that was expected.
        expected: ServerId,
        /// The identity that was proved.
        proved: ServerId,
    },
    /// The server did not prove any identity.
    NoProof(ProofError),
    /// The server closed with a reason.
    Closed {
        /// Its `cause`, escaped.
        cause: String,
        /// Its `msg`, escaped.
        text: String,
    },
    /// The server said no, in these words (escaped).
    Refused(String),
    /// The command was understood and did not succeed, for this reason (escaped).
    Failed(String),
    /// A file of the configuration or of the command line.
    File {
        /// What was attempted.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file with the login.
    Secret(SecretFileError),
    /// The chain or the terminal failed.
    System(io::Error),
    /// Whoever read our output went away. Nothing is said: there is nobody to read it.
    NoReader,
}

/// One of several things that a text fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Full id: it tells devices from groups, and can be pasted.
    pub id: String,
    /// Shown name, as it is.
    pub name: String,
}

impl OperatorError {
    /// 1 failed, 2 usage, 3 unreachable, 4 refused.
    pub fn exit_code(&self) -> u8 {
        match self {
            OperatorError::Usage(_)
            | OperatorError::NotLoggedIn { .. }
            | OperatorError::Unknown { .. }
            | OperatorError::Ambiguous { .. } => 2,
            OperatorError::Unreachable { .. } => 3,
            OperatorError::OtherServer { .. }
            | OperatorError::NoProof(_)
            | OperatorError::Closed { .. }
            | OperatorError::NotSecure { .. }
            | OperatorError::Refused(_) => 4,
            OperatorError::Tunnel { why, .. } => tunnel_code(why),
            OperatorError::Silent { .. }
            | OperatorError::Failed(_)
            | OperatorError::File { .. }
            | OperatorError::Secret(_)
            | OperatorError::System(_)
            | OperatorError::NoReader => 1,
        }
    }

    /// One word for programs, in `--json`.
    pub fn kind(&self) -> &'static str {
        match self.exit_code() {
            2 => "usage",
            3 => "unreachable",
            4 => "refused",
            _ => "failed",
        }
    }

    /// Sorts a `result` that is not "ok": the server tells apart only by words.
    pub fn of_result(result: &str) -> OperatorError {
        let lower = result.to_ascii_lowercase();
        let text = escape_line(result);
        match lower.contains("denied") || lower.contains("permission") || lower.contains("not allowed") {
            true => OperatorError::Refused(text),
            false => OperatorError::Failed(text),
        }
    }
}

impl fmt::Display for OperatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OperatorError::Usage(text) | OperatorError::Failed(text) => f.write_str(text),
            OperatorError::NotLoggedIn { folder } => {
                write!(f, "there is no login in {}; use: meshlite login https://SERVER", folder.display())
            }
            OperatorError::Unknown { kind, text } => write!(
                f,
                "no {kind} has the name or id {}; see: meshlite {kind}s",
                super::escape::quoted(text)
            ),
            OperatorError::Ambiguous { text, candidates } => {
                write!(f, "{} fits more than one; give more of the id:", super::escape::quoted(text))?;
                candidates.iter().try_for_each(|one| write!(f, "\n  {}  {}", one.id, escape_line(&one.name)))
            }
            OperatorError::Unreachable { server, why } => {
                let why = escape_line(&why.to_string());
                let host = server.rsplit_once(':').map_or(server.as_str(), |(host, _)| host);
                match why.contains(host) {
                    true => f.write_str(&why),
                    false => write!(f, "{server}: {why}"),
                }
            }
            OperatorError::Tunnel { device, begun, why } => tunnel(f, device, *begun, why),
            OperatorError::NotSecure { device, error } => {
                write!(f, "no encrypted session with {}: {error}", escape_line(device))
            }
            OperatorError::Silent { asked, seconds } => {
                write!(f, "no answer to {asked} within {seconds} s; try again, or see the log of the server")
            }
            OperatorError::OtherServer { server, expected, proved } => write!(
                f,
                "{server} is not the server that was expected; no password was sent\n  expected identity {}\n  \
                 proved identity   {}\nIf the server was set up anew, log in with --server-id and the proved \
                 identity. If not, somebody stands in between.",
                expected.to_hex(),
                proved.to_hex()
            ),
            OperatorError::NoProof(why) => write!(f, "the server did not prove its identity: {why}"),
            OperatorError::Closed { cause, text } => closed(f, cause, text),
            OperatorError::Refused(text) => write!(f, "refused: {text}"),
            OperatorError::File { what, path, error } => {
                write!(f, "cannot {what} {}: {error}", path.display())
            }
            OperatorError::Secret(error) => write!(f, "{error}"),
            OperatorError::System(error) => write!(f, "the system refused: {error}"),
            OperatorError::NoReader => f.write_str("nobody reads the output"),
        }
    }
}

impl std::error::Error for OperatorError {}

impl From<io::Error> for OperatorError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => OperatorError::NoReader,
            _ => OperatorError::System(error),
        }
    }
}

impl From<SecretFileError> for OperatorError {
    fn from(error: SecretFileError) -> Self {
        OperatorError::Secret(error)
    }
}

/// Close codes of the relay from 4000 on, and 1008, are refusals (docs/relay.md); so are these HTTP answers.
fn tunnel_code(why: &CloseWhy) -> u8 {
    match why {
        CloseWhy::Peer { code: Some(1008 | 4000..=4999), .. } => 4,
        CloseWhy::Upgrade { status: 401 | 403, .. } => 4,
        CloseWhy::Peer { .. } | CloseWhy::Local | CloseWhy::Protocol(_) | CloseWhy::TooLarge { .. } => 1,
        _ => 3,
    }
}

fn tunnel(f: &mut fmt::Formatter<'_>, device: &str, begun: bool, why: &CloseWhy) -> fmt::Result {
    let device = escape_line(device);
    match why {
        CloseWhy::Peer { code: Some(_), reason } if tunnel_code(why) == 4 && !reason.is_empty() => {
            write!(f, "the server refused the session with {device}: {}", escape_line(reason))
        }
        CloseWhy::Peer { .. } | CloseWhy::Eof if !begun => write!(
            f,
            "{device} did not join the session; its core may not know this kind, or refuse it. See: meshlite events \
             --device"
        ),
        _ => write!(f, "the session with {device} broke: {}", escape_line(&why.to_string())),
    }
}

/// The causes of user-channel specification 1.3, with what to do.
fn closed(f: &mut fmt::Formatter<'_>, cause: &str, text: &str) -> fmt::Result {
    match (cause, text) {
        ("noauth", "tokenrequired") => {
            f.write_str("the code of the second factor is wrong, or was used already; log in again with the next one")
        }
        ("noauth", "nokey") => f.write_str("this server wants a login key in the address: add ?key=… to the URL"),
        ("noauth", "badtlscert") => f.write_str(
            "the server does not know the certificate that was seen on the way to it; a proxy in between, or a \
             server that was not told of its outer certificate",
        ),
        ("noauth", _) => f.write_str("wrong user name, password or token; log in again: meshlite login https://SERVER"),
        ("notools", _) => f.write_str("this account may not use tools"),
        ("banned", _) => f.write_str("too many wrong logins from this address; wait some minutes"),
        ("expired", _) => f.write_str("the login has expired; log in again: meshlite login https://SERVER"),
        ("emailvalidation", _) => f.write_str("the account's e-mail address must be confirmed first"),
        _ => write!(f, "the server closed the connection: {cause} {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_the_kinds_apart() {
        let why = CloseWhy::Eof;
        assert_eq!(OperatorError::Usage(String::new()).exit_code(), 2);
        assert_eq!(OperatorError::Unreachable { server: String::new(), why }.exit_code(), 3);
        assert_eq!(OperatorError::of_result("Access Denied").exit_code(), 4);
        assert_eq!(OperatorError::of_result("Agent not connected").exit_code(), 1);
    }

    #[test]
    fn words_of_the_server_cannot_steer_a_terminal() {
        let said = OperatorError::of_result("no\u{1b}[2J\u{7}").to_string();
        assert_eq!(said, r"no\u{1b}[2J\u{7}");
    }

    #[test]
    fn an_ambiguous_name_lists_its_candidates() {
        let candidate = |id: &str| Candidate { id: id.into(), name: "desk\u{1b}".into() };
        let candidates = vec![candidate("ab11"), candidate("ab12")];
        let text = OperatorError::Ambiguous { text: "desk".into(), candidates }.to_string();
        assert!(text.contains(r"ab11  desk\u{1b}") && text.contains("ab12  desk"));
    }
}
