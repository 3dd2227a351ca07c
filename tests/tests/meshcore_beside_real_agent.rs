//! MeshCentral's own core on our agent and on the real one, side by side on one server: what they report and what
//! they answer on their consoles. Where the answers may differ, `docs/meshcore-differences.md` has a row, and
//! [`DIFFERENCES`] says what must be true all the same.

use std::collections::BTreeSet;
use std::time::Instant;

use meshlite_tests::meshctrl::{Line, later, now};
use meshlite_tests::{PATIENCE, Pair, eventually, interop, meshctrl, place};
use serde_json::Value;

/// What is sent to both consoles: every command that `help` lists but those of [`LEFT_OUT`].
const LINES: &[Line] = &[
    now("help"),
    now("info"),
    later("ps"),
    now("netinfo"),
    later("osinfo"),
    later("users"),
    later("agentsize"),
    now("versions"),
    now("eval \"6*7\""),
    now("eval \"require('fs').nothing()\""),
    now("eval"),
    now("ls /proc/sys/kernel/random"),
    now("ls /nonexistent"),
    now("getconf"),
    now("coreinfo"),
    now("coreinfoupdate"),
    now("timerinfo"),
    later("fdsnapshot"),
    later("fdcount"),
    now("startupoptions"),
    now("args a --b=c"),
    now("dbkeys"),
    now("dbget nothing"),
    now("dbget"),
    now("dbset one two"),
    now("dbget one"),
    now("dbcompact"),
    now("parseuri http://a.example:81/c?d=e"),
    now("parseuri"),
    now("wslist"),
    now("msh"),
    now("errorlog"),
    now("smbios"),
    now("rawsmbios"),
    later("cpuinfo"),
    later("sysinfo"),
    now("translations"),
    now("domain"),
    now("log hello"),
    now("log"),
    now("print hello"),
    now("print"),
    now("type /etc/hostname"),
    now("type /nonexistent"),
    now("type"),
    now("dnsinfo"),
    later("vm"),
    now("kvmmode"),
    now("service"),
    now("location"),
    now("task"),
    now("apf"),
    now("scanwifi"),
    now("wallpaper"),
    now("toast"),
    now("lock x"),
    later("getclip"),
    now("setclip"),
    now("display"),
    now("openurl"),
    now("openfile"),
    now("alert"),
    now("notify"),
    now("setdebug"),
    now("setdebug 0"),
    now("power"),
    now("wakeonlan"),
    now("wakeonlan 010203040506"),
    now("wsconnect"),
    now("wssend"),
    now("wsclose"),
    now("plugin"),
    now("getscript"),
    now("agentmsg"),
    now("coredump status"),
    now("coredump"),
    now("zip"),
    now("unzip"),
    now("dhcp"),
    now("kill"),
    now("kill 99999999"),
    now("httpget"),
    now("dance"),
];

/// Commands that `help` lists and that are not sent.
const LEFT_OUT: &[&str] = &["uninstallagent", "agentupdate"];

/// Whether our answer and the real agent's are alike enough.
type Holds = fn(&str, &str) -> bool;

