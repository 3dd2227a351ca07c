//! A walk over every address: as nobody, from another site, with a session that was revoked, with a token that lacks
//! the scope, and as a user without rights. Made from the tables of the server, so that a new address is walked
//! over without anybody thinking of it, or fails here until somebody says what it is.

use microstack::ws::{CloseWhy, Event};
use serde_json::{Value, json};
use server_lite::api::routes::{API, ApiRoute, Need};
use server_lite::http::{ROUTES, Reply};
use server_lite::model::{Scope, node_text};

use super::http::plain_lab;
use super::lab::Lab;
use super::peers::{Plan, SOON, Socket};
use super::rest::Caller;

/// A server with a device, and everybody who walks.
struct Scene {
    lab: Lab,
    device: String,
    admin: Caller,
    /// Has an account and no right at all.
    stranger: Caller,
    /// Was signed in as the administrator.
    revoked: Caller,
}

impl Scene {
    fn new() -> Scene {
        let lab = plain_lab();
        let url = format!("ws://127.0.0.1:{}/agent.ashx", lab.port());
        // Behind a terminator a device reports the certificate that is shown outside.
        let claimed = Some(microstack::crypto::tls_hash(super::lab::certs().web.leaf()));
        let agent = Plan { url, claimed, ..Plan::new(&lab) }.join();
        let device = node_text(&microstack::wire::id::NodeId(
            microstack::crypto::key_id(&super::peers::identity(0).cert_der).unwrap(),
        ));
        drop(agent);
        let admin = Caller::admin(&lab);
        admin.post("/api/v1/users", json!({ "name": "stranger", "password": "long enough" })).good("Created");
        let stranger = Caller::browser(&lab, "stranger", "long enough");
        let revoked = Caller::admin(&lab);
        assert_eq!(revoked.post("/api/v1/sign-out", json!({})).status, 200);
        Scene { lab, device, admin, stranger, revoked }
    }

    /// A path of this route that names things which exist.
    fn path(&self, route: &ApiRoute) -> String {
        let id = |text: &str| text.replace('/', "%2F").replace('@', "%40").replace('$', "%24");
        route
            .path
            .replace("{device}", &id(&self.device))
            .replace("{group}", &id(&self.lab.mesh.to_text64()))
            .replace("{user}", "admin")
            .replace("{token}", "mlt_0011223344556677")
            .replace("{session}", "0011223344556677")
    }
}

/// A body that fits the shape. A new shape is told here what it looks like.
fn body(route: &ApiRoute) -> Option<Value> {
    Some(match route.body? {
        "SignIn" => json!({ "user": "stranger", "password": "wrong" }),
        "PasswordChange" => json!({ "old": "wrong", "new": "something new" }),
        "Password" => json!({ "password": "wrong" }),
        "Code" | "PasswordOrCode" => json!({ "code": "000000" }),
        "NewToken" => json!({ "name": "t", "scopes": ["run"], "groups": ["mesh//unknown"] }),
        "DeviceEdit" => json!({ "name": "mine" }),
        "Command" => json!({ "command": "id" }),
        "PowerOrder" => json!({ "action": "off" }),
        "Rights" => json!({ "rights": 8 }),
        "NewGroup" => json!({ "name": "walked" }),
        "GroupEdit" => json!({ "name": "mine" }),
        "NewUser" => json!({ "name": "walked", "password": "long enough" }),
        "UserEdit" => json!({ "email": "x@example.org" }),
        other => panic!("say what a body of the shape {other} looks like"),
    })
}

fn only_cookie(caller: &Caller) -> Caller {
    let fields = caller.fields.iter().filter(|(name, _)| name == "Cookie").cloned().collect();
    Caller { fields, ..caller.clone() }
}

