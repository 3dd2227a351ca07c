//! An agent that is somebody's own program: it proves its key like any other, and then puts whatever it likes into
//! every field it can reach. The tools show it as text, of the right kind and a bounded length; nobody else notices.

use std::time::{Duration, Instant};

use meshlite_tests::peer::{Enrolment, identities};
use meshlite_tests::{Account, Browser, Operator, PATIENCE, Peer, Server, eventually, interop, procfs, soak};
use microstack::crypto::Identity;
use serde_json::{Map, Value, json};

/// Texts that mean something to pages, terminals, shells, logs, tables, readers of right-to-left scripts.
fn nasty_texts() -> Vec<String> {
    let long = 1 << 20;
    vec![
        "<img src=x onerror=alert(1)><script>window.owned=1</script>".into(),
        "\"'><svg/onload=alert(1)>{{constructor.constructor('alert(1)')()}}${7*7}".into(),
        "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}[31m\u{9b}31m\u{0}\u{8}\u{7f}".into(),
        "invoice\u{202e}fdp.exe\u{2066}\u{2067}\u{2069}\u{200f}\u{061c}".into(),
        "one\r\ntwo\u{2028}three\u{2029}four\u{85}five\u{b}six".into(),
        "=HYPERLINK(\"http://x\")".into(),
        "user//admin".into(),
        "../../../../etc/passwd\u{0}".into(),
        "%s%n%x $(reboot) `reboot` ; reboot".into(),
        "A".repeat(long),
        "\u{1F600}".repeat(long / 16),
        "\u{301}".repeat(50_000),
        String::new(),
    ]
}

/// Values of every kind but the right one.
fn nasty_values() -> Vec<Value> {
    let mut values: Vec<Value> = nasty_texts().into_iter().map(Value::String).collect();
    let deep = (0..100)
        .fold(json!("bottom"), |inner, n| if n % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) });
    let many: Map<String, Value> = (0..20_000).map(|n| (format!("key{n}"), json!(n))).collect();
    values.extend([
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!([]),
        json!({ "__proto__": { "polluted": 1 }, "constructor": { "prototype": 1 }, "\u{202e}__proto__": 1 }),
        deep,
        Value::Object(many),
        json!(vec![json!({ "mac": 5 }); 3000]),
        json!(vec!["<b>"; 5000]),
    ]);
    values
}

/// Every message an agent may send, with `value` in every place that is looked at.
fn messages(value: &Value, session: &str) -> Vec<Value> {
    if value.as_str().is_some_and(|text| text.len() > 100_000) {
        // All at once would be more than the server reads of one message.
        return big_messages(value, session);
    }
    let v = || value.clone();
    let key = value.as_str().unwrap_or("key").chars().take(2000).collect::<String>();
    vec![
        json!({
            "action": "coreinfo", "value": v(), "caps": v(), "osdesc": v(), "root": v(), "name": v(), "users": v(),
            "lastbootuptime": v(), "meshlite": v(), "coretrouble": v(), "_id": v(), "meshid": v(), "rights": v(),
        }),
        json!({ "action": "coreinfo", "users": [v(), v()], "meshlite": { "secure": v(), "desktop": v() } }),
        json!({ "action": "netinfo", "netif2": v() }),
        json!({ "action": "netinfo", "netif2": { key.as_str(): [{ "mac": v(), "address": v(), "family": v() }] } }),
        json!({ "action": "sysinfo", "data": { "hash": v(), "hardware": v() } }),
        json!({ "action": "sysinfo", "data": { "hash": "h", "hardware": {
            "identifiers": { "cpu_name": v(), key.as_str(): v() }, "linux": v(), "windows": v(),
        } } }),
        json!({ "action": "sessions", "type": v(), "value": v() }),
        json!({ "action": "sessions", "type": "terminal", "value": { key.as_str(): v() } }),
        json!({ "action": "log", "msg": v(), "msgid": v(), "msgArgs": v(), "userid": v(), "username": v() }),
        json!({ "action": "coreCrashed", "reason": v(), "file": v(), "line": v(), "hash": v() }),
        json!({ "action": "coreError", "message": v() }),
        json!({ "action": "msg", "type": v(), "value": v() }),
        json!({ "action": "msg", "type": "console", "value": v(), "sessionid": v() }),
        json!({ "action": "msg", "type": "runcommands", "result": v(), "responseid": v() }),
        json!({ "action": "msg", "type": "runcommands", "result": "x", "responseid": "meshlite-1" }),
        json!({ "action": "msg", "type": "console", "value": "INJECTED", "sessionid": session, "nodeid": v() }),
        json!({ "action": "msg", "type": "ps", "value": "INJECTED", "sessionid": session, "tag": v() }),
        json!({ "action": "event", "event": v() }),
        json!({ "action": "userinfo", "userinfo": { "siteadmin": 4_294_967_295_u32 } }),
        json!({ "action": "close", "cause": "noauth", "sessionid": session }),
        json!({ "action": v() }),
        json!([v()]),
        v(),
    ]
}

