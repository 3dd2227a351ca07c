//! The unmodified `meshctrl` works with devices under our server: with our agent and with the real one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use meshlite_tests::{
    Agent, Answer, PATIENCE, RealAgent, Server, Terminal, eventually, interop, meshctrl, procfs,
};
use serde_json::Value;
use tempfile::TempDir;

/// A server of ours with one device, and a folder of programs that only write down how they were called.
struct Bench {
    server: Server,
    meshcentral: PathBuf,
    /// Bare id of the device.
    id: String,
    folder: TempDir,
    device: Device,
}

enum Device {
    Ours(Agent),
    Real(RealAgent),
}

/// Programs that would do something to the machine, or need a desktop.
const RECORDERS: [&str; 7] =
    ["shutdown", "poweroff", "reboot", "systemctl", "loginctl", "notify-send", "xdg-open"];

impl Bench {
    fn ours() -> Option<Bench> {
        Bench::start(|_, msh, folder| {
            let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
            let desktop = [("PATH", path.as_str()), ("DISPLAY", ":77"), ("DBUS_SESSION_BUS_ADDRESS", "none")];
            Some(Device::Ours(Agent::with_environment(msh, &desktop)))
        })
    }

    fn real() -> Option<Bench> {
        Bench::start(|meshcentral, msh, _| Some(Device::Real(RealAgent::start(meshcentral, msh))))
    }

