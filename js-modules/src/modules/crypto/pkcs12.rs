//! PKCS#12: a key and its certificates in one file with a password (RFC 7292).

use std::num::NonZeroU32;

use rsa::rand_core::RngCore;

use super::cipher::Kind;
use super::codec::{self, Form};
use super::der::{
    CONTEXT_0, ENCODED_NULL, OCTET_STRING, OID, Reader, SEQUENCE, SET, algorithm, element, integer, sequence,
};
use super::failure::Failure;
use super::hash::{Algorithm, Hmac};
use super::key::{Key, Random};
use super::sealed::{self, IMPLICIT_0, Password, ROUNDS, stretch};

/// Certificates that one file may hold.
const MAX_CERTIFICATES: usize = 64;
const MAX_ROUNDS: u32 = 5_000_000;

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
const BAGS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01];
const X509_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];

const KEY_BAG: u8 = 1;
const SHROUDED_KEY_BAG: u8 = 2;
const CERTIFICATE_BAG: u8 = 3;

/// What a file holds.
#[derive(Default)]
pub struct Contents {
    pub key: Option<Key>,
    /// In DER; the key's own first where the file says which that is.
    pub certificates: Vec<Vec<u8>>,
}

fn malformed() -> Failure {
    Failure::new("ERR_CRYPTO_OPERATION_FAILED", "not a PKCS#12 file")
}

/// Reads a file. The password is checked before anything is decrypted.
pub fn read(file: &[u8], password: &[u8]) -> Result<Contents, Failure> {
    if file.len() > codec::MAX_BYTES {
        return Err(malformed());
    }
    let password = Password { bytes: password };
    let parsed = (|| {
        let mut outer = Reader::new(file).inside(SEQUENCE)?;
        outer.number()?;
        let mut info = outer.inside(SEQUENCE)?;
        if info.take(OID)? != DATA {
            return None;
        }
        let safe = info.inside(CONTEXT_0)?.take(OCTET_STRING)?;
        Some((safe, outer.inside(SEQUENCE)))
    })();
    let (safe, mac) = parsed.ok_or_else(malformed)?;
    if let Some(mac) = mac
        && !mac_fits(mac, &password, safe).ok_or_else(malformed)?
    {
        return Err(Failure::new("ERR_CRYPTO_OPERATION_FAILED", "mac verify failure"));
    }
    let mut contents = Contents::default();
    let parts =
        Reader::new(safe).inside(SEQUENCE).and_then(|list| list.all(SEQUENCE)).ok_or_else(malformed)?;
    let mut own = None;
    for mut part in parts {
        let bags = match part.take(OID) {
            Some(DATA) => {
                let bags = part.inside(CONTEXT_0).and_then(|mut inner| inner.take(OCTET_STRING));
                bags.ok_or_else(malformed)?.to_vec()
            }
            Some(ENCRYPTED_DATA) => open_data(part, &password)?,
            // Public-key encryption: nobody writes it.
            _ => return Err(malformed()),
        };
        let list =
            Reader::new(&bags).inside(SEQUENCE).and_then(|list| list.all(SEQUENCE)).ok_or_else(malformed)?;
        for bag in list {
            take_bag(bag, &password, &mut contents, &mut own)?;
        }
    }
    if let Some(key) = contents.key.as_ref().map(Key::public)
        && let Some(at) =
            contents.certificates.iter().position(|der| codec::certificate(der).is_some_and(|k| k == key))
    {
        contents.certificates[..=at].rotate_right(1);
    }
    Ok(contents)
}

fn mac_fits(mut mac: Reader<'_>, password: &Password<'_>, safe: &[u8]) -> Option<bool> {
    let mut info = mac.inside(SEQUENCE)?;
    let hash = Algorithm::with_oid(info.inside(SEQUENCE)?.take(OID)?)?;
    let wanted = info.take(OCTET_STRING)?;
    let salt = mac.take(OCTET_STRING)?;
    let rounds = if mac.is_empty() { 1 } else { mac.small()? };
    let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= MAX_ROUNDS)?;
    let code = |wide: &[u8]| {
        let mut hmac = Hmac::new(hash, &stretch(hash, 3, wide, salt, rounds, hash.output_bytes));
        hmac.update(safe);
        hmac.finish() == wanted
    };
    // An empty password is written with and without its closing zero.
    Some(code(&password.wide()) || password.bytes.is_empty() && code(&[]))
}

