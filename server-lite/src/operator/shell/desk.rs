//! What the operator does while a session runs: typing, resizing the window, ending the program.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::mpsc::{SyncSender, sync_channel};

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

/// One thing the operator did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Typed, or came through a pipe.
    Bytes(Vec<u8>),
    /// Standard input has ended.
    End,
    /// The window has another size.
    Resized,
    /// A signal that ends programs.
    Signal(i32),
}

/// Hears standard input and signals. What is not taken is not read.
pub struct Desk {
    chain: Chain,
    link: LinkId,
    acts: Rc<RefCell<VecDeque<Act>>>,
    permits: Option<SyncSender<()>>,
}

/// Blocks that are read ahead.
const AHEAD: usize = 4;

/// Bytes of a block.
const BLOCK: usize = 16 * 1024;

impl Desk {
    /// Hears signals from now on.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(chain: &Chain) -> io::Result<Desk> {
        let acts = Rc::new(RefCell::new(VecDeque::new()));
        let link = chain.add("desk", DeskLink { acts: acts.clone() });
        let mailbox = chain.mailbox();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH])?;
        std::thread::spawn(move || {
            // It ends with the process.
            for signal in signals.forever() {
                let act = if signal == SIGWINCH { Act::Resized } else { Act::Signal(signal) };
                if mailbox.post(link, act).is_err() {
                    tracing::debug!("the mailbox is full; a signal is passed over");
                }
            }
        });
        Ok(Desk { chain: chain.clone(), link, acts, permits: None })
    }

    /// Reads standard input from now on.
    pub fn read_input(&mut self) {
        let (mailbox, link) = (self.chain.mailbox(), self.link);
        let (permits, permitted) = sync_channel(AHEAD);
        for _ in 0..AHEAD {
            // There is room for as many.
            let _ = permits.try_send(());
        }
        self.permits = Some(permits);
        // It ends with the process: a read from a terminal cannot be called off.
        std::thread::spawn(move || {
            let mut block = vec![0; BLOCK];
            while permitted.recv().is_ok() {
                let act = loop {
                    match io::stdin().lock().read(&mut block) {
                        Ok(0) => break Act::End,
                        Ok(length) => break Act::Bytes(block[..length].to_vec()),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        // The terminal is gone.
                        Err(_) => break Act::End,
                    }
                };
                let last = act == Act::End;
                if mailbox.post(link, act).is_err() || last {
                    return;
                }
            }
        });
    }

    /// The next thing.
    pub fn take(&mut self) -> Option<Act> {
        let act = self.acts.borrow_mut().pop_front()?;
        if let (Act::Bytes(_), Some(permits)) = (&act, &self.permits) {
            // The reader may have ended.
            let _ = permits.try_send(());
        }
        Some(act)
    }

    /// True when there is a next thing.
    pub fn has_news(&self) -> bool {
        !self.acts.borrow().is_empty()
    }

    /// The signal that came, if one did; everything else stays.
    pub fn take_signal(&mut self) -> Option<i32> {
        let mut acts = self.acts.borrow_mut();
        let at = acts.iter().position(|act| matches!(act, Act::Signal(_)))?;
        match acts.remove(at) {
            Some(Act::Signal(signal)) => Some(signal),
            _ => None,
        }
    }

    /// True when a signal waits.
    pub fn has_signal(&self) -> bool {
        self.acts.borrow().iter().any(|act| matches!(act, Act::Signal(_)))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.chain.remove(self.link);
    }
}

struct DeskLink {
    acts: Rc<RefCell<VecDeque<Act>>>,
}

impl Link for DeskLink {
    fn wake(&mut self, _cx: &mut Cx<'_>, wake: Wake) {
        let mut acts = self.acts.borrow_mut();
        for mail in wake.mail {
            let Ok(act) = mail.downcast::<Act>() else { continue };
            // A window that is dragged has one size in the end.
            if *act != Act::Resized || acts.back() != Some(&Act::Resized) {
                acts.push_back(*act);
            }
        }
    }
}
