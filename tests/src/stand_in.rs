//! A stand-in for parts of a machine, so that the same is seen on every one and nothing is done to it.
//!
//! Programs started inside see the firmware of a PC, programs of ours on the PATH that list hardware, and, when asked
//! for, a service manager with folders that take services. A mount namespace of their own does it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The files; gone when it is dropped, so it must outlive the programs inside.
pub struct StandIn {
    dir: TempDir,
    as_root: bool,
    enter: String,
}

impl StandIn {
    /// The firmware of a PC. `None` where mount namespaces are forbidden, as in many containers.
    pub fn firmware() -> Option<StandIn> {
        StandIn::prepared(format!("{ENTER_FIRMWARE}{ENTER_LAST}"))
    }

    /// The firmware, and a systemd that does nothing: what services write stays inside.
    pub fn services() -> Option<StandIn> {
        StandIn::prepared(format!("{ENTER_FIRMWARE}{ENTER_SERVICES}{ENTER_LAST}"))
    }

    fn prepared(enter: String) -> Option<StandIn> {
        let dir = TempDir::new().expect("a temporary folder");
        let id = dir.path().join("class/dmi/id");
        // A folder among the entries, as on a real machine.
        fs::create_dir_all(id.join("power")).expect("a folder");
        for (name, text) in FIRMWARE {
            fs::write(id.join(name), format!("{text}\n")).expect("a file");
        }
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        for (name, text) in PROGRAMS {
            fs::write(bin.join(name), text).expect("a program");
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755))
                .expect("it can be executable");
        }
        // Root needs no user namespace, and in some containers only that is allowed.
        let mut stand_in = StandIn { dir, as_root: true, enter };
        if stand_in.works() {
            return Some(stand_in);
        }
        stand_in.as_root = false;
        stand_in.works().then_some(stand_in)
    }

    /// The same command inside.
    pub fn around(&self, command: &Command) -> Command {
        let mut inside = Command::new("unshare");
        inside.arg("--mount");
        if !self.as_root {
            inside.arg("--map-root-user");
        }
        inside
            .args(["sh", "-c", &self.enter, "sh"])
            .arg(self.dir.path())
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }

    fn works(&self) -> bool {
        let mut probe = Command::new("test");
        probe.args(["-f", "/sys/class/dmi/id/board_name"]);
        let mut probe = self.around(&probe);
        let ended = probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        ended.is_ok_and(|status| status.success())
    }
}

/// The class folder is of the kernel and takes no files: ours is laid over it. Cores call `/usr/sbin/dmidecode` by path.
const ENTER_FIRMWARE: &str = r#"set -e; files=$1; shift
mount -t overlay overlay -o "lowerdir=$files/class:/sys/class" /sys/class
mount -t overlay overlay -o "lowerdir=$files/bin:/usr/sbin" /usr/sbin
"#;

/// Changes go to memory. The folder `/run/systemd/system` is the sign of a running systemd.
const ENTER_SERVICES: &str = r#"mkdir -p "$files/own"; mount -t tmpfs tmpfs "$files/own"
for name in etc usr/local; do
  mkdir -p "$files/own/$name/upper" "$files/own/$name/work"
  mount -t overlay overlay -o "lowerdir=/$name,upperdir=$files/own/$name/upper,workdir=$files/own/$name/work" "/$name"
done
mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/system
"#;

/// `exec` keeps the process id.
const ENTER_LAST: &str = r#"PATH="$files/bin:$PATH"; export PATH; exec "$@""#;

/// What the firmware says; one value that stands for nothing.
const FIRMWARE: &[(&str, &str)] = &[
    ("bios_date", "03/07/2024"),
    ("bios_vendor", "Stand-in BIOS"),
    ("bios_version", "1.2"),
    ("board_name", "Board 5"),
    ("board_serial", "B-77"),
    ("board_vendor", "Stand-in"),
    ("board_version", "None"),
    ("chassis_type", "3"),
    ("chassis_version", "To Be Filled By O.E.M."),
    ("modalias", "dmi:bvnStandIn"),
    ("product_name", "Stand-in 3000"),
    ("product_serial", "P-1"),
    ("product_uuid", "11223344-5566-7788-99aa-bbccddeeff00"),
    ("sys_vendor", "Stand-in"),
];

const PROGRAMS: &[(&str, &str)] = &[
    ("systemctl", "#!/bin/sh\nexit 0\n"),
    (
        "dmidecode",
        // As `-t memory` says it, and as `-u` dumps the tables: one processor, one memory bank.
        concat!(
            "#!/bin/sh\n[ \"$1\" = -u ] || cat <<'END'\n",
            include_str!("stand_in/memory.txt"),
            "END\n[ \"$1\" != -u ] || cat <<'END'\n",
            include_str!("stand_in/smbios.txt"),
            "END\n",
        ),
    ),
    (
        "lspci",
        "#!/bin/sh
if [ \"$1\" = -m ]; then
  echo '00:00.0 \"Host bridge\" \"Stand-in\" \"Bridge 1\" -r02 \"Below\" \"Part\"'
  echo '00:02.0 \"VGA compatible controller\" \"Stand-in\" \"Graphics 9\" \"\" \"\"'
else
  echo '00:00.0 Host bridge: Stand-in Bridge 1 (rev 02)'
  echo '00:02.0 VGA compatible controller: Stand-in Graphics 9'
fi
",
    ),
    (
        "usb-devices",
        "#!/bin/sh
cat <<'END'

T:  Bus=01 Lev=00 Prnt=00 Port=00 Cnt=00 Dev#=1 Spd=480 MxCh= 1
D:  Ver= 2.00 Cls=09(hub  ) Sub=00 Prot=01 MxPS=64 #Cfgs=1
S:  Manufacturer=Linux
S:  Product=Host Controller
C:  #Ifs= 1 Cfg#= 1 Atr=e0 MxPwr=0mA

END
",
    ),
    (
        "lshw",
        "#!/bin/sh
cat <<'END'
  *-disk
       description: ATA Disk
       product: STANDIN 100
       physical id: 0
       size: 100GiB (107GB)
END
",
    ),
];
