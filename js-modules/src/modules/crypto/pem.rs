//! PEM: the text form of keys and certificates (RFC 7468), and the old encryption inside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cipher::{Cipher, Kind};
use super::failure::Failure;
use super::hash::Algorithm;

/// One block of a PEM file.
pub struct Block {
    pub label: String,
    pub der: Vec<u8>,
    /// `DEK-Info`: the cipher's name and the vector.
    pub sealed: Option<(String, Vec<u8>)>,
}

/// The blocks of a text, in order; what is no block is skipped.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut list = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        rest = &rest[at + 11..];
        let Some(end) = rest.find("-----") else { break };
        let label = rest[..end].to_owned();
        let body = &rest[end + 5..];
        let closing = format!("-----END {label}-----");
        let Some(stop) = body.find(&closing) else { break };
        rest = &body[stop + closing.len()..];
        list.extend(block(label, &body[..stop]));
    }
    list
}

fn block(label: String, body: &str) -> Option<Block> {
    let mut sealed = None;
    let mut text = String::with_capacity(body.len());
    for line in body.lines() {
        match line.split_once(':') {
            Some(("DEK-Info", value)) => {
                let (cipher, iv) = value.trim().split_once(',')?;
                sealed = Some((cipher.to_owned(), from_hex(iv.trim())?));
            }
            Some(_) => {}
            None => text.extend(line.chars().filter(|c| !c.is_whitespace())),
        }
    }
    Some(Block { label, der: STANDARD.decode(text).ok()?, sealed })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// The text form.
pub fn write(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// The text form, encrypted as OpenSSL's own format does.
pub fn write_sealed(
    label: &str,
    der: &[u8],
    cipher: Kind,
    passphrase: &[u8],
    iv: &[u8],
) -> Result<String, Failure> {
    let key = key(passphrase, iv, cipher.key_bytes);
    let mut running = Cipher::new(cipher, &key, iv, true)?;
    let mut sealed = running.update(der);
    sealed.extend(running.finish()?);
    let hex: String = iv.iter().map(|byte| format!("{byte:02X}")).collect();
    let plain = write(label, &sealed);
    let header = format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: {},{hex}\n\n", cipher.name.to_ascii_uppercase());
    let at = plain.find('\n').map_or(0, |at| at + 1);
    Ok(format!("{}{header}{}", &plain[..at], &plain[at..]))
}

impl Block {
    /// The content, decrypted where it has to be.
    pub fn open(&self, passphrase: Option<&[u8]>) -> Result<Vec<u8>, Failure> {
        let Some((name, iv)) = &self.sealed else { return Ok(self.der.clone()) };
        let passphrase = passphrase.ok_or_else(missing)?;
        let cipher = Kind::named(name).ok_or_else(|| {
            Failure::new(
                "ERR_OSSL_PEM_UNSUPPORTED_ENCRYPTION",
                "error:04800072:PEM routines::unsupported encryption",
            )
        })?;
        let key = key(passphrase, iv, cipher.key_bytes);
        let mut running = Cipher::new(cipher, &key, iv, false)?;
        let mut der = running.update(&self.der);
        der.extend(running.finish()?);
        Ok(der)
    }
}

/// The error when a PEM text is encrypted and no passphrase was given.
pub fn missing() -> Failure {
    Failure::new(
        "ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED",
        "error:07880109:common libcrypto routines::interrupted or cancelled",
    )
}

/// The key of the old encryption: MD5 over itself, the passphrase and the first 8 bytes of the vector.
fn key(passphrase: &[u8], iv: &[u8], length: usize) -> Vec<u8> {
    let md5 = Algorithm::named("md5");
    let salt = &iv[..iv.len().min(8)];
    let (mut key, mut last) = (Vec::new(), Vec::new());
    while let (Some(md5), true) = (md5, key.len() < length) {
        last = md5.of(&[&last, passphrase, salt]);
        key.extend_from_slice(&last);
    }
    key.truncate(length);
    key
}
