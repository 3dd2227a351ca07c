//! The certificates we write, read back by ourselves and, where it is installed, by the `openssl` program.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use microstack_crypto::{
    Identity, IdentityError, RsaKey, ServerCertError, ServerCertOptions, ServerCerts, Signer, WebCert,
    WebKey, cert_summary, key_id, sha384, verify_rsa_sha384,
};

/// 2026-11-21 08:00:00 UTC.
const NOW: u64 = 1_795_248_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

/// One identity for all tests: a key takes a while.
fn agent() -> &'static Identity {
    static AGENT: OnceLock<Identity> = OnceLock::new();
    AGENT.get_or_init(|| Identity::new_agent_with(3072, now(), &|_| {}).unwrap())
}

fn certs() -> &'static ServerCerts {
    static CERTS: OnceLock<ServerCerts> = OnceLock::new();
    CERTS.get_or_init(|| {
        let options = ServerCertOptions {
            name: "mesh.example.org".to_owned(),
            more_names: vec!["192.0.2.7".to_owned(), "2001:db8::7".to_owned()],
            fast: true,
            web_key: WebKey::P256,
        };
        ServerCerts::create_with(&options, now(), &|_| {}).unwrap()
    })
}

/// Runs `openssl`, or says why the test shows less than it could.
fn openssl(args: &[&str]) -> Option<String> {
    match Command::new("openssl").args(args).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                output.status.success(),
                "openssl {args:?}: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            );
            Some(text)
        }
        Err(error) => {
            eprintln!("skipped the check by another program: openssl cannot be run ({error})");
            None
        }
    }
}

fn write_all(dir: &Path, certs: &ServerCerts) {
    for file in certs.to_files().unwrap() {
        std::fs::write(dir.join(file.name), file.pem).unwrap();
    }
}

#[test]
fn an_agent_certificate_is_the_one_of_the_specification() {
    let summary = cert_summary(&agent().cert_der).unwrap();
    assert_eq!(summary.subject, "CN=MeshNodeCertificate");
    assert_eq!(summary.issuer, "CN=MeshNodeCertificate");
    assert_eq!(summary.key, "RSA 3072");
    assert_eq!(summary.not_before, NOW as i64 - 10 * 86_400);
    assert_eq!(summary.not_after, NOW as i64 + 10_000 * 86_400);
    assert_eq!(summary.days_left(NOW as i64), 10_000);
    assert_eq!(summary.days_left(summary.not_after + 1), -1);
    assert_eq!(agent().node_id().0, key_id(&agent().cert_der).unwrap());
    assert_ne!(agent().node_id().0[..4], [0; 4]);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.der");
    std::fs::write(&path, &agent().cert_der).unwrap();
    let path = path.to_str().unwrap();
    let Some(text) = openssl(&["x509", "-inform", "DER", "-in", path, "-noout", "-text", "-serial"]) else {
        return;
    };
    for wanted in [
        "Version: 3",
        "Signature Algorithm: sha384WithRSAEncryption",
        "Public-Key: (3072 bit)",
        "Exponent: 65537",
        "CA:TRUE",
        "Certificate Sign, CRL Sign",
        "Not Before: Nov 11 08:00:00 2026 GMT",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in:\n{text}");
    }
    // Eight digits, as text: bytes 0x30 to 0x39.
    let serial = text.lines().find_map(|line| line.strip_prefix("serial=")).unwrap();
    assert_eq!(serial.len(), 16, "{serial}");
    assert!(
        serial.as_bytes().chunks(2).all(|digit| digit[0] == b'3' && digit[1].is_ascii_digit()),
        "{serial}"
    );
    openssl(&[
        "verify",
        "-CAfile",
        &pem_of(dir.path(), &agent().cert_der),
        &pem_of(dir.path(), &agent().cert_der),
    ]);
}

fn pem_of(dir: &Path, der: &[u8]) -> String {
    let (from, to) = (dir.join("x.der"), dir.join("x.pem"));
    std::fs::write(&from, der).unwrap();
    openssl(&["x509", "-inform", "DER", "-in", from.to_str().unwrap(), "-out", to.to_str().unwrap()]);
    to.to_str().unwrap().to_owned()
}

