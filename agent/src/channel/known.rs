//! What is remembered of servers: the pin of each identity, and where a name was found last.

use std::net::{IpAddr, SocketAddr};

use microstack::channel::HandshakeError;
use microstack::channel::agent::Pin;
use microstack::crypto::{cert_summary, tls_hash};
use microstack::store::Write;
use microstack::wire::{ServerId, ServerUrl, TlsHash};

use super::{Channel, Phase};
use crate::log;

impl Channel {
    /// The pin of this server, with a description of the certificate it stands for.
    pub(super) fn pin(&self, server: ServerId) -> Option<(Pin, String)> {
        let value = self.parts.store.get(PINS, server.as_bytes()).unwrap_or_else(|error| {
            tracing::warn!("the pin cannot be read, the full handshake is taken: {error}");
            None
        })?;
        let (tls, text) = value.split_first_chunk::<48>()?;
        Some((Pin { server, tls: TlsHash(*tls) }, String::from_utf8_lossy(text).into_owned()))
    }

    pub(super) fn set_pin(&self, pin: Pin, certificate: &str) {
        let value = [pin.tls.as_bytes().as_slice(), certificate.as_bytes()].concat();
        if self.pin(pin.server).is_some_and(|(old, _)| old == pin) {
            return;
        }
        let put = [Write::put(PINS, pin.server.as_bytes(), value)];
        if let Err(error) = self.parts.store.apply(&put).and_then(|()| self.parts.store.flush()) {
            tracing::warn!("the pin cannot be stored, the next handshake is a full one again: {error}");
        }
    }

    /// Where a named server was found last; used when its name cannot be resolved.
    pub(super) fn last_address(&self, url: &ServerUrl) -> Option<SocketAddr> {
        if url.address().is_some() {
            return None;
        }
        let text = self.parts.store.get(ADDRESSES, url.host.as_bytes()).ok()??;
        let ip: IpAddr = String::from_utf8(text).ok()?.parse().ok()?;
        Some(SocketAddr::new(ip, url.port))
    }

    /// Not through a proxy: the address would be the proxy's.
    pub(super) fn remember_address(&self, host: &str, peer: SocketAddr) {
        let text = peer.ip().to_string();
        if host.parse::<IpAddr>().is_ok() || self.parts.proxies.for_host(host).is_some() {
            return;
        }
        let known = self.parts.store.get(ADDRESSES, host.as_bytes()).ok().flatten();
        if known.as_deref() != Some(text.as_bytes())
            && let Err(error) = self.parts.store.put(ADDRESSES, host.as_bytes(), text.as_bytes())
        {
            tracing::debug!("the server's address was not stored: {error}");
        }
    }

    /// A refusal in words, with the certificates concerned.
    pub(super) fn explain(&self, error: &HandshakeError) -> String {
        let Phase::Proving { outer, .. } = &self.phase else {
            return error.to_string();
        };
        match error {
            HandshakeError::EchoedHash { echoed, .. } => {
                let (_, server) = self.parts.servers.current();
                let other = match self.pin(server) {
                    Some((pin, text)) if pin.tls == *echoed => text,
                    _ => format!("not seen here before, SHA-384 {echoed}"),
                };
                format!(
                    "{error}. Certificate seen here: {}. Certificate the server names: {other}",
                    outer.certificate
                )
            }
            HandshakeError::Silent { .. } => {
                format!("{error}. The outer certificate seen here: {}", outer.certificate)
            }
            _ => error.to_string(),
        }
    }
}

/// Subject, issuer, dates and SHA-384 of a certificate, or at least the last.
pub(super) fn describe(der: &[u8]) -> String {
    match cert_summary(der) {
        Ok(summary) => format!(
            "subject {}, issuer {}, valid from {} to {}, {}, SHA-384 {}",
            summary.subject,
            summary.issuer,
            log::unix_text(summary.not_before),
            log::unix_text(summary.not_after),
            summary.key,
            TlsHash(summary.sha384),
        ),
        Err(error) => format!("unreadable ({error}), SHA-384 {}", tls_hash(der)),
    }
}

const PINS: &str = "pins";
const ADDRESSES: &str = "addresses";
