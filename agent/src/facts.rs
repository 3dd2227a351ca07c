//! What the agent says of the machine: name, kind, system, processor.

use std::fs;

use microstack::wire::Platform;

/// The agent's number in the server's table of types (agent-channel specification 3.2).
pub const fn agent_type() -> u32 {
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        6
    } else if cfg!(all(target_arch = "x86", target_os = "linux")) {
        5
    } else if cfg!(target_arch = "aarch64") {
        26
    } else if cfg!(all(target_arch = "arm", target_abi = "eabihf")) {
        25
    } else if cfg!(target_arch = "riscv64") {
        45
    } else {
        9
    }
}

/// The machine's name as the kernel has it.
pub fn computer_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().into_owned();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

/// The system's name and processor, such as `Debian GNU/Linux 12 (bookworm) - x64`.
pub fn host_info() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map(|value| value.trim_matches(['"', '\'']).to_owned())
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| "Linux".to_owned());
    format!("{name} - {}", processor())
}

/// What kind of machine this is; the server shows it as an icon.
pub fn platform() -> Platform {
    let dmi = |name: &str| fs::read_to_string(format!("/sys/class/dmi/id/{name}")).unwrap_or_default();
    let model = fs::read_to_string("/proc/device-tree/model").unwrap_or_default();
    let cpu_flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let is_virtual = cpu_flags
        .lines()
        .find(|line| line.starts_with("flags"))
        .is_some_and(|line| line.contains(" hypervisor"));
    platform_of(&model, is_virtual, dmi("chassis_type").trim())
}

fn platform_of(model: &str, is_virtual: bool, chassis: &str) -> Platform {
    if model.contains("Raspberry Pi") {
        return Platform::RaspberryPi;
    }
    if is_virtual {
        return Platform::VirtualMachine;
    }
    // SMBIOS 3.2, system enclosure types.
    match chassis {
        "8" | "9" | "10" | "14" | "30" | "31" | "32" => Platform::Laptop,
        "17" | "23" | "28" | "29" => Platform::Server,
        _ => Platform::Desktop,
    }
}

const fn processor() -> &'static str {
    if cfg!(target_arch = "x86_64") {
        "x64"
    } else if cfg!(target_arch = "x86") {
        "x86"
    } else if cfg!(target_arch = "aarch64") {
        "ARM64"
    } else if cfg!(target_arch = "arm") {
        "ARM"
    } else {
        std::env::consts::ARCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_apart() {
        assert_eq!(platform_of("Raspberry Pi 4 Model B", false, ""), Platform::RaspberryPi);
        assert_eq!(platform_of("", true, "10"), Platform::VirtualMachine);
        assert_eq!(platform_of("", false, "10"), Platform::Laptop);
        assert_eq!(platform_of("", false, "23"), Platform::Server);
        assert_eq!(platform_of("", false, ""), Platform::Desktop);
    }

    #[test]
    fn this_machine_has_a_name_and_a_system() {
        assert!(!computer_name().is_empty());
        assert!(host_info().contains(" - "));
    }
}
