//! The four certificates of a server: root, web, MPS and agent identity.

use std::fmt;
use std::net::IpAddr;
use std::time::SystemTime;

use microstack_wire::id::ServerId;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use rsa::pkcs8::{Document, LineEnding, SecretDocument};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use crate::certificate::cert_summary;
use crate::hash::random_bytes;
use crate::identity::{Identity, IdentityError};
use crate::issue::{Issuing, Purpose, issued_certificate, root_certificate};
use crate::rsa_key::{KeyError, RsaKey};

/// The key type of the web certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebKey {
    /// RSA 3072 (2048 with `fast`): accepted by every agent and every browser.
    #[default]
    Rsa,
    /// EC P-256: cheaper handshakes. Real agents were seen to work with it.
    P256,
}

/// What to create.
#[derive(Debug, Clone, Default)]
pub struct ServerCertOptions {
    /// Host name or IP address under which agents and browsers reach the server.
    pub name: String,
    /// Further names or addresses for the web and MPS certificates.
    pub more_names: Vec<String>,
    /// RSA 2048 instead of 3072, for quick starts and small machines.
    pub fast: bool,
    /// Key type of the web certificate.
    pub web_key: WebKey,
}

/// All certificates of a server with their keys.
#[derive(Debug)]
pub struct ServerCerts {
    /// Signs the other three. Its key is needed only to issue new ones.
    pub root: Identity,
    /// The server's identity towards agents; its key id is the ServerID.
    pub agent: Identity,
    /// TLS for Intel AMT, always RSA 2048.
    pub mps: Identity,
    /// TLS for agents and browsers.
    pub web: WebCert,
}

/// A TLS certificate chain and its key; may come from files of the operator.
pub struct WebCert {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's private key.
    pub key: PrivateKeyDer<'static>,
}

/// One file of a server's certificate folder.
pub struct CertFile {
    /// File name without folder.
    pub name: &'static str,
    /// PEM text.
    pub pem: String,
    /// Whether it must be stored with mode 0600.
    pub secret: bool,
}

