//! The relay, with raw peers.

use std::time::{Duration, Instant};

use microstack::channel::Message;
use microstack::ws::{CloseWhy, Event};
use serde_json::{Value, json};
use server_lite::model::Audit;
use server_lite::relay::recording;
use server_lite::server::RunOptions;

use super::lab::{Lab, PASSWORD, eventually};
use super::peers::{Agent, Plan, QUIET, SOON, Socket, User, meshauth};

/// A server with a user and a device that answers.
struct Scene {
    lab: Lab,
    user: User,
    agent: Agent,
    node: String,
    cookie: String,
}

impl Scene {
    fn new() -> Scene {
        Scene::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut RunOptions)) -> Scene {
        let lab = Lab::start_with(change);
        let agent = Plan::new(&lab).join();
        agent.keep_own_core();
        let user = User::admin(&lab);
        eventually("the device is there", || user.device().is_some_and(|device| device["conn"] == 1));
        let node = user.device().unwrap()["_id"].as_str().unwrap().to_owned();
        let cookie = cookie(&user);
        Scene { lab, user, agent, node, cookie }
    }

    /// Asks for a tunnel; gives the address that the agent got.
    fn ask(&self, id: &str, protocol: u16) -> String {
        let answer = self.user.ask(tunnel(&self.node, id, protocol));
        assert_eq!(answer["result"], "OK", "{answer}");
        let message = self.agent.wait_json("msg");
        assert_eq!(message["type"], "tunnel");
        message["value"].as_str().unwrap().to_owned()
    }

    fn url(&self, value: &str) -> String {
        format!("wss://127.0.0.1:{}{}", self.lab.port(), value.trim_start_matches('*'))
    }

    fn user_url(&self, id: &str, protocol: u16) -> String {
        user_url(&self.lab, &self.node, id, protocol, &self.cookie)
    }

    /// Two joined ends: the user's and the device's.
    fn pair(&self, id: &str) -> (Socket, Socket) {
        let value = self.ask(id, 1);
        let user = open(&self.user_url(id, 1));
        let device = open(&self.url(&value));
        assert_eq!(text(&device), "c");
        assert_eq!(text(&user), "c");
        (user, device)
    }
}

fn user_url(lab: &Lab, node: &str, id: &str, protocol: u16, cookie: &str) -> String {
    let port = lab.port();
    format!(
        "wss://127.0.0.1:{port}/meshrelay.ashx?browser=1&p={protocol}&nodeid={node}&id={id}&auth={cookie}"
    )
}

fn cookie(user: &User) -> String {
    user.send(&json!({ "action": "authcookie" }));
    let answer = user.wait(|m| m["action"] == "authcookie");
    answer["cookie"].as_str().unwrap().to_owned()
}

fn tunnel(node: &str, id: &str, protocol: u16) -> Value {
    json!({
        "action": "msg", "type": "tunnel", "nodeid": node, "usage": protocol,
        "value": format!("*/meshrelay.ashx?p={protocol}&nodeid={node}&id={id}&rauth=whatever"),
    })
}

fn open(url: &str) -> Socket {
    let socket = Socket::connect(url, &[]);
    match socket.event(SOON) {
        Some(Event::Open(_)) => socket,
        other => panic!("{other:?}"),
    }
}

