//! Accounts as they act: second factors, tokens, rights by other ways than groups, and what ends at once.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use microstack::crypto::{key_id, tls_hash};
use microstack::wire::id::NodeId;
use microstack::ws::Event;
use serde_json::{Value, json};
use server_lite::api::{routes::API, shapes};
use server_lite::model::{Audit, mesh_text, node_text};

use super::http::plain_lab;
use super::lab::{Lab, PASSWORD, certs};
use super::peers::{Agent, Plan, SOON, Socket, User, identity, meshauth};
use super::rest::Caller;

/// Our origin by our name: raw WebSockets come under another host than the REST tests.
const OWN: &str = "https://127.0.0.1";

/// Opens the user channel of a server without TLS.
fn channel(lab: &Lab, fields: &[(&str, &str)]) -> User {
    let socket = Socket::connect(&format!("ws://127.0.0.1:{}/control.ashx", lab.port()), fields);
    assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
    User { socket }
}

fn signed_in(lab: &Lab, fields: &[(&str, &str)]) -> User {
    let user = channel(lab, fields);
    assert_eq!(user.next()["action"], "serverinfo");
    assert_eq!(user.next()["action"], "userinfo");
    user
}

fn join(lab: &Lab) -> (Agent, String) {
    let url = format!("ws://127.0.0.1:{}/agent.ashx", lab.port());
    let claimed = Some(tls_hash(certs().web.leaf()));
    let agent = Plan { url, claimed, ..Plan::new(lab) }.join();
    agent.keep_own_core();
    (agent, node_text(&NodeId(key_id(&identity(0).cert_der).unwrap())))
}

