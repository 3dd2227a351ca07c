use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use microstack::channel::agent::ServerCommand;
use microstack::crypto::{key_id, random_bytes, tls_hash, verify_rsa_sha384};
use microstack::wire::id::ServerId;
use microstack::wire::{core_text, inflate_raw};
use microstack::ws::Event;
use serde_json::{Value, json};

use super::lab::{Lab, PASSWORD, certs, eventually};
use super::peers::{Plan, QUIET, SOON, Socket, User, identity, meshauth};

fn refused(lab: &Lab, headers: &[(&str, &str)]) -> Value {
    let user = User::connect(lab, headers);
    let close = user.next();
    assert_eq!(close["action"], "close");
    user.socket.closed();
    close
}

#[test]
fn wrong_sign_ins_are_closed_with_their_cause() {
    let lab = Lab::start();
    let wrong = refused(&lab, &[("x-meshauth", &meshauth("admin", "wrong"))]);
    assert_eq!((&wrong["cause"], &wrong["msg"]), (&json!("noauth"), &json!("noauth-2d")));
    let nobody = refused(&lab, &[("x-meshauth", &meshauth("nobody", PASSWORD))]);
    assert_eq!(nobody, wrong, "who exists is not told");
    assert_eq!(refused(&lab, &[])["msg"], "noauth");
    assert_eq!(refused(&lab, &[("x-meshauth", "rubbish")])["msg"], "noauth");
    let good = meshauth("admin", PASSWORD);
    let foreign = refused(&lab, &[("x-meshauth", &good), ("Origin", "https://evil.example")]);
    assert_eq!(foreign["cause"], "invalidorigin");
    User::sign_in(&lab, &meshauth("ADMIN", PASSWORD));
}

