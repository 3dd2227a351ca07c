//! The HTTP client, against our server and against raw ones.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use microstack::chain::{Chain, Cx, Link, LinkId, Wake};
use microstack::http::{ClientConn, ClientError, ClientEvent, ClientOptions, Response, ResponseHead, Stage};
use microstack::net::Resolver;
use microstack::tls::{ClientTrust, client_config};
use microstack::wire::ServerUrl;

use crate::harness::{Server, plain_url, raw, run, run_for, url};

#[derive(Default)]
pub struct Got {
    pub head: Option<ResponseHead>,
    pub body: Vec<u8>,
    pub end: bool,
    pub failed: Option<ClientError>,
}

impl Got {
    pub fn is_over(&self) -> bool {
        self.end || self.failed.is_some()
    }
}

struct Fetch {
    options: Option<ClientOptions>,
    conn: Option<ClientConn>,
    got: Rc<RefCell<Got>>,
}

/// Mail: pause or go on.
struct Pause(bool);

impl Link for Fetch {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if let Some(options) = self.options.take() {
            self.conn = Some(ClientConn::start(cx, options));
        }
        let conn = self.conn.as_mut().unwrap();
        conn.wake(cx, &wake);
        for mail in &wake.mail {
            match mail.downcast_ref::<Pause>() {
                Some(Pause(true)) => conn.pause_reading(),
                Some(Pause(false)) => conn.resume_reading(cx),
                None => {}
            }
        }
        while let Some(event) = conn.poll(cx) {
            let mut got = self.got.borrow_mut();
            assert!(!got.is_over(), "an event after the last");
            match event {
                ClientEvent::Head(head) => assert!(got.head.replace(head).is_none()),
                ClientEvent::Body(piece) => got.body.extend(piece),
                ClientEvent::End => got.end = true,
                ClientEvent::Failed(e) => got.failed = Some(e),
            }
        }
        cx.set_timer(conn.deadline());
    }
}

pub fn get(url: ServerUrl) -> ClientOptions {
    ClientOptions::new("GET", url, client_config(ClientTrust::AnyChain), Resolver::new())
}

pub fn start(chain: &Chain, options: ClientOptions) -> (LinkId, Rc<RefCell<Got>>) {
    let got = Rc::new(RefCell::new(Got::default()));
    let id = chain.add("fetch", Fetch { options: Some(options), conn: None, got: got.clone() });
    (id, got)
}

pub fn fetch(chain: &Chain, options: ClientOptions) -> Got {
    let (_, got) = start(chain, options);
    run(chain, || got.borrow().is_over());
    run_for(chain, 5);
    got.take()
}

#[test]
fn our_client_and_our_server_understand_each_other() {
    let chain = Chain::new().unwrap();
    let answer = |request: &microstack::http::Request| {
        Response::new(200).with("X-Method", request.method.clone()).with_body(request.body.clone())
    };
    let (addr, seen) = Server { answer: Rc::new(answer), ..Server::default() }.start(&chain);
    let mut post = get(url(addr, "/post?a=b"));
    post.method = "POST".into();
    post.body = vec![7; 50_000].into();
    post.headers.push("X-Extra", "yes");
    let got = fetch(&chain, post);
    assert!(got.end, "{:?}", got.failed);
    assert_eq!(got.body, vec![7; 50_000]);
    assert_eq!(got.head.unwrap().headers.get("x-method"), Some("POST"));
    assert_eq!(seen.borrow().requests[0].header("x-extra"), Some("yes"));
    assert_eq!(seen.borrow().requests[0].header("host"), Some(addr.to_string().as_str()));
    let mut head = get(url(addr, "/"));
    head.method = "HEAD".into();
    let got = fetch(&chain, head);
    assert!(got.end && got.body.is_empty());
}

/// A server that answers one request with `answer` and hangs up.
fn canned(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        crate::harness::read_head(&mut stream);
        // In small pieces, so that every state is met.
        for piece in answer.chunks(3) {
            if stream.write_all(piece).is_err() {
                return;
            }
        }
    });
    addr
}

fn answered(answer: &'static [u8]) -> Got {
    let chain = Chain::new().unwrap();
    fetch(&chain, get(plain_url(canned(answer), "/")))
}

#[test]
fn bodies_end_where_they_say() {
    let got = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more");
    assert_eq!((got.body.as_slice(), got.end), (b"hello".as_slice(), true));
    let got = answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n");
    assert_eq!((got.body.as_slice(), got.end), (b"hello world".as_slice(), true));
    let got = answered(b"HTTP/1.0 200 OK\r\n\r\nuntil the end");
    assert_eq!((got.body.as_slice(), got.end), (b"until the end".as_slice(), true));
    let got = answered(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!((got.head.unwrap().status, got.end), (204, true));
    let got = answered(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((got.head.unwrap().status, got.end), (302, true), "not followed");
}

#[test]
fn answers_cut_short_are_no_answers() {
    assert!(matches!(
        answered(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello").failed,
        Some(ClientError::Eof)
    ));
    assert!(matches!(
        answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").failed,
        Some(ClientError::Eof)
    ));
    assert!(matches!(
        answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").failed,
        Some(ClientError::Body(_))
    ));
    assert!(matches!(answered(b"HTTP/1.1 200").failed, Some(ClientError::Eof)));
    assert!(matches!(answered(b"").failed, Some(ClientError::Eof)));
    assert!(matches!(answered(b"220 mail.example ESMTP\r\n").failed, Some(ClientError::Http(_))));
    assert!(matches!(
        answered(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n").failed,
        Some(ClientError::Http(_))
    ));
}

#[test]
fn a_paused_download_holds_the_server_back_and_then_goes_on() {
    let chain = Chain::new().unwrap();
    let answer = |_: &microstack::http::Request| Response::new(200).with_body(vec![3; 20 << 20]);
    let (addr, _) = Server { answer: Rc::new(answer), ..Server::default() }.start(&chain);
    let (id, got) = start(&chain, get(url(addr, "/")));
    run(&chain, || got.borrow().body.len() > 100_000);
    assert!(chain.mail(id, Box::new(Pause(true))).is_ok());
    run_for(&chain, 50);
    let held = got.borrow().body.len();
    run_for(&chain, 100);
    assert_eq!(got.borrow().body.len(), held);
    assert!(held < 20 << 20);
    assert!(chain.mail(id, Box::new(Pause(false))).is_ok());
    run(&chain, || got.borrow().is_over());
    assert_eq!(got.borrow().body.len(), 20 << 20);
}

#[test]
fn a_server_that_says_nothing_meets_the_deadline() {
    let chain = Chain::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = get(plain_url(listener.local_addr().unwrap(), "/"));
    options.answer_timeout = Duration::from_millis(100);
    let got = fetch(&chain, options);
    assert!(matches!(got.failed, Some(ClientError::Deadline(Stage::Request))), "{:?}", got.failed);
}

#[test]
fn control_characters_cannot_smuggle_a_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = crate::harness::read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        head
    });
    let chain = Chain::new().unwrap();
    let mut options = get(plain_url(addr, "/"));
    options.url.path_and_query = "/a HTTP/1.1\r\nX: y".into();
    options.headers.push("A", "b\r\nEvil: yes");
    let got = fetch(&chain, options);
    assert!(got.end);
    let head = thread.join().unwrap();
    assert!(!head.contains("\r\nX:") && !head.contains("\r\nEvil"), "{head}");
    let mut unused = raw(canned(b""));
    let _ = unused.write_all(b"\r\n\r\n");
    let _ = unused.read(&mut [0; 1]);
}
