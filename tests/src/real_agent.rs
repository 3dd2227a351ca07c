//! The real MeshAgent for Linux x86-64, as npm's `meshcentral` brings it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use crate::running::Running;
use crate::stand_in::StandIn;

/// TLS versions the real agent may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// Whatever both sides like best.
    Any,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// One device with the real agent. Its database survives [`RealAgent::restart`].
pub struct RealAgent {
    dir: TempDir,
    tls: TlsVersion,
    firmware: Option<Arc<StandIn>>,
    running: Option<Running>,
}

impl RealAgent {
    /// Starts it with these settings; it makes its own key, which takes a second or two.
    pub fn start(meshcentral: &Path, msh: &[u8]) -> RealAgent {
        RealAgent::with_tls(meshcentral, msh, TlsVersion::Any)
    }

    /// Starts it with one TLS version allowed.
    pub fn with_tls(meshcentral: &Path, msh: &[u8], tls: TlsVersion) -> RealAgent {
        let agent = RealAgent::prepared(meshcentral, msh);
        RealAgent { tls, ..agent }.launched()
    }

    /// Starts it on a machine with this firmware, or on the machine as it is.
    pub fn with_firmware(meshcentral: &Path, msh: &[u8], firmware: Option<Arc<StandIn>>) -> RealAgent {
        let agent = RealAgent::prepared(meshcentral, msh);
        RealAgent { firmware, ..agent }.launched()
    }

    fn prepared(meshcentral: &Path, msh: &[u8]) -> RealAgent {
        let dir = TempDir::new().expect("a temporary folder");
        let program = dir.path().join("meshagent_x86-64");
        fs::copy(meshcentral.join("agents/meshagent_x86-64"), &program).expect("npm brought the agent");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
        fs::write(dir.path().join("meshagent_x86-64.msh"), msh).expect("the settings can be written");
        RealAgent { dir, tls: TlsVersion::Any, firmware: None, running: None }
    }

    fn launched(mut self) -> RealAgent {
        self.running = Some(self.launch());
        self
    }

    /// Starts it again after it was stopped or killed.
    pub fn restart(&mut self) {
        self.running = None;
        self.running = Some(self.launch());
    }

    /// The process guard.
    pub fn process(&mut self) -> &mut Running {
        self.running.as_mut().expect("the agent was started")
    }

    /// Where it lives and keeps its files.
    pub fn dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    fn launch(&self) -> Running {
        let mut command = Command::new(self.dir.path().join("meshagent_x86-64"));
        command.current_dir(self.dir.path());
        let version = match self.tls {
            TlsVersion::Any => None,
            TlsVersion::Tls12 => Some("TLSv1.2"),
            TlsVersion::Tls13 => Some("TLSv1.3"),
        };
        if let Some(version) = version {
            // Its OpenSSL is linked in, but still reads the machine's configuration file.
            let file = self.dir.path().join("openssl.cnf");
            let text = format!(
                "openssl_conf = top\n[top]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n\
                 [tls]\nMinProtocol = {version}\nMaxProtocol = {version}\n"
            );
            fs::write(&file, text).expect("a configuration can be written");
            command.env("OPENSSL_CONF", file);
        }
        if let Some(firmware) = &self.firmware {
            command = firmware.around(&command);
        }
        Running::spawn("MeshAgent", &mut command)
    }
}
