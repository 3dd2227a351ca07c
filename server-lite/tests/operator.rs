//! The tool `meshlite` against a running server: who gets a password, what is kept, and which exit code says what.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const PASSWORD: &str = "correct-horse-9";

/// A server on a port of its own, with an administrator `admin`; ended when dropped.
struct Server {
    folder: TempDir,
    id: String,
    address: String,
    process: Option<Child>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let mut server = Server::prepare(address);
        server.run();
        server
    }

    /// With keys and an administrator, not running.
    fn prepare(address: String) -> Server {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let mut server = Server { folder, id: String::new(), address, process: None };
        let password = server.file("password");
        let made = server.command(
            &["init", "--admin", "admin", "--fastcert", "--name", "127.0.0.1"],
            &["--password-file", password.to_str().unwrap()],
        );
        assert!(made.status.success(), "{made:?}");
        let said = String::from_utf8(made.stdout).unwrap() + &String::from_utf8(made.stderr).unwrap();
        let id = said.split_whitespace().find(|word| word.len() == 96).expect("init shows the server id");
        server.id = id.to_owned();
        server
    }

    fn run(&mut self) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_meshlite-server"))
            .args(["run", "--workers", "1", "--listen", &self.address, "--data"])
            .arg(self.file("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("listening on"), "{line:?}");
        self.process = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn command(&self, args: &[&str], more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshlite-server"));
        command.args(args).arg("--data").arg(self.file("data")).args(more).output().unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A person with a configuration folder.
struct Person(TempDir);

impl Person {
    fn new() -> Person {
        Person(TempDir::new().unwrap())
    }

    fn says(&self, args: &[&str]) -> Said {
        self.says_with(PASSWORD, args)
    }

    fn says_with(&self, password: &str, args: &[&str]) -> Said {
        let out = Command::new(env!("CARGO_BIN_EXE_meshlite"))
            .args(args)
            .env("MESHLITE_CONFIG", self.0.path())
            .env("MESHLITE_PASSWORD", password)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Said {
            code: out.status.code().expect("the tool was not killed"),
            out: String::from_utf8(out.stdout).unwrap(),
            err: String::from_utf8(out.stderr).unwrap(),
        }
    }

    fn login(&self, server: &Server) -> Said {
        self.says(&["login", &server.url(), "--user", "admin"])
    }

    fn login_file(&self) -> PathBuf {
        self.0.path().join("login.json")
    }
}

#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

#[test]
fn a_login_is_kept_as_a_token_and_logout_ends_it_on_the_server() {
    let (server, person) = (Server::start(), Person::new());
    let login = person.login(&server);
    assert_eq!(login.code, 0, "{login:?}");
    assert!(login.err.contains(&server.id), "the first login shows whom it trusts: {login:?}");
    let kept = fs::read_to_string(person.login_file()).unwrap();
    assert!(!kept.contains(PASSWORD), "the password itself is kept");
    assert_eq!(fs::metadata(person.login_file()).unwrap().permissions().mode() & 0o777, 0o600);
    let groups = person.says_with("not needed any more", &["groups", "--json"]);
    assert_eq!((groups.code, groups.json()), (0, Value::Array(Vec::new())));

    let copy = Person::new();
    fs::copy(person.login_file(), copy.login_file()).unwrap();
    assert_eq!(copy.says(&["groups"]).code, 0);
    assert_eq!(person.says(&["logout"]).code, 0);
    assert_eq!(person.says(&["groups"]).code, 2, "there is no login any more");
    assert_eq!(copy.says(&["groups"]).code, 4, "a copy of the token opens nothing any more");
}

#[test]
fn logging_in_again_does_not_pile_up_tokens() {
    let (server, person) = (Server::start(), Person::new());
    let secrets: Vec<Value> = (0..2)
        .map(|_| {
            assert_eq!(person.login(&server).code, 0);
            serde_json::from_str(&fs::read_to_string(person.login_file()).unwrap()).unwrap()
        })
        .collect();
    let old = Person::new();
    fs::write(old.login_file(), secrets[0].to_string()).unwrap();
    fs::set_permissions(old.login_file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(old.says(&["groups"]).code, 4);
    assert_eq!(person.says(&["groups"]).code, 0);
}

#[test]
fn a_wrong_password_is_refused_and_nothing_is_kept() {
    let (server, person) = (Server::start(), Person::new());
    let said = person.says_with("wrong", &["--json", "login", &server.url(), "--user", "admin"]);
    assert_eq!(said.code, 4, "{said:?}");
    let error: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((&error["error"]["kind"], &error["error"]["code"]), (&"refused".into(), &4.into()));
    assert!(!person.login_file().exists());
}

#[test]
fn an_account_with_a_second_factor_logs_in_with_its_code_and_the_command_line_takes_the_factor_away() {
    use server_lite::accounts::totp::recovery_codes;
    use server_lite::model::SecondFactor;

    let mut server = Server::start();
    server.stop();
    let (codes, recovery) = recovery_codes();
    {
        let data = server_lite::data::Data::open(&server.file("data").join("store")).unwrap();
        let second = SecondFactor { secret: "00".repeat(20), last_step: u64::MAX, recovery };
        data.change_user("user//admin", |user| user.second = Some(second)).unwrap();
        data.flush().unwrap();
    }
    server.run();
    let person = Person::new();
    let with = |code: &str| {
        let out = Command::new(env!("CARGO_BIN_EXE_meshlite"))
            .args(["login", &server.url(), "--user", "admin"])
            .envs([("MESHLITE_PASSWORD", PASSWORD), ("MESHLITE_CODE", code)])
            .env("MESHLITE_CONFIG", person.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = with("nonsense");
    assert!(code == Some(4) && said.contains("the code of the second factor is wrong"), "{code:?} {said}");
    assert!(!person.login_file().exists());
    assert_eq!(with(&codes[0]).0, Some(0));
    // What is kept is a token: it needs no code.
    assert_eq!(person.says(&["devices"]).code, 0);
    assert_eq!(with(&codes[0]).0, Some(4), "a code is good once");

    let audit = server.command(&["audit", "--limit", "5"], &[]);
    let lines = String::from_utf8(audit.stdout).unwrap();
    assert!(lines.contains("sign-in") && lines.contains("wrong code of the second factor"), "{lines}");
    let again = server.command(
        &["init", "--admin", "admin", "--fastcert"],
        &["--password-file", server.file("password").to_str().unwrap()],
    );
    assert!(again.status.success(), "{again:?}");
    assert_eq!(Person::new().login(&server).code, 0);
}

#[test]
fn another_server_at_the_same_address_gets_neither_token_nor_password() {
    let (mut server, person) = (Server::start(), Person::new());
    assert_eq!(person.login(&server).code, 0);
    server.stop();
    let mut other = Server::prepare(server.address.clone());
    other.run();
    for said in [person.says(&["devices"]), person.login(&other)] {
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains(&server.id) && said.err.contains(&other.id), "{said:?}");
    }
    assert_eq!(person.says(&["logout"]).code, 4, "the token is not shown to the other server");
    assert!(!person.login_file().exists());
    // The person decides: the new identity is taken when it is named.
    let named = ["login", &other.url(), "--user", "admin", "--server-id", &other.id];
    assert_eq!(person.says(&named).code, 0);
    assert_eq!(person.says(&["devices"]).code, 0);
}

#[test]
fn the_identity_can_be_demanded_at_the_first_login() {
    let (server, person) = (Server::start(), Person::new());
    let demand = |id: &str| person.says(&["login", &server.url(), "--user", "admin", "--server-id", id]);
    assert_eq!(demand(&"ab".repeat(48)).code, 4);
    assert_eq!(demand("short").code, 2);
    assert!(!person.0.path().join("known-servers.json").exists());
    let said = demand(&server.id);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    let person = Person::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let said = person.says(&["login", &address.to_string(), "--user", "admin"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("refused the connection"), "{said:?}");
}

#[test]
fn names_that_fit_nothing_or_too_much_are_usage_errors() {
    let (server, person) = (Server::start(), Person::new());
    assert_eq!(person.login(&server).code, 0);
    for name in ["Office", "Shop"] {
        assert!(server.command(&["group", "add", name], &[]).status.success());
    }
    let groups = person.says(&["groups", "--json"]).json();
    assert_eq!(groups.as_array().unwrap().len(), 2);
    assert_eq!(groups[0]["name"], "Office");
    assert_eq!(person.says(&["devices", "--group", "office"]).code, 0);
    for args in [&["devices", "--group", "Nowhere"][..], &["run", "desk", "ls"], &["console", "desk", "help"]]
    {
        let said = person.says(args);
        assert_eq!(said.code, 2, "{said:?}");
    }
    assert_eq!(person.says(&["core", "inherit", "Office"]).code, 2);
    assert_eq!(person.says(&["core", "push", "Office", "/nonexistent.js"]).code, 1);
}

#[test]
fn a_group_takes_a_core_and_gives_it_back() {
    let (server, person) = (Server::start(), Person::new());
    assert_eq!(person.login(&server).code, 0);
    assert!(server.command(&["group", "add", "Office"], &[]).status.success());
    let core = person.0.path().join("core.js");
    fs::write(&core, "var ok = 1;").unwrap();
    let pushed = person.says(&["--json", "core", "push", "Office", core.to_str().unwrap()]);
    assert_eq!((pushed.code, &pushed.json()["core"]), (0, &"custom".into()), "{pushed:?}");
    assert_eq!(person.says(&["core", "clear", "Office"]).code, 0);
    assert_eq!(person.says(&["core", "default", "Office"]).code, 0);
}

#[test]
fn what_happened_is_listed_oldest_first() {
    let (server, person) = (Server::start(), Person::new());
    assert_eq!(person.login(&server).code, 0);
    assert!(server.command(&["group", "add", "Office"], &[]).status.success());
    let events = person.says(&["events", "--json"]).json();
    let times: Vec<&str> = events.as_array().unwrap().iter().filter_map(|e| e["time"].as_str()).collect();
    assert!(times.is_sorted() && !times.is_empty());
    assert!(events.as_array().unwrap().iter().any(|e| e["action"] == "createmesh"), "{events}");
}

#[test]
fn the_pushed_core_is_small_plain_and_old_fashioned() {
    let core = server_lite::agents::OWN_CORE;
    assert!(core.len() < 256 * 1024 && core.is_ascii(), "{} bytes", core.len());
    // Duktape 2.6 knows none of these (js-host specification 1.1).
    for newer in ["=>", "`", "let ", "class ", "async ", "..."] {
        let code = core.lines().filter(|line| !line.trim_start().starts_with(['/', '*']));
        let hits: Vec<&str> =
            code.filter(|line| line.split("//").next().unwrap_or("").contains(newer)).collect();
        assert!(hits.is_empty(), "{newer:?} in {hits:?}");
    }
}
