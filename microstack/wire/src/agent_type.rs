//! The numbers by which agents say what they are built for (agent-channel spec 3.2).
//!
//! A server chooses the program, the core and the update rule by this number. [`LINUX_X86_64`] is the true number of
//! this project's first agent; it must answer the program query with zeros, or a server replaces it by its own.

/// One agent type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentType {
    /// The number on the wire.
    pub number: u32,
    /// Name for people.
    pub name: &'static str,
    /// Operating system.
    pub os: Os,
    /// Processor family.
    pub arch: &'static str,
    /// Which core a server gives it.
    pub core: CoreFamily,
    /// Whether servers offer it a newer program.
    pub updates: bool,
}

/// Operating system of an agent type.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Os {
    Windows,
    Linux,
    MacOs,
    FreeBsd,
    OpenBsd,
    Android,
    ChromeOs,
    NodeJs,
}

/// The core of the real server an agent type is given.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoreFamily {
    /// `windows-amt`
    WindowsAmt,
    /// `linux-amt`
    LinuxAmt,
    /// `linux-noamt`
    LinuxNoAmt,
    /// None: the agent brings its own.
    None,
}

impl CoreFamily {
    /// The name the real server uses.
    pub const fn name(self) -> &'static str {
        match self {
            CoreFamily::WindowsAmt => "windows-amt",
            CoreFamily::LinuxAmt => "linux-amt",
            CoreFamily::LinuxNoAmt => "linux-noamt",
            CoreFamily::None => "none",
        }
    }
}

/// Linux on x86-64.
pub const LINUX_X86_64: u32 = 6;
/// Linux on 64-bit ARM.
pub const LINUX_ARM64: u32 = 26;

/// The type with this number; none for numbers no device has, among them 0 and those that only name downloads.
pub fn lookup(number: u32) -> Option<&'static AgentType> {
    TABLE.binary_search_by_key(&number, |entry| entry.number).ok().map(|index| &TABLE[index])
}

/// Every type, by rising number.
pub fn all() -> &'static [AgentType] {
    TABLE
}

const fn entry(number: u32, name: &'static str, os: Os, arch: &'static str, core: CoreFamily) -> AgentType {
    // Phones, browsers and foreign runtimes are updated by their own means.
    let updates = !matches!(os, Os::Android | Os::ChromeOs | Os::NodeJs) && number != 34;
    AgentType { number, name, os, arch, core, updates }
}

const TABLE: &[AgentType] = {
    use CoreFamily::{LinuxAmt, LinuxNoAmt, WindowsAmt};
    use Os::{Android, ChromeOs, FreeBsd, Linux, MacOs, NodeJs, OpenBsd, Windows};
    &[
        entry(1, "Windows x86 console", Windows, "x86", WindowsAmt),
        entry(2, "Windows x64 console", Windows, "x86-64", WindowsAmt),
        entry(3, "Windows x86 service", Windows, "x86", WindowsAmt),
        entry(4, "Windows x64 service", Windows, "x86-64", WindowsAmt),
        entry(5, "Linux x86", Linux, "x86", LinuxAmt),
        entry(6, "Linux x86-64", Linux, "x86-64", LinuxAmt),
        entry(7, "Linux MIPS", Linux, "mips", LinuxNoAmt),
        entry(8, "Linux Xen", Linux, "x86-64", LinuxAmt),
        entry(9, "Linux ARM5", Linux, "arm", LinuxNoAmt),
        entry(10, "Linux ARM PlugPC", Linux, "arm", LinuxNoAmt),
        entry(11, "macOS x86", MacOs, "x86", LinuxNoAmt),
        entry(12, "Android x86", Android, "x86", LinuxNoAmt),
        entry(13, "Linux ARM PogoPlug", Linux, "arm", LinuxNoAmt),
        entry(14, "Android", Android, "arm", LinuxNoAmt),
        entry(15, "Linux Poky x86", Linux, "x86", LinuxNoAmt),
        entry(16, "macOS x86-64", MacOs, "x86-64", LinuxNoAmt),
        entry(17, "ChromeOS", ChromeOs, "x86-64", LinuxNoAmt),
        entry(18, "Linux Poky x86-64", Linux, "x86-64", LinuxNoAmt),
        entry(19, "Linux x86 without desktop", Linux, "x86", LinuxAmt),
        entry(20, "Linux x86-64 without desktop", Linux, "x86-64", LinuxAmt),
        entry(21, "Windows MinCore x86 console", Windows, "x86", WindowsAmt),
        entry(22, "Windows MinCore x86 service", Windows, "x86", WindowsAmt),
        entry(23, "Node.js", NodeJs, "any", CoreFamily::None),
        entry(24, "Linux ARM Linaro", Linux, "arm", LinuxNoAmt),
        entry(25, "Linux ARM hard float", Linux, "armhf", LinuxNoAmt),
        entry(26, "Linux ARM64", Linux, "arm64", LinuxNoAmt),
        entry(27, "Linux ARM hard float (old Raspbian)", Linux, "armhf", LinuxNoAmt),
        entry(28, "Linux MIPS24KC (OpenWRT)", Linux, "mips", LinuxNoAmt),
        entry(29, "macOS ARM64", MacOs, "arm64", LinuxNoAmt),
        entry(30, "FreeBSD x86-64", FreeBsd, "x86-64", LinuxNoAmt),
        entry(32, "Linux ARM64", Linux, "arm64", LinuxNoAmt),
        entry(33, "OpenWRT x86-64", Linux, "x86-64", LinuxNoAmt),
        entry(34, "Assistant (Windows)", Windows, "x86", LinuxNoAmt),
        entry(35, "Linux Armada370", Linux, "armhf", LinuxNoAmt),
        entry(36, "OpenWRT x86-64", Linux, "x86-64", LinuxNoAmt),
        entry(37, "OpenBSD x86-64", OpenBsd, "x86-64", LinuxNoAmt),
        entry(40, "Linux MIPSEL24KC (OpenWRT)", Linux, "mipsel", LinuxNoAmt),
        entry(41, "Linux Cortex-A53 (OpenWRT)", Linux, "arm64", LinuxNoAmt),
        entry(42, "Windows ARM64 console", Windows, "arm64", WindowsAmt),
        entry(43, "Windows ARM64 service", Windows, "arm64", WindowsAmt),
        entry(45, "Linux RISC-V 64", Linux, "riscv64", LinuxNoAmt),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_look_up_finds_every_entry() {
        for entry in all() {
            assert_eq!(lookup(entry.number), Some(entry));
        }
    }

    #[test]
    fn numbers_no_device_has_are_unknown() {
        for number in [0, 31, 38, 39, 44, 46, 10003, 10006, 11000, u32::MAX] {
            assert_eq!(lookup(number), None);
        }
    }

    #[test]
    fn the_cores_the_specification_names() {
        for number in [5, 6, 8, 19, 20] {
            assert_eq!(lookup(number).unwrap().core.name(), "linux-amt");
        }
        for number in [1, 2, 3, 4, 21, 22, 42, 43] {
            assert_eq!(lookup(number).unwrap().core.name(), "windows-amt");
        }
        assert_eq!(lookup(LINUX_ARM64).unwrap().core.name(), "linux-noamt");
        assert_eq!(lookup(23).unwrap().core, CoreFamily::None);
        assert!(lookup(LINUX_X86_64).unwrap().updates && !lookup(34).unwrap().updates);
    }
}