fn text(socket: &Socket) -> String {
    match socket.event(SOON) {
        Some(Event::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// The close code, when nothing came before it.
fn refused(socket: &Socket) -> u16 {
    match socket.event(SOON) {
        Some(Event::Closed(info)) => match info.why {
            CloseWhy::Peer { code: Some(code), reason } => {
                assert!(!reason.is_empty(), "a refusal says why");
                code
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_ends_meet_and_messages_keep_their_kind() {
    let scene = Scene::new();
    let (user, device) = scene.pair("a1");
    user.send(Message::Text("1".into()));
    assert_eq!(text(&device), "1");
    device.send(Message::Binary(b"prompt".to_vec()));
    assert!(matches!(user.event(SOON), Some(Event::Binary(bytes)) if bytes == b"prompt"));
    device.send(Message::Text(String::new()));
    assert_eq!(text(&user), "");
    let large: Vec<u8> = (0..3_000_000u32).map(|n| (n * 7) as u8).collect();
    device.send(Message::Binary(large.clone()));
    // Each socket moves only while it is asked: the sender must be driven along.
    let until = Instant::now() + SOON;
    let got = loop {
        assert!(device.event(Duration::from_millis(1)).is_none() && Instant::now() < until);
        if let Some(event) = user.event(Duration::from_millis(1)) {
            break event;
        }
    };
    assert!(matches!(got, Event::Binary(bytes) if bytes == large));
    user.close();
    assert!(matches!(device.event(SOON), Some(Event::Closed(info))
        if matches!(info.why, CloseWhy::Peer { code: Some(1000), .. })));
    let ended = scene.user.wait(|m| {
        m["event"]["action"] == "relaylog"
            && m["event"]["msg"].as_str().unwrap().starts_with("Ended a terminal")
    });
    assert_eq!(ended["event"]["bytesout"], 6 + 3_000_000);
    assert_eq!(ended["event"]["protocol"], 1);
    eventually("the place is given back", || scene.lab.running().house().live.tunnels.is_empty());
}

#[test]
fn the_agent_is_told_who_asks_and_gets_a_token_of_ours() {
    let scene = Scene::new();
    let mut message = tunnel(&scene.node, "b1", 1);
    message["userid"] = json!("user//somebody");
    message["rights"] = json!(1);
    message["servertlshash"] = json!("00");
    message["extra"] = json!("x");
    assert_eq!(scene.user.ask(message)["result"], "OK");
    let got = scene.agent.wait_json("msg");
    assert_eq!(got["userid"], "user//admin");
    assert_eq!(got["username"], "admin");
    assert_eq!(got["rights"], 4_294_967_295u32);
    assert_eq!(got["remoteaddr"], "127.0.0.1");
    assert_eq!(got["servertlshash"].as_str().unwrap().len(), 96);
    assert_eq!(got["perMessageDeflate"], false);
    assert!(got["sessionid"].as_str().unwrap().starts_with("user//admin/"));
    assert!(got["soptions"].is_object() && got["extra"].is_null() && got["nodeid"].is_null());
    let value = got["value"].as_str().unwrap();
    assert!(
        value.starts_with("*/meshrelay.ashx?p=1&nodeid=node//") && !value.contains("whatever"),
        "{value}"
    );
}

#[test]
fn tokens_are_good_once_for_one_tunnel_of_one_user() {
    let scene = Scene::new();
    let (value, other) = (scene.ask("c1", 1), scene.ask("c2", 1));
    // Swapped ids, an altered token, no token, and an id nobody asked for.
    let token = |value: &str| value.rsplit_once("rauth=").unwrap().1.to_owned();
    for bad in [
        value.replace("id=c1", "id=c2"),
        value.replace(&token(&value), &token(&other)),
        value.replace(&token(&value), &"0".repeat(64)),
        value.replace("id=c1", "id=c3"),
    ] {
        assert_eq!(refused(&open(&scene.url(&bad))), 4002, "{bad}");
    }
    let first = open(&scene.url(&value));
    assert_eq!(refused(&open(&scene.url(&value))), 4003, "a second use");
    // The first waits on, undisturbed.
    let user = open(&scene.user_url("c1", 1));
    assert_eq!(text(&user), "c");
    assert_eq!(text(&first), "c");
    assert_eq!(refused(&open(&scene.user_url("c1", 1))), 4007, "a third end");
    first.send(Message::Binary(vec![1]));
    assert!(matches!(user.event(SOON), Some(Event::Binary(_))));
}

#[test]
fn two_devices_do_not_meet_but_two_ends_of_one_user_do() {
    let scene = Scene::new();
    let value = scene.ask("d1", 1);
    let first = open(&scene.url(&value));
    // The same token again is refused before they could meet.
    assert_eq!(refused(&open(&scene.url(&value))), 4003);
    drop(first);
    let (one, two) = (open(&scene.user_url("d2", 1)), open(&scene.user_url("d2", 1)));
    assert_eq!(text(&two), "c");
    assert_eq!(text(&one), "c");
}

#[test]
fn the_users_end_names_what_was_asked_for_or_nothing() {
    let scene = Scene::new();
    let value = scene.ask("t1", 1);
    let given = scene.user.ask(json!({ "action": "getcookie", "nodeid": scene.node, "tcpport": 1 }));
    let base = format!("wss://127.0.0.1:{}/meshrelay.ashx?id=t1", scene.lab.port());
    for other in [
        format!("{}&tcpport=1", scene.user_url("t1", 1)),
        format!("{base}&udpport=1&auth={}", scene.cookie),
        format!("{base}&auth={}", given["cookie"].as_str().unwrap()),
        scene.user_url("t1", 5),
    ] {
        assert_eq!(refused(&open(&other)), 4008, "{other}");
    }
    let user = open(&format!("{base}&auth={}", scene.cookie));
    let device = open(&scene.url(&value));
    assert_eq!(text(&device), "c");
    assert_eq!(text(&user), "c");
}

#[test]
fn strangers_are_refused_with_a_code_of_their_own() {
    let scene = Scene::new();
    let base = format!("wss://127.0.0.1:{}/meshrelay.ashx", scene.lab.port());
    assert_eq!(refused(&open(&format!("{base}?id=e1"))), 4001);
    assert_eq!(refused(&open(&format!("{base}?id=e1&auth=nonsense"))), 4001);
    assert_eq!(refused(&open(&format!("{base}?id=e1&rauth=nonsense"))), 4002);
    assert_eq!(refused(&open(&format!("{base}?auth={}", scene.cookie))), 4006);
    assert_eq!(refused(&open(&format!("{base}?id=e%201&auth={}", scene.cookie))), 4006);
    let foreign = Socket::connect(&scene.user_url("e1", 1), &[("Origin", "https://evil.example")]);
    assert!(matches!(foreign.event(SOON), Some(Event::Open(_))));
    assert_eq!(refused(&foreign), 4011);
    // A cookie made for agents signs nobody in.
    scene.user.send(&json!({ "action": "authcookie" }));
    let rcookie = scene.user.wait(|m| m["action"] == "authcookie")["rcookie"].as_str().unwrap().to_owned();
    assert_eq!(refused(&open(&format!("{base}?id=e1&auth={rcookie}"))), 4001);
    assert_eq!(refused(&open(&format!("{base}?id=e1&rauth={rcookie}"))), 4002);
}

#[test]
fn a_password_or_a_login_token_opens_the_users_end_too() {
    let scene = Scene::new();
    let url = scene.user_url("f1", 1);
    let bare = url.split("&auth=").next().unwrap();
    let house = scene.lab.running().house();
    let lines = |result: &str| {
        let wanted = |line: &Audit| line.action == "sign-in" && line.result.starts_with(result);
        house.data.audit(50, wanted).unwrap().len()
    };
    let before = lines("ok");
    let value = scene.ask("f1", 1);
    let right = meshauth("admin", PASSWORD);
    let user = Socket::connect(bare, &[("x-meshauth", &right)]);
    assert!(matches!(user.event(SOON), Some(Event::Open(_))));
    let device = open(&scene.url(&value));
    assert_eq!(text(&device), "c");
    assert_eq!(text(&user), "c");
    assert_eq!(lines("ok"), before + 1, "a sign-in by hand is noted");
    let turned_away = |name: &str, password: &str| {
        let wrong = Socket::connect(bare, &[("x-meshauth", &meshauth(name, password))]);
        assert!(matches!(wrong.event(SOON), Some(Event::Open(_))));
        assert_eq!(refused(&wrong), 4001);
    };
    turned_away("admin", "wrong");
    assert_eq!(lines("wrong user name or password"), 1);
    turned_away("~t:nobodys", "wrong");
    assert_eq!(lines("wrong or expired token"), 1);
    while house.gate.attempt([127, 0, 0, 1].into(), "anybody", Instant::now()).is_ok() {}
    turned_away("admin", PASSWORD);
    assert_eq!((lines("too many failed sign-ins"), lines("ok")), (1, before + 1));
}

#[test]
fn cookies_may_be_percent_coded_or_bare() {
    let scene = Scene::new();
    // Until one of them holds the characters in question.
    let mut both = scene.cookie.clone();
    for _ in 0..200 {
        if both.contains('$') && both.contains('@') {
            break;
        }
        both = cookie(&scene.user);
    }
    assert!(both.contains('$') && both.contains('@'));
    let coded = both.replace('$', "%24").replace('@', "%40").replace('=', "%3D");
    let one = open(&user_url(&scene.lab, &scene.node, "g1", 1, &both));
    let two = open(&user_url(&scene.lab, &scene.node.replace('/', "%2F"), "g1", 1, &coded));
    assert_eq!(text(&two), "c");
    assert_eq!(text(&one), "c");
}

#[test]
fn another_user_gets_neither_tunnel_nor_rights() {
    let scene = Scene::new();
    let made = scene.user.ask(json!({ "action": "adduser", "username": "bert", "pass": "another horse" }));
    assert_eq!(made["result"], "ok");
    let bert = User::sign_in(&scene.lab, &meshauth("bert", "another horse"));
    assert_ne!(bert.ask(tunnel(&scene.node, "h1", 1))["result"], "OK");
    let his = cookie(&bert);
    assert_eq!(refused(&open(&user_url(&scene.lab, &scene.node, "h1", 1, &his))), 4005);
    // He knows the id of admin's tunnel, and leaves the device out.
    let value = scene.ask("h2", 1);
    let url = format!("wss://127.0.0.1:{}/meshrelay.ashx?id=h2&auth={his}", scene.lab.port());
    assert_eq!(refused(&open(&url)), 4008);
    let device = open(&scene.url(&value));
    assert_eq!(refused(&open(&url)), 4008);
    let admin = open(&scene.user_url("h2", 1));
    assert_eq!(text(&admin), "c");
    assert_eq!(text(&device), "c");
}

#[test]
fn rights_are_checked_by_usage_and_by_p() {
    let scene = Scene::new();
    scene.user.ask(json!({ "action": "adduser", "username": "bert", "pass": "another horse" }));
    let mesh = scene.user.device().unwrap();
    let mesh = mesh["meshid"].as_str().map_or_else(
        || {
            let nodes = scene.user.ask(json!({ "action": "nodes" }));
            nodes["nodes"].as_object().unwrap().keys().next().unwrap().clone()
        },
        str::to_owned,
    );
    // Remote control without terminals.
    let given = scene.user.ask(json!({
        "action": "addmeshuser", "meshid": mesh, "usernames": ["bert"], "meshadmin": 0x208,
    }));
    assert_eq!(given["result"].as_str().unwrap().to_lowercase(), "ok", "{given}");
    let bert = User::sign_in(&scene.lab, &meshauth("bert", "another horse"));
    let his = cookie(&bert);
    let mut hidden = tunnel(&scene.node, "i1", 5);
    hidden["usage"] = json!(1);
    let mut other = tunnel(&scene.node, "i1", 1);
    other["usage"] = json!(5);
    let mut unsaid = tunnel(&scene.node, "i1", 1);
    unsaid.as_object_mut().unwrap().remove("usage");
    unsaid["value"] = json!(format!("*/meshrelay.ashx?id=i1&nodeid={}", scene.node));
    for message in [tunnel(&scene.node, "i1", 1), hidden, other, unsaid, tunnel(&scene.node, "i1", 200)] {
        let answer = bert.ask(message);
        assert_ne!(answer["result"], "OK", "{answer}");
    }
    assert_eq!(refused(&open(&user_url(&scene.lab, &scene.node, "i1", 1, &his))), 4005);
    assert_eq!(bert.ask(tunnel(&scene.node, "i2", 5))["result"], "OK");
    let message = scene.agent.wait_json("msg");
    assert_eq!(message["rights"], 0x208);
    assert_eq!(message["soptions"]["usages"], json!([2, 4, 5, 7, 10]));
}

#[test]
fn a_tunnel_ends_when_its_right_its_user_or_its_device_goes() {
    let scene = Scene::new();
    let (user, device) = scene.pair("j1");
    let removed = scene.user.ask(json!({ "action": "removedevices", "nodeids": [scene.node] }));
    assert_eq!(removed["result"].as_str().unwrap().to_lowercase(), "ok", "{removed}");
    assert_eq!(refused(&user), 4013);
    assert_eq!(refused(&device), 4013);
}

#[test]
fn a_user_who_loses_his_right_loses_his_tunnels_at_once() {
    let scene = Scene::new();
    scene.user.ask(json!({ "action": "adduser", "username": "bert", "pass": "another horse" }));
    let nodes = scene.user.ask(json!({ "action": "nodes" }));
    let mesh = nodes["nodes"].as_object().unwrap().keys().next().unwrap().clone();
    let give = |rights: u32| {
        scene.user.ask(json!({
            "action": "addmeshuser", "meshid": mesh, "usernames": ["bert"], "meshadmin": rights,
        }));
    };
    give(8);
    let bert = User::sign_in(&scene.lab, &meshauth("bert", "another horse"));
    let his = cookie(&bert);
    let pair = |id: &str| {
        assert_eq!(bert.ask(tunnel(&scene.node, id, 1))["result"], "OK");
        let value = scene.agent.wait_json("msg")["value"].as_str().unwrap().to_owned();
        let (user, device) =
            (open(&user_url(&scene.lab, &scene.node, id, 1, &his)), open(&scene.url(&value)));
        assert_eq!(text(&device), "c");
        assert_eq!(text(&user), "c");
        (user, device)
    };
    let (user, device) = pair("k1");
    give(0x108);
    user.send(Message::Text("still there".into()));
    assert_eq!(text(&device), "still there");
    give(0x208);
    assert_eq!(refused(&user), 4013);
    assert_eq!(refused(&device), 4013);
    give(8);
    let (user, _device) = pair("k2");
    scene.user.ask(json!({ "action": "deleteuser", "userid": "user//bert" }));
    assert_eq!(refused(&user), 4013);
}

#[test]
fn early_messages_wait_for_the_start() {
    let scene = Scene::new();
    let value = scene.ask("l1", 1);
    let user = open(&scene.user_url("l1", 1));
    for n in 0..10 {
        user.send(Message::Text(format!("early {n}")));
    }
    let device = open(&scene.url(&value));
    assert_eq!(text(&device), "c");
    for n in 0..10 {
        assert_eq!(text(&device), format!("early {n}"));
    }
}

#[test]
fn an_id_in_use_and_a_device_that_is_not_there_are_refused() {
    let scene = Scene::new();
    scene.ask("m1", 1);
    assert_ne!(scene.user.ask(tunnel(&scene.node, "m1", 1))["result"], "OK");
    let mut wrong = tunnel(&scene.node, "m2", 1);
    wrong["value"] = json!("https://elsewhere.example/meshrelay.ashx?id=m2");
    assert_ne!(scene.user.ask(wrong)["result"], "OK");
    let mut other = tunnel(&scene.node, "m2", 1);
    other["value"] = json!(format!("*/meshrelay.ashx?p=1&id=m2&nodeid=node//{}", "A".repeat(64)));
    assert_ne!(scene.user.ask(other)["result"], "OK");
    scene.agent.socket.close();
    eventually("the device has left", || scene.user.device().is_some_and(|device| device["conn"] != 1));
    assert_ne!(scene.user.ask(tunnel(&scene.node, "m3", 1))["result"], "OK");
}

#[test]
fn a_lone_end_is_closed_after_its_time() {
    let scene = Scene::new();
    let began = Instant::now();
    let user = open(&scene.user_url("n1", 1));
    assert!(user.event(QUIET).is_none());
    assert_eq!(refused(&user), 4009);
    assert!(began.elapsed() >= Duration::from_secs(14), "{:?}", began.elapsed());
}

#[test]
fn the_server_itself_asks_the_device_for_a_port() {
    let scene = Scene::new();
    let base = format!("wss://127.0.0.1:{}/meshrelay.ashx", scene.lab.port());
    let asked = |address: &str| {
        let user = open(address);
        let message = scene.agent.wait_json("msg");
        let device = open(&scene.url(message["value"].as_str().unwrap()));
        assert_eq!(text(&device), "c");
        assert_eq!(text(&user), "c");
        message
    };
    let (node, cookie) = (&scene.node, &scene.cookie);
    let message = asked(&format!("{base}?nodeid={node}&tcpport=22&auth={cookie}"));
    assert_eq!((&message["tcpport"], &message["tcpaddr"]), (&json!(22), &Value::Null));
    assert_eq!(message["userid"], "user//admin");
    let message = asked(&format!("{base}?nodeid={node}&udpport=53&udpaddr=10.0.0.1&auth={cookie}"));
    assert_eq!((&message["udpport"], &message["udpaddr"]), (&json!(53), &json!("10.0.0.1")));
    // A cookie for one port signs in here, for this port, and nowhere else.
    let given = scene
        .user
        .ask(json!({ "action": "getcookie", "nodeid": node, "tcpport": 80, "tcpaddr": "10.0.0.2" }));
    let own = given["cookie"].as_str().unwrap();
    assert_eq!(given["trustedCert"], false);
    let message = asked(&format!("{base}?auth={own}"));
    assert_eq!((&message["tcpport"], &message["tcpaddr"]), (&json!(80), &json!("10.0.0.2")));
    assert_eq!(refused(&open(&format!("{base}?tcpport=81&auth={own}"))), 4005);
    assert_eq!(refused(&open(&format!("{base}?nodeid=node//{}&auth={own}", "A".repeat(64)))), 4005);
    let control = format!("wss://127.0.0.1:{}/control.ashx?auth={own}", scene.lab.port());
    let control = open(&control);
    assert!(text(&control).contains("noauth"));
    // One for all ports of the device opens no session.
    let given = scene.user.ask(json!({ "action": "getcookie", "nodeid": node }));
    let own = given["cookie"].as_str().unwrap();
    asked(&format!("{base}?tcpport=81&auth={own}"));
    assert_eq!(refused(&open(&format!("{base}?id=o1&p=1&auth={own}"))), 4005);
    assert_eq!(
        scene.user.ask(json!({ "action": "getcookie", "nodeid": node, "tcpport": 0 }))["cookie"],
        Value::Null
    );
}

#[test]
fn a_session_of_a_group_that_asks_for_it_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let limits = recording::Limits {
        dir: dir.path().join("kept"),
        file_bytes: 1 << 20,
        folder_bytes: 1 << 30,
        all: false,
    };
    let folder = limits.dir.clone();
    let scene = Scene::with(|options| options.recordings = Some(limits));
    drop(scene.pair("p1"));
    let nodes = scene.user.ask(json!({ "action": "nodes" }));
    let mesh = nodes["nodes"].as_object().unwrap().keys().next().unwrap().clone();
    let edited = scene.user.ask(json!({ "action": "editmesh", "meshid": mesh, "flags": 4 }));
    assert_eq!(edited["result"].as_str().unwrap().to_lowercase(), "ok", "{edited}");
    let joined = |id: &str| {
        let value = scene.ask(id, 1);
        let (user, device) = (open(&scene.user_url(id, 1)), open(&scene.url(&value)));
        assert_eq!((text(&device).as_str(), text(&user).as_str()), ("cr", "cr"));
        (user, device)
    };
    let (user, device) = joined("p2");
    user.send(Message::Text("1".into()));
    assert_eq!(text(&device), "1");
    device.send(Message::Binary(b"$ ".to_vec()));
    assert!(matches!(user.event(SOON), Some(Event::Binary(_))));
    user.close();
    let read = || -> Option<Vec<recording::Entry>> {
        let (path, _) = recording::list(&folder).unwrap().pop()?;
        let (mut reader, header, _) = recording::Reader::open(std::fs::File::open(path).unwrap()).ok()?;
        assert_eq!((header.userid.as_str(), header.sessionid.as_str()), ("user//admin", "p2"));
        let mut all = Vec::new();
        while let Some(entry) = reader.next().unwrap() {
            all.push(entry);
        }
        Some(all)
    };
    eventually("the recording is whole", || read().is_some_and(|all| all.len() == 3));
    let all = read().unwrap();
    assert_eq!((all[0].data.as_slice(), all[0].from_user, all[0].binary), (&b"1"[..], true, false));
    assert_eq!((all[1].data.as_slice(), all[1].from_user, all[1].binary), (&b"$ "[..], false, true));
    assert_eq!(recording::list(&folder).unwrap().len(), 1, "the first tunnel was not recorded");
    // What would show nothing is not let pass as a recorded session.
    let (user, _device) = joined("p3");
    user.send(Message::Text(
        json!({ "ctrlChannel": "102938", "type": "secure", "v": 1, "hello": "AA" }).to_string(),
    ));
    assert_eq!(refused(&user), 4019);
    // Nor does anything pass unseen once the recording is full.
    let (user, device) = joined("p4");
    let until = Instant::now() + SOON;
    loop {
        device.send(Message::Binary(vec![7; 100_000]));
        match user.event(Duration::from_millis(20)) {
            Some(Event::Closed(info)) => {
                assert!(matches!(info.why, CloseWhy::Peer { code: Some(4018), .. }), "{info:?}");
                break;
            }
            _ => assert!(Instant::now() < until),
        }
    }
    // An end that came first and named a port makes no port of a terminal.
    let port = scene.lab.port();
    let user = open(&format!("wss://127.0.0.1:{port}/meshrelay.ashx?id=p5&tcpport=1&auth={}", scene.cookie));
    let value = scene.ask("p5", 1);
    let device = open(&scene.url(&value));
    assert_eq!((text(&device).as_str(), text(&user).as_str()), ("cr", "cr"));
}

/// Numbers of our own, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

#[test]
fn messages_of_any_size_and_kind_arrive_equal_and_in_order() {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let scene = Scene::new();
    let (user, device) = scene.pair("q1");
    let ends = [&user, &device];
    let mut waiting: [std::collections::VecDeque<Message>; 2] = Default::default();
    let (mut sent, until) = (0, Instant::now() + 2 * SOON);
    while sent < 400 || waiting.iter().any(|queue| !queue.is_empty()) {
        assert!(Instant::now() < until, "{sent} sent, {:?} wait", [waiting[0].len(), waiting[1].len()]);
        if sent < 400 && dice.roll(3) > 0 {
            sent += 1;
            let length = match dice.roll(10) {
                0 => dice.roll(3),
                1..=5 => dice.roll(300),
                6..=8 => dice.roll(70_000),
                _ => dice.roll(400_000),
            };
            let from = dice.roll(2);
            let first = dice.roll(26);
            let message = if dice.roll(2) == 0 {
                Message::Binary((0..length).map(|n| (first + n * 31 + n / 256) as u8).collect())
            } else {
                Message::Text((0..length).map(|n| char::from(b'a' + ((first + n) % 26) as u8)).collect())
            };
            waiting[1 - from].push_back(message.clone());
            ends[from].send(message);
        }
        for at in [0, 1] {
            let wait = if dice.roll(4) == 0 { Duration::from_millis(1) } else { Duration::ZERO };
            match ends[at].event(wait) {
                Some(Event::Binary(got)) => {
                    assert!(waiting[at].pop_front() == Some(Message::Binary(got)), "end {at}, seed {seed}");
                }
                Some(Event::Text(got)) => {
                    assert!(waiting[at].pop_front() == Some(Message::Text(got)), "end {at}, seed {seed}");
                }
                None | Some(Event::Drained | Event::Ping | Event::Pong) => {}
                Some(other) => panic!("{other:?}, seed {seed}"),
            }
        }
    }
}

/// Waits as long as a token lives: with the real clock only where there is time for it.
#[test]
fn a_token_is_refused_after_its_time() {
    if std::env::var_os("MESHLITE_SOAK").is_none() {
        return;
    }
    let scene = Scene::new();
    let value = scene.ask("r1", 1);
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(31) {
        assert!(scene.user.message(Duration::from_secs(1)).is_none_or(|m| m["action"] != "close"));
    }
    assert_eq!(refused(&open(&scene.url(&value))), 4004);
}

#[test]
fn a_tunnel_ends_with_the_login_token_that_opened_it() {
    let scene = Scene::new();
    let url = scene.user_url("s1", 1);
    let bare = url.split("&auth=").next().unwrap();
    let made = scene.user.ask(json!({ "action": "createLoginToken", "name": "short", "expire": 1 }));
    let login = meshauth(made["tokenUser"].as_str().unwrap(), made["tokenPass"].as_str().unwrap());
    let house = scene.lab.running().house();
    let token = house.data.token(made["tokenUser"].as_str().unwrap()).unwrap();
    let mut token = server_lite::model::LoginToken::clone(&token);
    // A minute is the shortest that may be asked for.
    token.expires_ms = token.created_ms + 5000;
    house.data.remove_token("user//admin", &token.token_user).unwrap();
    house.data.add_token(token.clone(), token.created_ms).unwrap();
    let value = scene.ask("s1", 1);
    let user = Socket::connect(bare, &[("x-meshauth", &login)]);
    assert!(matches!(user.event(SOON), Some(Event::Open(_))));
    let device = open(&scene.url(&value));
    assert_eq!(text(&device), "c");
    assert_eq!(text(&user), "c");
    assert_eq!(refused(&user), 4017);
    assert_eq!(refused(&device), 4017);
}