fn open_data(mut part: Reader<'_>, password: &Password<'_>) -> Result<Vec<u8>, Failure> {
    let found = (|| {
        let mut data = part.inside(CONTEXT_0)?.inside(SEQUENCE)?;
        data.number()?;
        let mut content = data.inside(SEQUENCE)?;
        content.take(OID)?;
        let algorithm = content.inside(SEQUENCE)?;
        let sealed = match content.next()? {
            (IMPLICIT_0, octets) => octets.to_vec(),
            (CONTEXT_0, pieces) => {
                let mut pieces = Reader::new(pieces);
                let mut all = Vec::new();
                while let Some(piece) = pieces.take(OCTET_STRING) {
                    all.extend_from_slice(piece);
                }
                all
            }
            _ => return None,
        };
        Some((algorithm, sealed))
    })();
    let (algorithm, sealed) = found.ok_or_else(malformed)?;
    sealed::open(algorithm, password, &sealed)
}

fn take_bag(
    mut bag: Reader<'_>,
    password: &Password<'_>,
    contents: &mut Contents,
    own: &mut Option<()>,
) -> Result<(), Failure> {
    let kind = bag.take(OID).and_then(|oid| oid.strip_prefix(BAGS)).and_then(|rest| rest.first().copied());
    let mut value = bag.inside(CONTEXT_0).ok_or_else(malformed)?;
    match kind {
        Some(KEY_BAG | SHROUDED_KEY_BAG) if own.is_none() => {
            let der = value.raw().ok_or_else(malformed)?;
            contents.key = Some(codec::read_private(der, Form::Pkcs8, Some(password.bytes))?);
            *own = Some(());
        }
        Some(CERTIFICATE_BAG) if contents.certificates.len() < MAX_CERTIFICATES => {
            let mut inner = value.inside(SEQUENCE).ok_or_else(malformed)?;
            if inner.take(OID) == Some(X509_CERTIFICATE) {
                let der = inner.inside(CONTEXT_0).and_then(|mut inner| inner.take(OCTET_STRING));
                contents.certificates.push(der.ok_or_else(malformed)?.to_vec());
            }
        }
        _ => {}
    }
    Ok(())
}

/// Writes a file; the first certificate is the key's own.
pub fn write(key: &Key, certificates: &[Vec<u8>], password: &[u8]) -> Result<Vec<u8>, Failure> {
    let password = Password { bytes: password };
    let aes = Kind::named("aes-256-cbc").ok_or_else(malformed)?;
    let sha256 = Algorithm::named("sha256").ok_or_else(malformed)?;
    let sha1 = Algorithm::named("sha1").ok_or_else(malformed)?;
    let name = certificates.first().map(|der| sha1.of(&[der])).unwrap_or_default();
    let named =
        element(SET, &sequence(&[&element(OID, LOCAL_KEY_ID), &element(SET, &element(OCTET_STRING, &name))]));
    let bag = |kind: u8, value: &[u8], attributes: &[u8]| {
        sequence(&[&element(OID, &[BAGS, &[kind]].concat()), &element(CONTEXT_0, value), attributes])
    };
    let mut list = Vec::new();
    for (i, der) in certificates.iter().enumerate() {
        let octets = element(CONTEXT_0, &element(OCTET_STRING, der));
        let value = sequence(&[&element(OID, X509_CERTIFICATE), &octets]);
        list.extend(bag(CERTIFICATE_BAG, &value, if i == 0 { &named } else { &[] }));
    }
    let (identifier, data) = sealed::seal(aes, &password, &element(SEQUENCE, &list))?;
    let content = sequence(&[&element(OID, DATA), &identifier, &element(IMPLICIT_0, &data)]);
    let hidden = sequence(&[
        &element(OID, ENCRYPTED_DATA),
        &element(CONTEXT_0, &sequence(&[&integer(&[]), &content])),
    ]);
    let shrouded = codec::write_file(key, Form::Pkcs8, false, Some((aes, password.bytes)))?;
    let keys = element(SEQUENCE, &bag(SHROUDED_KEY_BAG, &shrouded, &named));
    let open = sequence(&[&element(OID, DATA), &element(CONTEXT_0, &element(OCTET_STRING, &keys))]);
    let safe = sequence(&[&hidden, &open]);

    let mut salt = [0; 16];
    Random.fill_bytes(&mut salt);
    let rounds = NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN);
    let mut hmac = Hmac::new(sha256, &stretch(sha256, 3, &password.wide(), &salt, rounds, 32));
    hmac.update(&safe);
    let code = sequence(&[&algorithm(sha256.oid, ENCODED_NULL), &element(OCTET_STRING, &hmac.finish())]);
    let mac = sequence(&[&code, &element(OCTET_STRING, &salt), &integer(&ROUNDS.to_be_bytes())]);
    let outer = sequence(&[&element(OID, DATA), &element(CONTEXT_0, &element(OCTET_STRING, &safe))]);
    Ok(sequence(&[&integer(&[3]), &outer, &mac]))
}

