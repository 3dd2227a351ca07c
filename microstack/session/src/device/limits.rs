//! What a device's sessions may take, and what the device is told with a link.

use std::time::Duration;

/// Bounds of a device.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Sessions with and without a link.
    pub sessions: usize,
    /// Sessions without a link; when one more comes, the oldest ends.
    pub parked: usize,
    /// For how long a session is kept without a link.
    pub kept: Duration,
    /// For how long a handshake may take.
    pub handshake: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { sessions: 32, parked: 8, kept: Duration::from_secs(120), handshake: Duration::from_secs(20) }
    }
}

/// What the server told the device with the tunnel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The tunnel's id.
    pub tunnel: String,
    /// Id of the user. Longer ones than 255 bytes are cut.
    pub user: String,
    /// The user's rights.
    pub rights: u32,
}

impl Context {
    /// A context with its texts cut to what a hello can hold.
    pub fn new(tunnel: &str, user: &str, rights: u32) -> Context {
        let mut end = user.len().min(crate::hello::MAX_USER_ID);
        while !user.is_char_boundary(end) {
            end -= 1;
        }
        Context { tunnel: tunnel.to_owned(), user: user[..end].to_owned(), rights }
    }
}

/// Random numbers for one handshake. Each must be fresh and from a generator fit for keys.
#[derive(Clone)]
pub struct DeviceRandom {
    /// For the key of the link.
    pub key: [u8; 32],
    /// For the nonce.
    pub nonce: [u8; 32],
    /// The name of a new session.
    pub session: [u8; 16],
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The client.
    Client,
    /// The device.
    Device,
    /// Nobody came back.
    Time,
    /// The client broke the protocol.
    Error,
}
