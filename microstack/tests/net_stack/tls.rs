//! TLS: versions, keys, names, replaced certificates, and peers that speak something else.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use microstack::chain::Chain;
use microstack::http::{ClosedWhy, ServerOptions};
use microstack::tls::{ClientTrust, Served, TlsError, client_config, server_config, server_name};
use microstack::ws::CloseWhy;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::harness::*;

fn only(version: &'static rustls::SupportedProtocolVersion, pair: &Pair) -> Arc<Served> {
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(pair.cert.clone())],
                PrivateKeyDer::try_from(pair.key.clone()).unwrap(),
            )
            .unwrap();
    Served::new(Arc::new(config))
}

#[test]
fn both_versions_and_both_kinds_of_key_work_and_the_leaf_is_known() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for pair in [rsa(), p256()] {
            let chain = Chain::new().unwrap();
            let mut server = Server::echo();
            server.options.tls = Some(only(version, pair));
            let open = open(&chain, server, |_| {});
            let seen = open.at_client.borrow().open.as_ref().unwrap().peer_cert_der.clone();
            assert_eq!(seen.as_ref(), Some(&pair.cert));
            tell(&chain, open.client, |cx, conn| conn.send_binary(cx, vec![1; 100_000]).unwrap());
            run(&chain, || open.at_client.borrow().binary == [vec![1; 100_000]]);
        }
    }
}

#[test]
fn the_certificate_s_key_must_be_proved() {
    // A server that shows a certificate whose key it does not hold.
    let (shown, held) = (p256(), another_p256());
    #[derive(Debug)]
    struct Impostor(Arc<rustls::sign::CertifiedKey>);
    impl rustls::server::ResolvesServerCert for Impostor {
        fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
            Some(self.0.clone())
        }
    }
    let key =
        rustls::crypto::ring::sign::any_supported_type(&PrivateKeyDer::try_from(held.key.clone()).unwrap());
    let certified =
        rustls::sign::CertifiedKey::new(vec![CertificateDer::from(shown.cert.clone())], key.unwrap());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(Impostor(Arc::new(certified.clone()))));
        let chain = Chain::new().unwrap();
        let mut server = Server::default();
        server.options.tls = Some(Served::new(Arc::new(config)));
        let (addr, at_server) = server.start(&chain);
        let seen = Shared::default();
        chain.add("client", WsLink::client(client_options(url(addr, "/")), &seen));
        run(&chain, || seen.borrow().closed.is_some());
        assert!(matches!(why(&seen), CloseWhy::Tls(_)), "{:?}", why(&seen));
        assert!(at_server.borrow().requests.is_empty(), "no request reaches an impostor");
    }
}

/// The first flight of a client, with `127-0-0-1` in the server name made to `127.0.0.1`.
fn hello_with_an_address() -> Vec<u8> {
    let config = client_config(ClientTrust::AnyChain);
    let mut tls = rustls::ClientConnection::new(config, server_name("127-0-0-1").unwrap()).unwrap();
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).unwrap();
    let at = hello.windows(9).position(|w| w == b"127-0-0-1").expect("the server name is in the hello");
    hello[at..at + 9].copy_from_slice(b"127.0.0.1");
    hello
}

#[test]
fn an_address_in_the_server_name_is_tolerated() {
    let chain = Chain::new().unwrap();
    let (addr, _) = Server::default().start(&chain);
    let first = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(&hello_with_an_address()).unwrap();
        let mut first = [0; 6];
        stream.read_exact(&mut first).unwrap();
        first
    });
    // A handshake record with a ServerHello, not an alert (0x15).
    assert_eq!((first[0], first[5]), (0x16, 0x02), "{first:?}");
}

#[test]
fn openssl_with_an_address_in_the_server_name_gets_through() {
    for (version, pair) in [("-tls1_2", rsa()), ("-tls1_3", rsa()), ("-tls1_2", p256()), ("-tls1_3", p256())]
    {
        let chain = Chain::new().unwrap();
        let mut server = Server::default();
        server.options.tls = Some(served(pair));
        let (addr, _) = server.start(&chain);
        let output = with_peer(&chain, move || {
            let mut openssl = Command::new("openssl")
                .args([
                    "s_client",
                    "-quiet",
                    "-connect",
                    &addr.to_string(),
                    "-servername",
                    "127.0.0.1",
                    version,
                ])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("openssl is installed");
            let mut stdin = openssl.stdin.take().unwrap();
            stdin.write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
            let mut output = String::new();
            openssl.stdout.take().unwrap().read_to_string(&mut output).unwrap();
            drop(stdin);
            openssl.wait().unwrap();
            output
        });
        assert!(output.ends_with("GET /hello"), "{version}: {output}");
    }
}

