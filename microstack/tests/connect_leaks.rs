//! Failed connects of five kinds leave neither descriptors nor memory (pain 1). Alone in its process, so that
//! descriptors and memory can be counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, RunEnd, Wake};
use microstack::net::Resolver;
use microstack::tls::{ClientTrust, client_config};
use microstack::wire::ServerUrl;
use microstack::ws::{ClientOptions, CloseWhy, Conn, Event};

/// Counts what the process has allocated and not freed.
struct Counting;

static HELD: AtomicIsize = AtomicIsize::new(0);

fn count(change: isize) {
    HELD.fetch_add(change, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Client {
    options: Option<ClientOptions>,
    conn: Option<Conn>,
    ended: Rc<RefCell<Option<CloseWhy>>>,
}

impl Link for Client {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if let Some(options) = self.options.take() {
            self.conn = Some(Conn::connect(cx, options));
        }
        let conn = self.conn.as_mut().unwrap();
        conn.wake(cx, &wake);
        match conn.poll(cx) {
            Some(Event::Closed(info)) => {
                *self.ended.borrow_mut() = Some(info.why);
                cx.remove_self();
                return;
            }
            Some(other) => panic!("{other:?}"),
            None => {}
        }
        cx.set_timer(conn.deadline());
    }
}

/// A server that treats each connection alike.
fn server(treat: impl Fn(&mut std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            treat(&mut stream);
        }
    });
    addr
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn a_failed_connect_leaves_no_memory_and_no_descriptor() {
    let chain = Chain::new().unwrap();
    let tls = client_config(ClientTrust::AnyChain);
    let resolver = Resolver::with_lookup(|host, _| Err(std::io::Error::other(format!("{host}?"))));
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // Accepts in the kernel and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_addr = silent.local_addr().unwrap();
    let no_tls = server(|stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(b"SSH-2.0-x\r\n");
    });
    let hangs_up = server(|stream| drop(stream.read(&mut [0; 512])));
    let kinds: [(&str, String); 5] = [
        ("refused", format!("wss://{refused}/")),
        ("black hole", format!("wss://{silent_addr}/")),
        ("no TLS", format!("wss://{no_tls}/")),
        ("hangs up", format!("wss://{hangs_up}/")),
        ("no such name", "wss://no.such.host/".to_owned()),
    ];
    let mut base = None;
    for round in 0..60 {
        for (kind, url) in &kinds {
            let mut options =
                ClientOptions::new(ServerUrl::parse(url).unwrap(), tls.clone(), resolver.clone());
            if *kind == "black hole" {
                options.connect_timeout = Duration::from_millis(5);
                // Nobody takes them out of the kernel's queue; make room.
                silent.set_nonblocking(true).unwrap();
                while silent.accept().is_ok() {}
            }
            let ended = Rc::new(RefCell::new(None));
            chain.add("client", Client { options: Some(options), conn: None, ended: ended.clone() });
            let deadline = Some(Instant::now() + Duration::from_secs(10));
            let end = chain.run_until(deadline, &mut |_| ended.borrow().is_some()).unwrap();
            assert_eq!(end, RunEnd::Done, "{kind}");
            let why = ended.take().unwrap();
            let as_expected = match *kind {
                "refused" => matches!(why, CloseWhy::Connect { .. }),
                "black hole" => matches!(why, CloseWhy::Deadline { .. }),
                "no such name" => matches!(why, CloseWhy::Dns(_)),
                _ => matches!(why, CloseWhy::Tls(_)),
            };
            assert!(as_expected, "{kind}: {why:?}");
        }
        if round == 10 {
            base = Some((descriptors(), HELD.load(Ordering::Relaxed)));
        }
    }
    assert!(chain.is_empty());
    let (fds, held) = base.unwrap();
    // The servers' threads may hold one connection each at this moment.
    assert!(descriptors() <= fds + 2, "{} descriptors, {fds} before", descriptors());
    let grown = HELD.load(Ordering::Relaxed) - held;
    assert!(grown.abs() < 4096, "250 failed connects left {grown} bytes");
}
