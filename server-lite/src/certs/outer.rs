//! The certificate that a TLS terminator in front of this server presents (`--tls-offload --outer-cert`).
//!
//! From a PEM file, or by looking: a connection to an `https://` address whose leaf certificate is taken. Nothing
//! is trusted by this: the hash only says what agents are expected to see; an agent decides by the server's
//! identity whom it talks to.

use std::fmt;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use microstack::tls::{ClientTrust, client_config, server_name};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Where the outer certificate is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OuterSource {
    /// A PEM file, leaf first.
    File(PathBuf),
    /// Host and port of an HTTPS server.
    Server(String, u16),
}

/// The certificate as last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterCert {
    /// DER of the leaf.
    pub leaf: Vec<u8>,
}

/// Why the outer certificate is not known.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OuterError {
    /// The argument is neither a file name nor an `https://` address.
    Address(String),
    /// The file; says what is wrong.
    File(PathBuf, String),
    /// The server; says what is wrong.
    Server(String, String),
}

impl OuterSource {
    /// Reads the argument of `--outer-cert`.
    ///
    /// # Errors
    /// [`OuterError::Address`] for addresses that are not `https://host[:port]`.
    pub fn parse(text: &str) -> Result<OuterSource, OuterError> {
        let wrong = || OuterError::Address(text.to_owned());
        let Some(rest) = text.strip_prefix("https://") else {
            return if text.contains("://") || text.is_empty() {
                Err(wrong())
            } else {
                Ok(OuterSource::File(PathBuf::from(text)))
            };
        };
        let authority = rest.split(['/', '?']).next().unwrap_or("");
        let (host, port) = match authority.rsplit_once(':') {
            // The colons inside an IPv6 address are no port.
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (authority, 443),
        };
        let host = host.trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(OuterSource::Server(host.to_owned(), port))
    }

    /// Looks for the certificate. Blocks for up to some ten seconds: never on a chain.
    ///
    /// # Errors
    /// [`OuterError`] says what to look at.
    pub fn fetch(&self) -> Result<OuterCert, OuterError> {
        match self {
            OuterSource::File(path) => {
                let failed = |why: String| OuterError::File(path.clone(), why);
                let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
                let leaf = CertificateDer::from_pem_slice(&pem).map_err(|error| failed(error.to_string()))?;
                Ok(OuterCert { leaf: leaf.to_vec() })
            }
            OuterSource::Server(host, port) => look(host, *port)
                .map(|leaf| OuterCert { leaf })
                .map_err(|why| OuterError::Server(format!("{host}:{port}"), why)),
        }
    }

    /// When the file was changed last; nothing for servers.
    pub fn changed_at(&self) -> Option<SystemTime> {
        match self {
            OuterSource::File(path) => std::fs::metadata(path).and_then(|meta| meta.modified()).ok(),
            OuterSource::Server(..) => None,
        }
    }
}

/// Shakes hands and takes the leaf.
fn look(host: &str, port: u16) -> Result<Vec<u8>, String> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| error.to_string())?;
    let mut last = "the name has no address".to_owned();
    for address in addresses.take(MAX_ADDRESSES) {
        match look_at(host, &address) {
            Ok(leaf) => return Ok(leaf),
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn look_at(host: &str, address: &std::net::SocketAddr) -> Result<Vec<u8>, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut tcp = TcpStream::connect_timeout(address, PATIENCE).map_err(text)?;
    tcp.set_read_timeout(Some(PATIENCE)).map_err(text)?;
    tcp.set_write_timeout(Some(PATIENCE)).map_err(text)?;
    let name = server_name(host).map_err(|error| error.to_string())?;
    let mut tls = rustls::ClientConnection::new(client_config(ClientTrust::AnyChain), name)
        .map_err(|error| error.to_string())?;
    // Bounded: a handshake has few flights, and each read waits at most PATIENCE.
    for _ in 0..MAX_FLIGHTS {
        if !tls.is_handshaking() {
            break;
        }
        while tls.wants_write() {
            tls.write_tls(&mut tcp).map_err(text)?;
        }
        tcp.flush().map_err(text)?;
        if tls.is_handshaking() && tls.wants_read() {
            if tls.read_tls(&mut (&mut tcp).take(MAX_READ)).map_err(text)? == 0 {
                return Err("the server hung up in the TLS handshake".to_owned());
            }
            tls.process_new_packets().map_err(|error| error.to_string())?;
        }
    }
    let leaf = tls.peer_certificates().and_then(|chain| chain.first());
    leaf.map(|leaf| leaf.to_vec()).ok_or_else(|| "the server showed no certificate".to_owned())
}

const PATIENCE: Duration = Duration::from_secs(4);
const MAX_ADDRESSES: usize = 4;
const MAX_FLIGHTS: usize = 64;
const MAX_READ: u64 = 16 * 1024;

impl fmt::Display for OuterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OuterError::Address(text) => {
                write!(f, "\"{text}\" is no outer certificate; give a PEM file or https://HOST[:PORT]")
            }
            OuterError::File(path, why) => {
                write!(f, "the outer certificate in {} cannot be used: {why}", path.display())
            }
            OuterError::Server(at, why) => {
                write!(f, "the outer certificate of {at} could not be fetched: {why}")
            }
        }
    }
}

impl std::error::Error for OuterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_files_or_https_addresses() {
        let server = |host: &str, port| Ok(OuterSource::Server(host.to_owned(), port));
        assert_eq!(OuterSource::parse("https://mesh.example/"), server("mesh.example", 443));
        assert_eq!(OuterSource::parse("https://mesh.example:8443"), server("mesh.example", 8443));
        assert_eq!(OuterSource::parse("https://[2001:db8::1]:8443/x"), server("2001:db8::1", 8443));
        assert_eq!(OuterSource::parse("https://[2001:db8::1]"), server("2001:db8::1", 443));
        assert_eq!(OuterSource::parse("/etc/x.pem"), Ok(OuterSource::File("/etc/x.pem".into())));
        assert!(OuterSource::parse("http://mesh.example").is_err());
        assert!(OuterSource::parse("https://:443").is_err());
    }

    #[test]
    fn a_file_gives_its_first_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let certs = microstack::crypto::ServerCerts::create("a.example", true).unwrap();
        let chain =
            certs.to_files().unwrap().into_iter().find(|file| file.name == "webserver-cert-public.crt");
        let path = dir.path().join("chain.pem");
        std::fs::write(&path, chain.unwrap().pem).unwrap();
        let source = OuterSource::parse(path.to_str().unwrap()).unwrap();
        assert_eq!(source.fetch().unwrap().leaf, certs.web.leaf());
        assert!(source.changed_at().is_some());
        std::fs::write(&path, "nothing").unwrap();
        assert!(source.fetch().unwrap_err().to_string().contains("chain.pem"));
    }
}