/// The code of now for a secret in base32, computed here from the RFCs and not by the server's own code.
fn code(secret: &str, steps_later: i64) -> String {
    let bits: String = secret
        .chars()
        .map(|c| format!("{:05b}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap()))
        .collect();
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let step = now.checked_add_signed(steps_later).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let number = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7FFF_FFFF;
    format!("{:06}", number % 1_000_000)
}

/// Switches the second factor of the administrator on; gives its secret and recovery codes.
fn enrol(admin: &Caller) -> (String, Vec<String>) {
    assert_eq!(admin.post("/api/v1/account/totp", json!({ "password": "wrong" })).code(), "wrong");
    let proposed = admin.post("/api/v1/account/totp", json!({ "password": PASSWORD })).good("TotpSecret");
    let secret = proposed["secret"].as_str().unwrap().to_owned();
    assert!(proposed["url"].as_str().unwrap().starts_with("otpauth://totp/127.0.0.1:"));
    let wrong = admin.post("/api/v1/account/totp/confirm", json!({ "code": "12345" }));
    assert_eq!(wrong.code(), "code-wrong");
    // The step before: so that the test has the codes of now and of the next step left.
    let confirmed = admin
        .post("/api/v1/account/totp/confirm", json!({ "code": code(&secret, -1) }))
        .good("RecoveryCodes");
    let codes =
        confirmed["recoveryCodes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

#[test]
fn a_second_factor_is_asked_for_everywhere_a_password_is() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab);
    let (secret, recovery) = enrol(&admin);
    assert_eq!(recovery.len(), 10);
    let nobody = Caller::nobody(&lab);
    let sign_in = |code: Option<&str>| {
        let mut body = json!({ "user": "admin", "password": PASSWORD });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        nobody.post("/api/v1/sign-in", body)
    };
    assert_eq!((sign_in(None).status, sign_in(None).code()), (401, "code-required"));
    assert_eq!(sign_in(Some("000000")).code(), "code-wrong");
    let wrong_password =
        nobody.post("/api/v1/sign-in", json!({ "user": "admin", "password": "x", "code": code(&secret, 0) }));
    assert_eq!(wrong_password.code(), "wrong");
    let now = code(&secret, 0);
    assert_eq!(sign_in(Some(&now)).status, 200);
    assert_eq!(sign_in(Some(&now)).code(), "code-wrong", "no code is good twice");
    assert_eq!(sign_in(Some(&recovery[0])).status, 200);
    assert_eq!(sign_in(Some(&recovery[0])).code(), "code-wrong", "nor is a recovery code");

    // The user channel: in the header, and in the inner authentication.
    let refused = channel(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]).next();
    assert_eq!((&refused["cause"], &refused["msg"]), (&json!("noauth"), &json!("tokenrequired")));
    let with = |code: &str| format!("{},{}", meshauth("admin", PASSWORD), STANDARD.encode(code));
    assert_eq!(channel(&lab, &[("x-meshauth", &with("000000"))]).next()["msg"], "tokenrequired");
    signed_in(&lab, &[("x-meshauth", &with(&recovery[1]))]);
    let inner = |token: Option<&str>| {
        let user = channel(&lab, &[("x-meshauth", "*")]);
        let seen = tls_hash(certs().web.leaf()).to_hex();
        user.send(&json!({ "action": "serverAuth", "cnonce": STANDARD.encode([7; 48]), "tlshash": seen }));
        assert_eq!(user.next()["action"], "serverAuth");
        let mut auth = json!({
            "action": "userAuth", "username": STANDARD.encode("admin"), "password": STANDARD.encode(PASSWORD),
        });
        if let Some(token) = token {
            auth["token"] = json!(token);
        }
        user.send(&auth);
        user.next()
    };
    assert_eq!(inner(None)["msg"], "tokenrequired");
    assert_eq!(inner(Some(&recovery[2]))["action"], "serverinfo");
    // Tokens were made by somebody who had signed in: they need no code.
    let token = admin.token(&["admin"]);
    assert_eq!(token.get("/api/v1/session").good("Session")["recoveryCodesLeft"], 7);

    let fresh =
        admin.post("/api/v1/account/totp/recovery", json!({ "code": recovery[3] })).good("RecoveryCodes");
    assert_eq!(sign_in(Some(&recovery[4])).code(), "code-wrong", "the old codes are gone");
    let fresh = fresh["recoveryCodes"][0].as_str().unwrap();
    assert_eq!(admin.post("/api/v1/account/totp/remove", json!({ "password": "wrong" })).code(), "wrong");
    admin.post("/api/v1/account/totp/remove", json!({ "code": fresh })).good("Nothing");
    assert_eq!(sign_in(None).status, 200);
}

#[test]
fn at_the_relay_a_missing_code_costs_nothing_and_a_wrong_one_is_noted() {
    let lab = plain_lab();
    let (_, recovery) = enrol(&Caller::admin(&lab));
    let url = format!("ws://127.0.0.1:{}/meshrelay.ashx?id=x1", lab.port());
    let open = |header: &str| {
        let socket = Socket::connect(&url, &[("x-meshauth", header)]);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        socket
    };
    let by_password = |line: &Audit| line.action == "sign-in" && line.via == "password";
    let results = || -> Vec<String> {
        let lines = lab.running().house().data.audit(50, by_password).unwrap();
        lines.into_iter().map(|line| line.result).collect()
    };
    // More often than an address may fail.
    for _ in 0..22 {
        open(&meshauth("admin", PASSWORD)).closed();
    }
    assert!(results().is_empty(), "{:?}", results());
    let with = |code: &str| format!("{},{}", meshauth("admin", PASSWORD), STANDARD.encode(code));
    open(&with("000000")).closed();
    assert_eq!(results(), ["wrong code of the second factor"]);
    let _waits = open(&with(&recovery[0]));
    assert!(results().iter().any(|result| result == "ok"), "{:?}", results());
}

#[test]
fn guesses_at_a_code_run_out_sooner_than_guesses_at_a_password() {
    let lab = plain_lab();
    enrol(&Caller::admin(&lab));
    let nobody = Caller::nobody(&lab);
    let guess =
        || nobody.post("/api/v1/sign-in", json!({ "user": "admin", "password": PASSWORD, "code": "000000" }));
    let statuses: Vec<u16> = (0..12).map(|_| guess().status).collect();
    assert_eq!((statuses[9], statuses[10]), (401, 429), "{statuses:?}");
}

#[test]
fn an_administrator_takes_a_lost_second_factor_away() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab);
    admin.post("/api/v1/users", json!({ "name": "bert", "password": PASSWORD })).good("Created");
    enrol(&Caller::browser(&lab, "bert", PASSWORD));
    let sign_in =
        || Caller::nobody(&lab).post("/api/v1/sign-in", json!({ "user": "bert", "password": PASSWORD }));
    assert_eq!(sign_in().code(), "code-required");
    assert_eq!(admin.get("/api/v1/users/bert").good("User")["totp"], true);
    admin.call("DELETE", "/api/v1/users/bert/totp", None).good("Nothing");
    assert_eq!(sign_in().status, 200);
}

