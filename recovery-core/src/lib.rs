//! The decisions that must never fail: what a crash was, which core is to blame, when a worker starts again.
//!
//! * [`marker`]: the record a worker leaves behind of what it was doing, readable after any death.
//! * [`history`]: failures, quarantines and good cores of the recent past, in one small checksummed file.
//! * [`quarantine`]: the rule that sends a failing core away for the last good one.
//! * [`restart`]: what a supervisor does when its worker has ended.
//!
//! Everything here is a value or a sans-I/O machine: time and bytes come in, decisions go out. Parsers accept any
//! bytes without a panic, because they read what a dying process wrote.
//!
//! **What it is not:** it opens no file, starts no process and contains no engine and no TLS. The supervisor of the
//! agent does the first two; nothing here needs the last two. Replacing the program file itself is not here yet.
//!
//! ```
//! use microstack_wire::id::CoreHash;
//! use recovery_core::history::{Failure, FailureReason, History};
//! use recovery_core::quarantine::{Policy, Verdict};
//!
//! let (core, policy) = (CoreHash([7; 48]), Policy::default());
//! let mut history = History::default();
//! for at_unix_s in [1_000, 1_010, 1_020] {
//!     assert_eq!(policy.verdict(&history, core, at_unix_s), Verdict::Run);
//!     policy.record(&mut history, Failure { core, at_unix_s, reason: FailureReason::Hang });
//! }
//! assert!(matches!(policy.verdict(&history, core, 1_021), Verdict::Quarantined(_)));
//! ```
#![forbid(unsafe_code)]

mod checksum;
pub mod history;
pub mod marker;
pub mod quarantine;
pub mod restart;
