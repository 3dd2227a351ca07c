//! One WebSocket to the server, used from straight-line code: each wait turns the chain and has a deadline.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::BufRead;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, LinkId, RunEnd, Wake};
use microstack::http::Headers;
use microstack::net::Resolver;
use microstack::tls::{ClientTrust, client_config};
use microstack::wire::ServerUrl;
use microstack::ws::{ClientOptions, CloseWhy, Conn, Event};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::error::OperatorError;
use super::saves::Saves;

/// An open WebSocket.
pub struct Connection {
    chain: Chain,
    link: LinkId,
    shared: Rc<RefCell<Shared>>,
    url: ServerUrl,
    server: String,
    certificate_der: Vec<u8>,
}

/// What a wait brings.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message of the server.
    Text(String),
    /// A line of standard input.
    Line(String),
    /// Standard input ended.
    LinesEnd,
    /// The watched file was written.
    Saved,
    /// Ctrl-C, or another wish that this program ends.
    Interrupted,
}

#[derive(Default)]
struct Shared {
    inbox: VecDeque<Incoming>,
    certificate_der: Option<Vec<u8>>,
    closed: Option<CloseWhy>,
}

/// Connecting, with name look-up, TLS and the upgrade.
const CONNECT: Duration = Duration::from_secs(20);

/// Cap on a message: the list of 20,000 devices is about 12 MB.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// Cap on what waits to be sent: a core of 4 MiB, escaped.
const MAX_BACKLOG: usize = 32 * 1024 * 1024;

impl Connection {
    /// Connects. Any certificate is taken; who the server is must be proved inside, see [`super::proof`].
    ///
    /// # Errors
    /// [`OperatorError::Unreachable`] with what failed on the way.
    pub fn open(chain: &Chain, url: &ServerUrl, headers: Headers) -> Result<Connection, OperatorError> {
        let chain = chain.clone();
        let shared = Rc::new(RefCell::new(Shared::default()));
        let mut options =
            ClientOptions::new(url.clone(), client_config(ClientTrust::AnyChain), Resolver::new());
        options.headers = headers;
        options.connect_timeout = CONNECT;
        options.max_message = MAX_MESSAGE;
        options.max_backlog = MAX_BACKLOG;
        let link =
            chain.add("operator", Operator { options: Some(options), conn: None, shared: shared.clone() });
        let server = format!("{}:{}", url.host, url.port);
        let (url, certificate_der) = (url.clone(), Vec::new());
        let mut connection = Connection { chain, link, shared, url, server, certificate_der };
        // The component keeps its own deadline; ours is for the case that it does not.
        connection.turn(Instant::now() + CONNECT + Duration::from_secs(5), |shared| {
            shared.certificate_der.is_some()
        })?;
        let certificate = connection.shared.borrow_mut().certificate_der.take();
        connection.certificate_der = certificate.unwrap_or_default();
        Ok(connection)
    }

    /// The certificate seen on TLS; the server proved to hold its key.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The address that was connected to.
    pub fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// The chain that a wait turns: for links that work beside this connection.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Turns the chain until `ready`, a message of the server or the end of the connection. `false` when none of them
    /// came before `until`.
    ///
    /// # Errors
    /// [`OperatorError::Unreachable`] when the connection ended, is not `ready`, and everything was read.
    pub fn attend(
        &mut self,
        until: Option<Instant>,
        ready: &mut dyn FnMut() -> bool,
    ) -> Result<bool, OperatorError> {
        let shared = self.shared.clone();
        let end = self.chain.run_until(until, &mut |_| {
            let shared = shared.borrow();
            !shared.inbox.is_empty() || shared.closed.is_some() || ready()
        });
        let end = end.map_err(|error| OperatorError::System(error.into()))?;
        let shared = self.shared.borrow();
        match &shared.closed {
            Some(why) if shared.inbox.is_empty() && !ready() => Err(self.over(why.clone())),
            _ => Ok(end == RunEnd::Done),
        }
    }

    /// What has come already, without waiting.
    pub fn received(&mut self) -> Option<Incoming> {
        self.shared.borrow_mut().inbox.pop_front()
    }

    /// `host:port`, for messages.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// False when the server has hung up meanwhile.
    pub fn is_alive(&mut self) -> bool {
        // A moment for what has come to be read.
        self.turn(Instant::now() + Duration::from_millis(20), |_| false).is_ok()
    }

    /// Sends a message. It leaves while the next wait lasts.
    ///
    /// # Errors
    /// [`OperatorError::Unreachable`] when the connection is over.
    pub fn send(&mut self, text: String) -> Result<(), OperatorError> {
        if let Some(why) = self.shared.borrow().closed.clone() {
            return Err(self.over(why));
        }
        // Bounded by the chain's own cap; the tool never has more than a handful under way.
        let sent = self.chain.mail(self.link, Box::new(Outgoing(text)));
        sent.map_err(|_| OperatorError::Failed("too much is waiting to be sent".into()))
    }