/// Commands whose answers may differ, one row each in the document, and what holds nevertheless.
const DIFFERENCES: &[(&str, Holds)] = &[
    ("info", |ours, theirs| {
        let kept = |text: &str| {
            without(text, &["Current Core:", "Agent Time:", "Node ID:", "Location:", "X11", "Capab"])
        };
        kept(ours) == kept(theirs) && ours.contains("Agent Time: ") && ours.contains("Current Core: ")
    }),
    ("ps", |ours, theirs| {
        let first = |text: &str| text.lines().any(|line| line.starts_with("1, "));
        // Our own agent, with the words of its command line.
        first(ours) && ours.contains(" run --msh ") && (first(theirs) || theirs.contains("invalid json"))
    }),
    ("netinfo", |ours, theirs| without(ours, &["status: "]) == without(theirs, &["status: "])),
    ("users", |ours, theirs| {
        ours.starts_with("Active Users: ")
            && (theirs == "Active users are unknown." || theirs.starts_with("Active"))
    }),
    ("agentsize", |ours, theirs| {
        [ours, theirs].iter().all(|text| text.starts_with("Agent Size: ") && text.ends_with(" kb"))
    }),
    ("versions", |ours, theirs| {
        [ours, theirs].iter().all(|text| {
            let versions: Value = serde_json::from_str(text).unwrap_or_default();
            ["commitDate", "commitHash", "compileTime"].iter().all(|name| versions[*name].is_string())
        })
    }),
    ("eval", |ours, theirs| {
        let sign = "Command returned an exception error: TypeError: ";
        ours == theirs || (ours.starts_with(sign) && theirs.starts_with(sign))
    }),
    ("coreinfo", |ours, theirs| {
        let kept = |text: &str| {
            without(text, &["\"value\"", "\"users\"", "\"lusers\"", "\"lastbootuptime\"", "\"caps\""])
        };
        kept(ours) == kept(theirs) && ours.contains("\"value\": ")
    }),
    ("timerinfo", |ours, theirs| {
        [ours, theirs].iter().all(|text| text.contains("meshcore (InfoUpdate Timer)"))
    }),
    ("fdsnapshot", |ours, theirs| [ours, theirs].iter().all(|text| text.contains(" Chain Timeout: "))),
    ("fdcount", |ours, theirs| [ours, theirs].iter().all(|text| text.starts_with("Descriptor Count: "))),
    ("cpuinfo", |ours, theirs| {
        [ours, theirs].iter().all(|text| {
            let answer: Value =
                text.find("{\n").and_then(|at| serde_json::from_str(&text[at..]).ok()).unwrap_or_default();
            answer["cpu"]["cpus"].is_array()
                && answer["memory"]["total"].is_u64()
                && answer["thermals"].is_array()
        })
    }),
    ("sysinfo", |ours, theirs| same_hardware(ours, theirs)),
    ("getclip", |ours, theirs| {
        let sign = "Command returned an exception error: ";
        ours == theirs || (ours.starts_with(sign) && theirs.starts_with(sign))
    }),
];

#[test]
fn the_core_reports_and_answers_as_on_the_real_agent() {
    let Some(meshcentral) = interop() else { return };
    let pair = Pair::start(&meshcentral);
    let answers = meshctrl::console(&meshcentral, &pair.server.account(), &[&pair.ours, &pair.theirs], LINES);
    assert_eq!(answers.len(), LINES.len());

    let mut unlike = String::new();
    for (line, of) in LINES.iter().zip(&answers) {
        let (ours, theirs) = (plain(&of[0]), plain(&of[1]));
        let may_differ = DIFFERENCES.iter().find(|(command, _)| *command == name_of(line.text));
        if ours != theirs && !may_differ.is_some_and(|(_, holds)| holds(&ours, &theirs)) {
            unlike.push_str(&format!("\n--- {}\nours:   {ours}\ntheirs: {theirs}\n", line.text));
        }
    }
    assert!(
        unlike.is_empty(),
        "answers that differ where docs/meshcore-differences.md does not allow it:{unlike}"
    );

    if pair.firmware.is_some() {
        let tables =
            LINES.iter().zip(&answers).find(|(line, _)| line.text == "smbios").map(|(_, of)| of[0].join(" "));
        assert!(
            tables.as_deref().is_some_and(|text| text.contains("Processor 7")),
            "the tables came: {tables:?}"
        );
    }

    // Every command that help lists was sent, or is left out with a reason.
    let help = answers[0][0].join(" ");
    let names = help.rsplit(':').next().unwrap_or_default().replace(['.', '\r', '\n'], " ");
    for name in names.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty()) {
        let known = LINES.iter().any(|line| name_of(line.text) == name) || LEFT_OUT.contains(&name);
        assert!(known, "help lists {name:?}, which this test does not send: {help}");
    }

    compare_pages(&pair);
}

