use super::*;
use crate::data::tests::device;

fn told(message: Value) -> Vec<Heard> {
    hear(&device(1, 2), &message, 99)
}

fn told_device(message: Value) -> Device {
    match told(message).into_iter().next() {
        Some(Heard::Device(device)) => *device,
        other => panic!("{other:?}"),
    }
}

#[test]
fn features_of_a_core_are_typed_and_go_with_it() {
    let said =
        json!({"action": "coreinfo", "meshlite": {"secure": 1, "resume": "<b>", "desktop": true, "x": [1]}});
    let device = told_device(said);
    assert_eq!(device.to_message()["meshlite"], json!({"secure": 1, "resume": 0, "desktop": true}));
    let [Heard::Device(next)] = &hear(&device, &json!({"action": "coreinfo", "value": "another"}), 0)[..]
    else {
        panic!("the record changes")
    };
    assert!(next.to_message().get("meshlite").is_none());
}

#[test]
fn a_ping_is_answered() {
    assert_eq!(told(json!({"action": "ping"})), [Heard::Reply(json!({"action": "pong"}))]);
    assert!(told(json!({"action": "pong"})).is_empty());
    assert!(told(json!({"action": "unheard-of"})).is_empty());
    assert!(told(json!([1])).is_empty());
}

#[test]
fn core_info_is_typed_and_capped() {
    let message = json!({
        "action": "coreinfo", "value": "core <b>\u{1b}[2J", "caps": 14, "osdesc": "x".repeat(5000),
        "root": true, "users": ["anna", 5, {"a": 1}, ""], "name": "  new name\n",
    });
    let device = told_device(message);
    assert_eq!(device.core_name, "core <b> [2J");
    assert_eq!(device.system.len(), 256);
    assert_eq!((device.root, device.name.as_str()), (Some(true), "new name"));
    assert_eq!(device.people, ["anna"]);
    assert!(told(json!({"action": "coreinfo", "value": 5, "caps": "x", "users": "y"})).is_empty());
}

#[test]
fn a_core_cannot_give_itself_the_agents_own_capabilities() {
    let device = told_device(json!({"action": "coreinfo", "caps": 0xFFFF_FFFFu64}));
    assert_eq!(device.capabilities, 0x07);
}

#[test]
fn network_reports_are_bounded() {
    let report = json!({"lo": [{"mac": "00", "address": "127.0.0.1"}]});
    let heard = told(json!({"action": "netinfo", "netif2": report}));
    assert_eq!(heard, [Heard::Network(Inventory { time_ms: 99, value: report })]);
    let many: Vec<Value> = (0..5000).map(|n| json!({"mac": n})).collect();
    assert!(told(json!({"action": "netinfo", "netif2": {"lo": many}})).is_empty());
    assert!(told(json!({"action": "netinfo", "netif2": "text"})).is_empty());
}

#[test]
fn hardware_needs_its_hash() {
    assert!(told(json!({"action": "sysinfo", "data": {"hardware": {"a": 1}}})).is_empty());
    let heard = told(json!({"action": "sysinfo", "data": {"hash": "ab", "hardware": {"a": 1}}}));
    assert_eq!(heard, [Heard::Hardware(Inventory { time_ms: 99, value: json!({"a": 1, "hash": "ab"}) })]);
}

#[test]
fn a_crashed_core_is_remembered_with_its_place() {
    let heard = told(json!({
        "action": "coreCrashed", "hash": "AB".repeat(48), "reason": "ReferenceError: x", "file": "core.js", "line": 7,
    }));
    let [Heard::Device(device), Heard::Event(event)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(
        device.core_trouble,
        "The core crashed: ReferenceError: x (core.js:7) [core ABABABABABABABAB]"
    );
    assert_eq!(
        (event.action.as_str(), event.message.as_str()),
        ("coreCrashed", device.core_trouble.as_str())
    );
}

#[test]
fn answers_go_to_who_asked() {
    let heard =
        told(json!({"action": "msg", "type": "runcommands", "result": "out", "responseid": "meshlite-4"}));
    assert_eq!(
        heard,
        [Heard::Answer {
            responseid: "meshlite-4".into(),
            message: json!({"action": "msg", "type": "runcommands", "result": "out"}),
        }]
    );
    assert!(told(json!({"action": "msg", "type": "runcommands", "result": "out"})).is_empty());
}

#[test]
fn console_lines_go_to_their_session_or_to_those_who_may_watch() {
    let heard = told(
        json!({"action": "msg", "type": "console", "value": "42", "sessionid": "user//a/1", "nodeid": "x"}),
    );
    let [Heard::ToSession { session, message }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(
        (session.as_str(), message),
        ("user//a/1", &json!({"action": "msg", "type": "console", "value": "42"}))
    );
    let heard = told(json!({"action": "msg", "type": "console", "value": "42"}));
    assert!(matches!(&heard[..], [Heard::ToWatchers { rights: 0x2_0010, .. }]));
}

#[test]
fn log_lines_become_events() {
    let heard = told(json!({"action": "log", "msg": "started <script>", "msgid": 3}));
    let [Heard::Event(event)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((event.action.as_str(), event.message.as_str()), ("agentlog", "started <script>"));
    assert!(told(json!({"action": "log"})).is_empty());
}

#[test]
fn session_counts_are_told_but_not_kept() {
    let heard = told(json!({"action": "sessions", "type": "terminal", "value": {"user//a": 1}}));
    let [Heard::Event(event)] = &heard[..] else { panic!("{heard:?}") };
    assert!(event.transient);
    assert_eq!(event.extra["sessions"], json!({"terminal": {"user//a": 1}}));
    assert!(told(json!({"action": "sessions", "type": "evil", "value": {}})).is_empty());
}

#[test]
fn output_arrives_as_it_was_printed() {
    let printed = "\u{1b}[1mbold\u{1b}[0m\u{0}\r\n";
    let heard =
        told(json!({"action": "msg", "type": "runcommands", "result": printed, "responseid": "meshlite-4"}));
    assert!(
        matches!(&heard[..], [Heard::Answer { message, .. }] if message["result"] == printed),
        "{heard:?}"
    );
}

#[test]
fn a_device_speaks_for_nobody_but_itself() {
    for kind in ["notify", "", "<b>", &"x".repeat(33), "con\u{202e}sole"] {
        let said =
            json!({"action": "msg", "type": kind, "value": "x", "title": "admin", "sessionid": "user//a/1"});
        assert!(told(said).is_empty(), "{kind}");
    }
    let heard = told(json!({
        "action": "msg", "type": "ps", "value": "{}", "userid": "user//admin", "username": "admin", "rights": 1,
        "sessionid": "user//a/1",
    }));
    let [Heard::ToSession { message, .. }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(message, &json!({"action": "msg", "type": "ps", "value": "{}"}));
}
