//! The load on a relay: both ends of many tunnels on one chain, in this process.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, LinkId, RunEnd, Wake};
use microstack::http::{self, Headers, ServerConn, ServerOptions};
use microstack::net::{ListenOptions, Listener, Resolver, TcpStream};
use microstack::tls::{self, ClientTrust};
use microstack::wire::ServerUrl;
use microstack::ws::{Bytes, ClientOptions, Conn, Event, SendError, WsOptions};

/// How the two ends of a tunnel come to be.
pub enum Way {
    /// Both dial; the relay joins them and says so.
    Both(Box<dyn Fn(usize) -> [String; 2]>),
    /// One dials the proxy, which dials us.
    Through(String),
}

/// Open tunnels. Dropping them closes their connections.
pub struct Tunnels {
    chain: Chain,
    book: Rc<RefCell<Book>>,
    near: Vec<LinkId>,
    resolver: Resolver,
}

#[derive(Default)]
struct Book {
    started: usize,
    received: u64,
    round_trips: Vec<Duration>,
    failed: Option<String>,
    /// Ends that came through a proxy.
    far: Vec<LinkId>,
}

/// What an end is to do.
#[derive(Clone)]
enum Order {
    /// Send this message so many times, as fast as it is taken.
    Send(Bytes, u64),
    /// Send a message of 1 kB this often, and measure until it is back.
    Pace(Duration),
    /// Send nothing any more.
    Rest,
}

/// First bytes: of bulk, of a message that is to be sent back, and of one that comes back.
const BULK: u8 = 0;
const ECHO: u8 = 1;
const BACK: u8 = 2;

impl Tunnels {
    /// A chain without tunnels.
    pub fn new() -> Result<Tunnels, String> {
        let chain = Chain::new().map_err(|e| e.to_string())?;
        Ok(Tunnels { chain, book: Rc::default(), near: Vec::new(), resolver: Resolver::new() })
    }

    /// Accepts what a proxy connects to; returns the address.
    pub fn listen(&self, config: Arc<rustls::ServerConfig>) -> Result<SocketAddr, String> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::bind(any, &ListenOptions::default()).map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let options = ServerOptions { tls: Some(tls::Served::new(config)), ..ServerOptions::default() };
        self.chain.add("door", Door { listener, options: Arc::new(options), book: self.book.clone() });
        Ok(address)
    }

    /// Opens tunnels until there are `count`, some at a time.
    pub fn open(&mut self, way: &Way, count: usize) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(300);
        while self.near.len() < count {
            let wanted = (self.near.len() + 16).min(count);
            for number in self.near.len()..wanted {
                match way {
                    Way::Both(urls) => {
                        let [near, far] = urls(number);
                        self.near.push(self.dial(&near, false)?);
                        self.dial(&far, false)?;
                    }
                    Way::Through(url) => {
                        let near = self.dial(url, true)?;
                        self.near.push(near);
                    }
                }
            }
            self.run(until, |book| book.started >= 2 * wanted)?;
        }
        Ok(())
    }

    /// Sends `total` bytes in messages of `size` through the first tunnel and returns once all have arrived.
    pub fn copy(&mut self, size: usize, total: u64) -> Result<(), String> {
        let mut message = vec![0x5A; size];
        message[0] = BULK;
        let count = total / size as u64;
        let wanted = self.book.borrow().received + count * size as u64;
        self.order(0, Order::Send(message.into(), count))?;
        self.run(Instant::now() + Duration::from_secs(600), |book| book.received >= wanted)
    }

    /// Round trips of 1 kB over all tunnels, one in each `every`, for `time`; sorted.
    pub fn echo(&mut self, every: Duration, time: Duration) -> Result<Vec<Duration>, String> {
        self.book.borrow_mut().round_trips.clear();
        for number in 0..self.near.len() {
            // Spread over the interval, as people's keys are.
            self.run_for(every.div_f64(self.near.len() as f64))?;
            self.order(number, Order::Pace(every))?;
        }
        self.run_for(time)?;
        for number in 0..self.near.len() {
            self.order(number, Order::Rest)?;
        }
        let mut all = std::mem::take(&mut self.book.borrow_mut().round_trips);
        all.sort();
        if all.is_empty() { Err("no message came back".to_owned()) } else { Ok(all) }
    }

    /// Serves the connections for a while.
    pub fn run_for(&self, time: Duration) -> Result<(), String> {
        self.chain.run_until(Some(Instant::now() + time), &mut |_| false).map_err(|e| e.to_string())?;
        self.book.borrow_mut().failed.take().map_or(Ok(()), Err)
    }

    fn order(&self, number: usize, order: Order) -> Result<(), String> {
        self.chain.mail(self.near[number], Box::new(order)).map_err(|_| "a tunnel is gone".to_owned())
    }

    fn dial(&self, url: &str, greets: bool) -> Result<LinkId, String> {
        let url = ServerUrl::parse_allowing_plain(url).map_err(|e| e.to_string())?;
        let mut options =
            ClientOptions::new(url, tls::client_config(ClientTrust::AnyChain), self.resolver.clone());
        options.headers = Headers::new();
        options.max_backlog = 256 * 1024;
        Ok(self.chain.add("end", End::new(How::Dial(Box::new(options), greets), self.book.clone())))
    }

    fn run(&self, until: Instant, done: impl Fn(&Book) -> bool) -> Result<(), String> {
        let end = self.chain.run_until(Some(until), &mut |_| {
            let book = self.book.borrow();
            book.failed.is_some() || done(&book)
        });
        if let Some(why) = self.book.borrow_mut().failed.take() {
            return Err(why);
        }
        match end.map_err(|e| e.to_string())? {
            RunEnd::Done => Ok(()),
            _ => Err("the tunnels did not come to what was to happen in time".to_owned()),
        }
    }
}

