//! The operator's tool works with devices: a shell on a terminal, files there and back, ports through the device. The
//! same with our server and our agent, our server and the real agent, and the real server with its own core.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use meshlite_tests::certificate::Certificate;
use meshlite_tests::{Agent, ManagedDevice, PATIENCE, RealAgent, Running, Server, Tool, eventually, interop};
use serde_json::Value;

/// An operator and the device to work with; what is behind them lives as long.
struct Lab<T> {
    _behind: T,
    tool: Tool,
    id: String,
    /// The device runs our core.
    ours: bool,
    /// Its sockets can end one direction alone.
    half_close: bool,
}

fn ready(server: &Server) -> String {
    eventually("a connected device with a core", PATIENCE, || {
        let devices = server.devices();
        let has_core =
            |d: &&Value| d["connected"] == true && d["core"].as_str().is_some_and(|c| !c.is_empty());
        Some(devices.iter().find(has_core)?["id"].as_str()?.to_owned())
    })
}

fn our_agent() -> Lab<(Server, Agent)> {
    let server = Server::start();
    let agent = Agent::start(&server.group("lab"));
    let (id, tool) = (ready(&server), Tool::log_in(&server.account()));
    Lab { _behind: (server, agent), tool, id, ours: true, half_close: true }
}

fn real_agent() -> Option<Lab<(Server, RealAgent)>> {
    let meshcentral = interop()?;
    let server = Server::start();
    let agent = RealAgent::start(&meshcentral, &server.group("lab"));
    let (id, tool) = (ready(&server), Tool::log_in(&server.account()));
    Some(Lab { _behind: (server, agent), tool, id, ours: true, half_close: false })
}

