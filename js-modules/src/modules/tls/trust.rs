//! Whom to trust: a script's own list or the system's, and the judgement of a chain.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsResult, JsString, JsValue};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore};

use super::explain::explain;

/// Certificates that are trusted.
pub(crate) struct Trust {
    store: Arc<RootCertStore>,
    certificates: Vec<CertificateDer<'static>>,
}

/// Where distributions keep the bundle.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// A bundle beyond this is none.
const MAX_BUNDLE_BYTES: u64 = 8 << 20;

thread_local! {
    static SYSTEM: RefCell<Option<Rc<Trust>>> = const { RefCell::new(None) };
}

/// Which side a chain speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The peer is a server.
    Server,
    /// The peer is a client.
    Client,
}

impl Trust {
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Rc<Trust> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates.iter().cloned());
        Rc::new(Trust { store: Arc::new(store), certificates })
    }

    /// The system's list, read when it is first asked for.
    pub fn system() -> Rc<Trust> {
        if let Some(known) = SYSTEM.with_borrow(Clone::clone) {
            return known;
        }
        let text = BUNDLES.iter().find_map(|path| {
            let size = std::fs::metadata(path).ok()?.len();
            if size > MAX_BUNDLE_BYTES { None } else { std::fs::read(path).ok() }
        });
        let text = text.unwrap_or_default();
        let trust = Trust::new(CertificateDer::pem_slice_iter(&text).filter_map(Result::ok).collect());
        SYSTEM.set(Some(trust.clone()));
        trust
    }

    /// `None` when the chain (leaf first) is trusted now, else OpenSSL's name for the reason.
    pub fn judge(&self, chain: &[CertificateDer<'_>], side: Side) -> Option<&'static str> {
        let (leaf, rest) = chain.split_first()?;
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let since = since.unwrap_or(Duration::ZERO);
        let now = UnixTime::since_unix_epoch(since);
        let verdict = match side {
            Side::Server => ParsedCertificate::try_from(leaf).and_then(|parsed| {
                let algorithms = ring::default_provider().signature_verification_algorithms;
                verify_server_cert_signed_by_trust_anchor(&parsed, &self.store, rest, now, algorithms.all)
            }),
            Side::Client if self.store.is_empty() => {
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
            }
            Side::Client => {
                let provider = Arc::new(ring::default_provider());
                match WebPkiClientVerifier::builder_with_provider(self.store.clone(), provider).build() {
                    Ok(verifier) => verifier.verify_client_cert(leaf, rest, now).map(|_| ()),
                    Err(_) => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
                }
            }
        };
        let error = verdict.err()?;
        // The library is the judge; this finds the name of the fault, and knows the forms OpenSSL takes and it does not.
        explain(chain, &self.certificates, since)
            .or_else(|| if is_form(&error) { None } else { Some(name(&error)) })
    }
}

/// True for faults of form only: a trusted certificate of its own making that is a CA, or of an old version.
fn is_form(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    let text = format!("{other:?}");
    text.contains("CaUsedAsEndEntity") || text.contains("UnsupportedCertVersion")
}

fn name(error: &Error) -> &'static str {
    use CertificateError as C;
    let Error::InvalidCertificate(error) = error else { return "CERT_REJECTED" };
    match error {
        C::Expired | C::ExpiredContext { .. } => "CERT_HAS_EXPIRED",
        C::NotValidYet | C::NotValidYetContext { .. } => "CERT_NOT_YET_VALID",
        C::Revoked => "CERT_REVOKED",
        C::BadSignature => "CERT_SIGNATURE_FAILURE",
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => "INVALID_PURPOSE",
        C::UnknownIssuer => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        C::UnhandledCriticalExtension => "CERT_UNHANDLED_CRITICAL_EXTENSION",
        _ => "CERT_REJECTED",
    }
}

/// The system's certificates as PEM texts.
pub(super) fn roots(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let texts: Vec<JsValue> =
        Trust::system().certificates.iter().map(|der| JsString::from(pem(der)).into()).collect();
    Ok(JsArray::from_iter(texts, ctx).into())
}

fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----");
    out
}
