//! What an idle WebSocket costs a server, in bytes on the heap. Alone in its process, so that it can be counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, Wake};
use microstack::http::{self, ServerConn, ServerOptions};
use microstack::net::{ListenOptions, Listener};
use microstack::tls::{ClientTrust, Served, client_config, server_config, server_name};
use microstack::ws::{Conn, Event, WsOptions};

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    // During the thread's end there is nothing to count into.
    let _ = HELD.try_with(|held| held.set(held.get() + change));
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches a `Cell` without a destructor.
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

struct Accept {
    listener: Listener,
    options: Arc<ServerOptions>,
    got: Rc<RefCell<Vec<usize>>>,
}

impl Link for Accept {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.listener.start(cx, 0).unwrap();
        }
        self.listener.wake(cx, &wake);
        while let Some((tcp, peer)) = self.listener.poll(cx) {
            let got = self.got.clone();
            let link =
                Serve { socket: Some((tcp, peer)), options: self.options.clone(), http: None, ws: None, got };
            cx.add("connection", link);
        }
    }
}

struct Serve {
    socket: Option<(mio::net::TcpStream, SocketAddr)>,
    options: Arc<ServerOptions>,
    http: Option<Box<ServerConn>>,
    ws: Option<Conn>,
    got: Rc<RefCell<Vec<usize>>>,
}

impl Link for Serve {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if let Some((tcp, peer)) = self.socket.take() {
            self.http = Some(Box::new(ServerConn::accept(cx, 0, tcp, peer, &self.options).unwrap()));
        }
        if let Some(mut conn) = self.http.take() {
            conn.wake(cx, &wake);
            match conn.poll(cx) {
                Some(http::Event::Request(request)) => {
                    let options = WsOptions { max_message: 1 << 20, ..WsOptions::default() };
                    self.ws = Some(conn.upgrade(cx, &request, options));
                }
                Some(http::Event::Closed(why)) => panic!("{why}"),
                None => self.http = Some(conn),
            }
        }
        let Some(conn) = &mut self.ws else { return };
        conn.wake(cx, &wake);
        while let Some(event) = conn.poll(cx) {
            if let Event::Binary(data) = event {
                self.got.borrow_mut().push(data.len());
                conn.send_binary(cx, data).unwrap();
            }
        }
    }
}

#[test]
fn an_idle_agent_costs_the_server_little() {
    const AGENTS: usize = 40;
    const LARGE: usize = 300_000;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let config = server_config(vec![made.cert.der().to_vec()], &made.signing_key.serialize_der()).unwrap();
    let options = Arc::new(ServerOptions { tls: Some(Served::new(config)), ..ServerOptions::default() });
    let chain = Chain::new().unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    let addr = listener.local_addr().unwrap();
    let got = Rc::new(RefCell::new(Vec::new()));
    chain.add("accept", Accept { listener, options, got: got.clone() });
    let (next, orders) = mpsc::channel::<usize>();
    let agents = std::thread::spawn(move || {
        let config = client_config(ClientTrust::AnyChain);
        let mut open = Vec::new();
        for count in orders {
            for _ in 0..count {
                let tls =
                    rustls::ClientConnection::new(config.clone(), server_name("localhost").unwrap()).unwrap();
                let mut stream = rustls::StreamOwned::new(tls, std::net::TcpStream::connect(addr).unwrap());
                stream
                    .write_all(
                        b"GET /agent.ashx HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                    )
                    .unwrap();
                let mut frame = vec![0x82, 0x80 | 127];
                frame.extend_from_slice(&(LARGE as u64).to_be_bytes());
                frame.extend_from_slice(&[0; 4]);
                frame.resize(frame.len() + LARGE, 7);
                stream.write_all(&frame).unwrap();
                // The answer to the upgrade is shorter than 200 bytes, the echo longer.
                let mut left = LARGE;
                let mut buf = [0; 16384];
                while left > 0 {
                    left = left.saturating_sub(stream.read(&mut buf).unwrap());
                }
                open.push(stream);
            }
        }
        open.len()
    });
    let serve = |until: usize| {
        next.send(until - got.borrow().len()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while got.borrow().len() < until {
            assert!(Instant::now() < deadline);
            chain.turn(Some(Duration::from_millis(10))).unwrap();
        }
        // The echoes leave.
        chain.run_until(Some(Instant::now() + Duration::from_millis(200)), &mut |_| false).unwrap();
    };
    serve(10);
    let before = HELD.get();
    serve(10 + AGENTS);
    let each = (HELD.get() - before) / AGENTS as isize;
    println!("{each} bytes on the heap for each idle WebSocket over TLS");
    assert!(each < 12 * 1024, "{each} bytes for each idle connection");
    drop(next);
    chain.run_until(Some(Instant::now() + Duration::from_millis(50)), &mut |_| false).unwrap();
    assert_eq!(agents.join().unwrap(), AGENTS + 10);
}
