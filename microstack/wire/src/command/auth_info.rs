//! Command 3: what an agent says about itself (agent-channel spec 3.2).

use super::reader::{Reader, cut, lenient_text};
use crate::{Capabilities, MeshId, WireError};

/// The self-description an agent sends once the server has proved itself.
///
/// Nothing in it is proof of anything: whoever knows a [`MeshId`] may name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthInfo {
    /// Version of this layout, 1.
    pub info_version: u32,
    /// Number of the [agent type](crate::agent_type).
    pub agent_type: u32,
    /// Version of the agent; real agents send 0.
    pub agent_version: u32,
    /// Kind of machine; becomes the icon.
    pub platform: Platform,
    /// The group the agent wants to be in.
    pub mesh: MeshId,
    /// What the agent can do.
    pub capabilities: Capabilities,
    /// Computer name, at most [`AuthInfo::MAX_NAME`] bytes.
    pub name: String,
}

impl AuthInfo {
    /// Cap on the computer name in bytes. Host names have 255 at most.
    pub const MAX_NAME: usize = 1024;

    /// Reads the message; the name may be absent, and bytes behind it are ignored as real servers do.
    ///
    /// # Errors
    /// [`WireError::Truncated`] below 70 bytes or inside the name, [`WireError::FieldTooLong`] for the name.
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<AuthInfo, WireError> {
        reader.at_least(70)?;
        let info_version = reader.u32()?;
        let agent_type = reader.u32()?;
        let agent_version = reader.u32()?;
        let platform = Platform::from_number(reader.u32()?);
        let mesh = MeshId(reader.array()?);
        let capabilities = Capabilities(reader.u32()?);
        let name = match reader.len() {
            70 => "".into(),
            _ => {
                let length = usize::from(reader.u16()?);
                let bytes = reader.take(length)?;
                lenient_text(reader.capped(bytes, "computer name", AuthInfo::MAX_NAME)?, AuthInfo::MAX_NAME)
            }
        };
        Ok(AuthInfo {
            info_version,
            agent_type,
            agent_version,
            platform,
            mesh,
            capabilities,
            name: name.into_owned(),
        })
    }

    /// Appends the fields behind the command number; a name over the cap is cut between two characters.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        let name = cut(&self.name, AuthInfo::MAX_NAME);
        for field in [self.info_version, self.agent_type, self.agent_version, self.platform as u32] {
            out.extend_from_slice(&field.to_be_bytes());
        }
        out.extend_from_slice(&self.mesh.0);
        out.extend_from_slice(&self.capabilities.0.to_be_bytes());
        // `cut` keeps it at 1024 bytes or fewer.
        out.extend_from_slice(&(name.len() as u16).to_be_bytes());
        out.extend_from_slice(name.as_bytes());
    }
}

/// Kind of machine; shown as the device's icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u32)]
pub enum Platform {
    #[default]
    Desktop = 1,
    Laptop = 2,
    Mobile = 3,
    Server = 4,
    Disk = 5,
    Router = 6,
    RaspberryPi = 7,
    VirtualMachine = 8,
}

impl Platform {
    /// Reads the number on the wire; numbers outside 1 to 8 count as a desktop.
    pub const fn from_number(number: u32) -> Platform {
        match number {
            2 => Platform::Laptop,
            3 => Platform::Mobile,
            4 => Platform::Server,
            5 => Platform::Disk,
            6 => Platform::Router,
            7 => Platform::RaspberryPi,
            8 => Platform::VirtualMachine,
            _ => Platform::Desktop,
        }
    }

    /// The number on the wire.
    pub const fn number(self) -> u32 {
        self as u32
    }
}
