//! The server's own core on both agents: what an operator does with a device over the relay of our server.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use meshlite_tests::managed::Device;
use meshlite_tests::{
    Agent, Message, Operator, PATIENCE, RealAgent, Server, Terminal, Tunnel, eventually, interop, meshctrl,
    procfs, soak,
};
use serde_json::{Value, json};

/// A device with the server's own core under our server.
struct Bench {
    server: Server,
    device: Device,
    node: String,
}

/// Our agent, or the real one where it is installed.
fn bench(real: bool) -> Option<Bench> {
    let meshcentral = if real { Some(interop()?) } else { None };
    let server = Server::start();
    let msh = server.group("lab");
    let device = match meshcentral {
        Some(meshcentral) => Device::Real(RealAgent::start(&meshcentral, &msh)),
        None => Device::Ours(Agent::start(&msh)),
    };
    let mut operator = Operator::sign_in(&server.account());
    let node = eventually("the core's report", PATIENCE * 2, || {
        operator.send(&json!({ "action": "nodes", "responseid": "n" }));
        let nodes = operator.expect("the devices", |m| m["action"] == "nodes");
        let groups = nodes["nodes"].as_object()?.clone();
        let node = groups.values().flat_map(|list| list.as_array()).flatten().next()?.clone();
        (node["agent"]["caps"].as_u64().unwrap_or(0) & 6 == 6)
            .then(|| node["_id"].as_str().map(str::to_owned))?
    });
    Some(Bench { server, device, node })
}

impl Bench {
    fn operator(&self) -> Operator {
        Operator::sign_in(&self.server.account())
    }

    /// The id as `meshctrl` wants it.
    fn id(&self) -> &str {
        self.node.trim_start_matches("node//")
    }
}