#[test]
fn every_operation_refuses_who_may_not() {
    let scene = Scene::new();
    let nobody = Caller::nobody(&scene.lab);
    for route in API {
        let (method, path, about) =
            (route.method, scene.path(route), format!("{} {}", route.method, route.path));
        let call = |caller: &Caller| {
            let answer = caller.call(method, &path, body(route));
            (answer.status, answer.code().to_owned())
        };
        let refusal = |status: u16, code: &str| (status, code.to_owned());
        // A page of another site, in the browser of the administrator: nothing at all.
        let foreign = only_cookie(&scene.admin).with("Origin", "https://evil.example");
        assert_eq!(call(&foreign), refusal(403, "origin"), "{about}");
        if route.need == Need::Nothing {
            continue;
        }
        assert_eq!(call(&nobody), refusal(401, "not-signed-in"), "{about}");
        assert_eq!(call(&scene.revoked), refusal(401, "session-ended"), "{about}");
        assert_eq!(call(&nobody.with("Authorization", "Bearer mlt_guess")), refusal(401, "token"), "{about}");
        if method != "GET" {
            assert_eq!(call(&only_cookie(&scene.admin)), refusal(403, "origin"), "{about}");
        }
        if let Need::Scope(needed) | Need::LocalOr(needed) = route.need {
            let others: Vec<&str> = Scope::ALL
                .into_iter()
                .filter(|scope| ![needed, Scope::Admin].contains(scope))
                .map(Scope::name)
                .collect();
            let token = scene.admin.token(&others);
            assert_eq!(call(&token), refusal(403, "scope"), "{about}");
            let id = token.fields[0].1["Bearer ".len()..].rsplit_once('_').unwrap().0.to_owned();
            scene.admin.call("DELETE", &format!("/api/v1/tokens/{id}"), None).good("Nothing");
            assert_eq!(call(&token), refusal(401, "token"), "{about}, revoked");
        }
    }
}

/// The scope that an operation declares is all its command needs: both tables say the same.
#[test]
fn the_declared_scope_is_enough() {
    let scene = Scene::new();
    for route in API {
        let Need::Scope(needed) = route.need else { continue };
        let token = scene.admin.token(&[needed.name()]);
        let answer = token.call(route.method, &scene.path(route), body(route));
        assert_ne!(answer.code(), "scope", "{} {}: {}", route.method, route.path, answer.body);
    }
}

/// What each operation says to a user who may do nothing: refused, or an answer in which there is nothing of others.
#[test]
fn a_user_without_rights_sees_and_changes_nothing_of_others() {
    let scene = Scene::new();
    for route in API {
        let (path, about) = (scene.path(route), format!("{} {}", route.method, route.path));
        let own = match route.id {
            // Signs this caller out, so it would end the walk.
            "signOut" | "openapi" | "signIn" => continue,
            "session" | "sessions" | "tokens" => true,
            "devices" | "groups" => {
                let answer = scene.stranger.get(&path);
                assert_eq!((answer.status, &answer.body["total"]), (200, &json!(0)), "{about}");
                continue;
            }
            "events" => {
                let answer = scene.stranger.get(&path).good("Events");
                let of_others = answer["events"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|event| event["user"] != "user//stranger");
                assert!(!of_others, "{answer}");
                continue;
            }
            // Everybody may make groups unless it is forbidden to him.
            "createGroup" => true,
            _ => false,
        };
        let answer = scene.stranger.call(route.method, &path, body(route));
        match own {
            true => assert!((200..300).contains(&answer.status), "{about}: {}", answer.body),
            false => {
                assert!(
                    matches!(answer.status, 403 | 404 | 409),
                    "{about}: {} {}",
                    answer.status,
                    answer.body
                );
                assert_ne!(answer.code(), "exists", "{about}");
            }
        }
    }
    // What was tried has not happened.
    let device =
        scene.admin.get(&format!("/api/v1/devices/{}", scene.device.replace('/', "%2F"))).good("Device");
    assert_eq!((&device["name"], &device["users"]), (&json!("host-a"), &json!({})));
    assert_eq!(scene.admin.get("/api/v1/users").good("Users")["total"], 2);
}

#[test]
fn every_path_refuses_methods_it_does_not_declare() {
    let scene = Scene::new();
    for route in API {
        let declared: Vec<&str> =
            API.iter().filter(|other| other.path == route.path).map(|other| other.method).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if !declared.contains(&method) {
                let answer = scene.admin.call(method, &scene.path(route), None);
                assert_eq!((answer.status, answer.code()), (405, "method"), "{method} {}", route.path);
                assert!(answer.head.contains("Allow: "), "{}", answer.head);
            }
        }
    }
}

