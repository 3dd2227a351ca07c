//! The plain answers, over a listener without TLS so that a test needs no more than a socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use microstack::wire::Msh;
use server_lite::certs::OuterSource;
use server_lite::http::{ROUTES, Reply};

use super::lab::{Lab, certs};

/// Status line, head and body of an answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

pub fn request(at: SocketAddr, method: &str, target: &str, more: &str) -> Answer {
    let mut socket = TcpStream::connect(at).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(socket, "{method} {target} HTTP/1.1\r\nHost: mesh.example:81\r\nConnection: close\r\n{more}\r\n")
        .unwrap();
    let mut all = Vec::new();
    socket.read_to_end(&mut all).unwrap();
    let split = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(all[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: all[split..].to_vec() }
}

/// The certificate that a terminator in front of the server shows.
pub fn shown_outside() -> OuterSource {
    static CHAIN: OnceLock<tempfile::NamedTempFile> = OnceLock::new();
    let file = CHAIN.get_or_init(|| {
        let file = tempfile::NamedTempFile::new().unwrap();
        let files = certs().to_files().unwrap();
        let chain = files.into_iter().find(|file| file.name == "webserver-cert-public.crt").unwrap();
        std::fs::write(file.path(), chain.pem).unwrap();
        file
    });
    OuterSource::File(file.path().to_owned())
}

pub fn plain_lab() -> Lab {
    Lab::start_with(|options| options.outer = Some(shown_outside()))
}

#[test]
fn every_address_answers_a_stranger_as_it_declares() {
    let lab = plain_lab();
    let at = lab.running().address();
    for route in ROUTES {
        let answer = request(at, "GET", route.path, "");
        let expected = match route.reply {
            Reply::Page(_) if route.path == "/meshsettings" => 401,
            Reply::Page(_) if route.path.ends_with("/*") => 404,
            // A server built without Node has no icon.
            Reply::Page(_) if answer.status == 404 && route.path == "/favicon.svg" => 404,
            Reply::Page(_) => 200,
            Reply::Programs => 200,
            Reply::AgentChannel | Reply::UserChannel | Reply::Relay => 426,
            // Its own table says more; see the walk over it.
            Reply::Api if route.path == "/metrics" => 401,
            Reply::Api => 404,
        };
        assert_eq!(answer.status, expected, "{}", route.path);
        for field in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: no-referrer",
            "cache-control: no-",
        ] {
            assert!(answer.head.contains(field), "{} lacks {field}", route.path);
        }
        let posted = request(at, "POST", route.path, "Content-Length: 0\r\n").status;
        assert_eq!(posted, if route.path == "/api/v1/*" { 404 } else { 405 }, "{}", route.path);
    }
    for path in ["/nothing", "/../etc/passwd", "/agent.ashx/x", "/CONTROL.ASHX"] {
        assert_eq!(request(at, "GET", path, "").status, 404, "{path}");
    }
    assert_eq!(request(at, "GET", "/health.ashx", "").body, b"ok");
}

#[test]
fn the_settings_file_of_a_group_is_for_who_knows_its_id() {
    let lab = plain_lab();
    let at = lab.running().address();
    let answer = request(at, "GET", &format!("/meshsettings?id={}", lab.mesh.to_text64()), "");
    assert_eq!(answer.status, 200);
    let msh = Msh::parse(&answer.body).unwrap();
    assert_eq!((msh.mesh_id().unwrap(), msh.server_ids().unwrap()), (lab.mesh, vec![lab.server_id]));
    assert_eq!(msh.get("MeshServer"), Some("wss://127.0.0.1:443/agent.ashx"));
    for id in ["", "x", &"A".repeat(64)] {
        assert_eq!(request(at, "GET", &format!("/meshsettings?id={id}"), "").status, 401);
    }
}

#[test]
fn plain_http_is_sent_to_https() {
    let lab = Lab::start_with(|options| options.redirect = Some("127.0.0.1:0".parse().unwrap()));
    let answer = request(lab.running().redirect().unwrap(), "GET", "/a?b=c", "");
    assert_eq!(answer.status, 308);
    assert!(
        answer.head.contains(&format!("location: https://mesh.example:{}/a?b=c", lab.port())),
        "{}",
        answer.head
    );
}