fn real_server() -> Option<Lab<ManagedDevice>> {
    let bench = ManagedDevice::start()?;
    let tool = Tool::log_in(&bench.server.account());
    let id = bench.node.clone();
    Some(Lab { _behind: bench, tool, id, ours: false, half_close: false })
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

impl<T> Lab<T> {
    /// Typing, umlauts, another window size, the end of the shell, the escape.
    fn has_a_shell(&self) {
        let mut shell = self.tool.terminal(&["shell", &self.id]);
        shell.press("echo A$((20+1))B; stty size\r");
        shell.shows("A21B");
        shell.shows("31 93");
        shell.press("printf '\\303\\274=%s\\n' grün\r");
        shell.shows("ü=grün");
        shell.resize(120, 40);
        // The size goes its own way to the device, the keys theirs.
        eventually("the new size", PATIENCE, || {
            shell.press("stty size\r");
            thread::sleep(Duration::from_millis(200));
            shell.has_shown("40 120").then_some(())
        });
        // Ctrl-C is the device's.
        shell.press("sleep 1000\r");
        // The key may come before the command, and what is typed while the shell comes back may be dropped by it.
        eventually("the shell again", PATIENCE, || {
            thread::sleep(Duration::from_millis(300));
            shell.press("\x03");
            shell.press("echo C$((40+2))D\r");
            thread::sleep(Duration::from_millis(200));
            shell.has_shown("C42D").then_some(())
        });
        shell.press("exit 3\r");
        let code = shell.ends();
        assert!(code == Some(if self.ours { 3 } else { 0 }), "the shell's exit code: {code:?}");

        let mut left = self.tool.terminal(&["shell", &self.id]);
        left.press("echo E$((1+1))F\r");
        left.shows("E2F");
        left.press("\r");
        left.press("~.");
        left.shows("left the shell");
        assert_eq!(left.ends(), Some(0));
    }

    /// A big file there and back, an interrupted one, a folder, and what must not be overwritten.
    fn carries_files(&self, size: usize) {
        let near = tempfile::tempdir().unwrap();
        let far = tempfile::tempdir().unwrap();
        let place = |name: &str| format!("{}:{}/{name}", self.id, far.path().display());
        let local = |name: &str| near.path().join(name).display().to_string();
        let bytes = noise(size);
        fs::write(near.path().join("big"), &bytes).unwrap();

        let put = self.tool.run(&["put", "--json", &local("big"), &place("big")]);
        assert_eq!(put.code, Some(0), "{put:?}");
        assert!(fs::read(far.path().join("big")).unwrap() == bytes, "what arrived differs");
        let hash = sha384(&near.path().join("big").display().to_string());
        assert!(put.stdout.contains(&hash), "{put:?}");
        let got = self.tool.run(&["get", &place("big"), &local("back")]);
        assert_eq!(got.code, Some(0), "{got:?}");
        assert!(fs::read(near.path().join("back")).unwrap() == bytes, "what came back differs");
        assert!(got.stdout.contains(&hash), "{got:?}");
        let time = |path: &std::path::Path| fs::metadata(path).unwrap().modified().unwrap();
        let apart = time(&near.path().join("back")).duration_since(time(&far.path().join("big")));
        assert!(apart.unwrap_or_else(|e| e.duration()) < Duration::from_secs(1), "the time is kept");

        // Interrupted half-way: nothing under the final name, and the rest follows.
        fs::write(far.path().join("half.meshlite-part"), &bytes[..size / 3]).unwrap();
        let resumed = self.tool.run(&["put", "--json", "--resume", &local("big"), &place("half")]);
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        let line = last_file(&resumed.stdout);
        assert_eq!(line["sent"], size - size / 3, "{line}");
        assert!(fs::read(far.path().join("half")).unwrap() == bytes, "what was resumed differs");
        // The beginning of something else is not gone on with.
        fs::write(far.path().join("other.meshlite-part"), noise(size / 3 + 1).split_off(1)).unwrap();
        let anew = self.tool.run(&["put", "--json", "--resume", &local("big"), &place("other")]);
        assert_eq!(last_file(&anew.stdout)["sent"], size, "{anew:?}");
        fs::write(near.path().join("again.meshlite-part"), &bytes[..size / 2]).unwrap();
        let resumed = self.tool.run(&["get", "--json", "--resume", &place("big"), &local("again")]);
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        assert!(fs::read(near.path().join("again")).unwrap() == bytes, "what was resumed differs");

        // A folder with an empty file, a name with everything in it, and a folder inside.
        fs::create_dir_all(near.path().join("tree/in ner")).unwrap();
        fs::write(near.path().join("tree/empty"), "").unwrap();
        fs::write(near.path().join("tree/in ner/{\"x\":\u{e4}}"), "text").unwrap();
        fs::write(near.path().join("tree/zeros"), [0u8; 70_000]).unwrap();
        let tree = self.tool.run(&["put", "-r", &local("tree"), &place("")]);
        assert_eq!(tree.code, Some(0), "{tree:?}");
        assert_eq!(fs::read(far.path().join("tree/in ner/{\"x\":\u{e4}}")).unwrap(), b"text");
        let back = self.tool.run(&["get", "-r", &place("tree"), &local("tree2")]);
        assert_eq!(back.code, Some(0), "{back:?}");
        assert_eq!(fs::read(near.path().join("tree2/in ner/{\"x\":\u{e4}}")).unwrap(), b"text");
        assert_eq!(fs::read(near.path().join("tree2/empty")).unwrap(), b"");
        assert_eq!(fs::read(near.path().join("tree2/zeros")).unwrap(), [0u8; 70_000]);

        // Standard input and output.
        let mut put = self.tool.command(&["put", "-", &place("piped")]);
        let mut put = put.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        put.stdin.take().unwrap().write_all(&bytes[..300_000]).unwrap();
        assert!(put.wait().unwrap().success());
        assert!(fs::read(far.path().join("piped")).unwrap() == bytes[..300_000]);
        let piped = self.tool.command(&["get", &place("piped"), "-"]).output().unwrap();
        assert!(piped.stdout == bytes[..300_000], "standard output differs");

        // Left alone, and not there.
        fs::write(near.path().join("mine"), "mine").unwrap();
        assert_eq!(self.tool.run(&["get", "-n", &place("big"), &local("mine")]).code, Some(0));
        assert_eq!(fs::read(near.path().join("mine")).unwrap(), b"mine");
        let missing = self.tool.run(&["get", &place("nowhere"), &local("x")]);
        assert_eq!(missing.code, Some(1), "{missing:?}");
        assert!(missing.stderr.contains("is not there"), "{missing:?}");
        let denied = self.tool.run(&["put", &local("big"), &format!("{}:/proc/nowhere/x", self.id)]);
        assert_eq!(denied.code, Some(1), "{denied:?}");
        let left: Vec<_> = fs::read_dir(near.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains("meshlite-part")), "{left:?}");
    }

    /// What is there is replaced as a whole, again and again; it stays private unless the new file says otherwise.
    fn replaces_files(&self) {
        let near = tempfile::tempdir().unwrap();
        let far = tempfile::tempdir().unwrap();
        let place = |name: &str| format!("{}:{}/{name}", self.id, far.path().display());
        let local = |name: &str| near.path().join(name).display().to_string();
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let kept = far.path().join("kept");
        fs::write(&kept, "old").unwrap();
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["first", "second"] {
            let mut put = self.tool.command(&["put", "-q", "-", &place("kept")]);
            let mut put = put.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            put.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            assert!(put.wait().unwrap().success(), "{text}");
            assert_eq!(fs::read(&kept).unwrap(), text.as_bytes());
            // Our agent, that is.
            if self.half_close {
                assert_eq!(mode(&kept), 0o600, "{text}");
            }
        }
        fs::write(near.path().join("new"), "third").unwrap();
        fs::set_permissions(near.path().join("new"), fs::Permissions::from_mode(0o640)).unwrap();
        for _ in 0..2 {
            self.tool.run(&["put", &local("new"), &place("kept")]).ok();
            assert_eq!(fs::read(&kept).unwrap(), b"third");
        }
        self.tool.run(&["get", &place("kept"), &local("back")]).ok();
        if self.half_close {
            assert_eq!((mode(&kept), mode(&near.path().join("back"))), (0o640, 0o640));
        }
        // What is here already is not fetched again.
        let again = self.tool.run(&["get", "--json", "--resume", &place("kept"), &local("back")]);
        assert_eq!(again.code, Some(0), "{again:?}");
        assert!(again.stdout.contains("\"skipped\":1"), "{again:?}");
        if self.ours {
            fs::write(far.path().join("other"), "other").unwrap();
            let taken = self.tool.run(&["mv", &place("other"), &kept.display().to_string()]);
            assert_eq!(taken.code, Some(1), "{taken:?}");
            assert_eq!(fs::read(&kept).unwrap(), b"third");
        }
    }

    /// Ended without warning in the middle, each transfer goes on where it was.
    fn goes_on_after_a_kill(&self) {
        let size = 60_000_000;
        let near = tempfile::tempdir().unwrap();
        let far = tempfile::tempdir().unwrap();
        let place = |name: &str| format!("{}:{}/{name}", self.id, far.path().display());
        let local = |name: &str| near.path().join(name).display().to_string();
        let bytes = noise(size);
        fs::write(near.path().join("big"), &bytes).unwrap();
        for (from, to, part) in [
            (local("big"), place("there"), far.path().join("there.meshlite-part")),
            (place("there"), local("back"), near.path().join("back.meshlite-part")),
        ] {
            let verb = if from.starts_with('/') { "put" } else { "get" };
            let mut first = self.tool.command(&[verb, "-q", &from, &to]).spawn().unwrap();
            eventually("some of the file", PATIENCE, || {
                let done = fs::metadata(&part).map_or(0, |meta| meta.len());
                assert!(first.try_wait().unwrap().is_none(), "it was done before it could be ended");
                (done > 1_000_000).then_some(())
            });
            first.kill().unwrap();
            first.wait().unwrap();
            let rest = self.tool.run(&[verb, "--json", "--resume", &from, &to]);
            assert_eq!(rest.code, Some(0), "{rest:?}");
            let line = last_file(&rest.stdout);
            let moved = line["sent"].as_u64().or(line["received"].as_u64()).unwrap();
            assert!(moved > 0 && moved <= (size - 1_000_000) as u64, "{line}");
        }
        assert!(fs::read(far.path().join("there")).unwrap() == bytes, "what arrived differs");
        assert!(fs::read(near.path().join("back")).unwrap() == bytes, "what came back differs");
    }

    /// `ls`, `mkdir`, `mv`, `rm`.
    fn arranges_files(&self) {
        let far = tempfile::tempdir().unwrap();
        let place = |name: &str| format!("{}:{}/{name}", self.id, far.path().display());
        self.tool.run(&["mkdir", &place("new folder")]).ok();
        assert!(far.path().join("new folder").is_dir());
        fs::write(far.path().join("a"), "12345").unwrap();
        let to = far.path().join("b").display().to_string();
        self.tool.run(&["mv", &place("a"), &to]).ok();
        assert_eq!(fs::read(far.path().join("b")).unwrap(), b"12345");
        let listed = self.tool.run(&["ls", "--json", &place("")]).json();
        let of = |name: &str| listed.as_array().unwrap().iter().find(|e| e["name"] == name).cloned();
        assert_eq!(of("b").unwrap()["size"], 5);
        assert_eq!(of("new folder").unwrap()["kind"], "folder");
        assert_eq!(self.tool.run(&["rm", &place("new folder")]).code, Some(2), "a folder needs -r");
        self.tool.run(&["rm", "-r", &place("new folder"), &place("b")]).ok();
        assert_eq!(fs::read_dir(far.path()).unwrap().count(), 0);
        assert_eq!(self.tool.run(&["rm", &place("b")]).code, Some(1), "it is gone");
        assert_eq!(self.tool.run(&["ls", &place("nowhere")]).code, Some(1));
    }

    /// Many connections at once, a SOCKS client, a closed port, one that only asks once.
    fn forwards(&self) {
        let echo = echo_server();
        let mut forward = self.tool.start(&["forward", &self.id, &format!("0:127.0.0.1:{}", echo.port())]);
        let port = listening(&mut forward);
        let threads: Vec<_> =
            (0..20).map(|n| thread::spawn(move || echoes(port, &noise(50_000 + n * 1000)))).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("an echo"));
        if self.half_close {
            // The answer comes when the question has ended: our side's end is passed on.
            let counter = counter();
            let mut counted =
                self.tool.start(&["forward", &self.id, "--once", &format!("0:127.0.0.1:{}", counter.port())]);
            let mut stream = TcpStream::connect(("127.0.0.1", listening(&mut counted))).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(&noise(123_456)).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer behind the end");
            assert_eq!(answer, "123456");
            let end = eventually("the end of forward --once", PATIENCE, || counted.exited());
            assert!(end.success(), "{end:?}");
        }
        forward.signal(rustix::process::Signal::TERM);
        eventually("the end of forward", PATIENCE, || forward.exited());

        let web = web_server();
        let mut socks = self.tool.start(&["forward", &self.id, "--socks", "0"]);
        let port = listening(&mut socks);
        let fetched = curl(port, &format!("http://localhost:{}/hello", web.port()));
        assert_eq!(fetched.as_deref(), Some("GET /hello"), "by name");
        let fetched = curl(port, &format!("http://127.0.0.1:{}/there", web.port()));
        assert_eq!(fetched.as_deref(), Some("GET /there"), "by address");
        let closed = free_port();
        assert_eq!(curl(port, &format!("http://127.0.0.1:{closed}/")), None, "a closed port");
    }

    fn forwards_datagrams(&self) {
        let target = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = target.local_addr().unwrap().port();
        thread::spawn(move || {
            let mut space = [0; 2000];
            while let Ok((n, from)) = target.recv_from(&mut space) {
                let _ = target.send_to(&[b"re: ", &space[..n]].concat(), from);
            }
        });
        let mut forward = self.tool.start(&["forward", &self.id, "--udp", &format!("0:127.0.0.1:{port}")]);
        let to = listening(&mut forward);
        for _ in 0..2 {
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            for text in ["one", "two"] {
                client.send_to(text.as_bytes(), ("127.0.0.1", to)).unwrap();
                let mut space = [0; 2000];
                let n = client.recv(&mut space).expect("an answer");
                assert_eq!(&space[..n], format!("re: {text}").as_bytes());
            }
        }
    }
}

