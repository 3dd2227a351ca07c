//! Reading certificates: key ids, TLS hashes and a one-line summary.

use std::fmt;
use std::net::IpAddr;

use microstack_wire::id::TlsHash;
use ring::digest;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use crate::MAX_CERT_BYTES;
use crate::hash::sha384;

/// Why a certificate cannot be used.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertError {
    /// The certificate is over 16 KiB.
    TooLarge {
        /// Bytes received.
        bytes: usize,
    },
    /// The bytes are no X.509 certificate. Usual cause: a damaged file or message.
    Malformed(String),
    /// Bytes follow the certificate.
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// The certificate holds no RSA key. Identities of the agent channel must be RSA.
    NotRsa,
}

/// Hashes the PKCS#1 public key of an RSA certificate: the ServerID or node id.
///
/// Source: agent-channel specification 1, "key id".
pub fn key_id(cert_der: &[u8]) -> Result<[u8; 48], CertError> {
    rsa_public_key(cert_der).map(|key| sha384(&key.pkcs1))
}

/// The SHA-256 form of [`key_id`], used by old `.msh` files with 64 hexadecimal digits.
pub fn key_id_sha256(cert_der: &[u8]) -> Result<[u8; 32], CertError> {
    let key = rsa_public_key(cert_der)?;
    let digest = digest::digest(&digest::SHA256, &key.pkcs1);
    let mut out = [0u8; 32];
    out.copy_from_slice(digest.as_ref());
    Ok(out)
}

/// Hashes the whole leaf certificate that a TLS server presented.
pub fn tls_hash(cert_der: &[u8]) -> TlsHash {
    TlsHash(sha384(cert_der))
}

/// Hashes the content of the leaf's public-key BIT STRING, the old form of the TLS hash.
///
/// For an RSA leaf this equals [`key_id`]. For other keys the 1.1.55 server hashes something else
/// (agent-channel specification 1), so offer it only as an alternative, never alone.
pub fn tls_key_hash(cert_der: &[u8]) -> Result<TlsHash, CertError> {
    let cert = parse(cert_der)?;
    Ok(TlsHash(sha384(&cert.public_key().subject_public_key.data)))
}

/// What a person wants to know about a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertSummary {
    /// Subject in RFC 4514 style, for example `CN=MeshNodeCertificate`.
    pub subject: String,
    /// Issuer in the same style.
    pub issuer: String,
    /// Start of validity, Unix seconds.
    pub not_before: i64,
    /// End of validity, Unix seconds.
    pub not_after: i64,
    /// SHA-384 over the whole certificate.
    pub sha384: [u8; 48],
    /// DNS names and IP addresses the certificate is good for.
    pub sans: Vec<String>,
    /// Key type and size, for example `RSA 3072`.
    pub key: String,
    /// End of validity as text, for the one-line form.
    pub not_after_text: String,
}

impl CertSummary {
    /// Whole days from `now_unix` (seconds) to the end of validity; negative when it has passed.
    pub fn days_left(&self, now_unix: i64) -> i64 {
        (self.not_after - now_unix).div_euclid(86_400)
    }
}

impl fmt::Display for CertSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}), issued by {}", self.subject, self.key, self.issuer)?;
        write!(f, ", valid until {}, sha384 ", self.not_after_text)?;
        for byte in &self.sha384[..8] {
            write!(f, "{byte:02X}")?;
        }
        f.write_str("...")?;
        if !self.sans.is_empty() {
            write!(f, ", for {}", self.sans.join(" "))?;
        }
        Ok(())
    }
}

/// Summarises a certificate for `cert status`, `doctor` and log lines.
pub fn cert_summary(cert_der: &[u8]) -> Result<CertSummary, CertError> {
    let cert = parse(cert_der)?;
    let key = match cert.public_key().parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", bit_length(rsa.modulus)),
        Ok(PublicKey::EC(point)) => format!("EC {}", point.key_size()),
        Ok(_) => "other key".to_owned(),
        Err(error) => return Err(CertError::Malformed(error.to_string())),
    };
    let end = cert.validity().not_after;
    Ok(CertSummary {
        subject: cert.subject().to_string(),
        issuer: cert.issuer().to_string(),
        not_before: cert.validity().not_before.timestamp(),
        not_after: end.timestamp(),
        sha384: sha384(cert_der),
        sans: alternative_names(&cert),
        key,
        not_after_text: end.to_string(),
    })
}

/// An RSA public key out of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaPublicKey {
    /// PKCS#1 `RSAPublicKey` DER, the content of the BIT STRING: the bytes that key ids hash.
    pub pkcs1: Vec<u8>,
    /// Length of the modulus in bits.
    pub bits: usize,
}

/// Takes the RSA public key out of a certificate. Does not judge its size.
pub fn rsa_public_key(cert_der: &[u8]) -> Result<RsaPublicKey, CertError> {
    let cert = parse(cert_der)?;
    match cert.public_key().parsed() {
        Ok(PublicKey::RSA(rsa)) => Ok(RsaPublicKey {
            bits: bit_length(rsa.modulus),
            pkcs1: cert.public_key().subject_public_key.data.to_vec(),
        }),
        Ok(_) => Err(CertError::NotRsa),
        Err(error) => Err(CertError::Malformed(error.to_string())),
    }
}

pub(crate) fn parse(cert_der: &[u8]) -> Result<X509Certificate<'_>, CertError> {
    if cert_der.len() > MAX_CERT_BYTES {
        return Err(CertError::TooLarge { bytes: cert_der.len() });
    }
    let (rest, cert) =
        X509Certificate::from_der(cert_der).map_err(|error| CertError::Malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(CertError::TrailingBytes { bytes: rest.len() });
    }
    Ok(cert)
}

fn alternative_names(cert: &X509Certificate<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for extension in cert.extensions() {
        let ParsedExtension::SubjectAlternativeName(san) = extension.parsed_extension() else {
            continue;
        };
        for name in &san.general_names {
            match name {
                GeneralName::DNSName(dns) => names.push((*dns).to_owned()),
                GeneralName::IPAddress(bytes) => {
                    if let Ok(v4) = <[u8; 4]>::try_from(*bytes) {
                        names.push(IpAddr::from(v4).to_string());
                    } else if let Ok(v6) = <[u8; 16]>::try_from(*bytes) {
                        names.push(IpAddr::from(v6).to_string());
                    }
                }
                _ => {}
            }
        }
    }
    names
}

fn bit_length(modulus: &[u8]) -> usize {
    match modulus.iter().position(|&byte| byte != 0) {
        Some(first) => (modulus.len() - first) * 8 - modulus[first].leading_zeros() as usize,
        None => 0,
    }
}

impl fmt::Display for CertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertError::TooLarge { bytes } => {
                write!(f, "the certificate has {bytes} bytes; at most {MAX_CERT_BYTES} are taken")
            }
            CertError::Malformed(why) => write!(f, "not an X.509 certificate: {why}"),
            CertError::TrailingBytes { bytes } => {
                write!(f, "{bytes} unexpected bytes follow the certificate")
            }
            CertError::NotRsa => f.write_str(
                "the certificate has no RSA key; identities of the agent channel must be RSA with \
                 2048 bits or more",
            ),
        }
    }
}

impl std::error::Error for CertError {}
