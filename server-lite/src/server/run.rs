//! Starting everything, waiting for signals, stopping everything.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use microstack::crypto::Signer;
use microstack::crypto::pool::SigningPool;
use microstack::http::ServerOptions;
use microstack::tls::Served;

use super::certificates::{Caretaker, FILE_EVERY, Place, tls_config, trust};
use super::chains::{self, ChainThread, Door, Stop};
use super::flusher::Flusher;
use super::options::{RunOptions, ServerError};
use crate::accounts::{CookieKey, Gate, PasswordChecker};
use crate::admin::{ControlSocket, Settings};
use crate::agents::Shelf;
use crate::agents::programs::Programs;
use crate::certs::CertFolder;
use crate::data::Data;
use crate::house::{House, Trust};
use crate::http::Mode;
use crate::live::Live;
use crate::relay::recording::Vault;

/// A server that runs. [`Running::stop`] ends it in good order.
pub struct Running {
    house: Arc<House>,
    chains: Vec<ChainThread>,
    orders: Sender<Order>,
    caretaker: thread::JoinHandle<()>,
    socket: ControlSocket,
    address: SocketAddr,
    redirect: Option<SocketAddr>,
    offload: bool,
}

enum Order {
    Reload,
    Stop,
}

/// Signing jobs that may wait: some ten seconds of work.
const SIGNING_QUEUE: usize = 4096;
/// History older than its retention is dropped this often.
const EXPIRE_EVERY: Duration = Duration::from_secs(6 * 3600);

impl Running {
    /// Starts a server; it listens when this returns.
    ///
    /// # Errors
    /// [`ServerError`] says what to do.
    pub fn start(options: &RunOptions) -> Result<Running, ServerError> {
        let settings = Settings::load(&options.data_dir)?;
        let folder = CertFolder::new(&options.data_dir, options.web.clone().or(settings.web));
        let certs = folder.load()?;
        let data = Arc::new(Data::open(&options.data_dir.join("store"))?);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = options.workers.unwrap_or(cores).clamp(1, 256);

        let listen = |at| chains::bind(at, workers).map_err(|error| ServerError::Listen(at, error));
        let (address, mut listeners) = listen(options.listen)?;
        let redirect = match options.redirect {
            Some(at) => Some(chains::bind(at, 1).map_err(|error| ServerError::Listen(at, error))?),
            None => None,
        };
        let offload = options.outer.is_some();
        let place = Place {
            name: options.name.clone().unwrap_or(settings.name),
            port: options.public_port.unwrap_or(if offload { 443 } else { address.port() }),
            redirect_port: redirect.as_ref().map_or(0, |(at, _)| at.port()),
            offload,
        };
        let shown = match &options.outer {
            Some(source) => source.fetch()?.leaf,
            None => certs.web.leaf().to_vec(),
        };
        let (facts, config, _) = trust(&data, &certs, &shown, &place)?;
        let served = Served::new(tls_config(&certs.web)?);
        let cookies = data.secret("cookie-key")?;
        data.flush()?;
        let thread_failed = |error| ServerError::System("a thread could not be started", error);
        let house = Arc::new(House {
            shelf: Shelf::new(Arc::clone(&data)),
            live: Live::default(),
            gate: Gate::default(),
            checker: PasswordChecker::start().map_err(thread_failed)?,
            pool: SigningPool::new(cores, SIGNING_QUEUE),
            flusher: Flusher::start(Arc::clone(&data)).map_err(thread_failed)?,
            recordings: match options.recordings.clone() {
                Some(limits) => Some(Vault::open(limits).map_err(|error| {
                    ServerError::System("the folder of recordings (--recordings)", error)
                })?),
                None => None,
            },
            cookies: CookieKey::new(&cookies)
                .ok_or_else(|| ServerError::Certificate("the cookie key cannot be used".into()))?,
            signers: vec![Arc::new(certs.agent) as Arc<dyn Signer>],
            programs: Programs::start(
                options.agents.clone().unwrap_or_else(|| options.data_dir.join("agents")),
                std::env::current_exe().ok().map(|own| own.with_file_name("meshlite-agent")),
            )
            .map_err(thread_failed)?,
            wakes_devices: options.wake_lan,
            trust: Trust::new(facts, config),
            data,
        });
        let socket = ControlSocket::open(&options.data_dir, Arc::clone(&house), folder.clone())
            .map_err(|error| ServerError::System("the control socket in the data directory", error))?;

        let tls = (!offload).then(|| Arc::clone(&served));
        let mode = |tls, redirect| {
            Arc::new(Mode {
                options: Arc::new(ServerOptions { tls, ..ServerOptions::default() }),
                redirect,
                proxies: options.proxies.clone(),
                offload,
            })
        };
        let main = mode(tls, false);
        let (redirect, mut redirect_listeners) = redirect.unzip();
        let (ready, started) = channel();
        let mut threads = Vec::new();
        for number in 0..workers {
            let mut doors = vec![Door { listener: listeners.swap_remove(0), mode: Arc::clone(&main) }];
            if let Some(listener) = redirect_listeners.as_mut().and_then(Vec::pop) {
                doors.push(Door { listener, mode: mode(None, true) });
            }
            let thread =
                chains::start(number, Arc::clone(&house), doors, ready.clone()).map_err(thread_failed)?;
            let host = started.recv().map_err(|_| {
                ServerError::System("a chain did not start", std::io::Error::other("no poll descriptor"))
            })?;
            threads.push(ChainThread { thread, host });
        }
        let hosts = threads.iter().map(|chain| chain.host.clone()).collect();
        // Set once: this is the only place.
        let _ = house.live.chains.set(hosts);
        let file_changed = options.outer.as_ref().and_then(|source| source.changed_at());
        let (orders, received) = channel();
        let caretaker = Caretaker {
            house: Arc::clone(&house),
            folder,
            served,
            place,
            outer: options.outer.clone(),
            shown,
            file_changed,
            next_look: Instant::now(),
        };
        let caretaker = thread::Builder::new()
            .name("caretaker".into())
            .spawn(move || care(caretaker, &received))
            .map_err(thread_failed)?;
        Ok(Running { house, chains: threads, orders, caretaker, socket, address, redirect, offload })
    }