#[test]
fn what_was_opened_by_a_token_ends_with_it_and_does_no_more_than_it_may() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab);
    let made = admin
        .post("/api/v1/tokens", json!({ "name": "ci", "scopes": ["devices:read", "sessions"] }))
        .good("CreatedToken");
    let (id, secret) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let bearer = format!("Bearer {secret}");
    let user = signed_in(&lab, &[("Authorization", &bearer)]);
    // Programs that know nothing but names and passwords give it as the password.
    signed_in(&lab, &[("x-meshauth", &meshauth("admin", secret))]);
    assert_eq!(channel(&lab, &[("x-meshauth", &meshauth("other", secret))]).next()["action"], "close");

    assert!(user.ask(json!({ "action": "nodes" }))["nodes"].is_object());
    for refused in [
        "users",
        "events",
        "createmesh",
        "adduser",
        "createLoginToken",
        "loginTokens",
        "runcommands",
        "nonsense",
    ] {
        let answer = user.ask(json!({ "action": refused }));
        let result = answer["result"].as_str().unwrap();
        assert!(result.starts_with("Access denied: the token lacks the scope "), "{refused}: {result}");
    }
    // A cookie that a token gets is worth what the token is.
    user.send(&json!({ "action": "authcookie" }));
    let cookie = user.wait(|m| m["action"] == "authcookie")["cookie"].as_str().unwrap().to_owned();
    let by_cookie = || {
        let url = format!("ws://127.0.0.1:{}/control.ashx?auth={cookie}", lab.port());
        let socket = Socket::connect(&url, &[]);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        User { socket }
    };
    let limited = by_cookie();
    assert_eq!(limited.next()["action"], "serverinfo");
    let answer = limited.ask(json!({ "action": "adduser", "username": "x", "pass": "long enough" }));
    assert!(answer["result"].as_str().unwrap().contains("users:write"), "{answer}");
    // What happens is not told to a token without events:read.
    signed_in(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))])
        .ask(json!({ "action": "createmesh", "meshname": "new", "meshtype": 2 }));
    user.send(&json!({ "action": "ping" }));
    user.wait(|m| {
        assert_ne!(m["event"]["action"], "createmesh");
        m["action"] == "pong"
    });

    let used = admin.get("/api/v1/tokens").good("Tokens")["tokens"][0]["used"].as_u64().unwrap();
    assert!(used > 0);
    admin.call("DELETE", &format!("/api/v1/tokens/{id}"), None).good("Nothing");
    user.socket.closed();
    limited.socket.closed();
    assert_eq!(by_cookie().next()["action"], "close");
    assert_eq!(channel(&lab, &[("Authorization", &bearer)]).next()["action"], "close");
}

