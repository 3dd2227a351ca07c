//! Signatures made by OpenSSL, in both forms of command 2.

use microstack_crypto::{
    CertError, MAX_CERT_BYTES, MAX_SIGNATURE_BYTES, VerifyError, key_id, key_id_sha256, rsa_public_key,
    tls_hash, tls_key_hash, verify_agent_signature, verify_pkcs7_signed, verify_rsa_sha384,
};
use proptest::prelude::*;

const CERT: &[u8] = include_bytes!("data/rsa-2048.crt.der");
const SIGNATURE: &[u8] = include_bytes!("data/rsa-2048.sig");
const SMALL_CERT: &[u8] = include_bytes!("data/rsa-1024.crt.der");
const SMALL_SIGNATURE: &[u8] = include_bytes!("data/rsa-1024.sig");
const EC_CERT: &[u8] = include_bytes!("data/ec.crt.der");
const DETACHED: &[u8] = include_bytes!("data/p7-detached.der");
const ATTACHED: &[u8] = include_bytes!("data/p7-attached.der");
const WITHOUT_CERTS: &[u8] = include_bytes!("data/p7-nocerts.der");
const ATTRIBUTES: &[u8] = include_bytes!("data/p7-attributes.der");

fn data() -> Vec<u8> {
    (0..144).collect()
}

#[test]
fn a_raw_signature_of_openssl_verifies() {
    assert_eq!(verify_rsa_sha384(CERT, &data(), SIGNATURE), Ok(()));
    assert_eq!(verify_agent_signature(CERT, &data(), SIGNATURE), Ok(()));
}

#[test]
fn the_windows_form_verifies_with_and_without_content_and_certificates() {
    for structure in [DETACHED, ATTACHED, WITHOUT_CERTS] {
        assert_eq!(verify_pkcs7_signed(CERT, &data(), structure), Ok(()));
        assert_eq!(verify_agent_signature(CERT, &data(), structure), Ok(()));
    }
}

#[test]
fn the_windows_form_does_not_verify_other_data_or_attributes() {
    let mut other = data();
    other[100] ^= 1;
    assert_eq!(verify_pkcs7_signed(CERT, &other, ATTACHED), Err(VerifyError::Mismatch));
    // Its signature covers a set of attributes: an honest structure, but not this protocol's.
    assert_eq!(verify_pkcs7_signed(CERT, &data(), ATTRIBUTES), Err(VerifyError::Mismatch));
}

#[test]
fn a_1024_bit_key_is_refused_by_name_although_its_signature_is_right() {
    for result in [
        verify_rsa_sha384(SMALL_CERT, &data(), SMALL_SIGNATURE),
        verify_agent_signature(SMALL_CERT, &data(), SMALL_SIGNATURE),
        verify_pkcs7_signed(SMALL_CERT, &data(), DETACHED),
    ] {
        assert_eq!(result, Err(VerifyError::KeyTooSmall { bits: 1024 }));
    }
    assert!(VerifyError::KeyTooSmall { bits: 1024 }.to_string().contains("1024 bits"));
}

#[test]
fn a_flipped_bit_anywhere_is_a_mismatch() {
    for bit in (0..SIGNATURE.len() * 8).step_by(101) {
        let mut signature = SIGNATURE.to_vec();
        signature[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify_rsa_sha384(CERT, &data(), &signature), Err(VerifyError::Mismatch));
    }
    for byte in 0..144 {
        let mut data = data();
        data[byte] ^= 0x80;
        assert_eq!(verify_rsa_sha384(CERT, &data, SIGNATURE), Err(VerifyError::Mismatch));
    }
}

#[test]
fn lengths_are_judged_before_any_work() {
    let short = &SIGNATURE[..255];
    assert_eq!(
        verify_rsa_sha384(CERT, &data(), short),
        Err(VerifyError::SignatureLength { need: 256, got: 255 })
    );
    let large = vec![0x30; MAX_SIGNATURE_BYTES + 1];
    let refused = Err(VerifyError::SignatureTooLarge { bytes: large.len() });
    assert_eq!(verify_agent_signature(CERT, &data(), &large), refused);
    assert_eq!(verify_pkcs7_signed(CERT, &data(), &large), refused);
    let huge = vec![0x30; MAX_CERT_BYTES + 1];
    assert_eq!(key_id(&huge), Err(CertError::TooLarge { bytes: huge.len() }));
}

#[test]
fn key_ids_hash_the_pkcs1_key_and_nothing_else() {
    let key = rsa_public_key(CERT).unwrap();
    assert_eq!(key.bits, 2048);
    assert_eq!(key_id(CERT).unwrap(), microstack_crypto::sha384(&key.pkcs1));
    // An RSAPublicKey of 2048 bits with exponent 65537: SEQUENCE of 266 bytes, INTEGER of 257.
    assert_eq!(key.pkcs1[..8], [0x30, 0x82, 0x01, 0x0A, 0x02, 0x82, 0x01, 0x01]);
    assert_eq!(key.pkcs1.len(), 270);
    assert_ne!(key_id_sha256(CERT).unwrap()[..], key_id(CERT).unwrap()[..32]);
    assert_eq!(
        tls_key_hash(CERT).unwrap().0,
        key_id(CERT).unwrap(),
        "for RSA the old TLS hash is the key id"
    );
    assert_eq!(tls_hash(CERT).0, microstack_crypto::sha384(CERT));
}

#[test]
fn an_ec_certificate_has_tls_hashes_but_is_no_identity() {
    assert_eq!(key_id(EC_CERT), Err(CertError::NotRsa));
    assert_eq!(
        verify_rsa_sha384(EC_CERT, &data(), SIGNATURE),
        Err(VerifyError::Certificate(CertError::NotRsa))
    );
    // The old form hashes the bare point: 0x04 and two coordinates.
    assert!(tls_key_hash(EC_CERT).is_ok());
    assert_ne!(tls_key_hash(EC_CERT).unwrap(), tls_hash(EC_CERT));
}

#[test]
fn a_certificate_cut_or_followed_by_bytes_is_refused() {
    for cut in 0..CERT.len() {
        assert!(matches!(key_id(&CERT[..cut]), Err(CertError::Malformed(_))), "cut at {cut}");
    }
    let longer = [CERT, b"xy"].concat();
    assert_eq!(key_id(&longer), Err(CertError::TrailingBytes { bytes: 2 }));
}

#[test]
fn a_pkcs7_structure_cut_anywhere_is_refused() {
    for structure in [DETACHED, ATTACHED, WITHOUT_CERTS] {
        for cut in 0..structure.len() {
            assert!(verify_agent_signature(CERT, &data(), &structure[..cut]).is_err(), "cut at {cut}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_the_readers_panic(cert in proptest::collection::vec(any::<u8>(), 0..600),
                                       signature in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(verify_agent_signature(&cert, &data(), &signature).is_err());
        prop_assert!(verify_agent_signature(CERT, &data(), &signature).is_err());
        prop_assert!(verify_pkcs7_signed(CERT, &data(), &signature).is_err());
    }

    #[test]
    fn a_damaged_structure_never_panics_and_verifies_only_with_its_signature_whole(
        at in 0..1364usize, to in any::<u8>(),
    ) {
        let mut structure = ATTACHED.to_vec();
        structure[at] = to;
        // Bytes outside the signature value may differ: only the value counts.
        let value_whole = structure[structure.len() - 256..] == ATTACHED[ATTACHED.len() - 256..];
        if verify_pkcs7_signed(CERT, &data(), &structure).is_ok() {
            prop_assert!(value_whole);
        }
    }
}
