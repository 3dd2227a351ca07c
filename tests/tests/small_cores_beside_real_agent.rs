//! The other cores of MeshCentral, unmodified and pushed by the real server: the recovery core and the tiny core beside
//! the real agent, and the core of the recovery agent.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use meshlite_tests::agent::Agent;
use meshlite_tests::meshctrl::{Line, later, now};
use meshlite_tests::{Operator, PATIENCE, Pair, RealServer, StandIn, interop, meshctrl};
use serde_json::{Value, json};

/// What `help` of the recovery core lists, but `agentupdate` and `agentupdateex`, which replace the program under test.
const RECOVERY: &[Line] = &[
    now("help"),
    now("versions"),
    now("eval \"6*7\""),
    now("eval \"throw 'x'\""),
    now("eval"),
    later("osinfo"),
    now("netinfo"),
    now("dbkeys"),
    now("dbget"),
    now("dbget a"),
    now("dbset a"),
    now("dbset a b"),
    now("dbcompact"),
    now("tunnels"),
    now("name"),
    now("setdebug"),
    now("commandline"),
    now("dance"),
];

const TINY: &[Line] = &[
    now("help"),
    now("versions"),
    now("eval \"6*7\""),
    now("eval \"throw 'x'\""),
    now("eval"),
    later("osinfo"),
    now("info"),
    now("args"),
    now("dance"),
];

#[test]
fn recovery_core_and_tiny_core_answer_as_on_the_real_agent() {
    let Some(meshcentral) = interop() else { return };
    let mut pair = Pair::start(&meshcentral);
    let mut operator = Operator::sign_in(&pair.server.account());
    for (kind, sign, lines) in [("recovery", "agentupdateex", RECOVERY), ("tiny", "osinfo", TINY)] {
        push(&mut operator, &pair, kind, |help| help.contains(sign) && !help.contains("wakeonlan"));
        let answers =
            meshctrl::console(&meshcentral, &pair.server.account(), &[&pair.ours, &pair.theirs], lines);
        assert_eq!(answers.len(), lines.len());
        let mut unlike = String::new();
        for (line, of) in lines.iter().zip(&answers) {
            let (ours, theirs) = (plain(&of[0]), plain(&of[1]));
            if !alike(line.text, &ours, &theirs) {
                unlike.push_str(&format!("\n--- {}\nours:   {ours}\ntheirs: {theirs}\n", line.text));
            }
        }
        assert!(unlike.is_empty(), "the {kind} core answers differently:{unlike}");
        if kind == "recovery" {
            sessions(&mut operator, &pair.ours);
        }
    }
    push(&mut operator, &pair, "default", |help| help.contains("wakeonlan"));
    pair.agent.process().assert_no_panic();
}

/// What a recovery core is for: a terminal and files.
fn sessions(operator: &mut Operator, node: &str) {
    let mut shell = operator.session(node, 1, Some(json!({ "cols": 80, "rows": 25 })));
    shell.output_until("a prompt", |said| said.contains('$') || said.contains('#'));
    shell.send(b"echo recov''ered-$((6*7))\n");
    shell.output_until("the command", |said| said.contains("recovered-42"));
    drop(shell);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    fs::write(folder.path().join("left.txt"), b"hello").unwrap();
    let mut files = operator.session(node, 5, None);
    let listed =
        files.ask(&json!({ "action": "ls", "reqid": 1, "path": path }), |answer| answer["dir"].is_array());
    let entries = listed["dir"].as_array().unwrap();
    assert!(entries.iter().any(|e| e["n"] == "left.txt" && e["s"] == 5), "{listed}");
    files.ask(
        &json!({ "action": "upload", "reqid": 2, "path": path, "name": "new.bin", "size": 3 }),
        |answer| answer["action"] == "uploadstart",
    );
    files.send(b"abc");
    files.answer("an acknowledgement", |answer| answer["action"] == "uploadack");
    files.ask(&json!({ "action": "uploaddone", "reqid": 2 }), |answer| answer["action"] == "uploaddone");
    assert_eq!(fs::read(folder.path().join("new.bin")).unwrap(), b"abc");
}

