//! The two hellos as bytes. Tables: `docs/secure-sessions.md`.

use crate::error::HelloError;
use crate::keys::{POINT_LEN, Resumption, SECRET_LEN};

/// The version we speak.
pub const VERSION: u8 = 1;
/// Largest tunnel id in bytes.
pub const MAX_TUNNEL_ID: usize = 128;
/// Largest user id in bytes.
pub const MAX_USER_ID: usize = 255;

/// The name of a session on its device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub [u8; 16]);

/// What a client says first on each link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Protocol number of the session: 1 terminal, 2 desktop, 5 files.
    pub protocol: u16,
    /// The client's point for this link.
    pub point: [u8; POINT_LEN],
    /// Random.
    pub nonce: [u8; 32],
    /// Node id of the device that is meant.
    pub node: [u8; 48],
    /// The tunnel's id in the relay.
    pub tunnel: String,
    /// Which session goes on; `None` for a new one.
    pub resume: Option<Resume>,
}

/// The part of a [`ClientHello`] that goes on with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The session.
    pub session: SessionId,
    /// Number of the next record that the client expects.
    pub received: u64,
    /// Knowledge of the session's key.
    pub proof: [u8; SECRET_LEN],
}

impl ClientHello {
    /// Writes the hello. With `resumption` the proof is made and put in, in place of the one in `resume`.
    pub fn emit(&self, resumption: Option<&Resumption>) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.resume.is_some())];
        out.extend_from_slice(&self.protocol.to_be_bytes());
        out.extend_from_slice(&self.point);
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.node);
        short_text(&mut out, &self.tunnel, MAX_TUNNEL_ID);
        if let Some(resume) = &self.resume {
            out.extend_from_slice(&resume.session.0);
            out.extend_from_slice(&resume.received.to_be_bytes());
            let proof = resumption.map_or(resume.proof, |key| key.client_proof(&out));
            out.extend_from_slice(&proof);
        }
        out
    }

    /// Reads a hello.
    ///
    /// # Errors
    /// [`HelloError`] when it has another version or another form.
    pub fn parse(bytes: &[u8]) -> Result<ClientHello, HelloError> {
        let mut cut = Cut { rest: bytes };
        let kind = cut.start()?;
        let protocol = u16::from_be_bytes(cut.take()?);
        let (point, nonce, node) = (cut.take()?, cut.take()?, cut.take()?);
        let tunnel = cut.text(MAX_TUNNEL_ID)?;
        let resume = match kind {
            0 => None,
            _ => Some(Resume {
                session: SessionId(cut.take()?),
                received: u64::from_be_bytes(cut.take()?),
                proof: cut.take()?,
            }),
        };
        cut.end()?;
        Ok(ClientHello { protocol, point, nonce, node, tunnel, resume })
    }

    /// The bytes that the proof in a resuming hello covers.
    pub fn proven(bytes: &[u8]) -> &[u8] {
        &bytes[..bytes.len().saturating_sub(SECRET_LEN)]
    }
}

/// What a device answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceHello {
    /// Whether a session goes on.
    pub resumed: bool,
    /// The device's point for this link.
    pub point: [u8; POINT_LEN],
    /// Random.
    pub nonce: [u8; 32],
    /// The session.
    pub session: SessionId,
    /// Number of the next record that the device expects.
    pub received: u64,
    /// For how long the device keeps a session without a link.
    pub kept_s: u16,
    /// Rights of the user, as the device was told.
    pub rights: u32,
    /// Id of the user, as the device was told.
    pub user: String,
}

