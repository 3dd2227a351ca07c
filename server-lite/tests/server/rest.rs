//! The REST interface, over a listener without TLS so that a test needs no more than a socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use server_lite::api::shapes;

use super::http::plain_lab;
use super::lab::{Lab, PASSWORD};

/// Our own origin, as a browser behind the terminator would say it.
pub const ORIGIN: &str = "https://mesh.example:81";

/// An answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Answer {
    /// The code of a refusal.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("")
    }

    /// The answer, which must be good and of this shape.
    pub fn good(self, shape: &str) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        shapes::check(shape, &self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body));
        self.body
    }

    /// The pair of name and value in the cookie that was set.
    pub fn cookie(&self) -> String {
        let line =
            self.head.lines().find(|line| line.to_lowercase().starts_with("set-cookie: ")).expect("a cookie");
        line[12..].split(';').next().unwrap().to_owned()
    }
}

/// A caller with the header fields he always sends.
#[derive(Clone)]
pub struct Caller {
    pub at: SocketAddr,
    pub fields: Vec<(String, String)>,
}

impl Caller {
    /// Somebody without anything.
    pub fn nobody(lab: &Lab) -> Caller {
        Caller { at: lab.running().address(), fields: Vec::new() }
    }

    pub fn with(&self, name: &str, value: &str) -> Caller {
        let mut more = self.clone();
        more.fields.push((name.to_owned(), value.to_owned()));
        more
    }

    /// A signed-in browser.
    pub fn browser(lab: &Lab, user: &str, password: &str) -> Caller {
        let nobody = Caller::nobody(lab).with("Origin", ORIGIN);
        let answer = nobody.post("/api/v1/sign-in", json!({ "user": user, "password": password }));
        assert_eq!(answer.status, 200, "{}", answer.body);
        nobody.with("Cookie", &answer.cookie())
    }

    /// The administrator in a browser.
    pub fn admin(lab: &Lab) -> Caller {
        Caller::browser(lab, "admin", PASSWORD)
    }

    /// A program with a fresh token of this caller.
    pub fn token(&self, scopes: &[&str]) -> Caller {
        self.token_with(json!({ "name": "test", "scopes": scopes }))
    }

    pub fn token_with(&self, wanted: Value) -> Caller {
        let made = self.post("/api/v1/tokens", wanted).good("CreatedToken");
        let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
        Caller { at: self.at, fields: vec![("Authorization".into(), bearer)] }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body))
    }

    pub fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut socket = TcpStream::connect(self.at).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: mesh.example:81\r\nConnection: close\r\n");
        for (name, value) in &self.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() && !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            head.push_str("Content-Type: application/json\r\n");
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        socket.write_all(head.as_bytes()).unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).unwrap();
        let split = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let head = String::from_utf8(all[..split].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_slice(&all[split..])
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&all[split..]).into_owned()));
        Answer { status, head, body }
    }
}

