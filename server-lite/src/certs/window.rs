//! The grace window: after a certificate was replaced, agents may report the old one for a week.
//!
//! A reverse proxy and this server learn of a new certificate at different times, and several proxies swap one
//! after the other. Without a window every renewal shuts agents out and people look for a switch that turns the
//! check off (pain 3). There is no such switch.

use std::time::Duration;

use microstack::channel::server::AcceptedTls;
use microstack::crypto::{CertError, cert_summary, tls_hash, tls_key_hash};
use microstack::wire::id::TlsHash;
use serde::{Deserialize, Serialize};

/// How long the hash of a replaced certificate is accepted.
pub const GRACE: Duration = Duration::from_secs(7 * 86_400);

/// A certificate that agents may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedCert {
    /// SHA-384 of the whole certificate, hexadecimal.
    pub tls: String,
    /// SHA-384 of its key, hexadecimal.
    pub key: String,
    /// Subject, issuer, dates, in one line.
    pub summary: String,
    /// Until when a replaced one counts, milliseconds since 1970; nothing for the present one.
    pub until_ms: Option<u64>,
}

/// The present certificate and those replaced lately, newest first. Kept in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Window {
    /// At least the present one, once [`Window::show`] was called.
    pub certs: Vec<AcceptedCert>,
}

/// Replacements remembered; more would only come from a fault.
const MAX_CERTS: usize = 16;

impl Window {
    /// Makes `leaf` the present certificate; `true` when that is a change. The one before counts for [`GRACE`].
    ///
    /// # Errors
    /// [`CertError`] when `leaf` is no certificate.
    pub fn show(&mut self, leaf: &[u8], now_ms: u64) -> Result<bool, CertError> {
        let shown = AcceptedCert {
            tls: tls_hash(leaf).to_hex(),
            key: tls_key_hash(leaf)?.to_hex(),
            summary: cert_summary(leaf)?.to_string(),
            until_ms: None,
        };
        self.expire(now_ms);
        if self.certs.first() == Some(&shown) {
            return Ok(false);
        }
        if let Some(before) = self.certs.first_mut().filter(|before| before.until_ms.is_none()) {
            let grace_ms = u64::try_from(GRACE.as_millis()).unwrap_or(u64::MAX);
            before.until_ms = Some(now_ms.saturating_add(grace_ms));
        }
        // One that comes back is the present one, not also an old one.
        self.certs.retain(|cert| cert.tls != shown.tls);
        self.certs.insert(0, shown);
        self.certs.truncate(MAX_CERTS);
        Ok(true)
    }

    /// Forgets certificates whose time is over.
    pub fn expire(&mut self, now_ms: u64) {
        self.certs.retain(|cert| cert.until_ms.is_none_or(|until| now_ms < until));
    }

    /// The hashes for the handshake, the present one first.
    pub fn accepted(&self) -> Vec<AcceptedTls> {
        self.certs
            .iter()
            .filter_map(|cert| {
                let tls = TlsHash::from_hex(&cert.tls).ok()?;
                Some(AcceptedTls { tls, key: TlsHash::from_hex(&cert.key).ok()? })
            })
            .collect()
    }

    /// The next instant at which one expires, milliseconds since 1970.
    pub fn next_expiry_ms(&self) -> Option<u64> {
        self.certs.iter().filter_map(|cert| cert.until_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::crypto::Identity;

    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn the_old_certificate_counts_for_a_week() {
        let (old, new) = (Identity::new_agent(2048).unwrap(), Identity::new_agent(2048).unwrap());
        let mut window = Window::default();
        assert_eq!(window.show(&old.cert_der, 0), Ok(true));
        assert_eq!(window.show(&old.cert_der, DAY_MS), Ok(false));
        assert_eq!(window.show(&new.cert_der, 2 * DAY_MS), Ok(true));
        let accepted = window.accepted();
        assert_eq!(accepted.len(), 2);
        assert_eq!(accepted[0].tls, tls_hash(&new.cert_der));
        assert_eq!(accepted[1].tls, tls_hash(&old.cert_der));
        assert_eq!(window.next_expiry_ms(), Some(9 * DAY_MS));
        window.expire(9 * DAY_MS - 1);
        assert_eq!(window.accepted().len(), 2);
        window.expire(9 * DAY_MS);
        assert_eq!(window.accepted().len(), 1);
        // The present one never expires, however long it is shown.
        window.expire(u64::MAX);
        assert_eq!(window.accepted().len(), 1);
    }

    #[test]
    fn a_certificate_that_comes_back_is_listed_once() {
        let (one, two) = (Identity::new_agent(2048).unwrap(), Identity::new_agent(2048).unwrap());
        let mut window = Window::default();
        for leaf in [&one, &two, &one, &two, &one] {
            window.show(&leaf.cert_der, 5).unwrap();
        }
        assert_eq!(window.certs.len(), 2);
        assert!(window.certs[0].until_ms.is_none() && window.certs[1].until_ms.is_some());
        assert!(window.show(b"not a certificate", 5).is_err());
    }
}