    /// The next message or line; `None` when nothing came before `until`.
    ///
    /// # Errors
    /// [`OperatorError::Unreachable`] when the connection ended and everything that came before was read.
    pub fn receive(&mut self, until: Instant) -> Result<Option<Incoming>, OperatorError> {
        match self.turn(until, |shared| !shared.inbox.is_empty()) {
            Ok(_) => Ok(self.shared.borrow_mut().inbox.pop_front()),
            Err(error) => Err(error),
        }
    }

    /// Delivers lines of standard input as [`Incoming::Line`] from now on.
    pub fn read_lines(&mut self) {
        let (mailbox, link) = (self.chain.mailbox(), self.link);
        // It ends with the process: a read from a terminal cannot be called off.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if mailbox.post(link, Typed(Some(line))).is_err() {
                    return;
                }
            }
            let _ = mailbox.post(link, Typed(None));
        });
    }

    /// Delivers SIGINT and SIGTERM as [`Incoming::Interrupted`] from now on. The second one does what it does by default.
    ///
    /// # Errors
    /// What the system says.
    pub fn watch_interrupts(&mut self) -> Result<(), OperatorError> {
        let (mailbox, link) = (self.chain.mailbox(), self.link);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        std::thread::spawn(move || {
            let mut asked = false;
            for signal in signals.forever() {
                if asked || mailbox.post(link, Interrupted).is_err() {
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
                asked = true;
            }
        });
        Ok(())
    }

    /// Delivers [`Incoming::Saved`] each time the file is written or replaced.
    ///
    /// # Errors
    /// What the system says.
    pub fn watch_file(&mut self, file: &Path) -> Result<(), OperatorError> {
        let (mailbox, link) = (self.chain.mailbox(), self.link);
        let mut saves = Saves::of(file)?;
        std::thread::spawn(move || {
            // It ends with the process.
            while saves.next().is_ok() && mailbox.post(link, Saved).is_ok() {}
        });
        Ok(())
    }

    /// Turns the chain until `ready`, or the end of the connection, or `until`.
    fn turn(&mut self, until: Instant, ready: impl Fn(&Shared) -> bool) -> Result<RunEnd, OperatorError> {
        let shared = self.shared.clone();
        let done = |shared: &Shared| ready(shared) || shared.closed.is_some();
        let end = self.chain.run_until(Some(until), &mut |_| done(&shared.borrow()));
        let end = end.map_err(|error| OperatorError::System(error.into()))?;
        let shared = self.shared.borrow();
        match &shared.closed {
            Some(why) if !ready(&shared) => Err(self.over(why.clone())),
            _ => Ok(end),
        }
    }

    fn over(&self, why: CloseWhy) -> OperatorError {
        OperatorError::Unreachable { server: self.server.clone(), why }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A goodbye, so that the server need not wait for a timeout; half a second of patience for it.
        if self.shared.borrow().closed.is_none() && self.chain.mail(self.link, Box::new(Goodbye)).is_ok() {
            let _ = self.turn(Instant::now() + Duration::from_millis(500), |_| false);
        }
        self.chain.remove(self.link);
    }
}

struct Outgoing(String);
struct Goodbye;
struct Saved;
struct Interrupted;
struct Typed(Option<String>);

/// The link: owns the WebSocket and moves messages between it and the facade.
struct Operator {
    options: Option<ClientOptions>,
    conn: Option<Conn>,
    shared: Rc<RefCell<Shared>>,
}

impl Link for Operator {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        if let Some(options) = self.options.take() {
            self.conn = Some(Conn::connect(cx, options));
        }
        let Some(conn) = &mut self.conn else { return };
        conn.wake(cx, &wake);
        let mut shared = self.shared.borrow_mut();
        for mail in wake.mail.drain(..) {
            if let Some(Outgoing(text)) = mail.downcast_ref::<Outgoing>() {
                // A refusal means the connection ends or the server reads nothing; the asker's deadline speaks.
                if let Err(error) = conn.send_text(cx, text.as_str()) {
                    tracing::debug!(%error, "a message was not sent");
                }
            } else if mail.is::<Goodbye>() {
                conn.close(cx, Some((1000, "")));
            } else if mail.is::<Saved>() {
                shared.inbox.push_back(Incoming::Saved);
            } else if mail.is::<Interrupted>() {
                shared.inbox.push_back(Incoming::Interrupted);
            } else if let Some(Typed(line)) = mail.downcast_ref::<Typed>() {
                shared.inbox.push_back(line.clone().map_or(Incoming::LinesEnd, Incoming::Line));
            }
        }
        while let Some(event) = conn.poll(cx) {
            match event {
                Event::Open(info) => shared.certificate_der = Some(info.peer_cert_der.unwrap_or_default()),
                Event::Text(text) => shared.inbox.push_back(Incoming::Text(text)),
                // The real server sends JSON as text on this channel; a binary one is not ours to read.
                Event::Binary(_) | Event::Ping | Event::Pong | Event::Drained => {}
                Event::Closed(info) => shared.closed = Some(info.why),
            }
        }
        cx.set_timer(conn.deadline());
    }
}
