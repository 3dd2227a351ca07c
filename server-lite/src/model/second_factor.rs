//! The second factor of an account, as it is stored.

use serde::{Deserialize, Serialize};

/// A confirmed authenticator program, and codes for the day it is lost.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The shared secret, hexadecimal.
    pub secret: String,
    /// Number of the last time step whose code was used: no code is good twice (RFC 6238 section 5.2).
    pub last_step: u64,
    /// SHA-384 of each recovery code left, hexadecimal. A used one is gone.
    pub recovery: Vec<String>,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor")
            .field("recovery codes left", &self.recovery.len())
            .finish_non_exhaustive()
    }
}
