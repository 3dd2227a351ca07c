//! Names, addresses and the race between them.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, Wake};
use microstack::net::{
    ConnectFault, Dial, DialError, DialEvent, DialOptions, ListenOptions, Listener, Resolver, UdpOptions,
    UdpSocket, interfaces, netlink,
};
use socket2::{Domain, Socket, Type};

use crate::harness::{run, run_for};

type Outcome = Rc<RefCell<Option<(Result<SocketAddr, DialError>, Duration)>>>;

struct DialLink {
    options: Option<DialOptions>,
    dial: Option<Dial>,
    begun: Instant,
    outcome: Outcome,
}

impl Link for DialLink {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if let Some(options) = self.options.take() {
            self.dial = Some(Dial::start(cx, options));
        }
        let dial = self.dial.as_mut().unwrap();
        dial.wake(cx, &wake);
        while let Some(event) = dial.poll(cx) {
            let result = match event {
                DialEvent::Connected(stream, addr) => {
                    assert_eq!(stream.peer_addr().unwrap(), addr);
                    Ok(addr)
                }
                DialEvent::Failed(e) => Err(e),
            };
            assert!(self.outcome.borrow_mut().replace((result, self.begun.elapsed())).is_none());
        }
        cx.set_timer(dial.deadline());
    }
}

fn dial(options: DialOptions) -> (Result<SocketAddr, DialError>, Duration) {
    let chain = Chain::new().unwrap();
    let outcome = Outcome::default();
    let link =
        DialLink { options: Some(options), dial: None, begun: Instant::now(), outcome: outcome.clone() };
    chain.add("dial", link);
    run(&chain, || outcome.borrow().is_some());
    outcome.take().unwrap()
}

