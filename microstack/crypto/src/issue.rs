//! Writing certificates with `rcgen`, signed by our own RSA keys.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose,
    PKCS_RSA_SHA384, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};

use crate::hash::random_bytes;
use crate::rsa_key::RsaKey;

/// One day.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Lets `rcgen` sign with an [`RsaKey`].
pub(crate) struct Issuing<'a>(pub(crate) &'a RsaKey);

impl PublicKeyData for Issuing<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_pkcs1_der()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA384
    }
}

impl SigningKey for Issuing<'_> {
    fn sign(&self, msg: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign_sha384(msg))
    }
}

/// What a certificate is for; decides its extensions.
pub(crate) enum Purpose {
    /// The root of a server's certificates.
    Root,
    /// A TLS server: the web and the MPS certificate.
    TlsServer(Vec<SanType>),
    /// The identity that signs command 2; never used for TLS.
    AgentServer,
}

/// The self-signed certificate of an agent (agent-channel specification 1).
pub(crate) fn agent_certificate(key: &RsaKey, now: SystemTime) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = named("MeshNodeCertificate");
    // Eight digits as text, the form that existing agents use.
    let serial: Vec<u8> = random_bytes::<8>().iter().map(|byte| b'0' + byte % 10).collect();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, now, 10, 10_000);
    Ok(params.self_signed(&Issuing(key))?.der().to_vec())
}

/// The self-signed root of a server.
pub(crate) fn root_certificate(name: &str, key: &RsaKey, now: SystemTime) -> Result<Vec<u8>, rcgen::Error> {
    let params = server_params(name, Purpose::Root, now, ROOT_DAYS);
    Ok(params.self_signed(&Issuing(key))?.der().to_vec())
}

/// A certificate under the root.
pub(crate) fn issued_certificate(
    name: &str,
    purpose: Purpose,
    subject_key: &impl PublicKeyData,
    root_name: &str,
    root_key: &RsaKey,
    now: SystemTime,
) -> Result<Vec<u8>, rcgen::Error> {
    let root = server_params(root_name, Purpose::Root, now, ROOT_DAYS);
    let issuer = Issuer::new(root, Issuing(root_key));
    // A leaf does not outlive the root made in the same hour.
    let mut params = server_params(name, purpose, now, ROOT_DAYS - 1);
    params.use_authority_key_identifier_extension = true;
    Ok(params.signed_by(subject_key, &issuer)?.der().to_vec())
}

/// Devices pin the identity, not the calendar: thirty years, as existing servers do.
const ROOT_DAYS: u32 = 30 * 365;

fn server_params(name: &str, purpose: Purpose, now: SystemTime, days: u32) -> CertificateParams {
    let mut params = named(name);
    let mut serial = random_bytes::<16>();
    serial[0] = serial[0] & 0x7F | 0x40; // positive and of constant length
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    match purpose {
        Purpose::Root => {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        }
        Purpose::TlsServer(names) => {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.subject_alt_names = names;
        }
        Purpose::AgentServer => {
            params.is_ca = IsCa::ExplicitNoCa;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }
    }
    validity(&mut params, now, 10, days);
    params
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// Sets a validity around `now`. The days before it forgive peers whose clock is behind.
fn validity(params: &mut CertificateParams, now: SystemTime, days_back: u32, days_ahead: u32) {
    // A clock before 1970 (a board without a battery) counts as 1970: no field of an identity but
    // its key is ever checked by a peer.
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    // Beyond the year 4000 the clock is broken; keep clear of the calendar's end.
    let since_epoch = since_epoch.min(DAY * 365 * 2000);
    let now = date_time_ymd(1970, 1, 1) + since_epoch;
    params.not_before = now - DAY * days_back;
    params.not_after = now + DAY * days_ahead;
}