/// Why server certificates could not be made or read.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerCertError {
    /// The host name is empty or not usable in a certificate.
    Name(String),
    /// A key could not be made.
    Key(KeyError),
    /// A certificate could not be written.
    Issue(String),
    /// A file is missing.
    Missing(&'static str),
    /// A file cannot be used; names the file and the reason.
    File {
        /// Which file or pair of files.
        name: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl ServerCerts {
    /// Creates everything with an RSA web certificate. Blocks for seconds.
    pub fn create(name: &str, fast: bool) -> Result<ServerCerts, ServerCertError> {
        let options = ServerCertOptions { name: name.to_owned(), fast, ..Default::default() };
        ServerCerts::create_with(&options, SystemTime::now(), &|_| {})
    }

    /// Creates everything. The keys are generated on threads of their own, side by side.
    pub fn create_with(
        options: &ServerCertOptions,
        now: SystemTime,
        progress: &dyn Fn(&'static str),
    ) -> Result<ServerCerts, ServerCertError> {
        let sans = alternative_names(options)?;
        let bits = if options.fast { 2048 } else { 3072 };
        progress("generating the keys of root, agent identity, MPS and web");
        let [root_key, agent_key, mps_key, web_key] = std::thread::scope(|scope| {
            let wanted = [
                Some(bits),
                Some(bits),
                Some(2048),
                match options.web_key {
                    WebKey::Rsa => Some(bits),
                    WebKey::P256 => None,
                },
            ];
            wanted
                .map(|bits| scope.spawn(move || bits.map(|bits| RsaKey::generate(bits, &|_| {}))))
                .map(|thread| thread.join())
        })
        .map(|joined| {
            joined.unwrap_or_else(|_| {
                Some(Err(KeyError::Generation("the generating thread failed".to_owned())))
            })
        });
        let present = |key: Option<Result<RsaKey, KeyError>>| {
            key.unwrap_or(Err(KeyError::Generation("no key was asked for".to_owned())))
                .map_err(ServerCertError::Key)
        };
        progress("issuing the certificates");
        let root_key = present(root_key)?;
        let root_name = format!("MeshliteRoot-{}", suffix());
        let root_der = root_certificate(&root_name, &root_key, now).map_err(issue_error)?;
        let root = Identity { cert_der: root_der, key: root_key };

        let under_root = |name: &str, purpose, key: RsaKey| {
            let cert_der = issued_certificate(name, purpose, &Issuing(&key), &root_name, &root.key, now)
                .map_err(issue_error)?;
            Ok(Identity { cert_der, key })
        };
        let agent_name = format!("MeshliteAgentServer-{}", suffix());
        let agent = under_root(&agent_name, Purpose::AgentServer, present(agent_key)?)?;
        let mps = under_root(&options.name, Purpose::TlsServer(sans.clone()), present(mps_key)?)?;
        let web = match options.web_key {
            WebKey::Rsa => {
                let web = under_root(&options.name, Purpose::TlsServer(sans), present(web_key)?)?;
                WebCert {
                    chain: vec![web.cert_der.into(), root.cert_der.clone().into()],
                    key: PrivatePkcs8KeyDer::from(web.key.pkcs8_der().to_vec()).into(),
                }
            }
            WebKey::P256 => {
                let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(issue_error)?;
                let cert_der = issued_certificate(
                    &options.name,
                    Purpose::TlsServer(sans),
                    &key,
                    &root_name,
                    &root.key,
                    now,
                )
                .map_err(issue_error)?;
                WebCert {
                    chain: vec![cert_der.into(), root.cert_der.clone().into()],
                    key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
                }
            }
        };
        Ok(ServerCerts { root, agent, mps, web })
    }

    /// The ServerID that goes into `.msh` files.
    pub fn server_id(&self) -> ServerId {
        self.agent.server_id()
    }

    /// The files of a certificate folder, under the names MeshCentral uses.
    pub fn to_files(&self) -> Result<Vec<CertFile>, ServerCertError> {
        let mut files = Vec::with_capacity(8);
        for (cert, key, identity) in [
            (ROOT_CERT, ROOT_KEY, &self.root),
            (AGENT_CERT, AGENT_KEY, &self.agent),
            (MPS_CERT, MPS_KEY, &self.mps),
        ] {
            let pem = cert_pem(&identity.cert_der, cert)?;
            files.push(CertFile { name: cert, pem, secret: false });
            let pem = key_pem(identity.key.pkcs8_der(), key)?;
            files.push(CertFile { name: key, pem, secret: true });
        }
        let mut chain = String::new();
        for cert in &self.web.chain {
            chain.push_str(&cert_pem(cert, WEB_CERT)?);
        }
        files.push(CertFile { name: WEB_CERT, pem: chain, secret: false });
        let pem = match &self.web.key {
            PrivateKeyDer::Pkcs8(key) => key_pem(key.secret_pkcs8_der(), WEB_KEY)?,
            PrivateKeyDer::Pkcs1(key) => labelled("RSA PRIVATE KEY", key.secret_pkcs1_der())?,
            PrivateKeyDer::Sec1(key) => labelled("EC PRIVATE KEY", key.secret_sec1_der())?,
            _ => return Err(file(WEB_KEY, "unknown kind of private key")),
        };
        files.push(CertFile { name: WEB_KEY, pem, secret: true });
        Ok(files)
    }

    /// Reads a certificate folder through `read`, which answers the content of a named file or
    /// `None` when there is no such file. Each key is checked against its certificate.
    pub fn from_files(
        mut read: impl FnMut(&'static str) -> Option<String>,
    ) -> Result<ServerCerts, ServerCertError> {
        let mut text = |name| read(name).ok_or(ServerCertError::Missing(name));
        let mut identity = |cert_name: &'static str, key_name: &'static str| {
            let cert_der = CertificateDer::from_pem_slice(text(cert_name)?.as_bytes())
                .map_err(|error| file(cert_name, error))?;
            let key_text = text(key_name)?;
            let (_, pkcs8) = SecretDocument::from_pem(&key_text).map_err(|error| file(key_name, error))?;
            let key = RsaKey::from_pkcs8_der(pkcs8.as_bytes()).map_err(|error| file(key_name, error))?;
            Identity::from_parts(cert_der.to_vec(), key)
                .map_err(|error: IdentityError| file(cert_name, error))
        };
        let root = identity(ROOT_CERT, ROOT_KEY)?;
        let agent = identity(AGENT_CERT, AGENT_KEY)?;
        let mps = identity(MPS_CERT, MPS_KEY)?;
        let web = WebCert::from_pem(&text(WEB_CERT)?, &text(WEB_KEY)?)?;
        Ok(ServerCerts { root, agent, mps, web })
    }
}

impl WebCert {
    /// Reads a chain (leaf first) and a PKCS#8, PKCS#1 or SEC1 key, and checks that they match.
    pub fn from_pem(chain_pem: &str, key_pem: &str) -> Result<WebCert, ServerCertError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| file(WEB_CERT, error))?;
        let Some(leaf) = chain.first() else {
            return Err(file(WEB_CERT, "no CERTIFICATE block in it"));
        };
        cert_summary(leaf).map_err(|error| file(WEB_CERT, error))?;
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|error| file(WEB_KEY, error))?;
        let signing =
            rustls::crypto::ring::sign::any_supported_type(&key).map_err(|error| file(WEB_KEY, error))?;
        CertifiedKey::new(chain.clone(), signing)
            .keys_match()
            .map_err(|_| file(WEB_KEY, "the key does not belong to the first certificate"))?;
        Ok(WebCert { chain, key })
    }

    /// The leaf certificate as DER.
    pub fn leaf(&self) -> &[u8] {
        // Invariant: both constructors put at least the leaf in.
        self.chain.first().map_or(&[], |cert| cert.as_ref())
    }
}

impl fmt::Debug for WebCert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = cert_summary(self.leaf()).map_or_else(|_| "?".to_owned(), |s| s.to_string());
        f.debug_struct("WebCert").field("leaf", &subject).finish_non_exhaustive()
    }
}