/// The same for a value of a megabyte: one place at a time.
fn big_messages(value: &Value, session: &str) -> Vec<Value> {
    let mut all: Vec<Value> =
        ["value", "osdesc", "name", "meshlite"].map(|key| json!({ "action": "coreinfo", key: value })).into();
    all.extend([
        json!({ "action": "coreinfo", "users": [value] }),
        json!({ "action": "netinfo", "netif2": { "e": [{ "mac": value }] } }),
        json!({ "action": "netinfo", "netif2": { value.as_str().unwrap_or(""): [] } }),
        json!({ "action": "sysinfo", "data": { "hash": value, "hardware": { "a": 1 } } }),
        json!({ "action": "sysinfo", "data": { "hash": "h", "hardware": { "identifiers": { "cpu_name": value } } } }),
        json!({ "action": "sessions", "type": "files", "value": { "user//admin": value } }),
        json!({ "action": "log", "msg": value }),
        json!({ "action": "coreCrashed", "reason": value }),
        json!({ "action": "msg", "type": "console", "value": value, "sessionid": session }),
        json!({ "action": "msg", "type": value, "sessionid": session }),
        json!({ "action": "msg", "type": "runcommands", "result": value, "responseid": "meshlite-1" }),
        json!({ "action": value }),
    ]);
    all
}

/// A connected agent with its own key.
struct Hostile {
    peer: Peer,
    server: std::net::SocketAddr,
    identity: &'static Identity,
    enrolment: Enrolment,
    sent: usize,
}

impl Hostile {
    fn connect(server: &Server, msh: &[u8], slot: usize, name: &str) -> Hostile {
        let identity = identities(slot + 1)[slot];
        let enrolment = Enrolment::from_msh(msh, name);
        let peer = Hostile::enrolled(server.address(), identity, &enrolment);
        Hostile { peer, server: server.address(), identity, enrolment, sent: 0 }
    }

    fn enrolled(server: std::net::SocketAddr, identity: &Identity, enrolment: &Enrolment) -> Peer {
        eventually("an enrolled agent", PATIENCE, || {
            let mut peer = Peer::agent(server).ok()?;
            peer.enrol(identity, enrolment, None).ok()?;
            Some(peer)
        })
    }

    /// Sends one text; comes back when it was thrown out.
    fn say(&mut self, text: &str) {
        self.sent += text.len();
        if self.peer.send_text(text).is_err() {
            self.peer = Hostile::enrolled(self.server, self.identity, &self.enrolment);
        }
        // What the server says is read, or both would wait for each other.
        while let Ok(Some(_)) = self.peer.receive(Duration::from_micros(200)) {}
    }

