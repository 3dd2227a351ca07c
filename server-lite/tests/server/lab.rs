//! A server in a directory of its own.

use std::path::Path;
use std::sync::OnceLock;

use microstack::crypto::ServerCerts;
use microstack::wire::id::{MeshId, ServerId};
use server_lite::admin::{AdminRequest, Desk, Settings};
use server_lite::certs::CertFolder;
use server_lite::data::Data;
use server_lite::server::{RunOptions, Running};
use tempfile::TempDir;

pub const PASSWORD: &str = "correct horse";

/// A running server with the administrator `admin` and the group `lab`.
pub struct Lab {
    pub dir: TempDir,
    pub running: Option<Running>,
    pub mesh: MeshId,
    pub server_id: ServerId,
}

/// One set of certificates for all tests: making keys is what takes time.
pub fn certs() -> &'static ServerCerts {
    static CERTS: OnceLock<ServerCerts> = OnceLock::new();
    CERTS.get_or_init(|| ServerCerts::create("127.0.0.1", true).unwrap())
}

/// Makes a data directory as `init` and `group add lab` do.
pub fn prepare(dir: &Path) -> (MeshId, ServerId) {
    let folder = CertFolder::new(dir, None);
    folder.save(certs()).unwrap();
    Settings { name: "127.0.0.1".into(), web: None }.save(dir).unwrap();
    let data = Data::open(&dir.join("store")).unwrap();
    let desk = Desk { data: &data, folder: &folder, announce: &|_| {}, end_sessions: &|_| {} };
    desk.fulfil(AdminRequest::SetAdmin { name: "admin".into(), password: PASSWORD.into() }).unwrap();
    desk.fulfil(AdminRequest::GroupAdd { name: "lab".into() }).unwrap();
    (data.group_named("lab").unwrap().id, certs().server_id())
}

pub fn options(dir: &Path) -> RunOptions {
    RunOptions {
        data_dir: dir.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        redirect: None,
        name: None,
        web: None,
        workers: Some(2),
        outer: None,
        public_port: None,
        recordings: None,
        proxies: Vec::new(),
        agents: None,
        wake_lan: false,
    }
}

impl Lab {
    pub fn start() -> Lab {
        Lab::start_with(|_| {})
    }

    pub fn start_with(change: impl FnOnce(&mut RunOptions)) -> Lab {
        let dir = tempfile::tempdir().unwrap();
        let (mesh, server_id) = prepare(dir.path());
        let mut options = options(dir.path());
        change(&mut options);
        let running = Running::start(&options).unwrap();
        Lab { dir, running: Some(running), mesh, server_id }
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn port(&self) -> u16 {
        self.running().address().port()
    }

    /// Stops the server in good order and starts it again on the same directory.
    pub fn restart(&mut self) {
        self.restart_with(|_| {});
    }

    /// As [`Lab::restart`], without TLS.
    pub fn restart_plain(&mut self) {
        self.restart_with(|options| options.outer = Some(super::http::shown_outside()));
    }

    fn restart_with(&mut self, change: impl FnOnce(&mut RunOptions)) {
        self.running.take().unwrap().stop().unwrap();
        let mut options = options(self.dir.path());
        change(&mut options);
        self.running = Some(Running::start(&options).unwrap());
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop();
        }
    }
}

/// Waits until something is so; at most half a minute.
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !so() {
        assert!(std::time::Instant::now() < until, "not within 30 s: {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
