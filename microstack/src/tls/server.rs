//! The server's side: certificates, and changing them under way.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;

use super::TlsError;

/// A server's configuration: certificate chain (leaf first) and key, both DER. TLS 1.2 and 1.3, no client
/// certificate, sessions resumed by encrypted tickets so that nothing is kept for a client that is away.
///
/// `key` may be PKCS#8 (RSA, P-256, P-384, Ed25519), PKCS#1 or SEC1.
///
/// # Errors
/// [`TlsError::Config`] when the key is of no known form, or is not the certificate's.
pub fn server_config(chain: Vec<Vec<u8>>, key: &[u8]) -> Result<Arc<ServerConfig>, TlsError> {
    if chain.is_empty() {
        return Err(TlsError::Config("the certificate file holds no certificate".into()));
    }
    let key = PrivateKeyDer::try_from(key.to_vec()).map_err(|why| {
        TlsError::Config(format!(
            "the private key of the TLS certificate cannot be read ({why}); PKCS#8 works"
        ))
    })?;
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        // Fails only for a provider without suites for these versions; ring has them.
        .expect("the ring provider serves TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| TlsError::Config(format!("the TLS certificate and its key cannot be used: {e}")))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = ring::Ticketer::new()
        .map_err(|e| TlsError::Config(format!("no random numbers for TLS tickets: {e}")))?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

/// The configuration that new connections get; may be replaced while the server runs, from any thread.
///
/// Connections that exist keep theirs. Tickets are bound to the configuration that issued them, so nobody resumes a
/// session of a certificate that was replaced.
pub struct Served {
    current: RwLock<Arc<ServerConfig>>,
}

impl Served {
    /// Serves `config` from now on.
    pub fn new(config: Arc<ServerConfig>) -> Arc<Self> {
        Arc::new(Served { current: RwLock::new(config) })
    }

    /// What a connection accepted now gets.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the configuration for all connections to come.
    pub fn swap(&self, config: Arc<ServerConfig>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}