/// Has the server push a core to both devices and waits until its `help` is that of the core.
fn push(operator: &mut Operator, pair: &Pair, kind: &str, is_it: impl Fn(&str) -> bool) {
    let nodes = [&pair.ours, &pair.theirs];
    operator.send(&json!({ "action": "uploadagentcore", "nodeids": nodes, "type": kind }));
    for node in nodes {
        let until = Instant::now() + PATIENCE;
        while !operator.try_console(node, "help", Duration::from_secs(2)).is_some_and(|help| is_it(&help)) {
            assert!(Instant::now() < until, "the {kind} core never came to {node}");
        }
    }
}

fn alike(line: &str, ours: &str, theirs: &str) -> bool {
    match line {
        // Two programs.
        "versions" => [ours, theirs].iter().all(|text| {
            let versions: Value = serde_json::from_str(text).unwrap_or_default();
            ["commitDate", "commitHash", "compileTime"].iter().all(|name| versions[*name].is_string())
        }),
        // Interfaces that are down are `up` for the real agent when they have no address.
        "netinfo" => {
            let kept = |text: &str| {
                text.lines().filter(|line| !line.contains("status: ")).map(str::to_owned).collect::<Vec<_>>()
            };
            kept(ours) == kept(theirs)
        }
        // The core uses a name it never declares; each engine has words of its own for that.
        _ if line.starts_with("db") => {
            let sign = "Command returned an exception error: ReferenceError: ";
            ours == theirs || (ours.starts_with(sign) && theirs.starts_with(sign))
        }
        _ => ours == theirs,
    }
}

/// The texts of one answer as one. The recovery core says `Timer!` every two seconds by a timer that it does not hold;
/// the real agent forgets such timers.
fn plain(texts: &[String]) -> String {
    let own = texts.iter().filter(|text| *text != "Timer!");
    own.map(|text| text.trim_end()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_core_of_the_recovery_agent_fetches_and_installs_the_missing_agent() {
    let Some(meshcentral) = interop() else { return };
    // It installs a service: never on the machine itself.
    let Some(machine) = StandIn::services() else {
        println!("skipped: mount namespaces are forbidden here, and this test installs a service");
        return;
    };
    let server = RealServer::start(&meshcentral);
    let mut msh = server.group("lab");
    msh.extend_from_slice(b"\nAgentCapabilities=0x00000040\n");
    let mut operator = Operator::sign_in(&server.account());
    let mut agent = Agent::with_firmware(&msh, Some(Arc::new(machine)));
    let mut told = Vec::new();
    for wanted in ["Diagnostic: Start", "Diagnostic: Attempting to downlod agent", "...Configuring Agent..."]
    {
        let event = operator.expect(wanted, |message| message["event"]["action"] == "diagnostic");
        let text = event["event"]["msg"].as_str().unwrap_or_default().to_owned();
        assert!(text.starts_with(wanted), "{text} after {told:?}");
        told.push(text);
    }
    // The files are where only the agent sees them.
    let root = format!("/proc/{}/root", agent.worker());
    let program = format!("{root}/usr/local/mesh_services/meshagent/meshagent");
    let settings = meshlite_tests::eventually("the settings of the new agent", PATIENCE, || {
        fs::read_to_string(format!("{program}.msh")).ok().filter(|text| text.contains("MeshServer=wss://"))
    });
    assert!(settings.contains("MeshID=0x") && settings.contains("ServerID="), "{settings}");
    let published = fs::read(meshcentral.join("agents/meshagent_x86-64")).unwrap();
    assert!(fs::read(&program).unwrap() == published, "the program is the one that the server publishes");
    let unit = fs::read_to_string(format!("{root}/etc/systemd/system/meshagent.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/mesh_services/meshagent/meshagent\n"), "{unit}");
    assert!(
        !fs::exists("/usr/local/mesh_services/meshagent/meshagent.msh").unwrap_or(true),
        "on the machine itself"
    );
    agent.process().assert_no_panic();
}
