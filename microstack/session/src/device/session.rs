//! One session on a device.

use std::time::Instant;

use super::limits::Context;
use crate::keys::Resumption;
use crate::seal::{Opener, Sealer};
use crate::stream::Stream;

/// What the device keeps of a session.
pub struct Session {
    pub user: String,
    pub rights: u32,
    pub protocol: u16,
    pub resumption: Resumption,
    pub stream: Stream,
    /// The link's number and its keys.
    pub link: Option<(u64, Sealer, Opener)>,
    pub phase: Phase,
    /// Whether it stands in the queue of those that have something to do.
    pub is_ready: bool,
}

/// How far a session is.
#[derive(Clone, Copy)]
pub enum Phase {
    /// The client has not shown yet that it has the keys.
    Unproved { until: Instant },
    /// It has a link.
    Live,
    /// It has none.
    Parked { until: Instant },
    /// The end is under way to the client, with or without a link.
    Closing { until: Instant },
}

impl Phase {
    /// When the session ends by itself.
    pub fn until(&self) -> Option<Instant> {
        match self {
            Phase::Live => None,
            Phase::Unproved { until } | Phase::Parked { until } | Phase::Closing { until } => Some(*until),
        }
    }
}

impl Session {
    /// A session that waits for the client's first record. The owner sets link and deadline.
    pub fn new(context: Context, protocol: u16, resumption: Resumption) -> Session {
        Session {
            user: context.user,
            rights: context.rights,
            protocol,
            resumption,
            stream: Stream::default(),
            link: None,
            phase: Phase::Live,
            is_ready: false,
        }
    }

    /// There is word of the client or of its link: an end that is under way has its time anew.
    pub fn extend_closing(&mut self, until: Instant) {
        if let Phase::Closing { until: end } = &mut self.phase {
            *end = until;
        }
    }
}
