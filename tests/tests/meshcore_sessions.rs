//! The unmodified meshcore of a real MeshCentral on our agent: what an operator does with a device.
//!
//! `MESHLITE_PEER=real` runs the same sessions with the real agent, to tell a fault of ours from one of the test.

use std::fs;
use std::time::{Duration, Instant};

use meshlite_tests::{
    ManagedDevice, Message, PATIENCE, Terminal, Tunnel, eventually, interop, meshctrl, procfs, soak,
};
use serde_json::json;

/// Bytes to send each way: the full amount in soak runs.
fn volume() -> usize {
    if soak() { 100_000_000 } else { 12_000_000 }
}

#[test]
fn meshctrl_runs_commands_and_moves_files() {
    let Some(bench) = ManagedDevice::start() else { return };
    let id = bench.node.trim_start_matches("node//");

    let said =
        bench.server.meshctrl(&["RunCommand", "--id", id, "--run", "echo $((6*7))-ran", "--reply"]).ok();
    assert!(said.contains("42-ran"), "{said}");

    // The network comes some seconds after the core's first report.
    for wanted in ["Operating System", "Networking"] {
        eventually(wanted, PATIENCE, || {
            let info = bench.server.meshctrl(&["DeviceInfo", "--id", id, "--json"]).ok();
            info.contains(wanted).then_some(())
        });
    }

    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("sent.bin"), folder.path().join("there"));
    fs::create_dir(&there).unwrap();
    // Every byte value, also at the start of blocks: 0 and 123 are escaped on the wire.
    let data: Vec<u8> = (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(&here, &data).unwrap();
    let target = there.display().to_string();
    let sent = bench.server.meshctrl(&[
        "Upload",
        "--id",
        id,
        "--file",
        &here.display().to_string(),
        "--target",
        &target,
    ]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let arrived = there.join("sent.bin");
    eventually("the uploaded file", PATIENCE, || (fs::read(&arrived).ok()? == data).then_some(()));

    let back = folder.path().join("back.bin");
    let (from, to) = (arrived.display().to_string(), back.display().to_string());
    let fetched = bench.server.meshctrl(&["Download", "--id", id, "--file", &from, "--target", &to]);
    assert_eq!(fetched.code, Some(0), "{fetched:?}");
    let downloaded = fs::read(&back).unwrap_or_else(|e| panic!("no file came: {e}; {fetched:?}"));
    assert!(downloaded == data, "the downloaded file differs");
}

#[test]
fn meshctrl_shell_is_a_terminal_on_the_device() {
    let Some(bench) = ManagedDevice::start() else { return };
    let meshcentral = interop().expect("the bench has it");
    let id = bench.node.trim_start_matches("node//");
    let mut command = meshctrl::command(&meshcentral, &bench.server.account(), &["Shell", "--id", id]);
    let mut terminal = Terminal::spawn(&mut command);
    terminal.shows("Connected.");
    // Before the shell is there, keys are for nobody.
    eventually("the shell behind meshctrl", PATIENCE, || {
        terminal.press("echo re''ady-$((6*7))\r");
        std::thread::sleep(Duration::from_millis(500));
        terminal.has_shown("ready-42").then_some(())
    });
    terminal.press("tty; printf 'gr%s\\n' üße\r");
    terminal.shows("/dev/pts/");
    terminal.shows("grüße");
    terminal.press("sleep 1000\r");
    terminal.shows("sleep 1000");
    terminal.press("\u{3}echo inter''rupted-$?\r");
    terminal.shows("interrupted-130");
    terminal.press("stty size\r");
    terminal.shows("31 93");
    // The program forwards what its own terminal becomes; the device does it by and by.
    terminal.resize(120, 44);
    eventually("the new size", PATIENCE, || {
        terminal.press("stty size\r");
        std::thread::sleep(Duration::from_millis(500));
        terminal.has_shown("44 120").then_some(())
    });
    terminal.press("exit\r");
    terminal.shows("Connection Closed.");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_shell_resizes_is_interrupted_and_ends() {
    let Some(bench) = ManagedDevice::start() else { return };
    let mut operator = bench.operator();
    let mut shell = operator.session(&bench.node, 1, Some(json!({ "cols": 93, "rows": 31 })));
    shell.output_until("a prompt", |said| said.contains('$') || said.contains('#'));
    shell.send(b"stty size; echo TERM-$TERM-\n");
    shell.output_until("the first size", |said| {
        said.contains("31 93") && said.contains("TERM-xterm-256color-")
    });
    shell.control(&json!({ "ctrlChannel": "102938", "type": "termsize", "cols": 120, "rows": 44 }));
    let until = Instant::now() + PATIENCE;
    loop {
        shell.send(b"stty size; echo sized\n");
        let said = shell.output_until("an answer", |said| said.contains("\nsized"));
        if said.contains("44 120") {
            break;
        }
        assert!(Instant::now() < until, "the terminal was never resized: {said:?}");
    }
    shell.send(b"sleep 1000\n");
    shell.output_until("the command", |said| said.contains("sleep 1000"));
    shell.send(&[3]);
    shell.send(b"echo inter''rupted-$?\n");
    shell.output_until("the interrupt", |said| said.contains("interrupted-130"));
    shell.send("printf 'grüße %s\\n' 'жук'\n".as_bytes());
    shell.output_until("UTF-8", |said| said.contains("grüße жук"));
    shell.send(b"exit\n");
    let until = Instant::now() + PATIENCE;
    while shell.receive(Duration::from_secs(1)).is_ok() {
        assert!(Instant::now() < until, "the tunnel did not close with its shell");
    }
}

#[test]
fn a_shell_carries_much_both_ways_and_a_stalled_reader_costs_no_memory() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let worker = bench.device.worker();
    let mut operator = bench.operator();
    let mut shell = operator.session(&bench.node, 1, Some(json!({ "cols": 80, "rows": 25 })));
    shell.output_until("a prompt", |said| said.contains('$') || said.contains('#'));
    // A first megabyte warms up what is made once. No prompt from here on: its letters would be counted.
    shell.send(b"stty raw -echo; PS1=; head -c 1000000 /dev/zero | tr '\\0' w; echo WARM-END\n");
    shell.output_until("the first megabyte", |said| said.contains("wWARM-END"));
    let before = procfs::anonymous_kib(worker);
    let volume = volume();

    shell.send(format!("head -c {volume} /dev/zero | tr '\\0' d; echo DOWN-END\n").as_bytes());
    // Nobody reads for a while: the device must hold the command back, not its output.
    let stalled = Instant::now();
    let mut peak = 0;
    while stalled.elapsed() < Duration::from_secs(if soak() { 30 } else { 5 }) {
        peak = peak.max(procfs::anonymous_kib(worker));
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut counted = 0;
    let mut tail = Vec::new();
    while !tail.ends_with(b"DOWN-END\n") && !tail.ends_with(b"DOWN-END\r\n") {
        match shell.receive(PATIENCE).unwrap().expect("output") {
            Message::Binary(bytes) => {
                counted += bytes.iter().filter(|b| **b == b'd').count();
                tail.extend_from_slice(&bytes);
                tail.drain(..tail.len().saturating_sub(32));
            }
            Message::Text(_) => {}
        }
        peak = peak.max(procfs::anonymous_kib(worker));
    }
    assert_eq!(counted, volume, "bytes from the device");

    // The line editor flushes what was typed ahead when it leaves; so wait until it has.
    shell.send(format!("echo RE''ADY; head -c {volume} | wc -c; echo UP-''END\n").as_bytes());
    shell.output_until("the counting command", |said| said.contains("READY"));
    let block = vec![b'u'; 16 << 10];
    let mut left = volume;
    while left > 0 {
        let piece = left.min(block.len());
        shell.send(&block[..piece]);
        left -= piece;
        peak = peak.max(procfs::anonymous_kib(worker));
    }
    let said = shell.output_until("the count", |said| said.contains("UP-END"));
    assert!(said.contains(&volume.to_string()), "bytes to the device: {said:?}");

    let grown = peak.saturating_sub(before);
    assert!(grown < 24 << 10, "the worker grew from {before} KiB by {grown} KiB");
    bench.device.process().assert_no_panic();
}

#[test]
fn files_are_listed_made_renamed_hashed_and_removed() {
    let Some(bench) = ManagedDevice::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let mut operator = bench.operator();
    let mut files = operator.session(&bench.node, 5, None);

    files.control(&json!({ "action": "mkdir", "path": format!("{path}/made") }));
    let listed = |files: &mut Tunnel, request: u64| {
        let answer =
            files.ask(&json!({ "action": "ls", "reqid": request, "path": path }), |a| a["reqid"] == request);
        answer["dir"].as_array().cloned().unwrap_or_default()
    };
    eventually("the new folder", PATIENCE, || {
        listed(&mut files, 1).iter().any(|e| e["n"] == "made" && e["t"] == 2).then_some(())
    });

    files
        .ask(&json!({ "action": "upload", "reqid": 7, "path": path, "name": "notes.txt", "size": 5 }), |a| {
            a["action"] == "uploadstart"
        });
    files.send(b"hello");
    files.answer("an acknowledgement", |a| a["action"] == "uploadack");
    files.ask(&json!({ "action": "uploaddone", "reqid": 7 }), |a| a["action"] == "uploaddone");
    assert_eq!(fs::read(folder.path().join("notes.txt")).unwrap(), b"hello");

    let hash = files.ask(
        &json!({ "action": "uploadhash", "reqid": 8, "path": path, "name": "notes.txt", "tag": { "s": 5 } }),
        |a| a["action"] == "uploadhash",
    );
    let expected =
        "59E1748777448C69DE6B800D7A33BBFB9FF1B463E44354C3553BCDB9C666FA90125A3C79F90397BDF5F6A13DE828684F";
    assert_eq!(hash["hash"], expected);

    files
        .control(&json!({ "action": "rename", "path": path, "oldname": "notes.txt", "newname": "kept.txt" }));
    files.control(
        &json!({ "action": "copy", "scpath": path, "dspath": format!("{path}/made"), "names": ["kept.txt"] }),
    );
    eventually("the copy", PATIENCE, || fs::read(folder.path().join("made/kept.txt")).ok());
    files.control(&json!({ "action": "rm", "path": path, "delfiles": ["made"], "rec": true }));
    eventually("the removal", PATIENCE, || (!folder.path().join("made").exists()).then_some(()));

    let entries = listed(&mut files, 9);
    let kept = entries.iter().find(|e| e["n"] == "kept.txt").unwrap_or_else(|| panic!("{entries:?}"));
    assert_eq!((kept["t"].as_u64(), kept["s"].as_u64()), (Some(3), Some(5)), "{kept}");
}