/// The last line of `--json` that is about a file.
#[track_caller]
fn last_file(out: &str) -> Value {
    let mut lines = out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.rfind(|line| line["sha384"].is_string()).unwrap_or_else(|| panic!("no file in {out:?}"))
}

fn sha384(path: &str) -> String {
    let out = Command::new("sha384sum").arg(path).output().unwrap();
    String::from_utf8(out.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

/// The port that `forward` says it listens on.
#[track_caller]
fn listening(forward: &mut Running) -> u16 {
    let line = forward.expect(0, &["127.0.0.1:", "->"], PATIENCE);
    let rest = line.split("127.0.0.1:").nth(1).unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// Sends back what comes, also after the sender has ended his direction.
fn echo_server() -> SocketAddr {
    serve(|mut stream| {
        let mut block = [0; 8192];
        while let Ok(n @ 1..) = stream.read(&mut block) {
            if stream.write_all(&block[..n]).is_err() {
                return;
            }
        }
    })
}

/// Counts bytes until the sender ends his direction, then says how many.
fn counter() -> SocketAddr {
    serve(|mut stream| {
        let mut all = Vec::new();
        if stream.read_to_end(&mut all).is_ok() {
            let _ = stream.write_all(all.len().to_string().as_bytes());
        }
    })
}

/// Answers with the method and the path.
fn web_server() -> SocketAddr {
    serve(|mut stream| {
        let mut asked = Vec::new();
        let mut block = [0; 1024];
        while !asked.windows(4).any(|four| four == b"\r\n\r\n") {
            match stream.read(&mut block) {
                Ok(n @ 1..) => asked.extend_from_slice(&block[..n]),
                _ => return,
            }
        }
        let asked = String::from_utf8_lossy(&asked);
        let line = asked.split(" HTTP").next().unwrap_or("").to_owned();
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{line}", line.len());
        let _ = stream.write_all(answer.as_bytes());
    })
}

fn serve(each: impl Fn(TcpStream) + Send + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = each.clone();
            thread::spawn(move || each(stream));
        }
    });
    address
}