fn within(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

fn to(addrs: Vec<SocketAddr>) -> DialOptions {
    let resolver = Resolver::with_lookup(move |_, _| Ok(addrs.clone()));
    DialOptions::new("some.host", 1, resolver, within(5000))
}

/// A listener whose queue is full: the kernel drops further SYNs, as a firewall would.
struct BlackHole {
    addr: SocketAddr,
    _held: Vec<Socket>,
}

impl BlackHole {
    fn new(ip: &str) -> BlackHole {
        let bind: SocketAddr = ip.parse().unwrap();
        let socket = Socket::new(Domain::for_address(bind), Type::STREAM, None).unwrap();
        socket.bind(&bind.into()).unwrap();
        socket.listen(0).unwrap();
        let addr = socket.local_addr().unwrap().as_socket().unwrap();
        let mut held = vec![socket];
        for _ in 0..4 {
            let filler = Socket::new(Domain::for_address(addr), Type::STREAM, None).unwrap();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&addr.into());
            held.push(filler);
        }
        BlackHole { addr, _held: held }
    }
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

fn closed_port() -> SocketAddr {
    listener().1
}

#[test]
fn an_address_needs_no_resolver() {
    let (_listener, addr) = listener();
    let resolver = Resolver::with_lookup(|_, _| panic!("asked"));
    let (result, _) = dial(DialOptions::new("127.0.0.1", addr.port(), resolver, within(5000)));
    assert_eq!(result.unwrap(), addr);
}

#[test]
fn the_system_resolver_knows_localhost() {
    let (_listener, addr) = listener();
    let (result, _) = dial(DialOptions::new("localhost", addr.port(), Resolver::new(), within(5000)));
    assert_eq!(result.unwrap().port(), addr.port());
}

#[test]
fn a_black_holed_ipv6_falls_back_to_ipv4_after_250_ms() {
    let hole = match TcpListener::bind("[::1]:0") {
        Ok(_) => BlackHole::new("[::1]:0"),
        Err(_) => BlackHole::new("127.0.0.1:0"), // a machine without IPv6: the race is the same
    };
    let (_listener, good) = listener();
    let (result, took) = dial(to(vec![hole.addr, good]));
    assert_eq!(result.unwrap(), good);
    assert!(took >= Duration::from_millis(240) && took < Duration::from_millis(1500), "{took:?}");
}

#[test]
fn a_refusal_starts_the_next_attempt_at_once() {
    let (_listener, good) = listener();
    let (result, took) = dial(to(vec![closed_port(), closed_port(), closed_port(), good]));
    assert_eq!(result.unwrap(), good);
    assert!(took < Duration::from_millis(240), "{took:?}");
}

#[test]
fn more_black_holes_than_attempts_at_once_are_waited_out() {
    let holes: Vec<BlackHole> = (0..5).map(|_| BlackHole::new("127.0.0.1:0")).collect();
    let (_listener, good) = listener();
    let mut options = to(holes.iter().map(|hole| hole.addr).chain([good]).collect());
    options.attempt_delay = Duration::from_millis(20);
    options.attempt_timeout = Duration::from_millis(300);
    let (result, took) = dial(options);
    assert_eq!(result.unwrap(), good);
    assert!(took >= Duration::from_millis(290) && took < Duration::from_millis(2000), "{took:?}");
}

#[test]
fn every_address_that_failed_is_named() {
    let (one, two) = (closed_port(), closed_port());
    let (result, _) = dial(to(vec![one, two]));
    let error = result.unwrap_err();
    assert_eq!(error.fault(), Some(ConnectFault::Refused));
    let text = error.to_string();
    assert!(text.contains(&one.to_string()) && text.contains(&two.to_string()), "{text}");
}

#[test]
fn the_deadline_holds_for_all_together() {
    let hole = BlackHole::new("127.0.0.1:0");
    let mut options = to(vec![hole.addr]);
    options.deadline = within(150);
    let (result, took) = dial(options);
    assert_eq!(result.unwrap_err().fault(), Some(ConnectFault::TimedOut));
    assert!(took < Duration::from_millis(1000), "{took:?}");
}

#[test]
fn a_name_server_that_does_not_answer_is_named_and_the_chain_goes_on() {
    let resolver = Resolver::with_lookup(|_, _| {
        std::thread::sleep(Duration::from_millis(600));
        Ok(vec![])
    });
    let (result, took) = dial(DialOptions::new("slow.host", 1, resolver, within(100)));
    assert_eq!(result.unwrap_err(), DialError::DnsTimedOut { host: "slow.host".into() });
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[test]
fn without_dns_the_last_good_address_is_tried() {
    let (_listener, good) = listener();
    let resolver = Resolver::with_lookup(|_, _| Err(std::io::Error::other("no such host")));
    let mut options = DialOptions::new("gone.host", 1, resolver.clone(), within(5000));
    options.fallback = vec![good];
    assert_eq!(dial(options).0.unwrap(), good);
    let (result, _) = dial(DialOptions::new("gone.host", 1, resolver, within(5000)));
    let text = result.unwrap_err().to_string();
    assert!(text.contains("gone.host") && text.contains("no such host"), "{text}");
}

#[test]
fn names_that_are_none_are_refused_without_asking() {
    for host in ["", "with blank", "new\nline", &"x".repeat(254)] {
        let resolver = Resolver::with_lookup(|_, _| panic!("asked"));
        let (result, _) = dial(DialOptions::new(host, 1, resolver, within(5000)));
        assert!(matches!(result, Err(DialError::Dns(_))), "{host:?}");
    }
}

struct Accepting {
    listener: Listener,
    most_per_turn: Rc<RefCell<usize>>,
    all: Rc<RefCell<Vec<mio::net::TcpStream>>>,
}

impl Link for Accepting {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.listener.start(cx, 5).unwrap();
        }
        self.listener.wake(cx, &wake);
        let before = self.all.borrow().len();
        while let Some((stream, peer)) = self.listener.poll(cx) {
            assert!(peer.is_ipv4(), "{peer}");
            self.all.borrow_mut().push(stream);
        }
        let turn = self.all.borrow().len() - before;
        let most = (*self.most_per_turn.borrow()).max(turn);
        *self.most_per_turn.borrow_mut() = most;
        cx.set_timer(self.listener.deadline());
    }
}

#[test]
fn a_listener_accepts_a_bounded_number_per_turn_and_forgets_none() {
    let chain = Chain::new().unwrap();
    let options = ListenOptions { budget: 4, ..ListenOptions::default() };
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap();
    let addr = listener.local_addr().unwrap();
    let clients: Vec<_> = (0..50).map(|_| std::net::TcpStream::connect(addr).unwrap()).collect();
    let (most, all) = (Rc::default(), Rc::default());
    chain.add("accepting", Accepting { listener, most_per_turn: Rc::clone(&most), all: Rc::clone(&all) });
    run(&chain, || all.borrow().len() == clients.len());
    assert_eq!(*most.borrow(), 4);
}

#[test]
fn listeners_share_a_port_when_asked_and_only_then() {
    let options = ListenOptions { reuse_port: true, ..ListenOptions::default() };
    let one = Listener::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap();
    let addr = one.local_addr().unwrap();
    let two = Listener::bind(addr, &options).unwrap();
    assert_eq!(two.local_addr().unwrap(), addr);
    assert!(Listener::bind(addr, &ListenOptions::default()).is_err());
}

