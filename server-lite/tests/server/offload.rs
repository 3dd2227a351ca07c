//! Behind a TLS terminator.

use std::io::{Read, Write};
use std::net::TcpStream;

use microstack::crypto::{ServerCerts, tls_hash};
use microstack::wire::id::TlsHash;
use microstack::ws::Event;
use serde_json::json;
use server_lite::certs::OuterSource;

use super::lab::{Lab, certs, eventually};
use super::peers::{Plan, SOON, Socket, User, meshauth};

fn pem(certs: &ServerCerts) -> String {
    certs.to_files().unwrap().into_iter().find(|file| file.name == "webserver-cert-public.crt").unwrap().pem
}

fn plan(lab: &Lab, claimed: TlsHash) -> Plan {
    let url = format!("ws://127.0.0.1:{}/agent.ashx", lab.port());
    Plan { url, claimed: Some(claimed), ..Plan::new(lab) }
}

#[test]
fn the_outer_certificate_counts_and_after_a_renewal_both_do() {
    let outer = ServerCerts::create("mesh.example", true).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem(certs())).unwrap();
    let lab = Lab::start_with(|options| options.outer = Some(OuterSource::File(file.path().to_owned())));
    let (old, new) = (tls_hash(certs().web.leaf()), tls_hash(outer.web.leaf()));
    plan(&lab, old).join().socket.close();
    let held = plan(&lab, new).held();

    std::fs::write(file.path(), pem(&outer)).unwrap();
    lab.running().reload();
    let facts = || lab.running().house().facts();
    eventually("the new certificate is noticed", || facts().tls_hash == new.to_hex());
    plan(&lab, new).join().socket.close();
    plan(&lab, old).join().socket.close();
    drop(held);

    // A file that is half written changes nothing.
    std::fs::write(file.path(), "-----BEGIN CERTIFICATE-----\n").unwrap();
    lab.running().reload();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(facts().tls_hash, new.to_hex());
    plan(&lab, new).join();
}

#[test]
fn the_outer_certificate_is_fetched_from_the_terminator() {
    // Any TLS server will do: here another server of ours.
    let terminator = Lab::start();
    let source = OuterSource::parse(&format!("https://127.0.0.1:{}", terminator.port())).unwrap();
    assert_eq!(source.fetch().unwrap().leaf, certs().web.leaf());
    let lab = Lab::start_with(|options| options.outer = Some(source));
    plan(&lab, tls_hash(certs().web.leaf())).join();
    let gone = OuterSource::parse("https://127.0.0.1:1").unwrap();
    assert!(gone.fetch().unwrap_err().to_string().contains("127.0.0.1:1"));
}

#[test]
fn the_terminator_says_who_the_client_is() {
    let lab = super::http::plain_lab();
    let headers = [
        ("x-meshauth", meshauth("admin", super::lab::PASSWORD)),
        ("X-Forwarded-For", "203.0.113.9, 198.51.100.7".into()),
    ];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = format!("ws://127.0.0.1:{}/control.ashx", lab.port());
    let user = User { socket: Socket::connect(&url, &headers) };
    user.socket.event(SOON);
    assert_eq!(user.next()["action"], "serverinfo");
    assert_eq!(user.next()["action"], "userinfo");
    let mut plan = plan(&lab, tls_hash(certs().web.leaf()));
    plan.headers = vec![("X-Forwarded-For", "203.0.113.9, 198.51.100.8")];
    let _agent = plan.join();
    assert_eq!(user.device().unwrap()["ip"], "198.51.100.8");
}

#[test]
fn each_request_of_a_terminators_connection_is_its_own_clients() {
    let lab = super::http::plain_lab();
    let mut socket = TcpStream::connect(lab.running().address()).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let body = r#"{"user":"admin","password":"wrong"}"#;
    for more in ["X-Forwarded-For: 198.51.100.7\r\n", "X-Forwarded-For: 198.51.100.8\r\n", ""] {
        write!(
            socket,
            "POST /api/v1/sign-in HTTP/1.1\r\nHost: mesh.example:81\r\nContent-Type: application/json\r\n\
             {more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut part = [0; 4096];
            let got = socket.read(&mut part).unwrap();
            assert!(got > 0, "the connection ended: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&part[..got]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 401 "), "{}", String::from_utf8_lossy(&answer));
    }
    let lines = lab.running().house().data.audit(10, |line| line.action == "sign-in").unwrap();
    let mut addresses: Vec<&str> = lines.iter().map(|line| line.address.as_str()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["127.0.0.1", "198.51.100.7", "198.51.100.8"]);
}

#[test]
fn a_tunnel_is_told_of_with_the_addresses_of_its_clients() {
    let lab = super::http::plain_lab();
    let auth = meshauth("admin", super::lab::PASSWORD);
    let (his, its) = (("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-For", "198.51.100.8"));
    let open = |path: &str, headers: &[(&str, &str)]| {
        let socket = Socket::connect(&format!("ws://127.0.0.1:{}{path}", lab.port()), headers);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        socket
    };
    let mut plan = plan(&lab, tls_hash(certs().web.leaf()));
    plan.headers = vec![its];
    let agent = plan.join();
    agent.keep_own_core();
    let user = User { socket: open("/control.ashx", &[("x-meshauth", auth.as_str()), his]) };
    eventually("the device is there", || user.device().is_some_and(|device| device["conn"] == 1));
    let node = user.device().unwrap()["_id"].as_str().unwrap().to_owned();
    let tunnel = json!({
        "action": "msg", "type": "tunnel", "nodeid": node, "usage": 1,
        "value": format!("*/meshrelay.ashx?p=1&nodeid={node}&id=t1&rauth=x"),
    });
    assert_eq!(user.ask(tunnel)["result"], "OK");
    let value = agent.wait_json("msg")["value"].as_str().unwrap().trim_start_matches('*').to_owned();
    let path = format!("/meshrelay.ashx?browser=1&p=1&nodeid={node}&id=t1");
    let operator = open(&path, &[("x-meshauth", auth.as_str()), his]);
    let device = open(&value, &[its]);
    for end in [&operator, &device] {
        assert!(matches!(end.event(SOON), Some(Event::Text(text)) if text == "c"));
    }
    let told = user.wait_event("relaylog");
    assert_eq!(told["msg"], "Started a terminal session from 198.51.100.7 to 198.51.100.8");
}
