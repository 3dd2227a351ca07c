//! Sessions that are encrypted from the operator's tool to the agent: what the way between sees, what it may change, and
//! what happens when it is cut.

use std::fs;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use meshlite_tests::certificate::Certificate;
use meshlite_tests::server::Options;
use meshlite_tests::{Account, Agent, PATIENCE, Proxy, Server, Tool, eventually, soak};
use serde_json::Value;

/// A server without TLS of its own, with one proxy before the agent and one before the operator: both ends' links can be
/// looked into and cut.
struct Site {
    server: Server,
    agents: Arc<Proxy>,
    operators: Arc<Proxy>,
    tool: Tool,
    agent: Agent,
    id: String,
    _dir: tempfile::TempDir,
}

impl Site {
    fn open() -> Site {
        let certificate = Certificate::p256("outside");
        let dir = tempfile::tempdir().unwrap();
        let pem = dir.path().join("outer.pem");
        fs::write(&pem, &certificate.pem).unwrap();
        let run = ["--tls-offload", "--outer-cert", &pem.display().to_string()].map(str::to_owned).to_vec();
        let server = Server::with(Options { run, ..Options::default() });
        let agents = Arc::new(Proxy::start(&certificate, server.address(), false));
        let operators = Arc::new(Proxy::start(&certificate, server.address(), false));
        server.add_group("lab");
        let agent = Agent::start(&server.msh_via("lab", agents.address()));
        let account = Account { url: format!("wss://{}", operators.address()), ..server.account() };
        let tool = Tool::log_in(&account);
        let mut site = Site { server, agents, operators, tool, agent, id: String::new(), _dir: dir };
        site.id = site.ready();
        site
    }

    /// Waits for the device with its core; gives its id.
    fn ready(&self) -> String {
        eventually("a device with the core", PATIENCE, || {
            let listed = self.tool.run(&["--json", "devices"]);
            let devices: Value = serde_json::from_str(&listed.stdout).ok()?;
            let one = devices.as_array()?.iter().find(|one| {
                one["connected"] == true && one["core"].as_str().is_some_and(|core| !core.is_empty())
            })?;
            Some(one["id"].as_str()?.to_owned())
        })
    }

    /// Cuts the links in turn (the agent's, the operator's, both) until dropped.
    fn cutting(&self, every: Duration) -> Cutter {
        let (agents, operators) = (self.agents.clone(), self.operators.clone());
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let mut cuts = 0;
            // The first one soon: a quick copy shall not slip through.
            let mut wait = every.min(Duration::from_millis(200));
            while stopped.recv_timeout(wait).is_err_and(|why| why == mpsc::RecvTimeoutError::Timeout) {
                wait = every;
                if cuts % 3 != 1 {
                    agents.cut();
                }
                if cuts % 3 != 0 {
                    operators.cut();
                }
                cuts += 1;
            }
            cuts
        });
        Cutter { stop, thread }
    }
}

struct Cutter {
    stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<u32>,
}

impl Cutter {
    /// Ends it; gives how often it cut.
    fn stop(self) -> u32 {
        drop(self.stop);
        self.thread.join().unwrap()
    }
}