/// Each test twice: with our agent, and with the real one.
macro_rules! on_both_agents {
    ($($name:ident),+ $(,)?) => {
        mod our_agent {
            $(#[test] fn $name() { super::$name(super::bench(false).expect("our own programs are there")); })+
        }
        mod the_real_agent {
            $(#[test] fn $name() { if let Some(bench) = super::bench(true) { super::$name(bench); } })+
        }
    };
}

on_both_agents![
    a_terminal_has_a_size_signals_and_all_letters,
    a_stalled_reader_holds_the_program_back_and_is_interrupted_at_once,
    files_are_listed_changed_and_found,
    an_upload_replaces_a_file_whole_and_goes_on_after_a_cut,
    a_download_keeps_a_window_and_ends_where_the_file_ends,
    relays_carry_bytes_and_datagrams,
    processes_and_services_are_shown_and_ended,
    consent_is_asked_for_and_refused_when_nobody_can_give_it,
    sessions_come_and_go_without_a_trace,
    meshctrl_works_with_terminal_and_files,
];

#[track_caller]
fn ends(tunnel: &mut Tunnel) {
    let until = Instant::now() + PATIENCE;
    while tunnel.receive(Duration::from_secs(1)).is_ok() {
        assert!(Instant::now() < until, "the tunnel did not end");
    }
}

/// A terminal with its prompt.
fn shell(operator: &mut Operator, node: &str) -> Tunnel {
    let mut shell = operator.session(node, 1, Some(json!({ "cols": 93, "rows": 31 })));
    shell.output_until("a prompt", |said| said.contains('$') || said.contains('#'));
    shell
}

fn a_terminal_has_a_size_signals_and_all_letters(mut bench: Bench) {
    let mut operator = bench.operator();
    let mut shell = shell(&mut operator, &bench.node);
    shell.send(b"stty size; echo TERM-$TERM-\n");
    shell.output_until("its size", |said| said.contains("31 93") && said.contains("TERM-xterm-256color-"));
    shell.control(&json!({ "ctrlChannel": 102_938, "type": "termsize", "cols": 120, "rows": 44 }));
    eventually("the new size", PATIENCE, || {
        shell.send(b"stty size; echo si''zed\n");
        shell.output_until("an answer", |said| said.contains("sized\r\n")).contains("44 120").then_some(())
    });
    shell.send(b"sleep 1000\n");
    shell.output_until("the command", |said| said.contains("sleep 1000"));
    shell.send(&[3]);
    shell.send(b"echo inter''rupted-$?\n");
    shell.output_until("the interrupt", |said| said.contains("interrupted-130"));
    // A letter in pieces, as a frame may cut it.
    shell.send(b"printf '%s|' '");
    for byte in "grüße жук 😀".as_bytes() {
        shell.send(&[*byte]);
    }
    shell.send(b"'; echo\n");
    shell.output_until("UTF-8", |said| said.contains("grüße жук 😀|"));
    operator.send(&json!({ "action": "ping" }));
    let counted = operator.console(&bench.node, "sessions");
    assert!(counted.contains("terminal"), "{counted}");
    shell.control(&json!({ "ctrlChannel": "102938", "type": "rtt", "time": 77 }));
    shell.answer("the echo of the time", |m| m["type"] == "rtt" && m["time"] == 77);
    shell.send(b"exit\n");
    ends(&mut shell);
    bench.device.process().assert_no_panic();
}

fn a_stalled_reader_holds_the_program_back_and_is_interrupted_at_once(mut bench: Bench) {
    let worker = bench.device.worker();
    let mut operator = bench.operator();
    let mut shell = shell(&mut operator, &bench.node);
    // A first megabyte warms up what is made once. No prompt from here on: its letters would be counted.
    shell.send(b"stty -echo; PS1=; head -c 1000000 /dev/zero | tr '\\0' w; echo WARM-END\n");
    shell.output_until("the first megabyte", |said| said.contains("wWARM-END"));
    let before = procfs::anonymous_kib(worker);
    shell.send(b"tr '\\0' d </dev/zero\n");
    let stalled = Instant::now();
    let mut peak = 0;
    while stalled.elapsed() < Duration::from_secs(if soak() { 60 } else { 4 }) {
        peak = peak.max(procfs::anonymous_kib(worker));
        thread::sleep(Duration::from_millis(100));
    }
    let grown = peak.saturating_sub(before);
    assert!(grown < 24 << 10, "the agent grew from {before} KiB by {grown} KiB");
    // Nothing has been read yet; the interrupt gets through all the same, and what was on its way is bounded.
    shell.send(&[3]);
    // What is typed ahead of the shell's own turn may be thrown away by it: so it is asked until it answers.
    let (mut bytes, mut tail, until) = (0, String::new(), Instant::now() + PATIENCE);
    while !tail.contains("alive-42") {
        assert!(Instant::now() < until, "the shell never came back; {bytes} bytes came");
        match shell.receive(Duration::from_secs(1)).unwrap() {
            Some(Message::Binary(more)) => {
                bytes += more.len();
                tail.push_str(&String::from_utf8_lossy(&more));
                tail = tail.split_off(tail.len().saturating_sub(64));
            }
            Some(Message::Text(_)) => {}
            None => shell.send(b"echo al''ive-$((6*7))\n"),
        }
    }
    assert!(bytes < if soak() { 1 << 30 } else { 64 << 20 }, "{bytes} bytes were on their way");
    bench.device.process().assert_no_panic();
}

fn listed(files: &mut Tunnel, path: &str) -> Vec<Value> {
    let answer = files.ask(&json!({ "action": "ls", "reqid": 1, "path": path }), |a| a["reqid"] == 1);
    answer["dir"].as_array().cloned().unwrap_or_default()
}

/// Asks for a change and gives the error, or nothing.
fn change(files: &mut Tunnel, mut message: Value) -> String {
    message["reqid"] = json!("change");
    let answer =
        files.ask(&message, |a| a["reqid"] == "change" && (a["action"] == "done" || a["action"] == "error"));
    assert_eq!(answer["of"], message["action"], "{answer}");
    answer["error"].as_str().unwrap_or("").to_owned()
}

fn found(files: &mut Tunnel, path: &str, filter: &str) -> Vec<String> {
    files.control(&json!({ "action": "findfile", "reqid": 9, "path": path, "filter": filter }));
    let mut names = Vec::new();
    loop {
        let answer = files.answer("a name", |a| a["action"] == "findfile");
        match answer["r"].as_str() {
            Some(name) => names.push(name.to_owned()),
            None => break,
        }
    }
    names.sort();
    names
}

fn files_are_listed_changed_and_found(bench: Bench) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let path = folder.path().display().to_string();
    let odd = "new\nline, \"quotes\" and 'more' — жук";
    fs::write(at(odd), "12345").unwrap();
    fs::create_dir_all(at("tree/deep/deeper")).unwrap();
    fs::write(at("tree/deep/deeper/needle.txt"), "n").unwrap();
    std::os::unix::fs::symlink("/", at("tree/out")).unwrap();
    let mut operator = bench.operator();
    let mut files = operator.session(&bench.node, 5, None);

    let entries = listed(&mut files, &path);
    let file = entries.iter().find(|e| e["n"] == odd).unwrap_or_else(|| panic!("{entries:?}"));
    assert_eq!((&file["t"], &file["s"]), (&json!(3), &json!(5)));
    assert!(file["d"].as_str().unwrap().ends_with('Z'), "{file}");
    assert_eq!(entries.iter().find(|e| e["n"] == "tree").unwrap()["t"], 2);
    let none = files.ask(&json!({ "action": "ls", "reqid": 2, "path": "/no/such" }), |a| a["reqid"] == 2);
    assert!(none["dir"].is_null() && none.get("action").is_none(), "{none}");

    assert_eq!(change(&mut files, json!({ "action": "mkdir", "path": format!("{path}/made") })), "");
    assert_ne!(change(&mut files, json!({ "action": "mkdir", "path": format!("{path}/made") })), "");
    assert_ne!(change(&mut files, json!({ "action": "mkdir", "path": format!("{path}/a/b/c") })), "");
    let rename = json!({ "action": "rename", "path": path, "oldname": odd, "newname": "plain" });
    assert_eq!(change(&mut files, rename), "");
    assert_eq!(fs::read_to_string(at("plain")).unwrap(), "12345");
    fs::write(at("other"), "12345").unwrap();
    let mut over = json!({ "action": "rename", "path": path, "oldname": "other", "newname": "plain" });
    assert_ne!(change(&mut files, over.clone()), "", "the name is taken");
    over["replace"] = json!(true);
    assert_eq!(change(&mut files, over.clone()), "");
    assert!(!at("other").exists() && at("plain").exists());
    fs::write(at("other"), "12345").unwrap();
    over["newname"] = json!("tree");
    assert_ne!(change(&mut files, over), "", "a folder is not replaced");
    fs::remove_file(at("other")).unwrap();
    let outside = json!({ "action": "rename", "path": path, "oldname": "plain", "newname": "../plain" });
    assert_ne!(change(&mut files, outside), "");

    // Links stay links: the copy does not hold the whole disk.
    let names = json!(["plain", "tree"]);
    let to = format!("{path}/made");
    let copy = json!({ "action": "copy", "scpath": path, "dspath": to, "names": names });
    assert_eq!(change(&mut files, copy), "");
    assert!(fs::symlink_metadata(at("made/tree/out")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(at("made/tree/deep/deeper/needle.txt")).unwrap(), "n");
    let missing = json!({ "action": "move", "scpath": path, "dspath": to, "names": ["nothing"] });
    assert!(change(&mut files, missing).contains("nothing"));

    assert_eq!(
        found(&mut files, &path, "NEEDLE"),
        ["made/tree/deep/deeper/needle.txt", "tree/deep/deeper/needle.txt"]
    );
    assert_eq!(found(&mut files, &path, "pl?in"), ["made/plain", "plain"]);
    assert_eq!(found(&mut files, &path, "no such name"), Vec::<String>::new());

    assert_ne!(change(&mut files, json!({ "action": "rm", "path": path, "delfiles": ["made"] })), "");
    let remove = json!({ "action": "rm", "path": path, "delfiles": ["made"], "rec": true });
    assert_eq!(change(&mut files, remove), "");
    assert!(!at("made").exists() && Path::new("/etc/passwd").exists());

    // Unpacked again, an archive gives the same.
    fs::remove_file(at("tree/out")).unwrap();
    let zip =
        json!({ "action": "zip", "path": path, "files": ["plain", "tree"], "output": "all.zip", "reqid": 5 });
    files.ask(&zip, |a| a["action"] == "refresh");
    fs::create_dir(at("again")).unwrap();
    let unzip = json!({ "action": "unzip", "input": format!("{path}/all.zip"), "dest": format!("{path}/again"), "reqid": 6 });
    files.ask(&unzip, |a| a["action"] == "refresh");
    assert_eq!(fs::read_to_string(at("again/plain")).unwrap(), "12345");

    // Bytes that are no name in any alphabet are shown as well as can be, and the session lives on.
    use std::os::unix::ffi::OsStrExt;
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"bad\xff\xfename")), "").unwrap();
    assert!(listed(&mut files, &path).iter().any(|e| e["n"].as_str().unwrap().starts_with("bad")));
}