    /// Everything once.
    fn rant(&mut self, session: &str) {
        for value in nasty_values() {
            for message in messages(&value, session) {
                self.say(&message.to_string());
            }
        }
        // What is no JSON, or more than the reader takes.
        for text in ["{", "{\"action\":\"coreinfo\",\"value\":\"\\ud800\"}", "\u{0}", "nonsense"] {
            self.say(text);
        }
        self.say(&format!("{{\"action\":\"netinfo\",\"netif2\":[{}0]}}", "0,".repeat(1_900_000)));
        self.say(&"[".repeat(200_000));
        self.say(&format!("{{\"action\":\"coreinfo\",\"value\":{}1{}}}", "[".repeat(5000), "]".repeat(5000)));
        self.say(&format!("{{\"action\":\"log\",\"msg\":\"{}\"}}", "x".repeat(5 << 20)));
    }
}

/// Each text in an answer is short enough and hides nothing; keys are harmless.
#[track_caller]
fn assert_bounded(place: &str, value: &Value, most: usize) {
    match value {
        Value::String(text) => {
            assert!(text.len() <= most, "{place}: {} bytes", text.len());
            assert_plain(place, text);
        }
        Value::Array(items) => {
            assert!(items.len() <= 20_000, "{place}: {} items", items.len());
            items.iter().for_each(|item| assert_bounded(place, item, most));
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                assert_ne!(key, "__proto__", "{place}");
                assert!(key.len() <= 256, "{place}: a key of {} bytes", key.len());
                assert_plain(place, key);
                assert_bounded(
                    &format!("{place}.{}", &key.chars().take(40).collect::<String>()),
                    value,
                    most,
                );
            }
        }
        _ => {}
    }
}

#[track_caller]
fn assert_plain(place: &str, text: &str) {
    let bad = text.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
                | '\u{2028}' | '\u{2029}')
    });
    assert_eq!(bad, None, "{place} hides something");
}

/// The fields of a device are of their kinds, whatever was sent.
#[track_caller]
fn assert_typed(device: &Value) {
    for key in ["_id", "name", "rname"] {
        assert!(device[key].is_string(), "{key}: {}", device[key]);
    }
    for key in ["osdesc", "ip", "desc", "coretrouble"] {
        assert!(device[key].is_string() || device[key].is_null(), "{key}: {}", device[key]);
    }
    assert!(device["agent"]["caps"].is_u64() && device["agent"]["id"].is_u64(), "{}", device["agent"]);
    assert!(device["agent"]["root"].is_boolean() || device["agent"]["root"].is_null());
    for person in device["users"].as_array().into_iter().flatten() {
        assert!(person.is_string(), "{person}");
    }
    assert!(
        device["name"].as_str().unwrap().len() <= 256 && !device["name"].as_str().unwrap().contains('\n')
    );
}