#[test]
fn a_replaced_certificate_shows_on_the_next_connection() {
    let chain = Chain::new().unwrap();
    let holder = served(p256());
    let options = ServerOptions { tls: Some(holder.clone()), ..ServerOptions::default() };
    let (addr, _) = Server { options, ..Server::default() }.start(&chain);
    let leaf = || {
        let seen = Shared::default();
        chain.add("client", WsLink::client(client_options(url(addr, "/agent.ashx")), &seen));
        run(&chain, || seen.borrow().open.is_some());
        let leaf = seen.borrow().open.as_ref().unwrap().peer_cert_der.clone();
        leaf.unwrap()
    };
    assert_eq!(leaf(), p256().cert);
    let new = another_p256();
    holder.swap(server_config(vec![new.cert.clone()], &new.key).unwrap());
    assert_eq!(leaf(), new.cert);
}

#[test]
fn unusable_certificates_are_explained() {
    let config = |chain, key: &[u8]| match server_config(chain, key) {
        Err(TlsError::Config(text)) => text,
        other => panic!("{:?}", other.map(|_| ())),
    };
    assert!(config(vec![], &p256().key).contains("no certificate"));
    assert!(config(vec![p256().cert.clone()], b"nonsense").contains("private key"));
    assert!(config(vec![p256().cert.clone()], &rsa().key).contains("cannot be used"));
    for host in ["localhost", "a.b", "127.0.0.1", "[::1]", "::1", "fe80::1%eth0", "with_underscore.lan"] {
        server_name(host).unwrap_or_else(|e| panic!("{host}: {e}"));
    }
    assert!(server_name("not a name").is_err());
}

#[test]
fn plain_http_to_a_tls_port_gets_an_answer_that_explains() {
    let chain = Chain::new().unwrap();
    let (addr, seen) = Server::default().start(&chain);
    let answer = with_peer(&chain, move || {
        let mut stream = raw(addr);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("https://"), "{answer}");
    run(&chain, || seen.borrow().http_closed.is_some());
    let closed = seen.borrow_mut().http_closed.take();
    assert!(matches!(closed, Some(ClosedWhy::Tls(TlsError::NotTls { first: b'G' }))), "{closed:?}");
}

#[test]
fn a_tls_client_on_a_plain_port_is_told_the_port_is_wrong() {
    let chain = Chain::new().unwrap();
    let (addr, _) = Server::plain().start(&chain);
    let seen = Shared::default();
    chain.add("client", WsLink::client(client_options(url(addr, "/")), &seen));
    run(&chain, || seen.borrow().closed.is_some());
    match why(&seen) {
        CloseWhy::Tls(text) => assert!(text.contains("does not speak TLS"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_that_hangs_up_in_the_handshake_is_named() {
    let chain = Chain::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 2000]);
    });
    let seen = Shared::default();
    chain.add("client", WsLink::client(client_options(url(addr, "/")), &seen));
    run(&chain, || seen.borrow().closed.is_some());
    thread.join().unwrap();
    match why(&seen) {
        CloseWhy::Tls(text) => assert!(text.contains("hung up during the TLS handshake"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sessions_are_resumed_by_ticket_until_the_certificate_changes() {
    let chain = Chain::new().unwrap();
    let holder = served(p256());
    let options = ServerOptions { tls: Some(holder.clone()), ..ServerOptions::default() };
    let (addr, _) = Server { options, ..Server::default() }.start(&chain);
    // A client that resumes, as browsers do.
    let mut config = (*client_config(ClientTrust::AnyChain)).clone();
    config.resumption = rustls::client::Resumption::in_memory_sessions(4);
    let config = Arc::new(config);
    let kind = || {
        let config = config.clone();
        with_peer(&chain, move || {
            let name = server_name("localhost").unwrap();
            let tls = rustls::ClientConnection::new(config, name).unwrap();
            let mut stream = rustls::StreamOwned::new(tls, raw(addr));
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            assert!(answer.ends_with(b"GET /"));
            stream.conn.handshake_kind().unwrap()
        })
    };
    assert_eq!(kind(), rustls::HandshakeKind::Full);
    assert_eq!(kind(), rustls::HandshakeKind::Resumed);
    holder.swap(server_config(vec![p256().cert.clone()], &p256().key).unwrap());
    assert_eq!(kind(), rustls::HandshakeKind::Full);
}
