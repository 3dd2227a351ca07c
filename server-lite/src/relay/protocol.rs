//! Kinds of sessions, and the rights each of them needs (relay specification 1.1 and 5).

use crate::model::rights;

/// What a tunnel to a device leads to instead of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A TCP port, as the device reaches it.
    Tcp {
        /// Host name or address; none means the device itself.
        host: Option<String>,
        /// The port.
        port: u16,
    },
    /// A UDP port, as the device reaches it.
    Udp {
        /// Host name or address; none means the device itself.
        host: Option<String>,
        /// The port.
        port: u16,
    },
}

/// Why a user with these rights may not have this kind of session; `None` when he may.
///
/// Full rights are compared for equality: the restricting bits are set in them and mean nothing there.
pub fn forbidden(protocol: Option<u16>, target: Option<&Target>, own: u32) -> Option<&'static str> {
    let is = |bit: u32| own & bit != 0;
    let full = own == rights::ALL;
    if target.is_some() {
        let may = is(rights::REMOTE_CONTROL | rights::RELAY);
        return (!may).then_some("relaying ports needs the right of remote control or of relaying");
    }
    let needs_control = (!is(rights::REMOTE_CONTROL)).then_some("this needs the right of remote control");
    match protocol {
        Some(1 | 6 | 8 | 9) => needs_control
            .or((is(rights::NO_TERMINAL) && !full).then_some("terminals are not allowed to this user")),
        Some(2) => (!is(rights::REMOTE_CONTROL | rights::VIEW_ONLY))
            .then_some("the desktop needs the right of remote control or of viewing")
            .or((is(rights::NO_DESKTOP) && !full).then_some("the desktop is not allowed to this user")),
        Some(4 | 5 | 10) => {
            needs_control.or((is(rights::NO_FILES) && !full).then_some("files are not allowed to this user"))
        }
        Some(7) => needs_control,
        Some(_) => Some("this server has no sessions of this kind"),
        // Which kind it becomes is only said to the agent, so that no restriction may be left.
        None => needs_control.or((own & RESTRICTIONS != 0 && !full)
            .then_some("a tunnel without a protocol needs rights without restrictions")),
    }
}

/// The protocol numbers that a user with these rights may use: agents refuse others.
pub fn allowed(own: u32) -> Vec<u16> {
    (1..=10).filter(|number| forbidden(Some(*number), None, own).is_none()).collect()
}

const RESTRICTIONS: u32 = rights::NO_TERMINAL | rights::NO_FILES | rights::NO_DESKTOP;

#[cfg(test)]
mod tests {
    use super::*;

    fn may(protocol: u16, own: u32) -> bool {
        forbidden(Some(protocol), None, own).is_none()
    }

    #[test]
    fn each_kind_needs_its_rights() {
        for protocol in [1, 6, 8, 9] {
            assert!(may(protocol, 0x08) && !may(protocol, 0x208) && !may(protocol, 0x100));
        }
        assert!(may(2, 0x08) && may(2, 0x100) && !may(2, 0x10008) && !may(2, 0x400));
        for protocol in [4, 5, 10] {
            assert!(may(protocol, 0x08) && !may(protocol, 0x408) && !may(protocol, 0));
        }
        assert!(may(7, 0x08) && !may(7, 0));
        for protocol in [0, 3, 11, 12, 13, 14, 100, 101, 200] {
            assert!(!may(protocol, rights::ALL), "{protocol}");
        }
    }

    #[test]
    fn full_rights_are_an_equality() {
        assert!(allowed(rights::ALL).len() == 9);
        assert!(!may(1, 0xFFFF_FFFE) && !may(5, 0xFFFF_FFFE) && !may(2, 0xFFFF_FFFE));
        assert_eq!(allowed(0x208), [2, 4, 5, 7, 10]);
        assert_eq!(allowed(0x100), [2]);
    }

    #[test]
    fn ports_need_control_or_the_right_to_relay() {
        let target = Target::Tcp { host: None, port: 22 };
        let may = |own| forbidden(Some(1), Some(&target), own).is_none();
        assert!(may(0x08) && may(0x20_0000) && may(0x608) && !may(0x100) && !may(0));
    }

    #[test]
    fn a_tunnel_that_hides_its_kind_needs_unrestricted_rights() {
        assert!(forbidden(None, None, 0x08).is_none() && forbidden(None, None, rights::ALL).is_none());
        assert!(forbidden(None, None, 0x408).is_some() && forbidden(None, None, 0x100).is_some());
    }
}
