//! Rights of users over groups, and of users over the site (user-channel specification 4).
//!
//! A device has the rights of its group. There is no right that a user has merely by being signed in.

/// Everything, as JSON carries it: 4294967295.
pub const ALL: u32 = 0xFFFF_FFFF;
/// Change the group itself.
pub const EDIT_GROUP: u32 = 0x01;
/// Add and remove members of the group.
pub const MANAGE_USERS: u32 = 0x02;
/// Rename, move and remove devices.
pub const MANAGE_DEVICES: u32 = 0x04;
/// Remote control: terminal, desktop, files, and messages to the device.
pub const REMOTE_CONTROL: u32 = 0x08;
/// The agent's own console, cores included.
pub const AGENT_CONSOLE: u32 = 0x10;
/// Wake sleeping devices.
pub const WAKE: u32 = 0x40;
/// Write notes about devices and the group.
pub const NOTES: u32 = 0x80;
/// Look at the desktop without control.
pub const VIEW_ONLY: u32 = 0x100;
/// Show messages on the device.
pub const CHAT: u32 = 0x4000;
/// Restriction: no terminals. Restrictions mean nothing in [`ALL`].
pub const NO_TERMINAL: u32 = 0x200;
/// Restriction: no files.
pub const NO_FILES: u32 = 0x400;
/// Restriction: no desktop.
pub const NO_DESKTOP: u32 = 0x1_0000;
/// Run commands on the device.
pub const RUN_COMMANDS: u32 = 0x2_0000;
/// Switch the device off, restart it, send it to sleep.
pub const POWER: u32 = 0x4_0000;
/// See hardware, network and connection details.
pub const DETAILS: u32 = 0x10_0000;

/// Relay TCP and UDP ports, without remote control.
pub const RELAY: u32 = 0x20_0000;

/// Site rights that allow everything.
pub const SITE_ALL: u32 = 0xFFFF_FFFF;
/// Site right: manage users.
pub const SITE_USERS: u32 = 0x02;
/// Site right: manage groups of users.
pub const SITE_USER_GROUPS: u32 = 0x100;
/// Site restriction: may not sign in at all.
pub const SITE_LOCKED: u32 = 0x20;
/// Site restriction: may not change one's own account.
pub const SITE_LOCK_SETTINGS: u32 = 0x400;
/// Site restriction: may not make groups.
pub const SITE_NO_NEW_GROUPS: u32 = 0x40;
/// Site restriction: may not use command-line tools.
pub const SITE_NO_TOOLS: u32 = 0x80;

/// Site bits that take away instead of giving.
pub const SITE_RESTRICTIONS: u32 =
    SITE_LOCKED | SITE_NO_NEW_GROUPS | SITE_NO_TOOLS | SITE_LOCK_SETTINGS | 0x1000;

/// True when `rights` has every bit of `wanted`.
pub const fn has(rights: u32, wanted: u32) -> bool {
    rights & wanted == wanted
}

/// True for a user who may do everything on the site; restrictions do not apply to such a user.
pub const fn is_site_admin(site: u32) -> bool {
    site == SITE_ALL
}
