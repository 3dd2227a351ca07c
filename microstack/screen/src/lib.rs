//! An X11 screen for a viewer: changed parts of it as JPEG tiles, and the viewer's keyboard and mouse back to it.
//!
//! A [`Screen`] has a thread of its own that talks to the X server; nothing here ever blocks the caller. Both directions
//! carry the desktop commands of the relay specification, section 7: [`Screen::input`] takes them as the viewer sent
//! them, [`Event::Packets`] brings them as they go to it, one command per packet.
//!
//! Flow control is by asking: a picture is taken only after [`Screen::want`], one for each call. Whoever asks again when
//! its socket has drained therefore never has more than one picture in memory, however slow the viewer is. Without a
//! change on the screen the thread sleeps in `poll`: no timer runs (an X server without the DAMAGE extension is looked at
//! once a second instead).
//!
//! **What it is not:** Wayland, audio, a clipboard. It knows no users and no rights: who may send input is decided before.
#![deny(unsafe_code)]

mod cursor;
mod display;
mod grab;
mod keyboard;
mod keys;
mod pace;
mod packet;
mod picture;
mod session;
mod shared;
mod tiles;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

pub use packet::{Command, Commands, Settings};

/// Which X server, and how to prove that we may.
#[derive(Clone, Debug)]
pub struct Place {
    /// As in the environment variable `DISPLAY`: `:0`, `:1.0`, `unix:0`. Only this machine's own servers.
    pub display: String,
    /// The `Xauthority` file with the cookie; `None` tries without.
    pub authority: Option<PathBuf>,
}

/// What a screen tells its owner, from its own thread.
#[derive(Debug)]
pub enum Event {
    /// Commands for the viewer, one per packet, in order.
    Packets(Vec<Vec<u8>>),
    /// The session is over and nothing more comes; the text says why.
    Closed(String),
}

/// A session with an X server. Dropping it releases every key that is held down and ends the thread.
pub struct Screen {
    shared: Arc<Shared>,
}

/// What the owner and the thread share.
struct Shared {
    inbox: Mutex<Inbox>,
    wake: OwnedFd,
}

#[derive(Default)]
struct Inbox {
    commands: VecDeque<Command>,
    /// Input was thrown away: keys may be held down that the viewer released.
    lost: bool,
    wanted: bool,
    closed: bool,
}

/// Commands that wait for an X server that does not answer.
const MAX_WAITING: usize = 4096;

const STACK_BYTES: usize = 1 << 20;

/// Threads of sessions. One that waits for an X server which does not answer stays until that server does or ends: no
/// request of X has a deadline.
const MOST_THREADS: usize = 4;

static THREADS: AtomicUsize = AtomicUsize::new(0);

impl Screen {
    /// Starts a session. `tell` is called from the session's thread and must not block; the last call is
    /// [`Event::Closed`], also when the X server cannot be reached.
    ///
    /// # Errors
    /// When the system gives no thread or no descriptor, or when earlier sessions still wait for a server that hangs.
    pub fn open(place: Place, tell: Box<dyn FnMut(Event) + Send>) -> io::Result<Screen> {
        let place_free = |count| (count < MOST_THREADS).then_some(count + 1);
        if THREADS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, place_free).is_err() {
            return Err(io::Error::other(
                "earlier desktop sessions still wait for an X server that does not answer",
            ));
        }
        Self::start(place, tell).inspect_err(|_| _ = THREADS.fetch_sub(1, Ordering::Relaxed))
    }

    fn start(place: Place, tell: Box<dyn FnMut(Event) + Send>) -> io::Result<Screen> {
        let shared = Arc::new(Shared {
            inbox: Mutex::default(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        });
        let mine = shared.clone();
        std::thread::Builder::new().name("screen".into()).stack_size(STACK_BYTES).spawn(move || {
            session::run(&place, &mine, tell);
            THREADS.fetch_sub(1, Ordering::Relaxed);
        })?;
        Ok(Screen { shared })
    }

    /// Takes commands of the viewer; whatever is no command, or cut short, is skipped.
    pub fn input(&self, bytes: &[u8]) {
        let mut inbox = self.shared.lock();
        for command in Commands::new(bytes) {
            // Only the last place of a pointer that is on its way matters.
            if let (true, Some(Command::Mouse { button: 0, wheel: 0, .. })) =
                (command.is_move(), inbox.commands.back())
            {
                inbox.commands.pop_back();
            }
            if inbox.commands.len() < MAX_WAITING {
                inbox.commands.push_back(command);
            } else {
                inbox.lost = true;
            }
        }
        drop(inbox);
        self.shared.wake();
    }

    /// Asks for one more picture, to be sent when something has changed.
    pub fn want(&self) {
        self.shared.lock().wanted = true;
        self.shared.wake();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // It can only be full, and then the thread is awake already.
        let _ = rustix::io::write(self.wake.as_fd(), &1_u64.to_ne_bytes());
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}