/// Bytes of every value, also where blocks begin: 0 and 123 are escaped on the wire.
fn pattern(length: usize) -> Vec<u8> {
    (0..length as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn upload_blocks(files: &mut Tunnel, data: &[u8]) {
    for block in data.chunks(65_536) {
        let mut frame = Vec::with_capacity(block.len() + 1);
        if matches!(block[0], 0 | 123) {
            frame.push(0);
        }
        frame.extend_from_slice(block);
        files.send(&frame);
        files.answer("an acknowledgement", |a| a["action"] == "uploadack");
    }
}

fn hash_of(files: &mut Tunnel, path: &str, name: &str) -> Value {
    let ask = json!({ "action": "uploadhash", "reqid": 8, "path": path, "name": name, "tag": { "s": 5 } });
    files.ask(&ask, |a| a["action"] == "uploadhash" && a["tag"]["s"] == 5)["hash"].clone()
}

fn an_upload_replaces_a_file_whole_and_goes_on_after_a_cut(bench: Bench) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let target = folder.path().join("data.bin");
    let mut data = pattern(300_000);
    (data[0], data[65_536]) = (123, 0);
    let mut operator = bench.operator();
    let start = |files: &mut Tunnel, name: &str, size: usize, append: bool| {
        let ask = json!({ "action": "upload", "reqid": 7, "path": path, "name": name, "size": size, "append": append });
        files.ask(&ask, |a| a["reqid"] == 7)["action"].clone()
    };

    // Cut in the middle: what came is there, and its hash says how to go on.
    let mut files = operator.session(&bench.node, 5, None);
    assert_eq!(start(&mut files, "data.bin", data.len(), false), "uploadstart");
    upload_blocks(&mut files, &data[..131_072]);
    drop(files);
    let arrived = eventually("the part that came", PATIENCE, || {
        let bytes = fs::read(&target).ok()?;
        (bytes.len() == 131_072).then_some(bytes)
    });
    assert!(arrived == data[..131_072], "the part differs");
    let mut files = operator.session(&bench.node, 5, None);
    let expected = microstack::crypto::sha384(&data[..131_072]);
    let expected: String = expected.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hash_of(&mut files, &path, "data.bin"), expected);
    assert_eq!(start(&mut files, "data.bin", data.len(), true), "uploadstart");
    upload_blocks(&mut files, &data[131_072..]);
    files.ask(&json!({ "action": "uploaddone", "reqid": 7 }), |a| a["action"] == "uploaddone");
    assert!(fs::read(&target).unwrap() == data, "the file differs");

    // Whoever leaves with the last acknowledgement, as meshctrl does, leaves a whole file.
    let other = pattern(100_000);
    assert_eq!(start(&mut files, "data.bin", other.len(), false), "uploadstart");
    upload_blocks(&mut files, &other[..65_536]);
    if matches!(bench.device, Device::Ours(_)) {
        assert!(fs::read(&target).unwrap() == data, "the old file was touched before the new one was whole");
    }
    upload_blocks(&mut files, &other[65_536..]);
    assert!(fs::read(&target).unwrap() == other, "the file was not replaced");

    assert_eq!(start(&mut files, "gone.bin", 100, false), "uploadstart");
    files.ask(&json!({ "action": "uploadcancel", "reqid": 7 }), |a| a["action"] == "uploadcancel");
    assert!(!folder.path().join("gone.bin").exists());
    assert_eq!(start(&mut files, "no/such/name", 100, false), "uploaderror");
    assert_eq!(hash_of(&mut files, &path, "nothing"), Value::Null);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
}

