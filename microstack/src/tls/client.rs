//! The client's side: whom to trust at TLS level.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::TlsError;
use crate::wire::id::TlsHash;

/// Which servers a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientTrust {
    /// Any certificate, whatever its chain, name or dates; but the server must prove that it holds its key.
    ///
    /// Right for the agent channel only, where the handshake inside binds the certificate seen here.
    AnyChain,
    /// The one certificate with this SHA-384, and the server must prove that it holds its key.
    ///
    /// Right for a further connection to a server that was proved on another one.
    Pinned(TlsHash),
}

/// A configuration to share among all connections of a process. TLS 1.2 and 1.3.
///
/// Sessions are not resumed: the agent channel's short handshake rests on the proof of the TLS key *now*
/// (agent-channel specification 3.3), and a resumed session would go on showing a replaced certificate.
pub fn client_config(trust: ClientTrust) -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier { trust, provider: provider.clone() });
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

/// Accepts the certificates that are trusted and verifies every signature.
#[derive(Debug)]
struct Verifier {
    trust: ClientTrust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.trust {
            ClientTrust::AnyChain => Ok(ServerCertVerified::assertion()),
            ClientTrust::Pinned(hash) if crate::crypto::tls_hash(end_entity) == hash => {
                Ok(ServerCertVerified::assertion())
            }
            ClientTrust::Pinned(_) => Err(Error::General(
                "another certificate than the one the server was proved with; renewed this moment, or somebody \
                 stands in between. Try again"
                    .into(),
            )),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tls_hash;

    #[test]
    fn one_certificate_is_taken_and_no_other() {
        let trust = ClientTrust::Pinned(tls_hash(b"ours"));
        let verifier = Verifier { trust, provider: Arc::new(ring::default_provider()) };
        let name = ServerName::try_from("mesh.example").unwrap();
        let check = |der: &'static [u8]| {
            verifier.verify_server_cert(&CertificateDer::from(der), &[], &name, &[], UnixTime::now()).is_ok()
        };
        assert!(check(b"ours"));
        assert!(!check(b"another"));
    }
}
