//! Whom a tunnel's TLS connection trusts: the certificate on which the control channel proved the server.
//!
//! The tunnel's address holds a cookie that signs in. It must not reach anybody but the server, and there is no proof
//! inside a tunnel; so its certificate has to be the very one the server signed for on the control channel.

use std::sync::Arc;

use microstack::wire::id::TlsHash;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// A configuration that accepts the certificate with this hash and no other.
pub fn pinned(certificate: TlsHash) -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Pin { certificate, provider: provider.clone() });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        // Fails only for a provider without suites for these versions; ring has them.
        .expect("the ring provider serves TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // A resumed session shows no certificate.
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

#[derive(Debug)]
struct Pin {
    certificate: TlsHash,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match microstack::crypto::tls_hash(end_entity) == self.certificate {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(Error::General(
                "another certificate than on the control channel; renewed this moment, or somebody stands in \
                 between. Try again"
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
    use microstack::crypto::tls_hash;

    use super::*;

    #[test]
    fn one_certificate_is_taken_and_no_other() {
        let pin = Pin { certificate: tls_hash(b"ours"), provider: Arc::new(ring::default_provider()) };
        let name = ServerName::try_from("mesh.example").unwrap();
        let check = |der: &'static [u8]| {
            pin.verify_server_cert(&CertificateDer::from(der), &[], &name, &[], UnixTime::now()).is_ok()
        };
        assert!(check(b"ours"));
        assert!(!check(b"another"));
    }
}
