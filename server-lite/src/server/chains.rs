//! The chains: one thread each, with a listener of its own on the same port.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use microstack::net::{ListenOptions, Listener};

use crate::house::House;
use crate::http::{Farewell, Mode, Visitor};
use crate::live::Address;
use crate::relay::{Handover, Meeting};

/// One chain that runs.
pub(super) struct ChainThread {
    pub(super) thread: JoinHandle<std::io::Result<()>>,
    /// Takes [`Stop`].
    pub(super) host: Address,
}

/// Mail to a host: say good-bye to everybody and end the chain.
pub(super) struct Stop;

/// A bound listener with what it serves.
pub(super) struct Door {
    pub(super) listener: Listener,
    pub(super) mode: Arc<Mode>,
}

/// Time for connections to close in good order.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often the host looks whether all have left.
const LOOK: Duration = Duration::from_millis(20);

/// Binds; with port 0 the first listener's port is taken for the others.
pub(super) fn bind(at: SocketAddr, count: usize) -> std::io::Result<(SocketAddr, Vec<Listener>)> {
    let options = ListenOptions { reuse_port: count > 1, ..ListenOptions::default() };
    let first = Listener::bind(at, &options)?;
    let bound = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(Listener::bind(bound, &options)?);
    }
    Ok((bound, listeners))
}

/// Starts a chain with its doors. `ready` is told the host's address once the chain runs.
pub(super) fn start(
    number: usize,
    house: Arc<House>,
    doors: Vec<Door>,
    ready: Sender<Address>,
) -> std::io::Result<JoinHandle<std::io::Result<()>>> {
    std::thread::Builder::new().name(format!("chain-{number}")).spawn(move || {
        let chain = Chain::new()?;
        let guests = Rc::default();
        let meeting = Meeting::new(Arc::clone(&house), Rc::clone(&guests));
        let id = chain.add("host", Host { house, doors, guests, meeting, leaving: None });
        let _ = ready.send(Address::new(chain.mailbox(), id));
        let _end = EndsTheServer;
        chain.run()
    })
}

/// A server without one of its chains looks alive and serves half of its clients. When a chain
/// panics the process is asked to stop in good order; whoever supervises it starts it again.
struct EndsTheServer;

impl Drop for EndsTheServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a chain panicked: the server stops");
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTERM);
        }
    }
}

struct Host {
    house: Arc<House>,
    doors: Vec<Door>,
    guests: Rc<RefCell<HashSet<LinkId>>>,
    /// The tunnels of this chain.
    meeting: Meeting,
    /// Until when the last may leave.
    leaving: Option<Instant>,
}

impl Host {
    fn accept(&mut self, cx: &mut Cx<'_>, wake: &Wake) {
        for door in &mut self.doors {
            door.listener.wake(cx, wake);
            while let Some((tcp, peer)) = door.listener.poll(cx) {
                // A frame waits for nobody: without this small answers are held back for 40 ms.
                let _ = tcp.set_nodelay(true);
                let (house, mode) = (Arc::clone(&self.house), Arc::clone(&door.mode));
                cx.add("visitor", Visitor::new(house, mode, tcp, peer, Rc::clone(&self.guests)));
            }
        }
    }

    fn leave(&mut self, cx: &mut Cx<'_>) {
        // Nobody comes in any more, and who connects is refused at once instead of waiting for us.
        self.doors.clear();
        self.leaving = Some(cx.now() + FAREWELL);
        let guests: Vec<LinkId> = self.guests.borrow().iter().copied().collect();
        for guest in guests {
            let _ = cx.mail(guest, Box::new(Farewell));
        }
    }
}

impl Link for Host {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if wake.start {
            for (sub, door) in self.doors.iter_mut().enumerate() {
                if let Err(error) = door.listener.start(cx, u8::try_from(sub).unwrap_or(u8::MAX)) {
                    tracing::error!(%error, "a listener could not be started");
                    cx.chain().stop();
                }
            }
        }
        for note in std::mem::take(&mut wake.mail) {
            match note.downcast::<Handover>() {
                Ok(handover) if self.leaving.is_none() => self.meeting.arrive(cx, *handover),
                Ok(_) => {}
                Err(note) if note.is::<Stop>() && self.leaving.is_none() => self.leave(cx),
                Err(_) => {}
            }
        }
        if let Some(until) = self.leaving {
            if self.guests.borrow().is_empty() || cx.now() >= until {
                cx.chain().stop();
            }
            return cx.set_timer(Some(cx.now() + LOOK));
        }
        self.accept(cx, &wake);
        cx.set_timer(self.doors.iter().filter_map(|door| door.listener.deadline()).min());
    }
}