fn echoes(port: u16, bytes: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the forwarded port");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let sent = bytes.to_vec();
    let writing = thread::spawn(move || writer.write_all(&sent));
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).expect("all of it back");
    writing.join().unwrap().unwrap();
    assert!(back == bytes, "the echo differs");
    stream.shutdown(Shutdown::Both).unwrap();
}

fn curl(port: u16, url: &str) -> Option<String> {
    let proxy = format!("127.0.0.1:{port}");
    let out = Command::new("curl")
        .args(["-sS", "--max-time", "40", "--noproxy", "", "--socks5-hostname", &proxy, url])
        .env_remove("http_proxy")
        .env_remove("ALL_PROXY")
        .output()
        .expect("curl");
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const BIG: usize = 20_000_000;

#[test]
fn a_shell_on_our_agent() {
    our_agent().has_a_shell();
}

#[test]
fn files_of_our_agent() {
    let lab = our_agent();
    lab.carries_files(BIG);
    lab.replaces_files();
    lab.arranges_files();
}

#[test]
fn a_killed_transfer_goes_on() {
    our_agent().goes_on_after_a_kill();
}

#[test]
fn ports_through_our_agent() {
    let lab = our_agent();
    lab.forwards();
    lab.forwards_datagrams();
}

#[test]
fn ports_go_on_after_a_renewal_of_the_web_certificate() {
    let mut lab = our_agent();
    let echo = echo_server();
    let mut forward = lab.tool.start(&["forward", &lab.id, &format!("0:127.0.0.1:{}", echo.port())]);
    let port = listening(&mut forward);
    echoes(port, &noise(1000));

    let server = &mut lab._behind.0;
    let renewed = Certificate::p256("renewed");
    let certs = server.data().join("certs");
    let mark = server.process().mark();
    fs::write(certs.join("webserver-cert-public.crt"), &renewed.pem).unwrap();
    fs::write(certs.join("webserver-cert-private.key"), &renewed.key_pem).unwrap();
    server.process().signal(rustix::process::Signal::HUP);
    server.process().expect(mark, &["certificates read again"], PATIENCE);

    // Its tunnel is the one that finds the other certificate.
    let mark = forward.mark();
    let _first = TcpStream::connect(("127.0.0.1", port)).unwrap();
    forward.expect(mark, &["proved that it is the same"], PATIENCE);
    echoes(port, &noise(1000));
}

#[test]
fn the_real_agent_with_our_core() {
    let Some(lab) = real_agent() else { return };
    lab.has_a_shell();
    lab.carries_files(2_000_000);
    lab.replaces_files();
    lab.arranges_files();
    lab.forwards();
}

#[test]
fn the_real_server_with_its_own_core() {
    let Some(lab) = real_server() else { return };
    lab.has_a_shell();
    lab.carries_files(1_000_000);
    lab.replaces_files();
    lab.arranges_files();
    lab.forwards();
}