/// Fetches a file with this many blocks on their way; gives its bytes, or why not.
fn download(files: &mut Tunnel, path: &str, window: u32) -> Result<Vec<u8>, String> {
    let start = json!({ "action": "download", "sub": "start", "id": 3, "path": path });
    let answer = files.ask(&start, |a| a["action"] == "download" && a["id"] == 3);
    if answer["sub"] != "start" {
        return Err(answer["error"].as_str().unwrap_or("no reason").to_owned());
    }
    files.control(&json!({ "action": "download", "sub": "startack", "id": 3, "ack": window }));
    let mut data = Vec::new();
    loop {
        match files.receive(PATIENCE).unwrap().expect("a block") {
            Message::Binary(block) if block.first() == Some(&1) => {
                assert!(block.len() <= 16_384);
                data.extend_from_slice(&block[4..]);
                files.control(&json!({ "action": "download", "sub": "ack", "id": 3 }));
                if block[3] & 1 == 1 {
                    return Ok(data);
                }
            }
            other => panic!("in place of a block: {other:?}"),
        }
    }
}

fn a_download_keeps_a_window_and_ends_where_the_file_ends(bench: Bench) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let data = pattern(1_000_000);
    fs::write(path("data"), &data).unwrap();
    fs::write(path("blocks"), &data[..16_380 * 2]).unwrap();
    fs::write(path("empty"), "").unwrap();
    let mut operator = bench.operator();
    let mut files = operator.session(&bench.node, 5, None);
    assert!(download(&mut files, &path("data"), 32).unwrap() == data);
    assert!(download(&mut files, &path("blocks"), 1).unwrap() == data[..16_380 * 2]);
    assert_eq!(download(&mut files, &path("empty"), 8).unwrap(), b"");
    assert!(download(&mut files, "/proc/cpuinfo", 8).unwrap().starts_with(b"processor"));
    assert!(download(&mut files, "/dev/zero", 8).is_err(), "a device is no file");
    assert!(download(&mut files, &path("nothing"), 8).is_err());

    // Protocol 10: one file and its length.
    let mut single = operator.session(&bench.node, 10, Some(json!({ "file": path("data") })));
    let head = single.answer("its length", |m| m["op"] == "ok");
    assert_eq!(head["size"], 1_000_000);
    let mut got = Vec::new();
    while got.len() < data.len() {
        if let Some(Message::Binary(bytes)) = single.receive(PATIENCE).unwrap() {
            got.extend(bytes);
        }
    }
    assert!(got == data, "the single file differs");
    let mut none = operator.session(&bench.node, 10, Some(json!({ "file": path("nothing") })));
    none.answer("a refusal", |m| m["op"] == "cancel");
}