#[test]
fn every_difference_has_its_row_in_the_document() {
    let text = std::fs::read_to_string(place::root().join("docs/meshcore-differences.md")).unwrap();
    let rows: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let known: BTreeSet<&str> =
        DIFFERENCES.iter().map(|(command, _)| *command).chain(LEFT_OUT.iter().copied()).collect();
    assert_eq!(rows, known, "the rows of docs/meshcore-differences.md and the table of this test");
}

/// The device pages have the same fields with the same values but those that tell one agent from the other.
fn compare_pages(pair: &Pair) {
    let until = Instant::now() + PATIENCE;
    let ours = loop {
        let (ours, theirs) = (page(pair, &pair.ours), page(pair, &pair.theirs));
        let (ours, theirs) = (fields("", &ours), fields("", &theirs));
        let unlike: Vec<_> = ours.symmetric_difference(&theirs).collect();
        if unlike.is_empty() {
            break ours;
        }
        // One may have reported what the other is about to.
        assert!(Instant::now() < until, "the device pages differ in {unlike:?}");
    };
    if pair.firmware.is_some() {
        for wanted in [
            "/BIOS/Vendor = Stand-in BIOS",
            "/Motherboard/GPU1 = Stand-in Graphics 9",
            "/Storage/ATA Disk/Model = STANDIN 100",
        ] {
            assert!(ours.iter().any(|field| field.contains(wanted)), "{wanted} is not among {ours:?}");
        }
    }
}

/// The device page of a node, once network and hardware have been reported.
fn page(pair: &Pair, node: &str) -> Value {
    eventually("a device page with network and hardware", PATIENCE, || {
        let page = pair.server.meshctrl(&["DeviceInfo", "--id", node, "--json"]).try_json()?;
        let complete = !page["Networking"].is_null() && (pair.firmware.is_none() || !page["BIOS"].is_null());
        complete.then_some(page)
    })
}

fn name_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

/// The texts of one answer as one, without blanks at the ends of lines.
///
/// The real agent refuses a wait inside a wait: a timer of the core's that falls into one ends in a report on the
/// console, whatever was asked. Ours nests.
fn plain(texts: &[String]) -> String {
    let own = texts.iter().filter(|text| !text.contains("waitExit() already in progress"));
    let all = own.map(String::as_str).collect::<Vec<_>>().join("\n");
    all.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// The lines of a text that have none of these parts.
fn without(text: &str, parts: &[&str]) -> String {
    let kept = text.lines().filter(|line| !parts.iter().any(|part| line.contains(part)));
    // A value that was the last of its object has left a comma before it.
    kept.map(|line| line.trim_end_matches(',')).collect::<Vec<_>>().join("\n")
}

/// The hardware as both saw it: all but what changes by the minute, and what the agents say of themselves.
fn same_hardware(ours: &str, theirs: &str) -> bool {
    let seen = |text: &str| {
        let mut value: Value = serde_json::from_str(text).unwrap_or_default();
        for volume in value["hardware"]["linux"]["volumes"].as_array_mut().into_iter().flatten() {
            volume["used"] = Value::Null;
            volume["available"] = Value::Null;
        }
        // Computed from the present time and the time since, each in whole seconds.
        value["hardware"]["linux"]["LastBootUpTime"] = Value::Null;
        let filled = value["hardware"]["agentvers"].is_object() && value["hash"].is_string();
        value["hardware"]["agentvers"] = Value::Null;
        value["hash"] = Value::Null;
        filled.then_some(value)
    };
    seen(ours).is_some() && seen(ours) == seen(theirs)
}

/// All fields that have a value, as texts `/name/name = value`.
fn fields(above: &str, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                found.extend(fields(&format!("{above}/{name}"), value));
            }
        }
        Value::Null => {}
        // The time of connection, and which kind of machine each takes this for.
        _ if above.ends_with("connection") || above.ends_with("Icon") => {
            found.insert(above.to_owned());
        }
        _ => {
            found.insert(format!("{above} = {value}").replace('"', ""));
        }
    }
    found
}