    fn start(device: impl FnOnce(&Path, &[u8], &Path) -> Option<Device>) -> Option<Bench> {
        let meshcentral = interop()?;
        let server = Server::start();
        let msh = server.group("lab");
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for name in RECORDERS {
            let record = folder.path().join("called").display().to_string();
            let script =
                format!("#!/bin/sh\n{{ printf %s {name}; printf '|%s' \"$@\"; echo; }} >> '{record}'\n");
            fs::write(bin.join(name), script).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let device = device(&meshcentral, &msh, &bin)?;
        let id = eventually("a device whose core has reported", PATIENCE, || {
            let list = server.meshctrl(&meshcentral, &["ListDevices", "--json"]).try_json()?;
            let ready =
                |d: &&Value| d["conn"] == 1 && d["agent"]["core"].is_string() && d["osdesc"].is_string();
            let id = list.as_array()?.iter().find(ready)?["_id"].as_str()?.to_owned();
            Some(id.strip_prefix("node//")?.to_owned())
        });
        Some(Bench { server, meshcentral, id, folder, device })
    }

    fn ask(&self, args: &[&str]) -> Answer {
        self.server.meshctrl(&self.meshcentral, args)
    }

    /// Asserts that a command prints exactly this.
    #[track_caller]
    fn says(&self, args: &[&str], wanted: &str) {
        let answer = self.ask(args);
        assert_eq!(answer.stdout.trim(), wanted, "{args:?}: {answer:?}");
    }

    /// The device as `ListDevices` shows it.
    #[track_caller]
    fn device(&self) -> Value {
        let list = self.ask(&["ListDevices", "--json"]).json();
        list.as_array().and_then(|all| all.first()).cloned().unwrap_or_default()
    }

    /// Waits until a recorder was called like this.
    #[track_caller]
    fn called(&self, wanted: &str) {
        let record = self.folder.path().join("called");
        eventually(wanted, PATIENCE, || {
            fs::read_to_string(&record).ok()?.lines().any(|line| line == wanted).then_some(())
        });
    }

    #[track_caller]
    fn ends_well(mut self) {
        self.server.process().assert_no_panic();
        match &mut self.device {
            Device::Ours(agent) => agent.process().assert_no_panic(),
            Device::Real(agent) => assert!(agent.process().exited().is_none(), "the real agent died"),
        }
    }
}

/// What an operator changes and looks up.
fn edit_list_move_remove(bench: &Bench) {
    let id = bench.id.as_str();
    let edit =
        ["EditDevice", "--id", id, "--name", "Lobby ✓", "--desc", "by the <door>", "--tags", "red,blue"];
    bench.says(&[edit.as_slice(), &["--icon", "4", "--consent", "3"]].concat(), "ok");
    let device = bench.device();
    assert_eq!((&device["name"], &device["desc"]), (&"Lobby ✓".into(), &"by the <door>".into()));
    assert_eq!((device["icon"].as_u64(), device["consent"].as_u64()), (Some(4), Some(3)));
    assert_eq!(device["tags"], serde_json::json!(["blue", "red"]));

    for (filter, found) in [("tag:red", true), ("tag:green", false), ("lobby", true), ("nothing", false)] {
        let listed = bench.ask(&["ListDevices", "--filter", filter]);
        assert_eq!(listed.stdout.contains(id), found, "{filter}: {listed:?}");
    }
    assert!(
        bench.ask(&["ListDevices", "--csv"]).ok().contains(&format!("\"lab\",\"{id}\",\"Lobby ✓\",4,1,1"))
    );
    assert!(bench.ask(&["ListDevices", "--filterid", &id[..20]]).ok().contains(id));
    bench.says(&["ListDevices", "--count"], "1");
    let details = bench.ask(&["ListDevices", "--details"]).json();
    assert_eq!(details[0]["node"]["name"], "Lobby ✓");
    assert!(details[0]["sys"]["hardware"].is_object(), "{details}");
    let table = bench.ask(&["ListDevices", "--details", "--csv"]).ok();
    assert!(table.lines().count() >= 2 && table.contains("Lobby ✓"), "{table}");

    let group = bench.device()["meshid"].as_str().unwrap().trim_start_matches("mesh//").to_owned();
    bench.says(
        &["EditDeviceGroup", "--id", &group, "--name", "attic", "--desc", "top", "--consent", "1"],
        "ok",
    );
    assert!(bench.ask(&["ListDeviceGroups"]).ok().contains("\"attic\""));
    bench.says(&["EditDeviceGroup", "--id", &group, "--name", "lab"], "ok");
    let members = bench.ask(&["ListUsersOfDeviceGroup", "--id", &group]).ok();
    assert!(members.contains("admin, FullAdministrator"), "{members}");

    bench.ask(&["AddDeviceGroup", "--name", "cellar"]).ok();
    bench.says(&["MoveToDeviceGroup", "--devid", id, "--group", "cellar"], "ok");
    assert!(bench.ask(&["ListDevices", "--group", "cellar"]).ok().contains(id));
    assert!(bench.ask(&["ListDevices", "--group", "lab"]).ok().contains("None"));

    let events = bench.ask(&["ListEvents", "--id", id, "--limit", "50"]).ok();
    for wanted in ["changenode", "nodemeshchange", "nodeconnect"] {
        assert!(events.contains(wanted), "{wanted} is missing: {events}");
    }
    let raw = bench.ask(&["ListEvents", "--json", "--limit", "3"]).json();
    assert_eq!(raw.as_array().map(Vec::len), Some(3), "{raw}");
    let of_user = bench.ask(&["ListEvents", "--userid", "admin", "--limit", "20"]).ok();
    assert!(of_user.contains("nodemeshchange") && !of_user.contains("nodeconnect"), "{of_user}");

    // A device that is removed while it is connected is cut off, and enrols anew when it comes back.
    bench.says(&["RemoveDevice", "--id", id], "ok");
    eventually("the device as a new one", PATIENCE, || {
        let device = bench.device();
        (device["conn"] == 1 && device["name"] != "Lobby ✓").then_some(())
    });
}

#[test]
fn our_device_is_edited_listed_moved_and_removed() {
    let Some(bench) = Bench::ours() else { return };
    edit_list_move_remove(&bench);
    bench.ends_well();
}

#[test]
fn a_real_device_is_edited_listed_moved_and_removed() {
    let Some(bench) = Bench::real() else { return };
    edit_list_move_remove(&bench);
    bench.ends_well();
}

#[test]
fn power_commands_reach_our_device() {
    let Some(bench) = Bench::ours() else { return };
    let id = bench.id.as_str();
    bench.says(&["DevicePower", "--id", id, "--off"], "ok");
    bench.called("shutdown|-h|now");
    bench.says(&["DevicePower", "--id", id, "--reset"], "ok");
    bench.called("shutdown|-r|now");
    bench.says(&["DevicePower", "--id", id, "--sleep"], "ok");
    bench.called("systemctl|suspend");
    let amt = bench.ask(&["DevicePower", "--id", id, "--amtoff"]).stdout;
    assert!(amt.contains("Intel AMT"), "{amt}");
    // Nobody else is there to wake it, and it says so.
    let woken = bench.ask(&["DevicePower", "--id", id, "--wake"]).stdout;
    assert!(
        woken.contains("Used 0 device(s)") || woken.contains("MAC") || woken.contains("No network"),
        "{woken}"
    );
    let events = bench.ask(&["ListEvents", "--id", id]).ok();
    for wanted in ["Power off", "Restart", "Sleep"] {
        assert!(events.contains(wanted), "{wanted}: {events}");
    }
    let stranger = "A".repeat(64);
    bench.says(&["DevicePower", "--id", &stranger, "--off"], "Access denied");
    bench.ends_well();
}

#[test]
fn power_commands_reach_a_real_device() {
    let contained = |meshcentral: &Path, msh: &[u8], _: &Path| {
        let agent = RealAgent::contained(meshcentral, msh);
        if agent.is_none() {
            println!("skipped: process namespaces are forbidden here");
        }
        agent.map(Device::Real)
    };
    let Some(mut bench) = Bench::start(contained) else { return };
    let id = bench.id.clone();
    bench.says(&["DevicePower", "--id", &id, "--reset"], "ok");
    // The kernel ends the namespace as it would end the machine.
    let Device::Real(agent) = &mut bench.device else { unreachable!("just made") };
    eventually("the end of the namespace", PATIENCE, || agent.process().exited());
    eventually("a device that is gone", PATIENCE, || bench.device().get("conn").is_none().then_some(()));
    bench.says(&["DevicePower", "--id", &id, "--off"], "Agent not connected");
    bench.server.process().assert_no_panic();
}

#[test]
fn a_sleeping_device_is_woken_by_the_one_beside_it() {
    let Some(meshcentral) = interop() else { return };
    let server = Server::start();
    let msh = server.group("lab");
    let mut sleeper = Agent::with_identity(&msh, 1, &[]);
    let id = sleeper.database_id();
    let ask = |args: &[&str]| server.meshctrl(&meshcentral, args).stdout;
    eventually("its network cards", PATIENCE, || {
        let info = ask(&["DeviceInfo", "--id", &id, "--json"]);
        info.contains("Networking").then_some(())
    });
    sleeper.stop();
    let _beside = Agent::start(&msh);
    server.wait_connected(1);
    let said = eventually("an answer", PATIENCE, || Some(ask(&["DevicePower", "--id", &id, "--wake"])));
    // On a machine with nothing but a loopback there is no card to wake.
    assert!(
        said.contains("Used 1 device(s) to send wake packets") || said.contains("No known MAC"),
        "{said}"
    );
}

/// Notices on the device's screen.
fn notices(bench: &Bench) {
    let id = bench.id.as_str();
    bench.says(&["DeviceToast", "--id", id, "--title", "Note", "--msg", "hello there"], "ok");
    bench.says(&["DeviceMessage", "--id", id, "--title", "Note", "--msg", "text"], "OK");
    bench.says(&["DeviceOpenUrl", "--id", id, "--openurl", "https://example.org/"], "OK");
    let group = bench.device()["meshid"].as_str().unwrap().to_owned();
    bench.says(&["GroupToast", "--id", &group, "--msg", "to all"], "ok");
    bench.says(&["GroupMessage", "--id", &group, "--msg", "to all"], "ok");
    bench.says(&["Broadcast", "--msg", "soon down"], "ok");
    let events = bench.ask(&["ListEvents", "--id", id]).ok();
    assert!(events.contains("hello there"), "{events}");
    let stranger = "A".repeat(64);
    bench.says(&["DeviceToast", "--id", &stranger, "--msg", "x"], "Access denied");
    bench.says(&["DeviceMessage", "--id", &stranger, "--msg", "x"], "Unable to route");
}

#[test]
fn notices_reach_our_device() {
    let Some(bench) = Bench::ours() else { return };
    notices(&bench);
    bench.called("notify-send|--|Note|hello there");
    bench.called("xdg-open|https://example.org/");
    bench.ends_well();
}

#[test]
fn notices_reach_a_real_device() {
    let Some(bench) = Bench::real() else { return };
    notices(&bench);
    bench.ends_well();
}

/// Shell, Upload, Download, RunCommand.
fn sessions(bench: &Bench) {
    let id = bench.id.as_str();
    let said = bench.ask(&["RunCommand", "--id", id, "--run", "echo $((6*7))-ran", "--reply"]).ok();
    assert!(said.contains("42-ran"), "{said}");

    let shell = ["Shell", "--id", id];
    let mut terminal =
        Terminal::spawn(&mut meshctrl::command(&bench.meshcentral, &bench.server.account(), &shell));
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
    terminal.press("exit\r");
    terminal.shows("Connection Closed.");
    assert_eq!(terminal.ends(), Some(0));

    let folder = bench.folder.path();
    let (here, there) = (folder.join("sent.bin"), folder.join("there"));
    fs::create_dir(&there).unwrap();
    // Every byte value, also at the start of blocks: 0 and 123 are escaped on the wire.
    let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(&here, &data).unwrap();
    let (from, to) = (here.display().to_string(), there.display().to_string());
    let sent = bench.ask(&["Upload", "--id", id, "--file", &from, "--target", &to]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let arrived = there.join("sent.bin");
    eventually("the uploaded file", PATIENCE, || (fs::read(&arrived).ok()? == data).then_some(()));
    let back = folder.join("back.bin").display().to_string();
    let fetched =
        bench.ask(&["Download", "--id", id, "--file", &arrived.display().to_string(), "--target", &back]);
    assert_eq!(fetched.code, Some(0), "{fetched:?}");
    let downloaded = fs::read(&back).unwrap_or_else(|e| panic!("no file came: {e}; {fetched:?}"));
    assert!(downloaded == data, "the downloaded file differs");

    let stranger = "A".repeat(64);
    let refused = bench.ask(&["Upload", "--id", &stranger, "--file", &from, "--target", &to]);
    assert!(refused.stdout.contains("Unable to route") || !refused.stdout.contains("done"), "{refused:?}");
    let events = bench.ask(&["ListEvents", "--id", id, "--limit", "100"]).ok();
    assert!(events.contains("relaylog") || events.to_lowercase().contains("session"), "{events}");
}

#[test]
fn sessions_with_our_device() {
    let Some(mut bench) = Bench::ours() else { return };
    sessions(&bench);
    let Device::Ours(agent) = &mut bench.device else { unreachable!("just made") };
    let worker = agent.worker();
    eventually("no child of the agent", PATIENCE, || procfs::children(worker).is_empty().then_some(()));
    bench.ends_well();
}

#[test]
fn sessions_with_a_real_device() {
    let Some(bench) = Bench::real() else { return };
    sessions(&bench);
    bench.ends_well();
}