/// Bytes that look random and are the same each time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn the_relay_sees_no_word_of_a_session_and_a_middle_with_another_key_gets_none() {
    let mut site = Site::open();
    let command = |marker: &str| format!("printf '%s-%s\\n' {marker} said");
    site.agents.tap();
    site.operators.tap();

    // In the open both directions can be read, so what is looked at is the right place.
    let open = site.tool.run(&["shell", "--e2e", "off", &site.id, &command("openmarker")]).ok();
    assert!(open.contains("openmarker-said"), "{open}");
    assert!(site.agents.has_seen(b"openmarker"), "what is typed passes to the agent");
    assert!(site.operators.has_seen(b"openmarker-said"), "what is shown passes to the operator");

    let secret = site.tool.run(&["shell", "--e2e", "required", &site.id, &command("secretmarker")]).ok();
    assert!(secret.contains("secretmarker-said"), "{secret}");
    assert!(site.operators.has_seen(br#""type":"secure""#), "the handshake passes");
    assert!(!site.agents.has_seen(b"secretmarker") && !site.operators.has_seen(b"secretmarker"));

    // Somebody in the middle puts another key into the device's answer.
    site.operators.change(b"\"key\":\"MII", b"\"key\":\"MIJ");
    let refused = site.tool.run(&["shell", &site.id, &command("never")]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("somebody may stand in between"), "{refused:?}");
    // Or strips the offer: then the session is refused where it must be secret, and named open where it need not be.
    site.operators.change(b"\"secure\":1", b"\"secure\":0");
    let stripped = site.tool.run(&["shell", "--e2e", "required", &site.id, "true"]);
    assert_eq!(stripped.code, Some(4), "{stripped:?}");
    let told = site.tool.run(&["shell", &site.id, "true"]);
    assert!(told.stderr.contains("not end-to-end encrypted"), "{told:?}");
    site.server.process().assert_no_panic();
}

#[test]
fn a_terminal_goes_on_while_its_links_are_cut() {
    let site = Site::open();
    let (every, long) = match soak() {
        true => (Duration::from_secs(5), Duration::from_secs(180)),
        false => (Duration::from_secs(3), Duration::from_secs(20)),
    };
    let mut shell = site.tool.terminal(&["shell", "--e2e", "required", &site.id]);
    shell.press("S=one; echo first-$((40+2))\r");
    shell.shows("first-42");
    let cutter = site.cutting(every);
    let until = Instant::now() + long;
    let mut said = 0;
    while Instant::now() < until {
        said += 1;
        // The same shell: it counts in a variable of its own.
        shell.press(&format!("S=$S.; echo \"say {said}-$((said=said+1))-${{#S}}\"\r"));
        shell.shows(&format!("say {said}-{said}-{}", said + 3));
        thread::sleep(Duration::from_millis(100)); // a person types no faster; nothing depends on it
    }
    let cuts = cutter.stop();
    shell.press("exit 7\r");
    assert_eq!(shell.ends(), Some(7));
    assert!(cuts >= 4 && said >= 4, "{cuts} cuts, {said} lines");
    println!("{said} lines over {cuts} cuts");
}

#[test]
fn copies_arrive_whole_while_their_links_are_cut() {
    let mut site = Site::open();
    let (size, every) = match soak() {
        true => (200 << 20, Duration::from_secs(5)),
        false => (8 << 20, Duration::from_millis(1200)),
    };
    let (near, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = noise(size);
    fs::write(near.path().join("big"), &bytes).unwrap();
    let place = format!("{}:{}/big", site.id, far.path().display());
    let local = |name: &str| near.path().join(name).display().to_string();
    let mut run = |args: &[&str]| {
        // A session begins with both there; from then on each may be gone for a while. After a cut the server may not
        // know yet that the device is gone, and the tool be told so.
        let mark = site.agent.process().mark();
        let mut running = eventually("a session", PATIENCE, || {
            let mut running = site.tool.start(args);
            eventually("the session's begin, or the tool's end", PATIENCE, || {
                let begun = site.agent.process().find(mark, &["Started files session"]).is_some();
                (begun || running.exited().is_some()).then_some(())
            });
            let begun = site.agent.process().find(mark, &["Started files session"]).is_some();
            begun.then_some(running)
        });
        let cutter = site.cutting(every);
        let limit = if soak() { Duration::from_secs(1200) } else { Duration::from_secs(100) };
        let status = eventually("the end of the copy", limit, || running.exited());
        let cuts = cutter.stop();
        assert!(status.success(), "{args:?} over {cuts} cuts: {:?}", running.lines_from(0));
        println!("{}: {cuts} cuts", args[0]);
        cuts
    };
    let up = run(&["put", "--e2e", "required", &local("big"), &place]);
    assert!(fs::read(far.path().join("big")).unwrap() == bytes, "what arrived differs");
    let down = run(&["get", "--e2e", "required", &place, &local("back")]);
    assert!(fs::read(near.path().join("back")).unwrap() == bytes, "what came back differs");
    assert!(up + down > 0, "nothing was cut: the copies were too fast for this test");
}
