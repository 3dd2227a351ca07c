//! Targets for what is read of certificates and signatures before anybody is trusted.

use microstack::crypto::{
    MAX_CERT_BYTES, cert_summary, key_id, rsa_public_key, sha384, tls_key_hash, verify_agent_signature,
    verify_pkcs7_signed,
};

use crate::fixture::recording;

/// Certificates of peers.
pub fn certificate(data: &[u8]) {
    match rsa_public_key(data) {
        Ok(key) => {
            assert!(data.len() <= MAX_CERT_BYTES);
            assert_eq!(key_id(data), Ok(sha384(&key.pkcs1)));
            assert_eq!(tls_key_hash(data).map(|hash| hash.0), Ok(sha384(&key.pkcs1)));
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_eq!(key_id(data), Err(error));
        }
    }
    if let Ok(summary) = cert_summary(data) {
        assert!(!summary.to_string().is_empty());
        summary.days_left(1_800_000_000);
    }
}

/// Signatures of agents, raw and in PKCS#7.
pub fn agent_signature(data: &[u8]) {
    let recording = recording();
    let signed = [recording.tls.0, recording.server_nonce.0, recording.agent_nonce.0].concat();
    for check in [verify_agent_signature, verify_pkcs7_signed] {
        match check(&recording.agent_cert, &signed, data) {
            // Nothing but the one signature that the key's owner made is ever accepted.
            Ok(()) => {
                let known = &recording.agent_signature;
                assert!(data.windows(known.len()).any(|part| part == known), "a signature was forged");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// The recorded certificates.
pub fn certificates() -> Vec<Vec<u8>> {
    vec![recording().agent_cert.clone(), recording().server_cert.clone()]
}

/// The recorded signature, bare and wrapped as Windows agents do (agent-channel specification 1).
pub fn signatures() -> Vec<Vec<u8>> {
    let raw = recording().agent_signature.clone();
    let name = tagged(0x30, &[]);
    let algorithm = tagged(0x30, &[6, 3, 0x55, 4, 3]);
    let one = [2, 1, 1];
    let signer = tagged(
        0x30,
        &[&one[..], &name, &algorithm, &tagged(0xA0, &[]), &algorithm, &tagged(4, &raw)].concat(),
    );
    let content = tagged(0x30, &[6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1]);
    let certificates = tagged(0xA0, &recording().agent_cert);
    let signed = tagged(
        0x30,
        &[&one[..], &tagged(0x31, &algorithm), &content, &certificates, &tagged(0x31, &signer)].concat(),
    );
    let oid = [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
    vec![tagged(0x30, &[&oid[..], &tagged(0xA0, &signed)].concat()), raw]
}

/// One DER value with a length of two bytes where it needs them.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    let head = match length {
        0..128 => vec![tag, length as u8],
        128..256 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_are_right_so_that_mutations_come_near_the_inside() {
        let recording = recording();
        let signed = [recording.tls.0, recording.server_nonce.0, recording.agent_nonce.0].concat();
        for signature in signatures() {
            assert_eq!(verify_agent_signature(&recording.agent_cert, &signed, &signature), Ok(()));
        }
        assert!(certificates().iter().all(|cert| rsa_public_key(cert).is_ok()));
    }
}
