//! The web certificate is replaced while agents are connected and while they are away.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::peer::{Enrolment, identities};
use meshlite_tests::server::{Options, is_connected};
use meshlite_tests::{Agent, PATIENCE, Peer, RealAgent, Server, eventually, interop};
use microstack::crypto::tls_hash;
use rustix::process::Signal;

/// Puts a certificate where the server keeps its own, and tells it.
fn replace(server: &mut Server, certificate: &Certificate) {
    let mark = server.process().mark();
    let certs = server.data().join("certs");
    fs::write(certs.join("webserver-cert-public.crt"), &certificate.pem).unwrap();
    fs::write(certs.join("webserver-cert-private.key"), &certificate.key_pem).unwrap();
    server.process().signal(Signal::HUP);
    server.process().expect(mark, &["certificates read again"], PATIENCE);
}

#[test]
fn a_renewed_certificate_is_served_at_once_and_keeps_no_agent_out() {
    let Some(meshcentral) = interop() else { return };
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut ours = Agent::start(&msh);
    let mut real = RealAgent::start(&meshcentral, &msh);
    server.wait_connected(2);
    let renewed = Certificate::p256("renewed");
    replace(&mut server, &renewed);
    assert_eq!(server.wait_connected(2).len(), 2, "those that are connected stay");

    let mut peer = Peer::agent(server.address()).unwrap();
    assert_eq!(peer.seen.tls_hash, tls_hash(&renewed.der), "the new certificate is shown");
    let enrolment = Enrolment::from_msh(&msh, "later");
    peer.enrol(identities(1)[0], &enrolment, None).map(|_| ()).unwrap();

    let mark = ours.process().mark();
    ours.kill9();
    ours.restart();
    assert!(mark > 0 && ours.connected(0).contains("full"), "a new certificate needs a new proof");
    let mark = server.process().mark();
    real.restart();
    let line = server.process().expect(mark, &["connected", "skip="], PATIENCE);
    assert!(line.contains("skip=false"), "{line}");
    eventually("all three", PATIENCE, || {
        (server.devices().iter().filter(|d| is_connected(d)).count() == 3).then_some(())
    });
    server.process().assert_no_panic();
}

#[test]
fn a_broken_renewal_keeps_the_certificate_in_use_and_is_told() {
    let mut server = Server::start();
    let before = Peer::agent(server.address()).unwrap().seen.tls_hash;
    let certs = server.data().join("certs");
    let strange = Certificate::p256("its key is another one's");
    for (file, content) in [
        ("webserver-cert-public.crt", strange.pem.as_str()),
        ("webserver-cert-public.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("webserver-cert-public.crt", ""),
    ] {
        let mark = server.process().mark();
        fs::write(certs.join(file), content).unwrap();
        server.process().signal(Signal::HUP);
        server.process().expect(mark, &["the certificates in use are kept"], PATIENCE);
        assert_eq!(Peer::agent(server.address()).unwrap().seen.tls_hash, before);
    }
    server.process().assert_no_panic();
}

#[test]
fn ones_own_certificate_files_are_served_and_a_readable_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let own = Certificate::p256("bought somewhere");
    let (cert, key) = (dir.path().join("own.crt"), dir.path().join("own.key"));
    fs::write(&cert, &own.pem).unwrap();
    fs::write(&key, &own.key_pem).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let files =
        ["--web-cert-file", &cert.display().to_string(), "--web-key-file", &key.display().to_string()];
    let run = files.map(str::to_owned).to_vec();
    let mut server = Server::with(Options { run, ..Options::default() });
    assert_eq!(Peer::agent(server.address()).unwrap().seen.tls_hash, tls_hash(&own.der));
    let mut agent = Agent::start(&server.group("lab"));
    agent.connected(0);
    assert!(server.stop().success());

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let mut again = vec!["run", "--listen", "127.0.0.1:0"];
    again.extend(files);
    let answer = server.command(&again);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(answer.stderr.contains("own.key"), "{answer:?}");
}