fn binary(tunnel: &mut Tunnel) -> Vec<u8> {
    loop {
        match tunnel.receive(PATIENCE).unwrap().expect("data in time") {
            Message::Binary(bytes) => return bytes,
            Message::Text(_) => {}
        }
    }
}

fn relays_carry_bytes_and_datagrams(bench: Bench) {
    let mut operator = bench.operator();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // Echoes until it has seen a `Q`, then is gone.
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut block = [0; 8192];
        while let Ok(n @ 1..) = stream.read(&mut block) {
            if block[..n].contains(&b'Q') || stream.write_all(&block[..n]).is_err() {
                return;
            }
        }
    });
    let mut relay = operator.relay(&bench.node, &format!("tcpport={port}&tcpaddr=127.0.0.1"));
    let sent: Vec<u8> = pattern(600_000).into_iter().filter(|b| *b != b'Q').collect();
    let mut got = Vec::new();
    for piece in sent.chunks(7001) {
        relay.send(piece);
        let wanted = got.len() + piece.len();
        while got.len() < wanted {
            got.extend(binary(&mut relay));
        }
    }
    assert!(got == sent, "the echo differs");
    relay.send(b"Q");
    ends(&mut relay);
    let mut refused = operator.relay(&bench.node, &format!("tcpport={port}"));
    ends(&mut refused);

    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    thread::spawn(move || {
        let mut block = [0; 2048];
        while let Ok((n, from)) = socket.recv_from(&mut block) {
            let _ = socket.send_to(&[b"re:", &block[..n]].concat(), from);
        }
    });
    let mut relay = operator.relay(&bench.node, &format!("udpport={port}&udpaddr=127.0.0.1"));
    for word in ["one", "two"] {
        relay.send(word.as_bytes());
        assert_eq!(binary(&mut relay), format!("re:{word}").as_bytes());
    }
}