#[test]
fn a_token_of_one_group_sees_one_group() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab);
    let (_agent, node) = join(&lab);
    let other = admin.post("/api/v1/groups", json!({ "name": "shop" })).good("Created")["id"].clone();
    let token = admin.token_with(json!({ "name": "shop", "scopes": ["admin"], "groups": [other] }));
    assert_eq!(token.get("/api/v1/groups").good("Groups")["total"], 1);
    assert_eq!(
        token.get("/api/v1/users").code(),
        "denied",
        "nor has it what its owner may do on the whole site"
    );
    assert_eq!(token.get("/api/v1/audit").code(), "denied");
    assert_eq!(token.get("/api/v1/devices").good("Devices")["total"], 0);
    assert_eq!(token.get(&format!("/api/v1/devices/{}", node.replace('/', "%2F"))).status, 404);
    assert_eq!(admin.get("/api/v1/devices").good("Devices")["total"], 1);
    // Neither kind of token that it makes sees more.
    let made = token
        .post("/api/v1/tokens", json!({ "name": "again", "scopes": ["devices:read"] }))
        .good("CreatedToken");
    let again =
        Caller::nobody(&lab).with("Authorization", &format!("Bearer {}", made["token"].as_str().unwrap()));
    assert_eq!(again.get("/api/v1/devices").good("Devices")["total"], 0);
    let bearer = token.fields[0].1.clone();
    let login = signed_in(&lab, &[("Authorization", &bearer)])
        .ask(json!({ "action": "createLoginToken", "name": "l", "expire": 0 }));
    let header = meshauth(login["tokenUser"].as_str().unwrap(), login["tokenPass"].as_str().unwrap());
    let nodes = signed_in(&lab, &[("x-meshauth", &header)]).ask(json!({ "action": "nodes" }));
    assert_eq!(nodes["nodes"], json!({}));
}