impl fmt::Debug for CertFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertFile({}, {} bytes, secret: {})", self.name, self.pem.len(), self.secret)
    }
}

impl fmt::Display for ServerCertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerCertError::Name(name) => {
                write!(f, "\"{name}\" cannot stand in a certificate; give a DNS name or an IP address")
            }
            ServerCertError::Key(error) => error.fmt(f),
            ServerCertError::Issue(why) => write!(f, "a certificate could not be written: {why}"),
            ServerCertError::Missing(name) => {
                write!(f, "{name} is missing; restore it from a backup, or run init in an empty folder")
            }
            ServerCertError::File { name, why } => write!(f, "{name} cannot be used: {why}"),
        }
    }
}

impl std::error::Error for ServerCertError {}

fn alternative_names(options: &ServerCertOptions) -> Result<Vec<SanType>, ServerCertError> {
    let mut names: Vec<&str> = vec![&options.name];
    names.extend(options.more_names.iter().map(String::as_str));
    names.push("localhost");
    let mut sans = Vec::new();
    for name in names {
        let usable = !name.is_empty()
            && name.len() <= 253
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:*".contains(&b));
        if !usable {
            return Err(ServerCertError::Name(name.to_owned()));
        }
        let san = match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.try_into().map_err(|_| ServerCertError::Name(name.to_owned()))?),
        };
        if !sans.contains(&san) {
            sans.push(san);
        }
    }
    Ok(sans)
}

/// Six hexadecimal digits that tell one installation's certificates from another's.
fn suffix() -> String {
    random_bytes::<3>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn issue_error(error: rcgen::Error) -> ServerCertError {
    ServerCertError::Issue(error.to_string())
}

fn file(name: &'static str, why: impl fmt::Display) -> ServerCertError {
    ServerCertError::File { name, why: why.to_string() }
}

fn cert_pem(der: &[u8], name: &'static str) -> Result<String, ServerCertError> {
    Document::try_from(der)
        .and_then(|document| document.to_pem("CERTIFICATE", LineEnding::LF))
        .map_err(|error| file(name, error))
}

fn key_pem(der: &[u8], name: &'static str) -> Result<String, ServerCertError> {
    labelled("PRIVATE KEY", der).map_err(|error| file(name, error))
}

fn labelled(label: &'static str, der: &[u8]) -> Result<String, ServerCertError> {
    SecretDocument::try_from(der)
        .and_then(|document| document.to_pem(label, LineEnding::LF))
        .map(|text| text.to_string())
        .map_err(|error| ServerCertError::Issue(error.to_string()))
}

const ROOT_CERT: &str = "root-cert-public.crt";
const ROOT_KEY: &str = "root-cert-private.key";
const AGENT_CERT: &str = "agentserver-cert-public.crt";
const AGENT_KEY: &str = "agentserver-cert-private.key";
const MPS_CERT: &str = "mpsserver-cert-public.crt";
const MPS_KEY: &str = "mpsserver-cert-private.key";
const WEB_CERT: &str = "webserver-cert-public.crt";
const WEB_KEY: &str = "webserver-cert-private.key";
