//! Behind a TLS terminator.

use microstack::crypto::{ServerCerts, tls_hash};
use microstack::wire::id::TlsHash;
use server_lite::certs::OuterSource;

use super::lab::{Lab, certs, eventually};
use super::peers::{Plan, User, meshauth};

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
    let user = User { socket: super::peers::Socket::connect(&url, &headers) };
    user.socket.event(super::peers::SOON);
    assert_eq!(user.next()["action"], "serverinfo");
    assert_eq!(user.next()["action"], "userinfo");
    let mut plan = plan(&lab, tls_hash(certs().web.leaf()));
    plan.headers = vec![("X-Forwarded-For", "203.0.113.9, 198.51.100.8")];
    let _agent = plan.join();
    assert_eq!(user.device().unwrap()["ip"], "198.51.100.8");
}