#[cfg(test)]
mod tests {
    use super::super::key::Curve;
    use super::*;

    #[test]
    fn a_file_gives_back_what_it_was_made_of() {
        let key = Key::ec_private(Curve::P256, &Curve::P256.generate()).unwrap();
        let certificates = vec![vec![0x30, 0], vec![0x30, 2, 5, 0]];
        let file = write(&key, &certificates, b"pass").unwrap();
        let contents = read(&file, b"pass").unwrap();
        assert!(contents.key.unwrap() == key);
        assert_eq!(contents.certificates, certificates);
        assert!(
            read(&file, b"wrong")
                .is_err_and(|e| e == Failure::new("ERR_CRYPTO_OPERATION_FAILED", "mac verify failure"))
        );
        for cut in (0..file.len()).step_by(7) {
            assert!(read(&file[..cut], b"pass").is_err());
        }
    }

    fn openssl(folder: &std::path::Path, args: &[&str]) -> Option<bool> {
        let output = std::process::Command::new("openssl").args(args).current_dir(folder).output().ok()?;
        Some(output.status.success())
    }

    #[test]
    fn files_of_openssl_are_read_and_it_reads_ours() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let make = "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=relay -days 9";
        let Some(made) = openssl(at, &make.split(' ').collect::<Vec<_>>()) else {
            println!("skipped: there is no openssl on this machine");
            return;
        };
        assert!(made);
        let pem = std::fs::read_to_string(at.join("k.pem")).unwrap();
        let key = codec::read_pem(&pem, None, true).unwrap();
        let ways = [
            "",
            " -certpbe AES-256-CBC -keypbe AES-128-CBC -macalg sha512",
            // What the real agent and old tools write; only with OpenSSL's legacy provider.
            " -legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1",
        ];
        for (i, way) in ways.iter().enumerate() {
            let line = format!("pkcs12 -export -inkey k.pem -in c.pem -passout pass:hidden -out f.pfx{way}");
            if openssl(at, &line.split(' ').collect::<Vec<_>>()) != Some(true) {
                assert!(i == 2, "{way}");
                println!("skipped: this openssl has no legacy provider");
                continue;
            }
            let contents = read(&std::fs::read(at.join("f.pfx")).unwrap(), b"hidden").unwrap();
            assert!(contents.key.unwrap() == key, "{way}");
            assert_eq!(contents.certificates.len(), 1, "{way}");
            std::fs::write(at.join("ours.pfx"), write(&key, &contents.certificates, b"other").unwrap())
                .unwrap();
            for (password, fits) in [("other", true), ("hidden", false)] {
                let line = format!("pkcs12 -in ours.pfx -passin pass:{password} -nodes -out back.pem");
                assert_eq!(openssl(at, &line.split(' ').collect::<Vec<_>>()), Some(fits), "{password}");
            }
            let back = std::fs::read_to_string(at.join("back.pem")).unwrap();
            assert!(
                codec::read_pem(&back[back.find("-----BEGIN PRIVATE").unwrap()..], None, true).unwrap()
                    == key
            );
        }
    }
}
