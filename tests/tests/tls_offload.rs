//! Behind a reverse proxy: the agents see the proxy's certificate, and it may change under them.

use std::path::Path;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::peer::{Enrolment, identities};
use meshlite_tests::server::Options;
use meshlite_tests::{Agent, PATIENCE, Peer, Proxy, RealAgent, Server, eventually, interop};

/// A server behind a proxy; the outer certificate is named by a file or by the proxy's own address.
struct Site {
    server: Server,
    proxy: Proxy,
    dir: tempfile::TempDir,
}

impl Site {
    fn open(certificate: &Certificate, by_url: bool) -> Site {
        let dir = tempfile::tempdir().unwrap();
        let pem = dir.path().join("outer.pem");
        std::fs::write(&pem, &certificate.pem).unwrap();
        // The proxy must answer TLS before the server starts, and learns afterwards where the server is.
        let proxy = Proxy::start(certificate, "127.0.0.1:9".parse().unwrap(), false);
        let outer = if by_url { format!("https://{}", proxy.address()) } else { pem.display().to_string() };
        let run = ["--tls-offload", "--outer-cert", &outer].map(str::to_owned).to_vec();
        let server = Server::with(Options { run, ..Options::default() });
        proxy.redirect(server.address());
        Site { server, proxy, dir }
    }

    fn msh(&self) -> Vec<u8> {
        self.server.add_group("lab");
        self.server.msh_via("lab", self.proxy.address())
    }

    fn pem(&self) -> std::path::PathBuf {
        self.dir.path().join("outer.pem")
    }
}

fn replace(file: &Path, certificate: &Certificate) {
    let new = file.with_extension("new");
    std::fs::write(&new, &certificate.pem).unwrap();
    std::fs::rename(new, file).unwrap();
}

#[test]
fn agents_connect_through_a_proxy_and_a_renewed_certificate_keeps_none_of_them_out() {
    let (old, new) = (Certificate::p256("old"), Certificate::p256("new"));
    let mut site = Site::open(&old, false);
    let msh = site.msh();
    let mut agent = Agent::start(&msh);
    assert!(agent.connected(0).contains("full"));

    // Half-way through a renewal: the file is new, the proxy is not, and then the other way round.
    let mark = site.server.process().mark();
    replace(&site.pem(), &new);
    site.server.process().signal(rustix::process::Signal::HUP);
    site.server.process().expect(mark, &["another certificate is shown to agents"], PATIENCE);
    let enrolment = Enrolment::from_msh(&msh, "in between");
    let mut through_old = Peer::agent(site.proxy.address()).unwrap();
    through_old
        .enrol(identities(2)[0], &enrolment, None)
        .map(|_| ())
        .expect("the old certificate still counts");
    site.proxy.swap(&new);
    let mut through_new = Peer::agent(site.proxy.address()).unwrap();
    through_new.enrol(identities(2)[1], &enrolment, None).map(|_| ()).expect("the new certificate counts");

    let mark = agent.process().mark();
    site.proxy.cut();
    let line = agent.connected(mark);
    assert!(line.contains("full"), "a new certificate needs a new proof: {line}");
    let mark = agent.process().mark();
    site.proxy.cut();
    assert!(agent.connected(mark).contains("skip"));

    // The grace survives a restart of the server; a stranger's certificate has none.
    assert!(site.server.stop().success());
    site.server.restart();
    site.proxy.swap(&old);
    let mut after = Peer::agent(site.proxy.address()).unwrap();
    after.enrol(identities(2)[0], &enrolment, None).map(|_| ()).expect("the old certificate still counts");
    let mark = site.server.process().mark();
    site.proxy.swap(&Certificate::p256("a stranger"));
    let mut strange = Peer::agent(site.proxy.address()).unwrap();
    assert!(
        strange.enrol(identities(2)[0], &Enrolment { patience: PATIENCE / 30, ..enrolment }, None).is_err()
    );
    site.server.process().expect(mark, &["an agent was refused", "certificate"], PATIENCE);
    site.server.process().assert_no_panic();
}

#[test]
fn the_outer_certificate_can_be_looked_at_where_it_is_shown() {
    let Some(meshcentral) = interop() else { return };
    let mut site = Site::open(&Certificate::p256("shown"), true);
    let msh = site.msh();
    let mut agent = Agent::start(&msh);
    let _real = RealAgent::start(&meshcentral, &msh);
    agent.connected(0);
    eventually("both agents", PATIENCE, || {
        let lines = site.server.process().lines_from(0);
        (lines.iter().filter(|l| l.contains("connected") && l.contains("skip=")).count() == 2).then_some(())
    });
    site.server.process().assert_no_panic();
}

#[test]
fn tls_offload_without_a_certificate_is_a_usage_error() {
    let server = Server::start();
    let answer = server.command(&["run", "--listen", "127.0.0.1:0", "--tls-offload"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.stderr.contains("--outer-cert"), "{answer:?}");
    let missing =
        ["run", "--listen", "127.0.0.1:0", "--tls-offload", "--outer-cert", "/nonexistent/outer.pem"];
    let other = Server::start();
    let mut stopped = other;
    assert!(stopped.stop().success());
    let answer = stopped.command(&missing);
    assert!(answer.code.is_some_and(|c| c != 0) && answer.stderr.contains("outer.pem"), "{answer:?}");
}