#[test]
fn a_browser_opens_the_channel_and_is_cut_off_when_it_is_signed_out() {
    let lab = plain_lab();
    let (admin, other) = (Caller::admin(&lab), Caller::admin(&lab));
    let cookie = |caller: &Caller| caller.fields.iter().find(|(name, _)| name == "Cookie").unwrap().1.clone();
    let first = signed_in(&lab, &[("Cookie", &cookie(&admin)), ("Origin", OWN)]);
    let second = signed_in(&lab, &[("Cookie", &cookie(&other)), ("Origin", OWN)]);
    let sessions = admin.get("/api/v1/account/sessions").good("Sessions");
    let listed = sessions["sessions"].as_array().unwrap();
    let number =
        listed.iter().find(|session| session["current"] == false).unwrap()["number"].as_str().unwrap();
    admin.call("DELETE", &format!("/api/v1/account/sessions/{number}"), None).good("Nothing");
    second.socket.closed();
    // Changing the password ends what the old one opened elsewhere, and nothing here.
    let by_password = signed_in(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
    let change = json!({ "old": PASSWORD, "new": "another password" });
    admin.post("/api/v1/account/password", change).good("Nothing");
    by_password.socket.closed();
    // The same on the user channel.
    let change = |old: &str, new: &str| {
        first.ask(json!({ "action": "changepassword", "oldpass": old, "newpass": new }))
    };
    assert_eq!(change("wrong", "a third password")["result"], "this is not the present password");
    assert_eq!(change("another password", "short")["result"], "A password has 8 bytes at least");
    assert_eq!(change("another password", "a third password")["result"], "ok");
    Caller::browser(&lab, "admin", "a third password");
    assert_eq!(first.ask(json!({ "action": "meshes" }))["meshes"].as_array().unwrap().len(), 1);
    assert_eq!(
        Caller::nobody(&lab).post("/api/v1/sign-in", json!({ "user": "admin", "password": PASSWORD })).code(),
        "wrong"
    );
}

#[test]
fn who_knows_only_the_old_password_is_out_at_once() {
    let lab = plain_lab();
    let open = || signed_in(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
    let (own, other) = (open(), open());
    let cookie = |user: &User, action: &str| {
        user.send(&json!({ "action": action, "responseid": "c" }));
        user.wait(|m| m["action"] == action)["cookie"].as_str().unwrap().to_owned()
    };
    let answer_to = |cookie: &str| {
        let url = format!("ws://127.0.0.1:{}/control.ashx?auth={cookie}", lab.port());
        let socket = Socket::connect(&url, &[]);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        User { socket }.next()["action"].clone()
    };
    let old = [cookie(&other, "authcookie"), cookie(&other, "logincookie"), cookie(&own, "authcookie")];
    for cookie in &old {
        assert_eq!(answer_to(cookie), "serverinfo");
    }
    let change = json!({ "action": "changepassword", "oldpass": PASSWORD, "newpass": "another password" });
    assert_eq!(own.ask(change)["result"], "ok");
    other.socket.closed();
    for cookie in &old {
        assert_eq!(answer_to(cookie), "close");
    }
    assert_eq!(answer_to(&cookie(&own, "authcookie")), "serverinfo", "where it was changed goes on");
}

#[test]
fn rights_in_one_device_and_through_groups_of_users() {
    let lab = plain_lab();
    let admin = signed_in(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
    let (agent, node) = join(&lab);
    for name in ["bert", "cora"] {
        assert_eq!(
            admin.ask(json!({ "action": "adduser", "username": name, "pass": PASSWORD }))["result"],
            "ok"
        );
    }
    let bert = signed_in(&lab, &[("x-meshauth", &meshauth("bert", PASSWORD))]);
    assert_eq!(bert.ask(json!({ "action": "nodes" }))["nodes"], json!({}));
    let give = |rights: u32| json!({ "action": "adddeviceuser", "nodeid": node, "usernames": ["bert"], "rights": rights, "remove": rights == 0 });
    assert_eq!(bert.ask(give(8))["result"], "Access denied");
    assert_eq!(admin.ask(give(8 | 16))["result"], "ok");
    let told = bert.wait(|m| m["action"] == "userinfo");
    assert_eq!(told["userinfo"]["links"][&node]["rights"], 24);
    assert_eq!(bert.device().unwrap()["_id"], node);
    bert.send(&json!({ "action": "msg", "type": "console", "nodeid": node, "value": "help" }));
    assert_eq!(agent.wait_json("msg")["rights"], 24);
    // Events of that device are his to see as well, those of its group are not.
    assert_eq!(
        admin.ask(json!({ "action": "changedevice", "nodeid": node, "name": "desk" }))["result"],
        "ok"
    );
    assert_eq!(bert.wait_event("changenode")["node"]["name"], "desk");
    assert_eq!(
        bert.ask(json!({ "action": "changedevice", "nodeid": node, "name": "mine" }))["result"],
        "Access denied"
    );
    assert_eq!(admin.ask(give(0))["result"], "ok");
    assert!(bert.device().is_none());

    let group = admin.ask(json!({ "action": "createusergroup", "name": "night shift" }));
    let id = group["ugrpid"].as_str().unwrap();
    let lab_id = mesh_text(&lab.mesh);
    let rights = json!({ "action": "addmeshuser", "meshid": lab_id, "userids": [id], "meshadmin": 8 });
    assert_eq!(admin.ask(rights)["result"], "ok");
    assert!(bert.device().is_none());
    let member = json!({ "action": "addusertousergroup", "ugrpid": id, "usernames": ["bert"] });
    assert_eq!(bert.ask(member.clone())["result"], "Permission denied");
    assert_eq!(admin.ask(member)["result"], "ok");
    assert_eq!(bert.device().unwrap()["name"], "desk");
    let listed = bert.ask(json!({ "action": "usergroups" }));
    assert_eq!(listed["ugroups"][id]["links"][&lab_id]["rights"], 8);
    // A member's tunnel ends when the group of users goes.
    bert.send(&json!({ "action": "authcookie" }));
    let cookie = bert.wait(|m| m["action"] == "authcookie")["cookie"].as_str().unwrap().to_owned();
    let tunnel = json!({
        "action": "msg", "type": "tunnel", "nodeid": node, "usage": 1,
        "value": format!("*/meshrelay.ashx?p=1&nodeid={node}&id=n1&rauth=x"),
    });
    assert_eq!(bert.ask(tunnel)["result"], "OK");
    let value = agent.wait_json("msg")["value"].as_str().unwrap().trim_start_matches('*').to_owned();
    let open = |path: &str| {
        let socket = Socket::connect(&format!("ws://127.0.0.1:{}{path}", lab.port()), &[]);
        assert!(matches!(socket.event(SOON), Some(Event::Open(_))));
        socket
    };
    let operator = open(&format!("/meshrelay.ashx?browser=1&p=1&nodeid={node}&id=n1&auth={cookie}"));
    let device = open(&value);
    for end in [&operator, &device] {
        assert!(matches!(end.event(SOON), Some(Event::Text(text)) if text == "c"));
    }
    assert_eq!(admin.ask(json!({ "action": "deleteusergroup", "ugrpid": id }))["result"], "ok");
    operator.closed();
    device.closed();
    assert!(bert.device().is_none());
}

#[test]
fn the_audit_log_says_who_did_what_and_keeps_secrets_out() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab);
    Caller::nobody(&lab).post("/api/v1/sign-in", json!({ "user": "admin", "password": "guess-me-not" }));
    let channel = signed_in(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))]);
    channel.ask(json!({ "action": "createmesh", "meshname": "new", "meshtype": 2 }));
    channel.ask(json!({ "action": "createmesh", "meshname": "new", "meshtype": 2 }));
    channel.ask(json!({ "action": "changepassword", "oldpass": "guess-me-too", "newpass": "not-this-one" }));
    admin.post("/api/v1/users", json!({ "name": "bert", "password": "secret-of-bert" })).good("Created");
    let token = admin.token(&["admin"]);
    token.call("DELETE", "/api/v1/users/bert", None).good("Nothing");
    let audit = admin.get("/api/v1/audit?limit=50").good("Audit");
    let lines = audit["audit"].as_array().unwrap();
    let find = |action: &str, result: &str| {
        let line = lines
            .iter()
            .find(|line| line["action"] == action && line["result"].as_str().unwrap().starts_with(result));
        line.unwrap_or_else(|| panic!("{action} {result}: {audit:#}")).clone()
    };
    assert_eq!(find("sign-in", "wrong user name or password")["user"], "admin");
    let by_web = find("sign-in", "ok");
    assert_eq!((&by_web["user"], &by_web["address"]), (&json!("user//admin"), &json!("127.0.0.1")));
    assert_eq!(
        (&find("createmesh", "ok")["via"], &find("createmesh", "ok")["target"]),
        (&json!("password"), &json!("new"))
    );
    find("createmesh", "A group of this name exists");
    find("changepassword", "this is not the present password");
    assert_eq!(find("adduser", "ok")["target"], "bert");
    let removed = find("deleteuser", "ok");
    assert_eq!(
        (&removed["via"], removed["viaName"].as_str().unwrap().starts_with("mlt_")),
        (&json!("token"), true)
    );
    find("create token", "ok");
    let text = audit.to_string();
    for secret in ["guess-me-not", "guess-me-too", "not-this-one", "secret-of-bert", PASSWORD] {
        assert!(!text.contains(secret), "{secret}");
    }
    let only = admin.get("/api/v1/audit?action=deleteuser").good("Audit");
    assert_eq!(only["audit"].as_array().unwrap().len(), 1);
    assert_eq!(admin.get("/api/v1/audit?nonsense=1").code(), "query");
}

