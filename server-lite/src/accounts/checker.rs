//! The thread that checks and hashes passwords, so that no chain waits for a hash made to be slow.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use super::password::{PasswordError, hash_password, verify_password};

/// Checks passwords one after the other; bounds both the memory hashing takes and the queue.
#[derive(Clone)]
pub struct PasswordChecker {
    queue: SyncSender<Work>,
}

/// Too many sign-ins wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckBusy;

enum Work {
    Check {
        password: String,
        hash: Option<String>,
        answer: Box<dyn FnOnce(bool) + Send>,
    },
    Replace {
        old: String,
        hash: String,
        new: String,
        answer: Box<dyn FnOnce(Result<String, PasswordError>) + Send>,
    },
    Hash {
        password: String,
        answer: Box<dyn FnOnce(Result<String, PasswordError>) + Send>,
    },
}

impl PasswordChecker {
    /// Starts the thread. It ends when the last handle is dropped.
    ///
    /// # Errors
    /// Fails when the operating system refuses a thread.
    pub fn start() -> std::io::Result<PasswordChecker> {
        let (queue, checks) = sync_channel::<Work>(MAX_WAITING);
        thread::Builder::new().name("passwords".into()).spawn(move || {
            for work in checks {
                match work {
                    Work::Check { password, hash, answer } => {
                        answer(verify_password(&password, hash.as_deref()));
                    }
                    Work::Replace { old, hash, new, answer } => match verify_password(&old, Some(&hash)) {
                        true => answer(hash_password(&new)),
                        false => answer(Err(PasswordError::Wrong)),
                    },
                    Work::Hash { password, answer } => answer(hash_password(&password)),
                }
            }
        })?;
        Ok(PasswordChecker { queue })
    }

    /// Queues a check; `answer` is called on the checking thread. `hash` is `None` for an unknown user.
    ///
    /// # Errors
    /// [`CheckBusy`] when 64 checks wait already.
    pub fn check(
        &self,
        password: String,
        hash: Option<String>,
        answer: impl FnOnce(bool) + Send + 'static,
    ) -> Result<(), CheckBusy> {
        self.queue(Work::Check { password, hash, answer: Box::new(answer) })
    }

    /// Queues the hashing of a new password; `answer` is called on the checking thread.
    ///
    /// # Errors
    /// As [`PasswordChecker::check`].
    pub fn hash(
        &self,
        password: String,
        answer: impl FnOnce(Result<String, PasswordError>) + Send + 'static,
    ) -> Result<(), CheckBusy> {
        self.queue(Work::Hash { password, answer: Box::new(answer) })
    }

    /// Queues the hashing of a new password for somebody who must know the old one; [`PasswordError::Wrong`] when it
    /// is not that of `hash`.
    ///
    /// # Errors
    /// As [`PasswordChecker::check`].
    pub fn replace(
        &self,
        old: String,
        hash: String,
        new: String,
        answer: impl FnOnce(Result<String, PasswordError>) + Send + 'static,
    ) -> Result<(), CheckBusy> {
        self.queue(Work::Replace { old, hash, new, answer: Box::new(answer) })
    }

    fn queue(&self, work: Work) -> Result<(), CheckBusy> {
        self.queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => CheckBusy,
        })
    }
}

const MAX_WAITING: usize = 64;

impl std::fmt::Display for CheckBusy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many sign-ins at once; try again in a few seconds")
    }
}

impl std::error::Error for CheckBusy {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::hash_password;
    use std::sync::mpsc;

    #[test]
    fn answers_come_back_and_the_queue_is_bounded() {
        let checker = PasswordChecker::start().unwrap();
        let hash = hash_password("secret").unwrap();
        let (tell, told) = mpsc::channel();
        let right = tell.clone();
        checker.check("secret".into(), Some(hash.clone()), move |ok| right.send(ok).unwrap()).unwrap();
        assert!(told.recv().unwrap());
        checker.check("wrong".into(), Some(hash.clone()), move |ok| tell.send(ok).unwrap()).unwrap();
        assert!(!told.recv().unwrap());
        let refused = (0..500)
            .filter(|_| checker.check("x".into(), Some(hash.clone()), |_| {}) == Err(CheckBusy))
            .count();
        assert!(refused > 300, "{refused} of 500 refused");
    }
}
