//! The capability word of AuthInfo (agent-channel spec 3.2).

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// What an agent says it can do, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// Nothing.
    pub const NONE: Capabilities = Capabilities(0);
    /// Remote desktop.
    pub const DESKTOP: Capabilities = Capabilities(0x01);
    /// Remote terminal.
    pub const TERMINAL: Capabilities = Capabilities(0x02);
    /// File transfer.
    pub const FILES: Capabilities = Capabilities(0x04);
    /// A console for operators.
    pub const CONSOLE: Capabilities = Capabilities(0x08);
    /// Runs a JavaScript core; decides whether the server manages one.
    pub const JAVASCRIPT: Capabilities = Capabilities(0x10);
    /// The device is deleted on the server when it disconnects.
    pub const TEMPORARY: Capabilities = Capabilities(0x20);
    /// A recovery agent: reduced sequence after authentication.
    pub const RECOVERY: Capabilities = Capabilities(0x40);
    /// Takes zipped programs and a deflated core.
    pub const COMPRESSION: Capabilities = Capabilities(0x100);

    /// True if every bit of `other` is set.
    pub const fn contains(self, other: Capabilities) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Capabilities {
    type Output = Capabilities;

    fn bitor(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 | other.0)
    }
}

impl BitOrAssign for Capabilities {
    fn bitor_assign(&mut self, other: Capabilities) {
        self.0 |= other.0;
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut separator = "";
        for (bit, name) in NAMES {
            if self.contains(*bit) {
                write!(f, "{separator}{name}")?;
                separator = ",";
                rest &= !bit.0;
            }
        }
        match (rest, separator) {
            (0, "") => f.write_str("none"),
            (0, _) => Ok(()),
            _ => write!(f, "{separator}{rest:#x}"),
        }
    }
}

const NAMES: &[(Capabilities, &str)] = &[
    (Capabilities::DESKTOP, "desktop"),
    (Capabilities::TERMINAL, "terminal"),
    (Capabilities::FILES, "files"),
    (Capabilities::CONSOLE, "console"),
    (Capabilities::JAVASCRIPT, "javascript"),
    (Capabilities::TEMPORARY, "temporary"),
    (Capabilities::RECOVERY, "recovery"),
    (Capabilities::COMPRESSION, "compression"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_real_agents_read_well() {
        assert_eq!(Capabilities(0x118).to_string(), "console,javascript,compression");
        assert_eq!(Capabilities(0x138).to_string(), "console,javascript,temporary,compression");
        assert_eq!(Capabilities::NONE.to_string(), "none");
        assert_eq!(Capabilities(0x8000_0001).to_string(), "desktop,0x80000000");
        assert_eq!(Capabilities(0x200).to_string(), "0x200");
    }

    #[test]
    fn contains_asks_for_every_bit() {
        let both = Capabilities::CONSOLE | Capabilities::JAVASCRIPT;
        assert!(Capabilities(0x118).contains(both));
        assert!(!Capabilities::CONSOLE.contains(both));
    }
}
