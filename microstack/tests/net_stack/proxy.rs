//! Through an HTTP proxy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use microstack::chain::Chain;
use microstack::http::Proxy;
use microstack::ws::CloseWhy;

use crate::harness::*;

/// A proxy for one connection: answers with `status` and, if that is 200, passes bytes both ways. Gives the request.
fn proxy(status: &'static str) -> (SocketAddr, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let head = read_head(&mut client);
        client.write_all(format!("HTTP/1.1 {status}\r\nX-Proxy: yes\r\n\r\n").as_bytes()).unwrap();
        if status.starts_with("200") {
            let target = head.split(' ').nth(1).unwrap().to_owned();
            let server = TcpStream::connect(&target).unwrap();
            let (up, down) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || pass(client, up));
            std::thread::spawn(move || pass(server, down));
        }
        head
    });
    (addr, thread)
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut buf = [0; 4096];
    while let Ok(n) = from.read(&mut buf) {
        if n == 0 || to.write_all(&buf[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

fn through(proxy: SocketAddr) -> Option<Proxy> {
    let credentials = Some(("user".to_owned(), "secret".to_owned()));
    Some(Proxy { host: proxy.ip().to_string(), port: proxy.port(), credentials })
}

#[test]
fn a_websocket_passes_a_proxy_with_credentials() {
    let chain = Chain::new().unwrap();
    let (addr, thread) = proxy("200 Connection established");
    let pair = open(&chain, Server::echo(), |options| options.proxy = through(addr));
    let head = thread.join().unwrap();
    assert!(head.starts_with(&format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", pair.addr)), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{head}");
    assert_eq!(pair.at_client.borrow().open.as_ref().unwrap().peer_cert_der.as_ref(), Some(&p256().cert));
    tell(&chain, pair.client, |cx, conn| conn.send_text(cx, "through").unwrap());
    run(&chain, || pair.at_client.borrow().text == ["through"]);
}

#[test]
fn a_proxy_that_refuses_is_named() {
    for (status, says) in [
        ("407 Proxy Authentication Required", "user name and a password"),
        ("403 Forbidden", "refused to connect: 403 Forbidden"),
    ] {
        let chain = Chain::new().unwrap();
        let (addr, _thread) = proxy(status);
        let seen = Shared::default();
        let mut options = client_options(url("127.0.0.1:1".parse().unwrap(), "/"));
        options.proxy = through(addr);
        chain.add("client", WsLink::client(options, &seen));
        run(&chain, || seen.borrow().closed.is_some());
        match why(&seen) {
            CloseWhy::Proxy(text) => assert!(text.contains(says), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_proxy_that_is_not_there_is_told_from_a_server_that_is_not() {
    let chain = Chain::new().unwrap();
    let seen = Shared::default();
    let mut options = client_options(url("127.0.0.1:1".parse().unwrap(), "/"));
    options.proxy = through(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    chain.add("client", WsLink::client(options, &seen));
    run(&chain, || seen.borrow().closed.is_some());
    match why(&seen) {
        CloseWhy::Proxy(text) => assert!(text.contains("the proxy cannot be reached"), "{text}"),
        other => panic!("{other:?}"),
    }
}