/// Our origin by our name, which is the host of raw WebSockets too.
const OWN: &str = "https://127.0.0.1";

/// How a WebSocket that is not wanted ends: what it said before, and its close code.
fn ended(lab: &Lab, path: &str, fields: &[(&str, &str)]) -> (Option<Value>, Option<u16>) {
    let socket = Socket::connect(&format!("ws://127.0.0.1:{}{path}", lab.port()), fields);
    let mut said = None;
    loop {
        match socket.event(SOON).expect("it must end") {
            Event::Open(_) => {}
            Event::Text(text) => said = said.or(serde_json::from_str(&text).ok()),
            Event::Closed(info) => {
                let code = match info.why {
                    CloseWhy::Peer { code, .. } => code,
                    _ => None,
                };
                return (said, code);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_other_address_is_declared_and_refuses_who_may_not() {
    let scene = Scene::new();
    let lab = &scene.lab;
    let cookie = |caller: &Caller| caller.fields.iter().find(|(name, _)| name == "Cookie").unwrap().1.clone();
    let (good, revoked) = (cookie(&scene.admin), cookie(&scene.revoked));
    for route in ROUTES {
        match route.reply {
            Reply::Page(_) | Reply::Programs => match route.path {
                "/" | "/assets/*" | "/favicon.svg" | "/health.ashx" | "/healthz" | "/readyz"
                | "/meshagents" => {
                    let nobody = Caller::nobody(lab).get(route.path).status;
                    let foreign = only_cookie(&scene.admin)
                        .with("Origin", "https://evil.example")
                        .get(route.path)
                        .status;
                    assert_eq!(nobody, foreign, "{}: it is the same for everybody", route.path);
                }
                "/meshsettings" => assert_eq!(Caller::nobody(lab).get("/meshsettings?id=x").status, 401),
                other => panic!("say here who may call {other}, and how it refuses others"),
            },
            // Walked over above.
            Reply::Api => {}
            // Silence is the refusal: see the tests of agents.
            Reply::AgentChannel => {}
            Reply::UserChannel => {
                let msg = |fields: &[(&str, &str)]| {
                    let (said, _) = ended(lab, route.path, fields);
                    let said = said.expect("it says why");
                    assert_eq!(said["action"], "close");
                    (said["cause"].clone(), said["msg"].clone())
                };
                assert_eq!(msg(&[]), (json!("noauth"), json!("noauth")));
                assert_eq!(msg(&[("Cookie", &good)]).0, "noauth", "a cookie without Origin opens nothing");
                let foreign = [("Cookie", good.as_str()), ("Origin", "https://evil.example")];
                assert_eq!(msg(&foreign).0, "invalidorigin");
                assert_eq!(msg(&[("Cookie", &revoked), ("Origin", OWN)]).0, "noauth");
                assert_eq!(msg(&[("Authorization", "Bearer mlt_guess")]).0, "noauth");
            }
            Reply::Relay => {
                let path = format!("{}?browser=1&p=1&id=walk1&nodeid={}", route.path, &scene.device[6..]);
                let code = |path: &str, fields: &[(&str, &str)]| ended(lab, path, fields).1;
                assert_eq!(code(&path, &[]), Some(4001));
                assert_eq!(code(&path, &[("Cookie", &good)]), Some(4001));
                assert_eq!(code(&path, &[("Cookie", &good), ("Origin", "https://evil.example")]), Some(4011));
                assert_eq!(code(&path, &[("Cookie", &revoked), ("Origin", OWN)]), Some(4001));
                let stranger = cookie(&scene.stranger);
                assert_eq!(code(&path, &[("Cookie", &stranger), ("Origin", OWN)]), Some(4005));
                let token = scene.admin.token(&["devices:read", "run", "power"]);
                assert_eq!(code(&path, &[("Authorization", &token.fields[0].1)]), Some(4005));
                let rauth = format!("{path}&rauth={}", "0".repeat(64));
                assert_eq!(code(&rauth, &[]), Some(4002));
            }
        }
    }
}
