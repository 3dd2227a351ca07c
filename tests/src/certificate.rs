//! TLS certificates for proxies and fake servers, and the blocking TLS both need.

use std::sync::Arc;

use microstack::tls;

/// A certificate with its key, as DER.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate.
    pub der: Vec<u8>,
    /// The same as PEM.
    pub pem: String,
    /// The private key as PKCS#8 DER.
    pub key: Vec<u8>,
    /// The same as PEM.
    pub key_pem: String,
}

impl Certificate {
    /// A new self-signed P-256 certificate for `127.0.0.1`.
    pub fn p256(common_name: &str) -> Certificate {
        let key = rcgen::KeyPair::generate().expect("P-256 keys can be made");
        let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a valid name");
        params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
        let certificate = params.self_signed(&key).expect("a certificate can be signed");
        Certificate {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        }
    }

    /// A TLS server configuration that presents it.
    pub fn server_config(&self) -> Arc<rustls::ServerConfig> {
        tls::server_config(vec![self.der.clone()], &self.key).expect("a fresh certificate is usable")
    }
}