#[test]
fn a_command_waits_for_its_device_and_for_no_other() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab);
    let (agent, node) = join(&lab);
    let path = format!("/api/v1/devices/{}/run", node.replace('/', "%2F"));
    let caller = admin.token(&["run"]);
    let asked = std::thread::spawn(move || caller.post(&path, json!({ "command": "id", "wait": true })));
    let order = agent.wait_json("runcommands");
    assert_eq!((&order["cmds"], &order["reply"]), (&json!("id"), &json!(true)));
    agent.send(&json!({ "action": "msg", "type": "runcommands", "result": "uid=0\n", "responseid": order["responseid"], "exitcode": 3 }));
    let output = asked.join().unwrap().good("Output");
    assert_eq!(output, json!({ "output": "uid=0\n", "exitCode": 3 }));
    let quick = admin
        .token(&["run"])
        .post(&format!("/api/v1/devices/{}/run", node.replace('/', "%2F")), json!({ "command": "id" }));
    assert_eq!(quick.status, 202);
    agent.wait_json("runcommands");
    // A request is no session: nobody else is told of it, and no seat stays.
    let counts = signed_in(&lab, &[("x-meshauth", &meshauth("admin", PASSWORD))])
        .ask(json!({ "action": "wssessioncount" }));
    assert_eq!(counts["wssessions"], json!({ "user//admin": 1 }));
    let caller = admin.token(&["run"]);
    let path = format!("/api/v1/devices/{}/run", node.replace('/', "%2F"));
    let asked = std::thread::spawn(move || caller.post(&path, json!({ "command": "reboot", "wait": true })));
    agent.wait_json("runcommands");
    agent.socket.close();
    let lost = asked.join().unwrap();
    assert_eq!((lost.status, lost.code()), (409, "offline"), "that it left is not its output");
    let offline = admin.post(
        &format!("/api/v1/devices/{}/run", node.replace('/', "%2F")),
        json!({ "command": "id", "wait": true }),
    );
    assert_eq!((offline.status, offline.code()), (409, "offline"));
}