    /// The address listened on, with its true port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the redirect, with its true port.
    pub fn redirect(&self) -> Option<SocketAddr> {
        self.redirect
    }

    /// What the chains share.
    pub fn house(&self) -> &Arc<House> {
        &self.house
    }

    /// The line that says the server is ready; scripts wait for it.
    pub fn ready_line(&self) -> String {
        let scheme = if self.offload { "http" } else { "https" };
        let facts = self.house.facts();
        let name = if facts.name.contains(':') { format!("[{}]", facts.name) } else { facts.name.clone() };
        format!("listening on {scheme}://{name}:{}", self.address.port())
    }

    /// Reads the certificates again.
    pub fn reload(&self) {
        let _ = self.orders.send(Order::Reload);
    }

    /// Ends all connections in good order, brings everything to the disk and returns.
    ///
    /// # Errors
    /// [`ServerError::Data`] when the disk refuses.
    pub fn stop(self) -> Result<(), ServerError> {
        for chain in &self.chains {
            let _ = chain.host.post(Stop);
        }
        for chain in self.chains {
            match chain.thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "a chain failed"),
                Err(_) => tracing::error!("a chain panicked"),
            }
        }
        let _ = self.orders.send(Order::Stop);
        let _ = self.caretaker.join();
        drop(self.socket);
        self.house.data.flush()?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Runs a server until SIGTERM or SIGINT; SIGHUP reads the certificates again.
///
/// # Errors
/// As [`Running::start`] and [`Running::stop`].
pub fn run_until_signal(options: &RunOptions) -> Result<(), ServerError> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // Before the start: a signal in between must not kill a server that has begun to write.
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])
        .map_err(|error| ServerError::System("signals cannot be handled", error))?;
    raise_file_limit();
    let running = Running::start(options)?;
    let line = running.ready_line();
    tracing::info!("{line}");
    if let Some(at) = running.redirect() {
        tracing::info!("redirecting http://{at}");
    }
    // Whoever started us may have closed our output; that is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{line}").and_then(|()| std::io::stdout().flush());
    for signal in &mut signals {
        if signal == SIGHUP {
            running.reload();
        } else {
            tracing::info!("stopping");
            break;
        }
    }
    let failed = running.chains.iter().any(|chain| chain.thread.is_finished());
    running.stop()?;
    if failed {
        return Err(ServerError::System("a chain ended by itself", std::io::Error::other("see the log")));
    }
    Ok(())
}

fn care(mut caretaker: Caretaker, orders: &Receiver<Order>) {
    let mut expire_at = Instant::now() + EXPIRE_EVERY;
    loop {
        let wait = if caretaker.outer.is_some() { FILE_EVERY } else { EXPIRE_EVERY };
        match orders.recv_timeout(wait) {
            Ok(Order::Reload) => caretaker.reload(),
            Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => caretaker.look_outside(false),
        }
        caretaker.expire();
        if Instant::now() >= expire_at {
            expire_at = Instant::now() + EXPIRE_EVERY;
            if let Err(error) = caretaker.house.data.expire_history(crate::model::time::now_ms()) {
                tracing::error!(%error, "old history could not be dropped");
            }
            // Tunnels of tokens and browsers that expired with no channel left on which it would be noticed.
            crate::relay::end_forbidden(&caretaker.house, None, None);
        }
    }
}

/// Each connection is a descriptor; the usual soft limit of 1024 is for other programs.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit on open files could not be raised");
    }
}
