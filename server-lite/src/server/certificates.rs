//! Certificates while the server runs: loading, replacing, and watching the outer one.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use microstack::channel::server::{Config, ServerIdentity};
use microstack::crypto::{ServerCerts, WebCert, cert_summary, tls_hash};
use microstack::tls::{Served, server_config};

use super::options::ServerError;
use crate::admin::WINDOW;
use crate::certs::{CertFolder, OuterSource, Window};
use crate::data::Data;
use crate::house::{Facts, House};
use crate::model::time::now_ms;

/// What stays the same when a certificate changes.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) redirect_port: u16,
    /// A terminator stands in front: its certificate is the one that clients see.
    pub(super) offload: bool,
}

/// A TLS configuration for the web certificate.
pub(super) fn tls_config(web: &WebCert) -> Result<Arc<rustls::ServerConfig>, ServerError> {
    let chain = web.chain.iter().map(|cert| cert.to_vec()).collect();
    Ok(server_config(chain, web.key.secret_der())?)
}

/// Notes which certificate clients see now, and makes from it and those of the grace window what handshakes and
/// users are told.
pub(super) fn trust(
    data: &Data,
    certs: &ServerCerts,
    leaf: &[u8],
    place: &Place,
) -> Result<(Facts, Config, bool), ServerError> {
    let unreadable = |error: microstack::crypto::CertError| {
        ServerError::Certificate(format!("the outer certificate: {error}"))
    };
    let mut window: Window = data.meta(WINDOW)?.unwrap_or_default();
    let changed = window.show(leaf, now_ms()).map_err(unreadable)?;
    if changed {
        data.put_meta(WINDOW, &window)?;
    }
    let summary = cert_summary(leaf).map_err(unreadable)?;
    let root = cert_summary(&certs.root.cert_der).map_err(unreadable)?;
    let identity = ServerIdentity::new(certs.agent.cert_der.clone()).map_err(unreadable)?;
    let facts = Facts {
        name: place.name.clone(),
        port: place.port,
        redirect_port: place.redirect_port,
        tls_hash: tls_hash(leaf).to_hex(),
        server_id: identity.server_id.to_text64(),
        public_cert: summary.issuer != root.subject && summary.issuer != summary.subject,
        cert_summary: summary.to_string(),
        cert_expires_ms: summary.not_after.saturating_mul(1000),
    };
    Ok((facts, Config { identities: vec![identity], accepted_tls: window.accepted() }, changed))
}

/// Looks after certificates on a thread of its own.
pub(super) struct Caretaker {
    pub(super) house: Arc<House>,
    pub(super) folder: CertFolder,
    pub(super) served: Arc<Served>,
    pub(super) place: Place,
    pub(super) outer: Option<OuterSource>,
    /// DER of the certificate shown now.
    pub(super) shown: Vec<u8>,
    pub(super) file_changed: Option<SystemTime>,
    pub(super) next_look: Instant,
}

/// A file is looked at this often; a look is one `stat`.
pub(super) const FILE_EVERY: Duration = Duration::from_secs(10);
/// A server's certificate is fetched this often.
const FETCH_EVERY: Duration = Duration::from_secs(60);

impl Caretaker {
    /// SIGHUP: the certificate files are read anew. Trouble leaves everything as it is.
    pub(super) fn reload(&mut self) {
        let done = self.folder.load().map_err(ServerError::from).and_then(|certs| {
            let config = tls_config(&certs.web)?;
            if !self.place.offload {
                self.served.swap(config);
                self.show(&certs, certs.web.leaf().to_vec())?;
            }
            Ok(())
        });
        match done {
            Ok(()) => tracing::info!("certificates read again"),
            Err(error) => tracing::error!(%error, "the certificates in use are kept"),
        }
        self.look_outside(true);
    }

    /// Looks whether the outer certificate changed; `force` fetches it whatever its file says.
    pub(super) fn look_outside(&mut self, force: bool) {
        let Some(source) = self.outer.clone() else { return };
        let changed_at = source.changed_at();
        let due = match source {
            OuterSource::File(_) => changed_at != self.file_changed,
            OuterSource::Server(..) => Instant::now() >= self.next_look,
        };
        if !force && !due {
            return;
        }
        self.next_look = Instant::now() + FETCH_EVERY;
        self.file_changed = changed_at;
        let done = source.fetch().map_err(ServerError::from).and_then(|found| {
            if found.leaf == self.shown {
                return Ok(());
            }
            let certs = self.folder.load()?;
            self.show(&certs, found.leaf)
        });
        if let Err(error) = done {
            tracing::warn!(%error, "the outer certificate in use is kept");
        }
    }

    /// Lets certificates of the grace window expire.
    pub(super) fn expire(&mut self) {
        let window: Window = self.house.data.meta(WINDOW).ok().flatten().unwrap_or_default();
        if window.next_expiry_ms().is_none_or(|at| now_ms() < at) {
            return;
        }
        let leaf = self.shown.clone();
        match self.folder.load() {
            Ok(certs) => {
                if let Err(error) = self.show(&certs, leaf) {
                    tracing::error!(%error, "the grace window could not be renewed");
                }
            }
            Err(error) => tracing::error!(%error, "the grace window could not be renewed"),
        }
    }

    fn show(&mut self, certs: &ServerCerts, leaf: Vec<u8>) -> Result<(), ServerError> {
        let (facts, config, changed) = trust(&self.house.data, certs, &leaf, &self.place)?;
        self.house.data.flush()?;
        if changed {
            let days = crate::certs::GRACE.as_secs() / 86_400;
            tracing::warn!(
                certificate = cert_summary(&leaf).map(|summary| summary.to_string()).unwrap_or_default(),
                "another certificate is shown to agents; the one before is accepted for {days} days"
            );
        }
        self.house.trust.replace(facts, config);
        self.shown = leaf;
        Ok(())
    }
}