/// Asks the device something and waits for its answer.
fn ask(operator: &mut Operator, node: &str, mut message: Value) -> Value {
    message["action"] = json!("msg");
    message["nodeid"] = json!(node);
    operator.send(&message);
    operator.expect(&message.to_string(), |m| {
        m["action"] == "msg" && m["type"] == message["type"] && m["nodeid"] == node
    })
}

fn processes_and_services_are_shown_and_ended(bench: Bench) {
    let mut operator = bench.operator();
    let mut child = Command::new("sleep").arg("98765").spawn().unwrap();
    let pid = child.id();
    let answer = ask(&mut operator, &bench.node, json!({ "type": "ps" }));
    let all: Value = serde_json::from_str(answer["value"].as_str().unwrap()).unwrap();
    assert_eq!(all[pid.to_string()]["cmd"], "sleep 98765", "{}", all[pid.to_string()]);
    let one = ask(&mut operator, &bench.node, json!({ "type": "psinfo", "pid": pid }));
    assert_eq!(one["value"]["processName"], "sleep", "{one}");
    let done = ask(&mut operator, &bench.node, json!({ "type": "pskill", "value": format!("{pid}|sleep") }));
    assert_eq!(done["success"], true, "{done}");
    let ended = eventually("the end of the process", PATIENCE, || child.try_wait().unwrap());
    assert!(!ended.success());
    let again = ask(&mut operator, &bench.node, json!({ "type": "pskill", "value": pid.to_string() }));
    assert_eq!(again["success"], false, "{again}");

    let load = ask(&mut operator, &bench.node, json!({ "type": "cpuinfo", "tag": 4 }));
    let total = load["cpu"]["total"].as_f64().unwrap();
    assert!((0.0..=100.0).contains(&total) && load["memory"]["total"].as_u64().unwrap() > 0, "{load}");
    let services = ask(&mut operator, &bench.node, json!({ "type": "services" }));
    let list: Value = serde_json::from_str(services["value"].as_str().unwrap()).unwrap();
    assert!(list.is_array(), "{services}");
    // A name is no way into the shell.
    let evil = ask(
        &mut operator,
        &bench.node,
        json!({ "type": "serviceStart", "serviceName": "x; touch /tmp/meshlite-evil" }),
    );
    assert_eq!((&evil["success"], evil["error"].as_str().unwrap().is_empty()), (&json!(false), false));
    assert!(!Path::new("/tmp/meshlite-evil").exists());
}