#[test]
fn guessing_is_slowed_down_even_with_the_right_password_at_the_end() {
    let lab = Lab::start();
    for _ in 0..20 {
        refused(&lab, &[("x-meshauth", &meshauth("admin", "guess"))]);
    }
    refused(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
}

#[test]
fn what_is_sent_before_the_sign_in_is_done_waits_and_is_answered_in_order() {
    let lab = Lab::start();
    let user = User::connect(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
    user.send(&json!({"action": "meshes"}));
    user.send(&json!({"action": "nodes", "responseid": "meshctrl"}));
    let actions: Vec<String> = (0..4).map(|_| user.next()["action"].as_str().unwrap().to_owned()).collect();
    assert_eq!(actions, ["serverinfo", "userinfo", "meshes", "nodes"]);
}

#[test]
fn the_server_proves_itself_before_it_gets_a_password() {
    let lab = Lab::start();
    let url = format!("wss://127.0.0.1:{}/control.ashx", lab.port());
    let sign_in = |seen: Option<Vec<u8>>| {
        let socket = Socket::connect(&url, &[("x-meshauth", "*")]);
        let Some(Event::Open(info)) = socket.event(SOON) else { panic!() };
        let user = User { socket };
        let leaf = seen.unwrap_or(info.peer_cert_der.unwrap());
        let nonce = random_bytes::<48>();
        let hash = tls_hash(&leaf);
        user.send(
            &json!({"action": "serverAuth", "cnonce": STANDARD.encode(nonce), "tlshash": hash.to_hex()}),
        );
        (user, nonce, hash)
    };
    let (user, nonce, hash) = sign_in(None);
    let proof = user.next();
    let bytes = |key: &str| STANDARD.decode(proof[key].as_str().unwrap()).unwrap();
    let cert = bytes("cert");
    assert_eq!(ServerId(key_id(&cert).unwrap()), lab.server_id);
    let signed = [&nonce[..], hash.as_bytes(), &bytes("nonce")].concat();
    verify_rsa_sha384(&cert, &signed, &bytes("signature")).unwrap();
    user.send(&json!({
        "action": "userAuth", "username": STANDARD.encode("admin"), "password": STANDARD.encode(PASSWORD),
    }));
    assert_eq!(user.next()["action"], "serverinfo");

    let (user, ..) = sign_in(Some(identity(1).cert_der.clone()));
    assert_eq!(user.next()["msg"], "badtlscert");
    // Nothing works before the password.
    let (user, ..) = sign_in(None);
    assert_eq!(user.next()["action"], "serverAuth");
    user.send(&json!({"action": "meshes", "responseid": "r"}));
    assert!(user.message(QUIET).is_none());
}

#[test]
fn tokens_and_cookies_sign_in_without_the_password() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let token = user.ask(json!({"action": "createLoginToken", "name": "test", "expire": 0}));
    let (name, secret) = (token["tokenUser"].as_str().unwrap(), token["tokenPass"].as_str().unwrap());
    let by_token = User::sign_in(&lab, &meshauth(name, secret));
    // Signing in by password is kept as an event, by token it is not.
    let events = user.ask(json!({"action": "events"}));
    let logins =
        events["events"].as_array().unwrap().iter().filter(|event| event["action"] == "login").count();
    assert_eq!(logins, 1);
    refused(&lab, &[("x-meshauth", &meshauth(name, "wrong"))]);
    user.ask(json!({"action": "loginTokens", "remove": [name]}));
    // What was opened by it is closed at once.
    by_token.socket.closed();
    refused(&lab, &[("x-meshauth", &meshauth(name, secret))]);

    user.send(&json!({"action": "authcookie"}));
    let cookies = user.wait(|m| m["action"] == "authcookie");
    let open = |cookie: &str| {
        let url = format!("wss://127.0.0.1:{}/control.ashx?auth={cookie}", lab.port());
        let socket = Socket::connect(&url, &[]);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        User { socket }.next()["action"].clone()
    };
    assert_eq!(open(cookies["cookie"].as_str().unwrap()), "serverinfo");
    assert_eq!(open(cookies["rcookie"].as_str().unwrap()), "close");
}

#[test]
fn a_command_is_answered_to_its_asker_and_to_nobody_else() {
    let lab = Lab::start();
    let (asker, other) = (User::admin(&lab), User::admin(&lab));
    let agent = Plan::new(&lab).join();
    agent.keep_own_core();
    let id = asker.device().unwrap()["_id"].clone();
    let run = json!({
        "action": "runcommands", "nodeids": [id], "type": 0, "cmds": "id", "runAsUser": 0, "reply": true,
        "responseid": "meshctrl",
    });
    asker.send(&run);
    let order = agent.wait_json("runcommands");
    assert_eq!((&order["type"], &order["cmds"]), (&json!(3), &json!("id")));
    assert!(order.get("sessionid").is_none());
    agent.send(&json!({"action": "msg", "type": "runcommands", "result": "uid=0", "responseid": "guess"}));
    agent.send(&json!({
        "action": "msg", "type": "runcommands", "result": "uid=0\n", "responseid": order["responseid"], "exitcode": 7,
    }));
    let answer = asker.wait(|m| m["action"] == "msg" || m["action"] == "runcommands");
    assert_eq!((&answer["result"], &answer["responseid"]), (&json!("uid=0\n"), &json!("meshctrl")));
    assert_eq!((&answer["exitcode"], &answer["nodeid"]), (&json!(7), &id));
    other.send(&json!({"action": "ping"}));
    other.wait(|m| {
        assert_ne!(m["type"], "runcommands");
        m["action"] == "pong"
    });

    asker.send(&run);
    agent.wait_json("runcommands");
    agent.socket.close();
    let lost = asker.wait(|m| m["responseid"] == "meshctrl");
    assert!(lost["result"].as_str().unwrap().contains("disconnected"));
    asker.send(&run);
    assert_eq!(asker.wait(|m| m["responseid"] == "meshctrl")["result"], "Agent not connected");
}

#[test]
fn console_lines_go_to_the_session_that_asked() {
    let lab = Lab::start();
    let (asker, other) = (User::admin(&lab), User::admin(&lab));
    let agent = Plan::new(&lab).join();
    agent.keep_own_core();
    let id = asker.device().unwrap()["_id"].clone();
    asker.send(&json!({"action": "msg", "type": "console", "nodeid": id, "value": "eval 6*7", "userid": "user//root"}));
    let line = agent.wait_json("msg");
    assert_eq!(
        (&line["value"], &line["userid"], &line["rights"]),
        (&json!("eval 6*7"), &json!("user//admin"), &json!(4_294_967_295u64))
    );
    agent.send(&json!({"action": "msg", "type": "console", "value": "42", "sessionid": line["sessionid"]}));
    let answer = asker.wait(|m| m["type"] == "console");
    assert_eq!(answer, json!({"action": "msg", "type": "console", "value": "42", "nodeid": id}));
    other.send(&json!({"action": "ping"}));
    other.wait(|m| {
        assert_ne!(m["type"], "console");
        m["action"] == "pong"
    });
}

#[test]
fn groups_come_and_go_before_the_eyes_of_their_members() {
    let lab = Lab::start();
    let (user, watcher) = (User::admin(&lab), User::admin(&lab));
    let made = user.ask(json!({"action": "createmesh", "meshname": "new", "meshtype": 2}));
    assert_eq!(made["result"], "ok");
    assert_eq!(watcher.wait_event("createmesh")["name"], "new");
    let again = user.ask(json!({"action": "createmesh", "meshname": "new", "meshtype": 2}));
    assert_ne!(again["result"], "ok");
    let agent = Plan {
        mesh: server_lite::model::parse_mesh(made["meshid"].as_str().unwrap()).unwrap(),
        ..Plan::new(&lab)
    };
    let connected = agent.join();
    watcher.wait_event("addnode");
    let gone = user.ask(json!({"action": "deletemesh", "meshid": made["meshid"]}));
    assert_eq!(gone["result"], "ok");
    watcher.wait_event("deletemesh");
    connected.socket.closed();
    let _held = agent.held();
    assert!(user.device().is_none());
}

#[test]
fn a_pushed_core_reaches_the_device_at_once_and_after_a_reconnect() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let agent = Plan::new(&lab).join();
    agent.keep_own_core();
    let id = user.device().unwrap()["_id"].clone();
    let order = |kind: &str| json!({"action": "uploadagentcore", "nodeids": [id], "type": kind, "core": "// pushed ä"});
    assert_eq!(user.ask(order("custom"))["result"], "ok");
    let pushed = |agent: &super::peers::Agent| {
        agent.wait(|command| match command {
            ServerCommand::CoreDeflated { request, hash, body } => {
                let body = inflate_raw(body, 1 << 20).unwrap();
                Some((request, hash, core_text(&body).unwrap().to_owned()))
            }
            _ => None,
        })
    };
    let (request, hash, text) = pushed(&agent);
    assert_eq!(text, "// pushed ä");
    agent.socket.send(agent.session.core_hash(request, Some(hash)));
    agent.wait(|command| matches!(command, ServerCommand::CoreOk { .. }).then_some(()));
    agent.socket.close();

    let agent = Plan::new(&lab).join();
    let request = agent.wait(|command| match command {
        ServerCommand::CoreHashQuery { request } => Some(request),
        _ => None,
    });
    agent.socket.send(agent.session.core_hash(request, None));
    assert_eq!(pushed(&agent).2, "// pushed ä");
    assert_eq!(user.ask(order("clear"))["result"], "ok");
    let request = agent.wait(|command| match command {
        ServerCommand::CoreClear { request } => Some(request),
        _ => None,
    });
    // The name of the core goes with it.
    agent.send(&json!({"action": "coreinfo", "value": "my core"}));
    agent.socket.send(agent.session.core_hash(request, None));
    eventually("the core's name is gone", || user.device().unwrap()["agent"].get("core").is_none());
}

