//! The HTTP side of the server: strangers, garbage, slow clients and oversized requests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use meshlite_tests::peer::{connect_tls, say};
use meshlite_tests::{PATIENCE, Peer, Server, eventually, procfs};

fn status(answer: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(answer);
    text.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()
}

fn get(server: &Server, path: &str) -> Vec<u8> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    say(server.address(), request.as_bytes(), PATIENCE).unwrap()
}

#[test]
fn a_stranger_gets_nothing_from_any_route() {
    let mut server = Server::start();
    let msh = server.group("lab");
    let text = |path: &str| String::from_utf8_lossy(&get(&server, path)).into_owned();
    assert!(text("/health.ashx").contains("ok"));
    assert!(text("/").starts_with("HTTP/1.1 200"));
    let mesh = server.settings("lab").mesh_id().unwrap().to_text64();
    let settings = text(&format!("/meshsettings?id={mesh}"));
    assert!(settings.contains("ServerID="), "who knows the group gets its settings: {settings}");
    for path in [
        "/meshsettings",
        "/meshsettings?id=",
        "/meshsettings?id=AAAA",
        &format!("/meshsettings?id={}", "A".repeat(64)),
        &format!("/meshsettings?id={}", "A".repeat(5000)),
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/certs/webserver-cert-private.key",
        "/store",
        "/admin",
        "/meshsettings?id=%00%ff",
        "/nothing",
    ] {
        let answer = get(&server, path);
        let code = status(&answer).unwrap_or_else(|| panic!("{path}: {}", String::from_utf8_lossy(&answer)));
        assert!((400..500).contains(&code), "{path}: {code}");
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.contains("PRIVATE KEY") && !text.contains("root:"), "{path}");
        assert!(!text.contains("ServerID="), "{path}");
    }
    for path in ["/agent.ashx", "/control.ashx"] {
        let code = status(&get(&server, path)).unwrap();
        assert!((400..500).contains(&code), "{path} without an upgrade: {code}");
    }
    // A user channel without a login says so and does nothing.
    let mut user = Peer::open(server.address(), "/control.ashx").unwrap();
    let _ = user.send_text(r#"{"action":"meshes","responseid":"x"}"#);
    let _ = user.send_text(r#"{"action":"createmesh","meshname":"mine","meshtype":2,"responseid":"y"}"#);
    let mut heard = String::new();
    while let Ok(Some(message)) = user.receive(Duration::from_secs(10)) {
        heard.push_str(&String::from_utf8_lossy(&message));
    }
    assert!(heard.contains("noauth"), "{heard}");
    assert!(!heard.contains("mesh//") && !heard.contains("serverinfo"), "{heard}");
    assert!(!server.command(&["group", "list"]).stdout.contains("mine"));
    assert!(!msh.is_empty());
    server.process().assert_no_panic();
}

#[test]
fn a_page_of_another_site_cannot_open_the_user_channel() {
    let mut server = Server::start();
    let request = format!(
        "GET /control.ashx HTTP/1.1\r\nHost: {}\r\nOrigin: https://evil.example\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address()
    );
    let answer = say(server.address(), request.as_bytes(), Duration::from_secs(5)).unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("invalidorigin") || status(&answer) == Some(403), "{text}");
    server.process().assert_no_panic();
}

#[test]
fn malformed_requests_are_refused_with_a_status_and_the_server_lives() {
    let mut server = Server::start();
    let many: String = (0..2000).map(|n| format!("X-Header-{n}: value\r\n")).collect();
    let cases: Vec<(String, u16)> = vec![
        ("GARBAGE\r\n\r\n".into(), 400),
        ("GET / HTTP/9.9\r\n\r\n".into(), 400),
        ("GET /\r\n\r\n".into(), 400),
        ("\0\0\0\0\r\n\r\n".into(), 400),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(200_000)), 431),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(200_000)), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n".into(), 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n".into(), 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef".into(), 400),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
                .into(),
            400,
        ),
        ("DELETE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".into(), 405),
    ];
    for (request, expected) in &cases {
        let answer = say(server.address(), request.as_bytes(), Duration::from_secs(15)).unwrap_or_default();
        let name = request.chars().take(60).collect::<String>();
        if let Some(code) = status(&answer) {
            assert!((400..600).contains(&code), "{name:?}: {code} where about {expected} is right");
        }
        // A client that is cut off in the middle of a huge head may not see the answer any more; the rest must.
        assert!(request.len() > 10_000 || status(&answer).is_some(), "{name:?} got no answer");
    }
    assert_eq!(status(&get(&server, "/health.ashx")), Some(200));
    server.process().assert_no_panic();
}

#[test]
fn clients_that_never_finish_are_cut_off_and_the_others_are_served_meanwhile() {
    let mut server = Server::start();
    let pid = server.process().pid();
    let before = procfs::descriptors(pid);
    let mut slow = Vec::new();
    for n in 0..60 {
        if n % 2 == 0 {
            // Silent below TLS.
            let mut tcp = TcpStream::connect(server.address()).unwrap();
            let _ = tcp.write_all(&[0x16, 0x03, 0x01]);
            tcp.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            slow.push(tcp);
        } else {
            let mut tls = connect_tls(server.address()).unwrap();
            let _ = tls.write_all(b"GET / HTTP/1.1\r\nHost: ");
            let _ = tls.flush();
            slow.push(tls.sock.try_clone().unwrap());
        }
    }
    let asked = Instant::now();
    assert_eq!(status(&get(&server, "/health.ashx")), Some(200));
    assert!(asked.elapsed() < Duration::from_secs(5), "an honest client is served at once");
    // Ten seconds are allowed for a head; a drip of bytes does not lengthen them.
    eventually("the end of all slow clients", Duration::from_secs(45), || {
        for tcp in &mut slow {
            let _ = tcp.write_all(b"a");
        }
        std::thread::sleep(Duration::from_secs(1));
        (procfs::descriptors(pid) <= before + 4).then_some(())
    });
    let mut rest = [0; 100];
    assert!(!matches!(slow[0].read(&mut rest), Ok(n) if n > 50));
    server.process().assert_no_panic();
}

#[test]
fn plain_http_on_the_tls_port_is_no_trouble() {
    let mut server = Server::start();
    for bytes in
        [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], &[0; 5000], b"\x16\x03\x01\xff\xff", b"SSH-2.0-x\r\n"]
    {
        let mut tcp = TcpStream::connect(server.address()).unwrap();
        let _ = tcp.write_all(bytes);
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer);
        assert!(answer.len() < 1000);
    }
    assert_eq!(status(&get(&server, "/health.ashx")), Some(200));
    server.process().assert_no_panic();
}
