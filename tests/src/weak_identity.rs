//! An identity with an RSA key of 1024 bits. Our own code cannot make one, so the `openssl` program does.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::meshctrl::run;

/// A self-signed certificate with a key that is too short, and signatures by it.
pub struct WeakIdentity {
    dir: TempDir,
    /// The certificate as DER.
    pub cert_der: Vec<u8>,
}

impl WeakIdentity {
    /// Makes a key of 1024 bits.
    ///
    /// # Panics
    /// When the program `openssl` is missing.
    pub fn new() -> WeakIdentity {
        let dir = TempDir::new().expect("a temporary folder");
        let (key, cert) = (dir.path().join("key.pem"), dir.path().join("cert.der"));
        let mut make = Command::new("openssl");
        make.args([
            "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-sha384", "-days", "30", "-subj", "/CN=weak",
        ]);
        make.arg("-keyout").arg(key).args(["-outform", "DER", "-out"]).arg(&cert);
        run(&mut make, Duration::from_secs(30)).ok();
        let cert_der = std::fs::read(cert).expect("openssl wrote it");
        WeakIdentity { dir, cert_der }
    }

    /// A correct RSA-PKCS1-SHA384 signature, of a key nobody should trust.
    pub fn sign(&self, data: &[u8]) -> Vec<u8> {
        let (input, output) = (self.dir.path().join("data"), self.dir.path().join("signature"));
        std::fs::write(&input, data).expect("a file can be written");
        let mut sign = Command::new("openssl");
        sign.args(["dgst", "-sha384", "-sign"]).arg(self.dir.path().join("key.pem"));
        sign.arg("-out").arg(&output).arg(input);
        run(&mut sign, Duration::from_secs(30)).ok();
        std::fs::read(output).expect("openssl wrote it")
    }
}

impl Default for WeakIdentity {
    fn default() -> WeakIdentity {
        WeakIdentity::new()
    }
}