#[test]
fn removing_a_device_disconnects_it_and_it_may_enrol_again() {
    let lab = Lab::start();
    let user = User::admin(&lab);
    let agent = Plan::new(&lab).join();
    agent.keep_own_core();
    let id = user.device().unwrap()["_id"].clone();
    assert_eq!(user.ask(json!({"action": "changedevice", "nodeid": id, "name": "desk"}))["result"], "ok");
    assert_eq!(user.device().unwrap()["name"], "desk");
    assert_eq!(user.ask(json!({"action": "removedevices", "nodeids": [id]}))["result"], "ok");
    agent.socket.closed();
    assert!(user.device().is_none());
    Plan::new(&lab).join();
    assert_eq!(user.device().unwrap()["name"], "host-a");
}

#[test]
fn the_greeting_says_which_server_this_is() {
    let lab = Lab::start();
    let user = User::connect(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
    let info = user.next()["serverinfo"].clone();
    assert_eq!(info["tlshash"], tls_hash(certs().web.leaf()).to_hex());
    assert_eq!(info["agentCertHash"], lab.server_id.to_text64());
    assert_eq!((&info["domain"], &info["port"]), (&json!(""), &json!(lab.port())));
    let me = user.next()["userinfo"].clone();
    assert_eq!((&me["_id"], &me["siteadmin"]), (&json!("user//admin"), &json!(4_294_967_295u64)));
    assert!(!me.to_string().contains("argon2"));
}

#[test]
fn a_new_user_sees_what_he_was_given_until_he_is_removed() {
    let lab = Lab::start();
    let admin = User::admin(&lab);
    let agent = Plan::new(&lab).join();
    agent.keep_own_core();
    let made = admin.ask(json!({"action": "adduser", "username": "Carl", "pass": "pw of carl"}));
    assert_eq!(made["result"], "ok");
    let carl = User::sign_in(&lab, &meshauth("carl", "pw of carl"));
    assert!(carl.device().is_none());
    let id = admin.device().unwrap()["_id"].clone();
    let give = json!({"action": "addmeshuser", "usernames": ["carl"], "meshname": "lab", "meshadmin": 8});
    assert_eq!(admin.ask(give)["result"], "ok");
    assert_eq!(carl.device().unwrap()["_id"], id);
    let run = json!({"action": "runcommands", "nodeids": [id], "type": 0, "cmds": "id", "reply": true});
    assert_eq!(carl.ask(run)["result"], "Access denied");
    assert_eq!(carl.ask(json!({"action": "removedevices", "nodeids": [id]}))["result"], "Access denied");
    assert_eq!(carl.ask(json!({"action": "deletemesh", "meshname": "lab"}))["result"], "Access denied");
    assert_eq!(admin.ask(json!({"action": "deleteuser", "userid": "user//carl"}))["result"], "ok");
    carl.socket.closed();
    refused(&lab, &[("x-meshauth", &meshauth("carl", "pw of carl"))]);
}