type Datagram = (Vec<u8>, SocketAddr);

struct Udp {
    socket: UdpSocket,
    got: Rc<RefCell<Vec<Datagram>>>,
}

impl Link for Udp {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.socket.start(cx, 0).unwrap();
        }
        self.socket.wake(&wake);
        let mut buf = [0; 2048];
        while let Some((n, from)) = self.socket.poll(cx, &mut buf) {
            self.got.borrow_mut().push((buf[..n].to_vec(), from));
        }
    }
}

#[test]
fn datagrams_and_multicast_arrive() {
    let chain = Chain::new().unwrap();
    let options = UdpOptions { reuse_address: true, budget: 3, ..UdpOptions::default() };
    let socket = UdpSocket::bind("0.0.0.0:0".parse().unwrap(), &options).unwrap();
    let port = socket.local_addr().unwrap().port();
    let group: std::net::IpAddr = "239.255.255.235".parse().unwrap();
    let joined = socket.join_everywhere(group);
    assert!(socket.join("ff02::fe".parse().unwrap(), 1).is_err(), "the other family");
    let got: Rc<RefCell<Vec<Datagram>>> = Rc::default();
    chain.add("udp", Udp { socket, got: Rc::clone(&got) });
    let sender = UdpSocket::bind("0.0.0.0:0".parse().unwrap(), &UdpOptions::default()).unwrap();
    for n in 0..10u8 {
        sender.send_to(&[n; 100], SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    }
    run(&chain, || got.borrow().len() == 10);
    assert!(joined > 0 && !interfaces().is_empty(), "loopback at least");
    let sent = interfaces()
        .into_iter()
        .filter(|index| sender.send_multicast(b"to all", SocketAddr::new(group, port), *index).is_ok())
        .count();
    assert!(sent > 0, "no interface sends multicasts");
    run(&chain, || got.borrow().len() > 10);
    assert_eq!(got.borrow()[10].0, b"to all");
}

struct Watching {
    watch: Option<netlink::Watch>,
    reports: Rc<RefCell<u32>>,
}

impl Link for Watching {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.watch = Some(netlink::Watch::start(cx, 0).expect("netlink"));
        }
        let watch = self.watch.as_mut().unwrap();
        watch.wake(cx, &wake);
        while let Some(netlink::Event::Changed) = watch.poll(cx) {
            *self.reports.borrow_mut() += 1;
        }
        cx.set_timer(watch.deadline());
    }
}

/// Set inside the namespace.
const INSIDE: &str = "MESHLITE_TEST_IN_NAMESPACE";

#[test]
fn a_quiet_network_wakes_nobody_and_a_change_is_reported_once() {
    if std::env::var_os(INSIDE).is_none() {
        // In a network namespace of its own, where nothing but this test changes addresses.
        let allowed = Command::new("unshare").args(["-rn", "ip", "link", "show", "lo"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            println!(
                "skipped: this machine lets us make no network namespace (unshare -rn), or has no ip(8)"
            );
            return;
        }
        let output = Command::new("unshare")
            .arg("-rn")
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "dial::a_quiet_network_wakes_nobody_and_a_change_is_reported_once"])
            .env(INSIDE, "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let chain = Chain::new().unwrap();
    let reports = Rc::new(RefCell::new(0));
    chain.add("watch", Watching { watch: None, reports: reports.clone() });
    run_for(&chain, 10);
    let before = chain.stats().wake_ups;
    run_for(&chain, 300);
    assert!(chain.stats().wake_ups - before <= 2, "a quiet network");
    let ip = |args: &[&str]| assert!(Command::new("ip").args(args).status().unwrap().success());
    let begun = Instant::now();
    ip(&["link", "set", "lo", "up"]);
    ip(&["addr", "add", "10.9.9.9/32", "dev", "lo"]);
    ip(&["addr", "add", "10.9.9.8/32", "dev", "lo"]);
    run(&chain, || *reports.borrow() == 1);
    assert!(begun.elapsed() >= netlink::Watch::QUIET, "not before the burst is over");
    run_for(&chain, 300);
    assert_eq!(*reports.borrow(), 1, "one report for one burst");
    ip(&["addr", "del", "10.9.9.9/32", "dev", "lo"]);
    run(&chain, || *reports.borrow() == 2);
}
