//! The client's side: whom to trust at TLS level.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::TlsError;

/// Which servers a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientTrust {
    /// Any certificate, whatever its chain, name or dates; but the server must prove that it holds its key.
    ///
    /// Right for the agent channel only, where the handshake inside binds the certificate seen here.
    AnyChain,
}

/// A configuration to share among all connections of a process. TLS 1.2 and 1.3.
///
/// Sessions are not resumed: the agent channel's short handshake rests on the proof of the TLS key *now*
/// (agent-channel specification 3.3), and a resumed session would go on showing a replaced certificate.
pub fn client_config(trust: ClientTrust) -> Arc<ClientConfig> {
    let ClientTrust::AnyChain = trust;
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyChain { provider: provider.clone() });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        // Fails only for a provider without suites for these versions; ring has them.
        .expect("the ring provider serves TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// The name to send for a host; for addresses none is sent (RFC 6066 section 3).
///
/// # Errors
/// [`TlsError::Config`] when the host is neither a DNS name nor an address.
pub fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    // A zone belongs to this machine, not to the name.
    let bare = bare.split('%').next().unwrap_or(bare);
    if let Ok(ip) = bare.parse::<std::net::IpAddr>() {
        return Ok(ServerName::IpAddress(IpAddr::from(ip)));
    }
    ServerName::try_from(bare.to_owned())
        .map_err(|_| TlsError::Config(format!("{host:?} is neither a DNS name nor an address")))
}

/// Accepts every certificate and verifies every signature.
#[derive(Debug)]
struct AnyChain {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyChain {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
