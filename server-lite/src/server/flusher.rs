//! The thread that brings writes to the disk: one flush serves everybody who waits for one.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use crate::data::Data;

/// Called on the flushing thread with whether the disk took it.
type Told = Box<dyn FnOnce(bool) + Send>;

/// Asks for flushes. Clones share the thread, which ends with the last of them.
#[derive(Clone)]
pub struct Flusher {
    queue: SyncSender<Told>,
}

impl Flusher {
    /// Starts the thread.
    ///
    /// # Errors
    /// Fails when the operating system refuses a thread.
    pub fn start(data: Arc<Data>) -> std::io::Result<Flusher> {
        let (queue, waiting) = sync_channel::<Told>(MAX_WAITING);
        // Weak: the thread must not keep the store open, and locked, when its server has ended.
        let data = Arc::downgrade(&data);
        thread::Builder::new().name("flush".into()).spawn(move || {
            while let Ok(first) = waiting.recv() {
                // Whoever asked before the flush begins is served by it.
                let mut served = vec![first];
                served.extend(waiting.try_iter());
                let written = match data.upgrade().map(|data| data.flush()) {
                    Some(Ok(())) => true,
                    None => false,
                    Some(Err(error)) => {
                        tracing::error!(%error, "the store could not be brought to the disk");
                        false
                    }
                };
                for told in served {
                    told(written);
                }
            }
        })?;
        Ok(Flusher { queue })
    }

    /// Calls `told` when everything written before this call is on the disk; at once with `false` when too many
    /// wait.
    pub fn flush_then(&self, told: impl FnOnce(bool) + Send + 'static) {
        match self.queue.try_send(Box::new(told)) {
            Ok(()) => {}
            Err(TrySendError::Full(told) | TrySendError::Disconnected(told)) => told(false),
        }
    }
}

const MAX_WAITING: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{data, group};
    use std::sync::mpsc;

    #[test]
    fn all_who_wait_are_told() {
        let (data, dir) = data();
        let data = Arc::new(data);
        let flusher = Flusher::start(Arc::clone(&data)).unwrap();
        data.add_group(group(1, "lab")).unwrap();
        let (tell, told) = mpsc::channel();
        for _ in 0..100 {
            let tell = tell.clone();
            flusher.flush_then(move |written| tell.send(written).unwrap());
        }
        assert!((0..100).all(|_| told.recv().unwrap()));
        drop((flusher, tell));
        assert!(told.recv().is_err(), "the thread has ended");
        assert!(dir.path().exists());
    }
}