fn consent_is_asked_for_and_refused_when_nobody_can_give_it(bench: Bench) {
    if !std::env::var("DISPLAY").unwrap_or_default().is_empty() {
        eprintln!("skipped: there is a desktop, and somebody may be asked");
        return;
    }
    let mut operator = bench.operator();
    // 16: ask before a terminal; the operator's side may ask for it, too.
    let mut refused = operator.session(&bench.node, 1, Some(json!({ "consent": 16 })));
    refused.answer("a refusal", |m| m["type"] == "console" && m["msgid"] == 2);
    ends(&mut refused);
    // 32 is for files only, and 2 is a mere note.
    let mut shell = operator.session(&bench.node, 1, Some(json!({ "consent": 32 | 2 })));
    shell.output_until("a prompt", |said| said.contains('$') || said.contains('#'));
    let mut unknown = operator.session(&bench.node, 6, None);
    unknown.answer("a refusal", |m| m["type"] == "console" && m["msgid"] == 2);
    ends(&mut unknown);
}

fn sessions_come_and_go_without_a_trace(mut bench: Bench) {
    let worker = bench.device.worker();
    let mut operator = bench.operator();
    let mut some = |count: u32| {
        for n in 0..count {
            let mut session = operator.session(&bench.node, if n % 3 == 0 { 1 } else { 5 }, None);
            if n % 3 == 0 {
                let _ = session.receive(PATIENCE);
            } else {
                session.ask(&json!({ "action": "ls", "reqid": n, "path": "/etc" }), |a| a["reqid"] == n);
            }
        }
    };
    // The first ones make what is made once.
    some(12);
    let settled = |most: usize| {
        eventually("that nothing of a session is left", PATIENCE * 2, || {
            (procfs::descriptors(worker) <= most && procfs::descendants(worker).is_empty()).then_some(())
        });
    };
    eventually("that the first sessions have ended", PATIENCE * 2, || {
        procfs::descendants(worker).is_empty().then_some(())
    });
    thread::sleep(Duration::from_secs(1));
    let (open, before) = (procfs::descriptors(worker), procfs::anonymous_kib(worker));
    let count = if soak() { 500 } else { 60 };
    some(count);
    settled(open);
    // What the real agent's engine has taken once it keeps, up to a bound of its own.
    if matches!(bench.device, Device::Ours(_)) {
        let grown = procfs::anonymous_kib(worker).saturating_sub(before);
        assert!(grown < 8 << 10, "{count} sessions left {grown} KiB behind");
    }
    let left = operator.console(&bench.node, "sessions");
    assert_eq!(left, "No session is open.");
    bench.device.process().assert_no_panic();
}

fn meshctrl_works_with_terminal_and_files(bench: Bench) {
    let Some(meshcentral) = interop() else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = |path: &Path| path.display().to_string();
    let (here, there, back) =
        (folder.path().join("sent"), folder.path().join("there"), folder.path().join("back"));
    fs::create_dir(&there).unwrap();
    let data = pattern(300_000);
    fs::write(&here, &data).unwrap();
    let server = &bench.server;
    let sent = server.meshctrl(
        &meshcentral,
        &["Upload", "--id", bench.id(), "--file", &text(&here), "--target", &text(&there)],
    );
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert!(fs::read(there.join("sent")).unwrap() == data, "the uploaded file differs: {sent:?}");
    let fetched = server.meshctrl(
        &meshcentral,
        &["Download", "--id", bench.id(), "--file", &text(&there.join("sent")), "--target", &text(&back)],
    );
    assert!(fs::read(&back).is_ok_and(|bytes| bytes == data), "{fetched:?}");

    let mut command = meshctrl::command(&meshcentral, &server.account(), &["Shell", "--id", bench.id()]);
    let mut terminal = Terminal::spawn(&mut command);
    terminal.shows("Connected.");
    eventually("the shell behind meshctrl", PATIENCE, || {
        terminal.press("echo re''ady-$((6*7))\r");
        thread::sleep(Duration::from_millis(500));
        terminal.has_shown("ready-42").then_some(())
    });
    terminal.press("exit\r");
    terminal.shows("Connection Closed.");
    assert_eq!(terminal.ends(), Some(0));
}
