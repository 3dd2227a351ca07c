//! Why a chain is not trusted, in OpenSSL's words: scripts compare these names.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// Certificates looked at on the way up.
const MAX_DEPTH: usize = 16;

/// The name of the fault, or `None` when the chain leads to a trusted certificate and all are of their time.
///
/// As OpenSSL, it goes on after a fault of trust and names a fault of time rather, from the top down.
pub(super) fn explain(
    chain: &[CertificateDer<'_>],
    trusted: &[CertificateDer<'_>],
    now: Duration,
) -> Option<&'static str> {
    let parse = |der| X509Certificate::from_der(der).ok().map(|(_, cert)| cert);
    let Some(leaf) = chain.first().and_then(|der| parse(der)) else { return Some("CERT_REJECTED") };
    let presented: Vec<X509Certificate<'_>> = chain.iter().skip(1).filter_map(|der| parse(der)).collect();
    let anchors: Vec<X509Certificate<'_>> = trusted.iter().filter_map(|der| parse(der)).collect();
    let is_anchor = |cert: &X509Certificate<'_>| {
        anchors.iter().any(|anchor| anchor.tbs_certificate.as_ref() == cert.tbs_certificate.as_ref())
    };

    let mut path = vec![&leaf];
    let fault = loop {
        let top = path[path.len() - 1];
        if is_own_issuer(top) {
            break match (is_anchor(top), path.len()) {
                (true, _) => None,
                (false, 1) => Some("DEPTH_ZERO_SELF_SIGNED_CERT"),
                (false, _) => Some("SELF_SIGNED_CERT_IN_CHAIN"),
            };
        }
        if path.len() == MAX_DEPTH {
            break Some("CERT_CHAIN_TOO_LONG");
        }
        let made_it = |issuer: &&X509Certificate<'_>| {
            issuer.subject().as_raw() == top.issuer().as_raw() && may_issue(issuer)
        };
        let Some(issuer) = anchors.iter().find(made_it).or_else(|| presented.iter().find(made_it)) else {
            break Some(match path.len() {
                1 => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                _ if is_anchor(top) => "UNABLE_TO_GET_ISSUER_CERT",
                _ => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            });
        };
        path.push(issuer);
        if top.verify_signature(Some(issuer.public_key())).is_err() {
            break Some("CERT_SIGNATURE_FAILURE");
        }
    };
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let time = path.iter().find_map(|cert| {
        let validity = cert.validity();
        match () {
            () if validity.not_after.timestamp() < now => Some("CERT_HAS_EXPIRED"),
            () if validity.not_before.timestamp() > now => Some("CERT_NOT_YET_VALID"),
            () => None,
        }
    });
    time.or(fault)
}

fn is_own_issuer(cert: &X509Certificate<'_>) -> bool {
    cert.subject().as_raw() == cert.issuer().as_raw() && cert.verify_signature(None).is_ok()
}

/// A certificate of version 3 says whether it may issue others; older ones cannot say no.
fn may_issue(cert: &X509Certificate<'_>) -> bool {
    match cert.basic_constraints() {
        Ok(Some(constraints)) => constraints.value.ca,
        Ok(None) => cert.version().0 < 2,
        Err(_) => false,
    }
}
