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
    display: Option<String>,
    contained: bool,
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

    /// Starts it as the first process of a process namespace: what it does to the power of "the machine" ends the
    /// namespace and nothing else (`reboot(2)`). `None` where such namespaces are forbidden.
    pub fn contained(meshcentral: &Path, msh: &[u8]) -> Option<RealAgent> {
        let mut probe = Command::new("unshare");
        let works = probe.args(CONTAINED).arg("true").status().is_ok_and(|status| status.success());
        works.then(|| RealAgent { contained: true, ..RealAgent::prepared(meshcentral, msh) }.launched())
    }

    /// Starts it with this X screen, as in the variable `DISPLAY`.
    pub fn with_display(meshcentral: &Path, msh: &[u8], display: &str) -> RealAgent {
        let agent = RealAgent::prepared(meshcentral, msh);
        RealAgent { display: Some(display.to_owned()), ..agent }.launched()
    }

    fn prepared(meshcentral: &Path, msh: &[u8]) -> RealAgent {
        let dir = TempDir::new().expect("a temporary folder");
        let program = dir.path().join("meshagent_x86-64");
        fs::copy(meshcentral.join("agents/meshagent_x86-64"), &program).expect("npm brought the agent");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
        fs::write(dir.path().join("meshagent_x86-64.msh"), msh).expect("the settings can be written");
        RealAgent {
            dir,
            tls: TlsVersion::Any,
            firmware: None,
            display: None,
            contained: false,
            running: None,
        }
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
        let program = self.dir.path().join("meshagent_x86-64");
        let mut command = match self.contained {
            true => Command::new("unshare"),
            false => Command::new(&program),
        };
        if self.contained {
            command.args(CONTAINED).arg(&program);
        }
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
        if let Some(display) = &self.display {
            command.env("DISPLAY", display);
        }
        if let Some(firmware) = &self.firmware {
            command = firmware.around(&command);
        }
        Running::spawn("MeshAgent", &mut command)
    }
}

/// Processes and `/proc` of its own; the namespace ends with `unshare`.
const CONTAINED: [&str; 4] = ["--pid", "--fork", "--kill-child", "--mount-proc"];