struct Door {
    listener: Listener,
    options: Arc<ServerOptions>,
    book: Rc<RefCell<Book>>,
}

impl Link for Door {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start
            && let Err(error) = self.listener.start(cx, 0)
        {
            self.book.borrow_mut().failed = Some(error.to_string());
        }
        self.listener.wake(cx, &wake);
        while let Some((tcp, peer)) = self.listener.poll(cx) {
            let how = How::Accept(tcp, peer, self.options.clone());
            let link = cx.add("far end", End::new(how, self.book.clone()));
            self.book.borrow_mut().far.push(link);
        }
        cx.set_timer(self.listener.deadline());
    }
}

enum How {
    Dial(Box<ClientOptions>, bool),
    Accept(TcpStream, SocketAddr, Arc<ServerOptions>),
}

enum Wire {
    New(How),
    Http(Box<ServerConn>),
    Open(Box<Conn>),
    Over,
}

struct End {
    wire: Wire,
    /// Says hello through a proxy, so that the far end knows.
    greets: bool,
    started: bool,
    sending: Option<(Bytes, u64)>,
    pace: Option<(Duration, Instant)>,
    began: Instant,
    book: Rc<RefCell<Book>>,
}

impl End {
    fn new(how: How, book: Rc<RefCell<Book>>) -> End {
        let greets = matches!(how, How::Dial(_, true));
        End {
            wire: Wire::New(how),
            greets,
            started: false,
            sending: None,
            pace: None,
            began: Instant::now(),
            book,
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        self.wire = match std::mem::replace(&mut self.wire, Wire::Over) {
            Wire::New(How::Dial(options, _)) => Wire::Open(Box::new(Conn::connect(cx, *options))),
            Wire::New(How::Accept(tcp, peer, options)) => {
                let conn = ServerConn::accept(cx, 0, tcp, peer, &options).map_err(|e| e.to_string())?;
                Wire::Http(Box::new(conn))
            }
            other => other,
        };
        Ok(())
    }

    fn upgrade(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        let Wire::Http(conn) = &mut self.wire else { return Ok(()) };
        match conn.poll(cx) {
            Some(http::Event::Request(request)) => {
                if let Wire::Http(conn) = std::mem::replace(&mut self.wire, Wire::Over) {
                    let options =
                        WsOptions { max_message: 1 << 20, max_backlog: 256 * 1024, ..WsOptions::default() };
                    self.wire = Wire::Open(Box::new(conn.upgrade(cx, &request, options)));
                }
                Ok(())
            }
            Some(http::Event::Closed(why)) => Err(why.to_string()),
            None => Ok(()),
        }
    }

    fn hear(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        while let Wire::Open(conn) = &mut self.wire {
            match conn.poll(cx) {
                None => return Ok(()),
                Some(Event::Open(_)) if self.greets => {
                    conn.send_text(cx, "hello").map_err(|e| e.to_string())?;
                }
                Some(Event::Text(text)) if !self.started => {
                    if text == "hello" {
                        conn.send_text(cx, "c").map_err(|e| e.to_string())?;
                    }
                    self.started = true;
                    self.book.borrow_mut().started += 1;
                }
                Some(Event::Binary(bytes)) if bytes.first() == Some(&BULK) => {
                    self.book.borrow_mut().received += bytes.len() as u64;
                }
                Some(Event::Binary(mut bytes)) if bytes.first() == Some(&ECHO) => {
                    bytes[0] = BACK;
                    conn.send_binary(cx, bytes).map_err(|e| e.to_string())?;
                }
                Some(Event::Binary(bytes)) => {
                    let sent = bytes.get(1..9).and_then(|eight| <[u8; 8]>::try_from(eight).ok());
                    let sent = Duration::from_nanos(u64::from_be_bytes(sent.unwrap_or_default()));
                    self.book.borrow_mut().round_trips.push(self.began.elapsed() - sent);
                }
                Some(Event::Closed(info)) => {
                    self.wire = Wire::Over;
                    return Err(format!("a tunnel ended: {}", info.why));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn speak(&mut self, cx: &mut Cx<'_>) -> Result<(), String> {
        let Wire::Open(conn) = &mut self.wire else { return Ok(()) };
        while let Some((message, left)) = &mut self.sending {
            match conn.send_binary(cx, message.clone()) {
                Ok(()) => *left -= 1,
                Err(SendError::Backlogged) => break,
                Err(error) => return Err(error.to_string()),
            }
            if *left == 0 {
                self.sending = None;
            }
        }
        if let Some((every, next)) = &mut self.pace
            && cx.now() >= *next
        {
            *next += *every;
            let mut message = vec![0; 1024];
            message[0] = ECHO;
            let nanos = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            message[1..9].copy_from_slice(&nanos.to_be_bytes());
            conn.send_binary(cx, message).map_err(|e| e.to_string())?;
        }
        Ok(())
    }
}

impl Link for End {
    fn wake(&mut self, cx: &mut Cx<'_>, mut wake: Wake) {
        let mail = std::mem::take(&mut wake.mail);
        let begun = if wake.start { self.begin(cx) } else { Ok(()) };
        match &mut self.wire {
            Wire::Http(conn) => conn.wake(cx, &wake),
            Wire::Open(conn) => conn.wake(cx, &wake),
            Wire::New(_) | Wire::Over => {}
        }
        for order in mail.into_iter().filter_map(|note| note.downcast::<Order>().ok()) {
            match *order {
                Order::Send(message, count) => self.sending = Some((message, count)),
                Order::Pace(every) => self.pace = Some((every, cx.now())),
                Order::Rest => self.pace = None,
            }
        }
        let done =
            begun.and_then(|()| self.upgrade(cx)).and_then(|()| self.hear(cx)).and_then(|()| self.speak(cx));
        if let Err(why) = done {
            self.book.borrow_mut().failed.get_or_insert(why);
            return cx.remove_self();
        }
        let own = self.pace.map(|(_, next)| next);
        let wire = match &self.wire {
            Wire::Http(conn) => conn.deadline(),
            Wire::Open(conn) => conn.deadline(),
            Wire::New(_) | Wire::Over => None,
        };
        cx.set_timer([own, wire].into_iter().flatten().min());
    }
}