impl DeviceHello {
    /// Writes the hello.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.resumed)];
        out.extend_from_slice(&self.point);
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.session.0);
        out.extend_from_slice(&self.received.to_be_bytes());
        out.extend_from_slice(&self.kept_s.to_be_bytes());
        out.extend_from_slice(&self.rights.to_be_bytes());
        short_text(&mut out, &self.user, MAX_USER_ID);
        out
    }

    /// Reads a hello.
    ///
    /// # Errors
    /// [`HelloError`] when it has another version or another form.
    pub fn parse(bytes: &[u8]) -> Result<DeviceHello, HelloError> {
        let mut cut = Cut { rest: bytes };
        let resumed = cut.start()? == 1;
        let (point, nonce) = (cut.take()?, cut.take()?);
        let session = SessionId(cut.take()?);
        let received = u64::from_be_bytes(cut.take()?);
        let kept_s = u16::from_be_bytes(cut.take()?);
        let rights = u32::from_be_bytes(cut.take()?);
        let user = cut.text(MAX_USER_ID)?;
        cut.end()?;
        Ok(DeviceHello { resumed, point, nonce, session, received, kept_s, rights, user })
    }
}

/// Writes a text behind its length. Longer texts were refused where they came in.
fn short_text(out: &mut Vec<u8>, text: &str, most: usize) {
    assert!(text.len() <= most, "checked by whoever made the hello");
    out.push(text.len() as u8);
    out.extend_from_slice(text.as_bytes());
}

struct Cut<'a> {
    rest: &'a [u8],
}

impl<'a> Cut<'a> {
    /// Version and kind.
    fn start(&mut self) -> Result<u8, HelloError> {
        let [version, kind] = self.take()?;
        match (version, kind) {
            (VERSION, 0 | 1) => Ok(kind),
            (VERSION, _) => Err(HelloError::Form("its kind is neither 0 nor 1")),
            (version, _) => Err(HelloError::Version(version)),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], HelloError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(HelloError::Form("it is too short"))?;
        self.rest = rest;
        Ok(*head)
    }

    fn text(&mut self, most: usize) -> Result<String, HelloError> {
        let [length] = self.take()?;
        let length = usize::from(length);
        if length > most || length > self.rest.len() {
            return Err(HelloError::Form("a text in it is too long"));
        }
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        match std::str::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(HelloError::Form("a text in it is no UTF-8")),
        }
    }

    fn end(&self) -> Result<(), HelloError> {
        if self.rest.is_empty() { Ok(()) } else { Err(HelloError::Form("bytes follow it")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> (ClientHello, DeviceHello) {
        let client = ClientHello {
            protocol: 5,
            point: [4; POINT_LEN],
            nonce: [5; 32],
            node: [6; 48],
            tunnel: "abc".into(),
            resume: Some(Resume { session: SessionId([7; 16]), received: 8, proof: [9; 48] }),
        };
        let device = DeviceHello {
            resumed: false,
            point: [4; POINT_LEN],
            nonce: [5; 32],
            session: SessionId([7; 16]),
            received: 1 << 40,
            kept_s: 120,
            rights: 0xFFFF_FFFF,
            user: "user//ä".into(),
        };
        (client, device)
    }

    #[test]
    fn emit_is_the_inverse_of_parse() {
        let (client, device) = samples();
        assert_eq!(ClientHello::parse(&client.emit(None)), Ok(client.clone()));
        assert_eq!(DeviceHello::parse(&device.emit()), Ok(device));
        let new = ClientHello { resume: None, ..client };
        assert_eq!(ClientHello::parse(&new.emit(None)), Ok(new.clone()));
        assert_eq!(new.emit(None).len(), 150 + 3, "the table of the documentation");
    }

    #[test]
    fn every_cut_and_every_addition_is_refused() {
        let (client, device) = samples();
        for whole in [client.emit(None), ClientHello { resume: None, ..client }.emit(None)] {
            for cut in 0..whole.len() {
                assert!(ClientHello::parse(&whole[..cut]).is_err(), "cut at {cut}");
            }
            assert!(ClientHello::parse(&[&whole[..], &[0]].concat()).is_err());
        }
        let whole = device.emit();
        for cut in 0..whole.len() {
            assert!(DeviceHello::parse(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(DeviceHello::parse(&[&[2], &whole[1..]].concat()), Err(HelloError::Version(2)));
    }
}
