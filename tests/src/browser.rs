//! A real browser, driven as a person does: Chromium without a window, over its DevTools protocol.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::WebSocket;
use tungstenite::protocol::WebSocketConfig;

use crate::deadline::PATIENCE;
use crate::running::Running;

/// One browser with one page. It dies with the test; what pages complained about is kept.
pub struct Browser {
    socket: WebSocket<TcpStream>,
    session: String,
    asked: u64,
    complaints: Vec<String>,
    downloads: PathBuf,
    _profile: TempDir,
    _process: Running,
}

impl Browser {
    /// Starts Chromium with an empty profile and an empty page of 1280 by 900.
    ///
    /// `None` where it is not installed: then the test says so and ends.
    ///
    /// # Panics
    /// On a build machine (`CI=true`) without Chromium, or when it does not start.
    pub fn start() -> Option<Browser> {
        let program = installed()?;
        let profile = TempDir::new().expect("a temporary folder");
        let mut command = Command::new(program);
        // No sandbox: containers forbid it, and the only pages are ours. Certificates are those of test servers.
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--no-proxy-server",
            "--ignore-certificate-errors",
            "--remote-debugging-port=0",
            "--window-size=1280,900",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().join("profile").display()));
        command.arg("about:blank").env("HOME", profile.path());
        let mut process = Running::spawn("chromium", &mut command);
        let line = process.expect(0, &["DevTools listening on ws://"], PATIENCE);
        let url = line.split_once("listening on ").expect("just found").1.trim().to_owned();
        let host = url.trim_start_matches("ws://").split('/').next().expect("an address");
        let tcp = TcpStream::connect(host).expect("the browser listens");
        let config = WebSocketConfig::default().max_message_size(Some(64 << 20));
        let (socket, _) =
            tungstenite::client::client_with_config(url.as_str(), tcp, Some(config)).expect("a WebSocket");
        let downloads = profile.path().join("downloads");
        std::fs::create_dir(&downloads).expect("a folder");
        let mut browser = Browser {
            socket,
            session: String::new(),
            asked: 0,
            complaints: Vec::new(),
            downloads,
            _profile: profile,
            _process: process,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        browser.session = text(&browser.call("Target.attachToTarget", attach)["sessionId"]);
        let downloads = browser.downloads.display().to_string();
        for (method, params) in [
            ("Page.enable", json!({})),
            ("Runtime.enable", json!({})),
            ("Log.enable", json!({})),
            ("Page.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": downloads })),
        ] {
            browser.call(method, params);
        }
        Some(browser)
    }

    /// Opens an address and waits until it is loaded.
    #[track_caller]
    pub fn open(&mut self, url: &str) {
        let answer = self.call("Page.navigate", json!({ "url": url }));
        assert_eq!(answer["errorText"], Value::Null, "{url} cannot be opened");
        self.until("the page", "document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// The value of an expression in the page; promises are waited for.
    ///
    /// # Panics
    /// When it throws.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        match self.try_eval(expression) {
            Ok(value) => value,
            Err(why) => panic!("{expression} threw: {why}"),
        }
    }

    /// Waits until an expression is true in the page, whatever it throws before that.
    ///
    /// # Panics
    /// When it does not become true in time; the text shows what the page complained about.
    #[track_caller]
    pub fn until(&mut self, what: &str, expression: &str) {
        let started = Instant::now();
        let mut last = String::new();
        while started.elapsed() < PATIENCE {
            match self.try_eval(&format!("!!({expression})")) {
                Ok(Value::Bool(true)) => return,
                Ok(_) => last.clear(),
                Err(why) => last = why,
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let shown = self.try_eval("document.body.innerText.slice(0, 2000)");
        panic!(
            "waited for {what}: {expression} {last}; complaints: {:?}; the page shows {shown:?}",
            self.complaints
        );
    }

    /// Waits for an element that is seen, and clicks on its middle with the mouse.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let quoted = json!(selector);
        let find = format!(
            "(() => {{ const e = document.querySelector({quoted}); if (!e || e.disabled) return null; \
             e.scrollIntoView({{ block: 'center', inline: 'center' }}); const r = e.getBoundingClientRect(); \
             const x = r.left + r.width / 2, y = r.top + r.height / 2, at = document.elementFromPoint(x, y); \
             return r.width > 0 && r.height > 0 && at && (e.contains(at) || at.contains(e)) ? [x, y] : null; }})()"
        );
        self.until(&format!("{selector} that can be clicked"), &find);
        let place = self.eval(&find);
        for kind in ["mousePressed", "mouseReleased"] {
            let at = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "buttons": 1, "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", at);
        }
    }

    /// One event of the mouse at a place of the page: `mouseMoved`, `mousePressed`, `mouseReleased`, `mouseWheel`; `more`
    /// as `Input.dispatchMouseEvent` has it.
    #[track_caller]
    pub fn mouse(&mut self, kind: &str, x: f64, y: f64, more: Value) {
        let mut event = more;
        event["type"] = json!(kind);
        (event["x"], event["y"]) = (json!(x), json!(y));
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Types text where the focus is.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        for letter in text.chars() {
            let letter = letter.to_string();
            self.key(&json!({ "key": letter, "text": letter }));
        }
    }

    /// Presses a key that has a name: `Enter`, `ArrowUp`.
    ///
    /// # Panics
    /// When nobody has told this function about it.
    #[track_caller]
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "Tab" => (9, ""),
            "ArrowUp" => (38, ""),
            "ArrowDown" => (40, ""),
            other => panic!("the code of {other} is not known here"),
        };
        self.key(&json!({ "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text }));
    }

    /// Presses a capital letter together with the control key.
    #[track_caller]
    pub fn press_control(&mut self, letter: char) {
        let key = letter.to_ascii_lowercase().to_string();
        let code = format!("Key{letter}");
        self.key(&json!({
            "key": key, "code": code, "windowsVirtualKeyCode": u32::from(letter), "modifiers": 2,
        }));
    }

    #[track_caller]
    fn key(&mut self, key: &Value) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = key.clone();
            event["type"] = json!(kind);
            if kind == "keyUp" {
                event["text"] = json!("");
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Clicks into a field, removes what is in it and types.
    #[track_caller]
    pub fn fill(&mut self, selector: &str, value: &str) {
        self.click(selector);
        self.eval(&format!("document.querySelector({}).select()", json!(selector)));
        self.type_text(value);
    }

    /// Chooses a file in a file field.
    #[track_caller]
    pub fn choose_file(&mut self, selector: &str, file: &Path) {
        self.until(&format!("the field {selector}"), &format!("document.querySelector({})", json!(selector)));
        let root = self.call("DOM.getDocument", json!({ "depth": 0 }));
        let query = json!({ "nodeId": root["root"]["nodeId"], "selector": selector });
        let field = self.call("DOM.querySelector", query);
        let files = json!({ "nodeId": field["nodeId"], "files": [file.display().to_string()] });
        self.call("DOM.setFileInputFiles", files);
    }

    /// What the page complained about so far: uncaught exceptions, errors on its console, loads the policy refused.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// Where downloads go.
    pub fn downloads(&self) -> &Path {
        &self.downloads
    }

    /// A picture of the page (PNG), for a person to look at.
    #[track_caller]
    pub fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        base64::engine::general_purpose::STANDARD.decode(text(&picture["data"])).expect("base64")
    }

    fn try_eval(&mut self, expression: &str) -> Result<Value, String> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.try_call("Runtime.evaluate", params)?;
        match answer.get("exceptionDetails") {
            None => Ok(answer["result"]["value"].clone()),
            Some(thrown) => Err(thrown["exception"]["description"].to_string()),
        }
    }

    #[track_caller]
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.try_call(method, params).unwrap_or_else(|why| panic!("{method} failed: {why}"))
    }

    /// Sends a command and reads until its answer; what happens meanwhile is looked at.
    fn try_call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket.send(tungstenite::Message::text(message.to_string())).map_err(|e| e.to_string())?;
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.get_ref().set_read_timeout(Some(left)).map_err(|e| e.to_string())?;
            let tungstenite::Message::Text(text) = self.socket.read().map_err(|e| e.to_string())? else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
            if answer["id"].as_u64() == Some(self.asked) {
                return match answer.get("error") {
                    None => Ok(answer["result"].clone()),
                    Some(error) => Err(error.to_string()),
                };
            }
            self.happened(&answer);
        }
    }

    fn happened(&mut self, event: &Value) {
        let params = &event["params"];
        let complaint = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                params["exceptionDetails"]["exception"]["description"].to_string()
            }
            Some("Runtime.consoleAPICalled") if params["type"] == "error" => params["args"].to_string(),
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                format!("{} {}", params["entry"]["text"], params["entry"]["url"])
            }
            // A dialog stops the page until somebody answers.
            Some("Page.javascriptDialogOpening") => {
                let answer = json!({
                    "id": 0, "sessionId": self.session, "method": "Page.handleJavaScriptDialog",
                    "params": { "accept": true },
                });
                let _ = self.socket.send(tungstenite::Message::text(answer.to_string()));
                format!("dialog: {}", params["message"])
            }
            _ => return,
        };
        if self.complaints.len() < 1000 {
            self.complaints.push(complaint);
        }
    }
}

/// Chromium, or `None` after a line that says it is missing.
fn installed() -> Option<PathBuf> {
    let found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = found.iter().map(PathBuf::from).find(|program| program.is_file());
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1");
    assert!(found.is_some() || !ci, "Chromium is not installed: run cargo xtask setup");
    if found.is_none() {
        println!("skipped: Chromium is not installed, run cargo xtask setup");
    }
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