#[test]
fn openssl_accepts_what_an_identity_signs() {
    let signature = agent().sign(b"hash, nonce and nonce").unwrap();
    verify_rsa_sha384(&agent().cert_der, b"hash, nonce and nonce", &signature).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("cert.der"), &agent().cert_der).unwrap();
    std::fs::write(at("sig"), &signature).unwrap();
    std::fs::write(at("data"), b"hash, nonce and nonce").unwrap();
    let Some(key) = openssl(&["x509", "-inform", "DER", "-in", &at("cert.der"), "-noout", "-pubkey"]) else {
        return;
    };
    std::fs::write(at("pub.pem"), key).unwrap();
    let said =
        openssl(&["dgst", "-sha384", "-verify", &at("pub.pem"), "-signature", &at("sig"), &at("data")]);
    assert_eq!(said.as_deref().map(str::trim), Some("Verified OK"));
}

#[test]
fn an_identity_survives_storage_and_every_flipped_byte_is_noticed() {
    let bytes = agent().to_store_bytes();
    let again = Identity::from_store_bytes(&bytes).unwrap();
    assert_eq!(again.cert_der, agent().cert_der);
    assert_eq!(again.node_id(), agent().node_id());
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        assert!(matches!(Identity::from_store_bytes(&flipped), Err(IdentityError::Damaged(_))), "byte {at}");
        assert!(Identity::from_store_bytes(&bytes[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let key = RsaKey::from_pkcs8_der(certs().mps.key.pkcs8_der()).unwrap();
    let joined = Identity::from_parts(agent().cert_der.clone(), key);
    assert!(matches!(joined, Err(IdentityError::KeyMismatch)));
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let key_der = agent().key.pkcs8_der();
    let text = format!("{:?} {:?} {:?}", agent(), certs(), certs().to_files().unwrap());
    assert!(text.contains("secret"));
    // A run of the key in any of the usual spellings.
    let run = &key_der[100..104];
    let decimal = run.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    assert!(!text.contains(&decimal) && !text.contains("PRIVATE KEY"), "{text}");
}

#[test]
fn server_certificates_are_issued_under_their_root() {
    let certs = certs();
    let root = cert_summary(&certs.root.cert_der).unwrap();
    assert!(root.subject.starts_with("CN=MeshliteRoot-"), "{root}");
    assert_eq!(root.issuer, root.subject);
    let agent = cert_summary(&certs.agent.cert_der).unwrap();
    assert!(agent.subject.starts_with("CN=MeshliteAgentServer-"), "{agent}");
    assert_eq!((agent.issuer.as_str(), agent.key.as_str()), (root.subject.as_str(), "RSA 2048"));
    assert_eq!(certs.server_id().0, key_id(&certs.agent.cert_der).unwrap());
    let names = ["mesh.example.org", "192.0.2.7", "2001:db8::7", "localhost"];
    let web = cert_summary(certs.web.leaf()).unwrap();
    assert_eq!((web.subject.as_str(), web.key.as_str()), ("CN=mesh.example.org", "EC 256"));
    assert_eq!(web.sans, names);
    let mps = cert_summary(&certs.mps.cert_der).unwrap();
    assert_eq!((mps.key.as_str(), mps.sans), ("RSA 2048", names.map(str::to_owned).to_vec()));
    assert_eq!(mps.issuer, root.subject);

    let dir = tempfile::tempdir().unwrap();
    write_all(dir.path(), certs);
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for leaf in ["agentserver", "mpsserver", "webserver"] {
        let leaf = at(&format!("{leaf}-cert-public.crt"));
        openssl(&["verify", "-x509_strict", "-CAfile", &at("root-cert-public.crt"), &leaf]);
    }
    let purposes = ["-purpose", "sslserver", "-verify_hostname", "mesh.example.org"];
    let root_file = at("root-cert-public.crt");
    let web_file = at("webserver-cert-public.crt");
    openssl(&[&["verify", "-CAfile", &root_file], &purposes[..], &[&web_file]].concat());
    openssl(&["verify", "-CAfile", &root_file, "-verify_ip", "192.0.2.7", &web_file]);
}

#[test]
fn a_folder_of_server_certificates_is_read_back_and_checked() {
    let certs = certs();
    let files = certs.to_files().unwrap();
    assert_eq!(files.iter().filter(|file| file.secret).count(), 4);
    for file in &files {
        assert_eq!(file.secret, file.pem.contains("PRIVATE KEY"), "{file:?}");
    }
    let text = |name: &str| files.iter().find(|file| file.name == name).map(|file| file.pem.clone());
    let again = ServerCerts::from_files(text).unwrap();
    assert_eq!(again.server_id(), certs.server_id());
    assert_eq!(again.web.chain, certs.web.chain);
    assert_eq!(again.root.cert_der, certs.root.cert_der);

    let without = |gone: &'static str| ServerCerts::from_files(|name| text(name).filter(|_| name != gone));
    let error = without("agentserver-cert-private.key").unwrap_err();
    assert_eq!(error, ServerCertError::Missing("agentserver-cert-private.key"));

    let exchanged = ServerCerts::from_files(|name| match name {
        "agentserver-cert-private.key" => text("mpsserver-cert-private.key"),
        name => text(name),
    });
    assert!(exchanged.unwrap_err().to_string().contains("does not belong"));
}

#[test]
fn a_web_certificate_of_the_operator_is_taken_or_refused_with_a_reason() {
    let certs = certs();
    let files = certs.to_files().unwrap();
    let text = |name: &str| files.iter().find(|file| file.name == name).unwrap().pem.clone();
    let chain = text("webserver-cert-public.crt");
    let key = text("webserver-cert-private.key");
    assert_eq!(WebCert::from_pem(&chain, &key).unwrap().chain.len(), 2);

    let refused = |chain: &str, key: &str| WebCert::from_pem(chain, key).unwrap_err().to_string();
    assert!(refused(&chain, &text("mpsserver-cert-private.key")).contains("does not belong"));
    assert!(refused("", &key).contains("no CERTIFICATE"));
    assert!(refused(&chain, "").contains("webserver-cert-private.key"));
    assert!(refused(&key, &chain).contains("webserver-cert"));

    // PKCS#1 and SEC1 keys, as other tools write them.
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    write_all(dir.path(), certs);
    let mps_key = at("mpsserver-cert-private.key");
    if openssl(&["rsa", "-in", &mps_key, "-traditional", "-out", &at("pkcs1.key")]).is_some() {
        let pkcs1 = std::fs::read_to_string(at("pkcs1.key")).unwrap();
        assert!(pkcs1.contains("BEGIN RSA PRIVATE KEY"));
        let web = WebCert::from_pem(&text("mpsserver-cert-public.crt"), &pkcs1).unwrap();
        assert_eq!(web.leaf(), certs.mps.cert_der);
    }
    let web_key = at("webserver-cert-private.key");
    if openssl(&["ec", "-in", &web_key, "-out", &at("sec1.key")]).is_some() {
        let sec1 = std::fs::read_to_string(at("sec1.key")).unwrap();
        assert!(sec1.contains("BEGIN EC PRIVATE KEY"));
        assert!(WebCert::from_pem(&chain, &sec1).is_ok());
    }
}

#[test]
fn the_default_web_certificate_is_rsa_and_names_an_address() {
    let certs = ServerCerts::create("127.0.0.1", true).unwrap();
    let web = cert_summary(certs.web.leaf()).unwrap();
    assert_eq!(
        (web.key.as_str(), web.sans.clone()),
        ("RSA 2048", vec!["127.0.0.1".to_owned(), "localhost".to_owned()])
    );
    assert!(web.to_string().contains("CN=127.0.0.1 (RSA 2048), issued by CN=MeshliteRoot-"));
    assert_eq!(web.sha384, sha384(certs.web.leaf()));
    assert!(!web.to_string().contains('\n'));
}

#[test]
fn a_name_that_cannot_stand_in_a_certificate_is_refused_before_any_key_is_made() {
    for name in ["", "two words", "naïve.example", "a\nb", &"x".repeat(300)] {
        assert_eq!(ServerCerts::create(name, true).unwrap_err(), ServerCertError::Name(name.to_owned()));
    }
}