/// The console in a real browser, at everything that shows what a device says.
#[test]
fn the_console_shows_it_as_text_and_keeps_its_shape() {
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut hostile = Hostile::connect(&server, &msh, 0, "<b>hostile</b>");
    hostile.rant("user//admin/0011223344556677");
    let Some(mut page) = Browser::start() else { return };
    let account = server.account();
    page.open(&account.url.replace("wss://", "https://"));
    page.fill("input[name=user]", &account.user);
    page.fill("input[name=password]", &account.password);
    page.press("Enter");
    page.until("the list of devices", "document.querySelector('a[href^=\"#/device/\"]')");
    assert_shape(&mut page, "devices");

    // New words while the page is open, of the kind that is told live.
    let markup = "<img src=x onerror=\"window.owned=1\"><script>window.owned=1</script>";
    for value in nasty_values() {
        for message in messages(&value, "user//admin/0011223344556677").into_iter().take(10) {
            hostile.say(&message.to_string());
        }
    }
    hostile.say(
        &json!({ "action": "coreinfo", "name": markup, "osdesc": markup, "users": [markup] }).to_string(),
    );
    page.until("the new name, as text", "document.body.innerText.includes('<img src=x onerror=')");
    assert_shape(&mut page, "devices, while they change");
    keep_picture(&mut page, "devices.png");
    let device = page.eval("document.querySelector('a[href^=\"#/device/\"]').getAttribute('href')");
    let device = device.as_str().unwrap().to_owned();
    for tab in
        ["details", "events", "core", "processes", "services", "console", "files", "terminal", "desktop"]
    {
        page.eval(&format!("location.hash = '{device}/{tab}'"));
        page.until(
            tab,
            &format!("document.querySelector('nav.tabs a[aria-current=page]')?.dataset.tab === '{tab}'"),
        );
        // What asks the device gets no sensible answer; what the server knows is there soon.
        std::thread::sleep(Duration::from_millis(300));
        assert_shape(&mut page, tab);
        keep_picture(&mut page, &format!("{tab}.png"));
    }
    for place in ["events", "groups", "run"] {
        page.eval(&format!("location.hash = '#/{place}'"));
        page.until(place, "document.querySelector('main, section.page')");
        std::thread::sleep(Duration::from_millis(300));
        assert_shape(&mut page, place);
    }
    // REST, with the same sign-in.
    for address in ["devices", "events", "groups"] {
        let answer = page.eval(&format!("fetch('/api/v1/{address}').then(r => r.json())"));
        assert!(answer.get("error").is_none() && !answer.is_null(), "{address}: {answer}");
        assert_bounded(address, &answer, 4096);
    }
    // The first visit asks who is signed in, and nobody is.
    let complaints: Vec<_> = page.complaints().iter().filter(|c| !c.contains("401")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    server.process().assert_no_panic();
}

/// No script ran, nothing was made into elements, nothing is wider than the window.
#[track_caller]
fn assert_shape(page: &mut Browser, place: &str) {
    assert_eq!(page.eval("window.owned === undefined"), true, "{place}: a script ran");
    let foreign = "[...document.querySelectorAll('img[src=x], script, svg[onload], [onerror], [onload], iframe')]\
        .filter(e => e.tagName !== 'SCRIPT' || !e.src.startsWith(location.origin)).map(e => e.outerHTML)";
    assert_eq!(page.eval(foreign), json!([]), "{place}: markup of a device became elements");
    let widths = page.eval("[document.documentElement.scrollWidth, window.innerWidth]");
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{place}: the page is {widths} wide");
    let polluted = page.eval("({}).polluted === undefined && [].polluted === undefined");
    assert_eq!(polluted, true, "{place}: a prototype was changed");
    // What turns the reading direction is shown or dropped, never obeyed.
    let marks = "/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)";
    assert_eq!(page.eval(marks), false, "{place}: a direction mark is in the page");
    let dialogs = page.complaints().iter().any(|complaint| complaint.starts_with("dialog"));
    assert!(!dialogs, "{place}: a dialog opened");
}

fn keep_picture(page: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("MESHLITE_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join(name), page.picture())
            .expect("a picture can be kept");
    }
}

fn add_user(admin: &mut Operator, name: &str, server: &Server) -> Account {
    let password = "another-horse-7";
    admin.send(&json!({ "action": "adduser", "username": name, "pass": password, "responseid": "add" }));
    let added = admin.expect("a new user", |m| m["action"] == "adduser" && m["responseid"] == "add");
    assert_eq!(added["result"].as_str().unwrap().to_lowercase(), "ok", "{added}");
    Account { user: name.into(), password: password.into(), ..server.account() }
}

#[test]
fn whatever_an_agent_says_is_shown_as_text_of_the_right_kind() {
    let mut server = Server::start();
    let msh = server.group("lab");
    let mut hostile = Hostile::connect(&server, &msh, 0, "<b>\u{1b}[31mdev\u{202e}ice");
    hostile.rant("user//admin/0011223344556677");

    let markup = "<b>bold</b>\u{1b}[1m & \u{202e}more";
    hostile.say(
        &json!({ "action": "coreinfo", "value": markup, "osdesc": markup, "users": [markup, 7] }).to_string(),
    );

    // The wire: what pages, our tool and meshctrl all get. It did listen: the last words are there, as text.
    let mut operator = Operator::sign_in(&server.account());
    eventually("the last words", PATIENCE, || {
        operator.send(&json!({ "action": "nodes", "responseid": "w" }));
        let nodes = operator.expect("the devices", |m| m["action"] == "nodes" && m["responseid"] == "w");
        nodes.to_string().contains("\"osdesc\":\"<b>bold</b> [1m & more\"").then_some(())
    });
    operator.send(&json!({ "action": "nodes", "responseid": "t" }));
    let nodes = operator.expect("the devices", |m| m["action"] == "nodes" && m["responseid"] == "t");
    assert_bounded("nodes", &nodes, 4096);
    let groups = nodes["nodes"].as_object().unwrap();
    let device = groups.values().flat_map(|list| list.as_array().unwrap()).next().unwrap().clone();
    assert_typed(&device);
    let id = device["_id"].as_str().unwrap().to_owned();
    for action in ["getsysinfo", "getnetworkinfo", "lastconnect", "powertimeline"] {
        operator.send(&json!({ "action": action, "nodeid": id, "nodeinfo": true, "responseid": "t" }));
        let answer = operator.expect(action, |m| m["action"] == action && m["responseid"] == "t");
        assert_bounded(action, &answer, 4096);
    }
    operator.send(&json!({ "action": "events", "limit": 1000, "responseid": "t" }));
    let events = operator.expect("the events", |m| m["action"] == "events");
    assert_bounded("events", &events, 4096);
    assert!(events.to_string().contains("<img src=x onerror=alert(1)>"), "what was logged is there, as text");
    for event in events["events"].as_array().unwrap() {
        // A number here makes meshctrl fail.
        assert!(event.as_object().unwrap().values().all(Value::is_string), "{event}");
    }

    // Our tool.
    let devices = server.meshlite(&["devices", "--json"]).json();
    assert_bounded("meshlite devices --json", &devices, 4096);
    for args in [["devices"].as_slice(), &["groups"]] {
        let shown = server.meshlite(args).ok();
        assert_plain(&format!("{args:?}"), &shown);
        assert!(shown.len() < 20_000, "{args:?} prints {} bytes", shown.len());
    }

    if let Some(meshcentral) = interop() {
        for args in [
            ["ListDevices", "--json"].as_slice(),
            &["ListDevices"],
            &["ListDevices", "--csv"],
            &["ListDevices", "--details"],
            &["ListDevices", "--details", "--csv"],
            &["DeviceInfo", "--id", &id],
            &["DeviceInfo", "--id", &id, "--json"],
            &["ListEvents", "--limit", "500"],
            &["ListEvents", "--limit", "500", "--json"],
            &["ListEvents", "--id", &id],
        ] {
            let answer = server.meshctrl(&meshcentral, args);
            assert_eq!(answer.code, Some(0), "{args:?}: {answer:?}");
            assert!(!answer.stderr.contains("Error"), "{args:?}: {answer:?}");
            assert_plain(&format!("meshctrl {args:?}"), &answer.stdout);
            if args.last() == Some(&"--json") || args == ["ListDevices", "--details"] {
                answer.json();
            }
        }
    }
    let log = server.process().lines_from(0).join("\n");
    let escape = log.chars().find(|c| c.is_control() && *c != '\n' && *c != '\t');
    assert_eq!(escape, None, "the server's log has control characters");
    server.process().assert_no_panic();
}

#[test]
fn a_flood_costs_no_memory_and_reaches_nobody_else() {
    let mut server = Server::start();
    let (lab, shop) = (server.group("lab"), server.group("shop"));
    let mut admin = Operator::sign_in(&server.account());
    let account = add_user(&mut admin, "bert", &server);
    admin.send(&json!({
        "action": "addmeshuser", "meshname": "shop", "usernames": ["bert"], "meshadmin": 0x10_0018, "responseid": "m",
    }));
    admin.expect("a member", |m| m["action"] == "addmeshuser" && m["result"] == "ok");

    // Bert works with an honest device in the shop. What he sends there tells its agent his session.
    let mut honest = Hostile::connect(&server, &shop, 1, "till");
    let mut bert = Operator::sign_in(&account);
    bert.send(&json!({ "action": "nodes", "responseid": "t" }));
    let nodes = bert.expect("his devices", |m| m["action"] == "nodes" && m["responseid"] == "t");
    let all = nodes["nodes"].as_object().unwrap();
    let till = all.values().flat_map(|list| list.as_array().unwrap()).next().unwrap()["_id"].clone();
    let ask = json!({ "action": "msg", "type": "console", "nodeid": till, "value": "help" });
    bert.send(&ask);
    let session = heard(&mut honest, "console")["sessionid"].as_str().unwrap().to_owned();
    assert!(session.starts_with("user//bert/"), "{session}");

    // The hostile one in the lab has learned it.
    let mut hostile = Hostile::connect(&server, &lab, 0, "hostile");
    hostile.rant(&session); // warms up what is made once
    let before = procfs::anonymous_kib(server.pid());
    let rounds = if soak() { 40 } else { 2 };
    let mut slowest = Duration::ZERO;
    let mut peak = before;
    hostile.sent = 0;
    for _ in 0..rounds {
        hostile.rant(&session);
        let asked = Instant::now();
        bert.send(&ask);
        let question = heard(&mut honest, "console");
        let answer = json!({
            "action": "msg", "type": "console", "value": "honest answer", "sessionid": question["sessionid"],
        });
        honest.peer.send_text(&answer.to_string()).unwrap();
        let got = bert.expect("the honest answer", |m| m["action"] == "msg" && m["type"] == "console");
        assert_eq!(
            (&got["value"], &got["nodeid"]),
            (&json!("honest answer"), &till),
            "somebody else's words"
        );
        slowest = slowest.max(asked.elapsed());
        peak = peak.max(procfs::anonymous_kib(server.pid()));
    }
    let grown = peak.saturating_sub(before);
    println!(
        "{} MB from the hostile agent: the server grew by {grown} KiB from {before} KiB; the slowest answer took {} ms",
        hostile.sent / 1_000_000,
        slowest.as_millis()
    );
    let holds: Vec<u64> = server
        .process()
        .lines_from(0)
        .iter()
        .filter(|line| line.contains("a link held the chain"))
        .filter_map(|line| line.rsplit("ms=").next()?.trim().parse().ok())
        .collect();
    println!("the chain was held {} times, {} ms at most", holds.len(), holds.iter().max().unwrap_or(&0));
    assert!(grown < 48 * 1024, "the server grew by {grown} KiB from {before} KiB");
    assert!(slowest < Duration::from_secs(20), "an answer took {slowest:?}");

    // Nothing of the lab came to Bert: neither what was sent to his session nor events. A last question shows that
    // everything before it has arrived.
    bert.send(&json!({ "action": "ping" }));
    let mut last = None;
    while last.is_none() {
        let message = bert.expect("a pong", |_| true);
        assert!(!message.to_string().contains("INJECTED"), "{message}");
        let node = message["event"]["nodeid"].as_str().or(message["nodeid"].as_str()).unwrap_or("");
        assert!(node.is_empty() || node == till, "an event of another group: {message}");
        last = (message["action"] == "pong").then_some(());
    }
    server.process().assert_no_panic();
}

/// The next message of this type that the server passes to an agent.
#[track_caller]
fn heard(agent: &mut Hostile, kind: &str) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let bytes = agent.peer.receive(left).expect("the server keeps the agent").expect("a message in time");
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(message) if message["type"] == kind => return message,
            _ => {}
        }
    }
}