#[test]
fn the_description_names_exactly_what_is_there() {
    let lab = plain_lab();
    let described = Caller::nobody(&lab).get("/api/v1/openapi.json").good("Any");
    assert_eq!(described["openapi"], "3.1.0");
    let mut operations: Vec<String> = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push(format!("{} {path}", method.to_uppercase()));
            let named =
                |name: &Value| shapes::all().contains_key(name.as_str().unwrap().rsplit('/').next().unwrap());
            if let Some(body) = operation["requestBody"]["content"]["application/json"]["schema"].get("$ref")
            {
                assert!(named(body), "{path}");
            }
            let parameters = operation["parameters"].as_array().unwrap();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(in_path, path.matches('{').count(), "{path}");
        }
    }
    let mut live: Vec<String> = API.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    operations.sort();
    live.sort();
    assert_eq!(operations, live);
    let page = include_str!("../../../docs/rest.md");
    for operation in &live {
        assert!(page.contains(&format!("| `{operation}` |")), "docs/rest.md lacks {operation}");
    }
    // And the server knows each of them: whatever it answers, it is not that there is nothing.
    for route in API {
        let answer = Caller::nobody(&lab).call(route.method, &route.path.replace(['{', '}'], "x"), None);
        assert!(!matches!(answer.code(), "no-such-address" | "method"), "{} {}", route.method, route.path);
    }
}

#[test]
fn figures_are_for_this_machine_and_for_administrators() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab);
    let figures = admin.token(&["admin"]).get("/metrics");
    assert_eq!(figures.status, 200);
    let text = figures.body.as_str().unwrap();
    for name in ["agents_connected 0", "users 1", "groups 1", "web_sessions 1", "tunnels 0"] {
        assert!(text.contains(&format!("\nmeshlite_{name}\n")), "{name}: {text}");
    }
    assert!(text.contains("\nmeshlite_table_rows{table=\"audit\"} "), "{text}");
    admin.post("/api/v1/users", json!({ "name": "bert", "password": PASSWORD })).good("Created");
    assert_eq!(Caller::browser(&lab, "bert", PASSWORD).get("/metrics").code(), "denied");
}