#[test]
fn a_browser_signs_in_and_out() {
    let lab = plain_lab();
    let nobody = Caller::nobody(&lab).with("Origin", ORIGIN);
    assert_eq!(nobody.get("/api/v1/session").code(), "not-signed-in");
    let wrong = nobody.post("/api/v1/sign-in", json!({ "user": "admin", "password": "wrong" }));
    assert_eq!((wrong.status, wrong.code()), (401, "wrong"));
    let unknown = nobody.post("/api/v1/sign-in", json!({ "user": "nobody", "password": PASSWORD }));
    assert_eq!((unknown.status, unknown.body), (401, wrong.body), "who exists is not told");
    let right = nobody.post("/api/v1/sign-in", json!({ "user": "ADMIN", "password": PASSWORD }));
    assert!(right.head.contains("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{}", right.head);
    let browser = nobody.with("Cookie", &right.cookie());
    let session = right.good("Session");
    assert_eq!((&session["user"]["id"], &session["via"]), (&json!("user//admin"), &json!("web")));
    assert_eq!(browser.get("/api/v1/session").good("Session"), session);

    let other = Caller::admin(&lab);
    let sessions = other.get("/api/v1/account/sessions").good("Sessions");
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(browser.post("/api/v1/sign-out", json!({})).status, 200);
    assert_eq!(browser.get("/api/v1/session").code(), "session-ended");
    assert_eq!(other.get("/api/v1/session").status, 200);
    let stolen = nobody.with("Cookie", &format!("{}0", &right_but_for_one(&other)));
    assert_eq!(stolen.get("/api/v1/session").code(), "session-ended");
}

/// A cookie whose last character is missing.
fn right_but_for_one(browser: &Caller) -> String {
    let (_, cookie) = browser.fields.iter().find(|(name, _)| name == "Cookie").unwrap();
    let last = cookie.chars().last().unwrap();
    let mut cut = cookie[..cookie.len() - 1].to_owned();
    if last == '0' {
        cut.pop();
        cut.push('x');
    }
    cut
}

#[test]
fn a_session_survives_a_restart_and_a_cookie_alone_changes_nothing() {
    let mut lab = plain_lab();
    let browser = Caller::admin(&lab);
    let plain = Caller {
        fields: browser.fields.iter().filter(|(name, _)| name == "Cookie").cloned().collect(),
        ..browser.clone()
    };
    assert_eq!(plain.get("/api/v1/groups").status, 200);
    let refused = plain.post("/api/v1/groups", json!({ "name": "new" }));
    assert_eq!((refused.status, refused.code()), (403, "origin"));
    for foreign in ["https://evil.example", "http://mesh.example:81", "null"] {
        let refused = plain.with("Origin", foreign).get("/api/v1/groups");
        assert_eq!((refused.status, refused.code()), (403, "origin"), "{foreign}");
    }
    let form = browser.with("Content-Type", "text/plain").post("/api/v1/groups", json!({ "name": "new" }));
    assert_eq!(form.status, 415);
    lab.restart_plain();
    let again = Caller { at: lab.running().address(), ..browser };
    assert_eq!(again.get("/api/v1/session").status, 200);
}

#[test]
fn guesses_run_out() {
    let lab = plain_lab();
    let nobody = Caller::nobody(&lab);
    let wrong = json!({ "user": "admin", "password": "wrong" });
    let mut codes: Vec<u16> = Vec::new();
    for _ in 0..24 {
        codes.push(nobody.post("/api/v1/sign-in", wrong.clone()).status);
    }
    assert_eq!(codes.iter().filter(|code| **code == 401).count(), 20, "{codes:?}");
    let refused = nobody.post("/api/v1/sign-in", json!({ "user": "admin", "password": PASSWORD }));
    assert_eq!((refused.status, refused.code()), (429, "too-many"));
    assert!(refused.head.to_lowercase().contains("retry-after: "));
}

#[test]
fn groups_devices_and_users_by_rest() {
    let lab = plain_lab();
    let admin = Caller::admin(&lab).token(&["admin"]);
    let made = admin.post("/api/v1/groups", json!({ "name": "shop", "description": "till" })).good("Created");
    let shop = made["id"].as_str().unwrap().replace("//", "%2F%2F");
    assert_eq!(admin.post("/api/v1/groups", json!({ "name": "shop" })).status, 409);
    assert_eq!(admin.get(&format!("/api/v1/groups/{shop}")).good("Group")["description"], "till");
    admin.call("PATCH", &format!("/api/v1/groups/{shop}"), Some(json!({ "name": "store" }))).good("Nothing");
    let groups = admin.get("/api/v1/groups").good("Groups");
    let names: Vec<&str> =
        groups["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"store") && names.contains(&"lab"), "{names:?}");

    let user = json!({ "name": "bert", "password": "long enough", "realName": "Bert B." });
    assert_eq!(admin.post("/api/v1/users", user).good("Created")["id"], "user//bert");
    assert_eq!(admin.post("/api/v1/users", json!({ "name": "c", "password": "short" })).code(), "body");
    let bert = admin.get("/api/v1/users/bert").good("User");
    assert_eq!((&bert["realName"], &bert["totp"]), (&json!("Bert B."), &json!(false)));
    assert_eq!(admin.get("/api/v1/users").good("Users")["total"], 2);
    let browser = Caller::browser(&lab, "bert", "long enough");
    assert_eq!(browser.get("/api/v1/users").code(), "denied");
    assert_eq!(browser.get("/api/v1/groups").good("Groups")["total"], 0);
    admin
        .call("PUT", &format!("/api/v1/groups/{shop}/users/bert"), Some(json!({ "rights": 8 })))
        .good("Nothing");
    assert_eq!(browser.get("/api/v1/groups").good("Groups")["groups"][0]["users"]["user//bert"]["rights"], 8);
    let path = format!("/api/v1/groups/{shop}/users/admin");
    assert_eq!(browser.call("PUT", &path, Some(json!({ "rights": 8 }))).code(), "denied");
    assert_eq!(browser.call("DELETE", &format!("/api/v1/groups/{shop}"), None).code(), "denied");
    admin.call("DELETE", &format!("/api/v1/groups/{shop}/users/bert"), None).good("Nothing");
    assert_eq!(browser.get("/api/v1/groups").good("Groups")["total"], 0);
    admin.call("DELETE", &format!("/api/v1/groups/{shop}"), None).good("Nothing");
    assert_eq!(admin.get(&format!("/api/v1/groups/{shop}")).status, 404);

    // Locking ends the browser's session, and a locked account does not sign in.
    admin.call("PATCH", "/api/v1/users/bert", Some(json!({ "site": 0x20 }))).good("Nothing");
    assert_eq!(browser.get("/api/v1/session").code(), "session-ended");
    let locked =
        Caller::nobody(&lab).post("/api/v1/sign-in", json!({ "user": "bert", "password": "long enough" }));
    assert_eq!((locked.status, locked.code()), (401, "locked"));
    admin.call("PATCH", "/api/v1/users/bert", Some(json!({ "site": 0 }))).good("Nothing");
    // A password set by somebody else is good for choosing a new one only.
    admin.call("PATCH", "/api/v1/users/bert", Some(json!({ "password": "set by admin" }))).good("Nothing");
    let sign_in = |body: Value| Caller::nobody(&lab).post("/api/v1/sign-in", body);
    let given = json!({ "user": "bert", "password": "set by admin" });
    assert_eq!(sign_in(given.clone()).code(), "password-change-required");
    let mut chosen = given;
    chosen["newPassword"] = json!("chosen by bert");
    assert_eq!(sign_in(chosen).status, 200);
    assert_eq!(sign_in(json!({ "user": "bert", "password": "chosen by bert" })).status, 200);
    admin.call("DELETE", "/api/v1/users/bert", None).good("Nothing");
    assert_eq!(sign_in(json!({ "user": "bert", "password": "chosen by bert" })).code(), "wrong");
    assert_eq!(admin.call("DELETE", "/api/v1/users/admin", None).code(), "denied", "nobody removes himself");
}
