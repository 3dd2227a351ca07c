//! Desktop sessions through `meshlite-server`: our agent and the real one on a virtual X screen, seen by MeshCentral's
//! own page scripts in a real browser.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use meshlite_tests::server::is_connected;
use meshlite_tests::{
    Account, Agent, Browser, Display, Message, Operator, PATIENCE, RealAgent, RealServer, Running, Server,
    Tunnel, eventually, interop,
};
use serde_json::{Value, json};

/// A device with a screen under our server, and somebody signed in.
struct Desk {
    display: Display,
    server: Server,
    device: Device,
    node: String,
    operator: Operator,
}

enum Device {
    Ours(Agent),
    Real(RealAgent),
}

impl Device {
    fn process(&mut self) -> &mut Running {
        match self {
            Device::Ours(agent) => agent.process(),
            Device::Real(agent) => agent.process(),
        }
    }
}

impl Desk {
    fn with_our_agent() -> Option<Desk> {
        Desk::with(|msh, display| Device::Ours(Agent::with_environment(msh, &[("DISPLAY", display)])))
    }

    fn with_real_agent(meshcentral: &Path) -> Option<Desk> {
        Desk::with(|msh, display| Device::Real(RealAgent::with_display(meshcentral, msh, display)))
    }

    fn with(start: impl FnOnce(&[u8], &str) -> Device) -> Option<Desk> {
        let display = Display::start()?;
        let server = Server::start();
        let device = start(&server.group("lab"), display.name());
        let node = eventually("a device with our core", PATIENCE, || {
            let devices = server.devices();
            let one = devices
                .iter()
                .find(|d| is_connected(d) && d["core"].as_str().is_some_and(|c| !c.is_empty()))?;
            let id = one["id"].as_str()?;
            Some(if id.starts_with("node/") { id.to_owned() } else { format!("node//{id}") })
        });
        let operator = Operator::sign_in(&server.account());
        let mut desk = Desk { display, server, device, node, operator };
        desk.wait_for_screen();
        Some(desk)
    }

    /// The device's core says that it has a screen; the real agent looks for X a moment after its start.
    fn wait_for_screen(&mut self) {
        let node = self.node.clone();
        let operator = &mut self.operator;
        eventually("a device that has a desktop", PATIENCE, || {
            operator.send(&json!({ "action": "nodes", "responseid": "screen" }));
            let answer = operator.expect("nodes", |m| m["action"] == "nodes");
            let all = answer["nodes"]
                .as_object()?
                .values()
                .flat_map(|list| list.as_array().cloned().unwrap_or_default());
            let one = all.into_iter().find(|one| one["_id"] == node.as_str())?;
            (one["agent"]["caps"].as_u64()? & 1 == 1).then_some(())
        });
    }

    fn paint(&self, colour: &str) {
        self.display.run(&["xsetroot", "-solid", colour]);
    }
}

/// The page of a viewer that is MeshCentral's: its transport and its desktop, on the plainest page there can be.
struct Page {
    browser: Browser,
}

impl Page {
    /// Loads the scripts from where npm has put them, and starts a session.
    fn open(account: &Account, operator: &mut Operator, node: &str, meshcentral: &Path) -> Option<Page> {
        let mut browser = Browser::start()?;
        browser.open(&account.url.replace("wss://", "https://"));
        let scripts = meshcentral.join("public/scripts");
        for name in ["common-0.0.1.js", "agent-redir-ws-0.1.1.js", "agent-desktop-0.0.2.js"] {
            let text = std::fs::read_to_string(scripts.join(name)).expect("npm brought the scripts");
            // Indirect, so that its declarations are the page's.
            browser.eval(&format!("{text}\n;0"));
        }
        operator.send(&json!({ "action": "authcookie" }));
        let cookies = operator.expect("cookies", |m| m["action"] == "authcookie");
        let start = format!(
            "document.body.replaceChildren(); document.body.style.margin = '0'; \
             window.urlargs = {{}}; window.asked = []; \
             window.screenCanvas = document.createElement('canvas'); document.body.append(screenCanvas); \
             window.desktop = CreateAgentRemoteDesktop(screenCanvas, document.body); \
             desktop.onScreenSizeChange = function () {{ screenCanvas.style.width = desktop.width + 'px'; screenCanvas.style.height = desktop.height + 'px'; }}; \
             window.redirect = CreateAgentRedirect({{ send: function (m) {{ asked.push(m); }} }}, desktop, null, {}, {}, '/'); \
             redirect.onStateChanged = function (r, state) {{ window.stateOfPage = state; }}; \
             redirect.Start({}); 0",
            encoded(&cookies["cookie"]),
            encoded(&cookies["rcookie"]),
            json!(node),
        );
        browser.eval(&start);
        let asked = browser.eval("asked[0]");
        assert_eq!(asked["type"], "tunnel", "{asked}");
        operator.send(&asked);
        let mut page = Page { browser };
        page.browser.until("a session end to end", "desktop.State === 3 && redirect.State === 3");
        page.browser.until("the screen's size", "screenCanvas.width === 800 && screenCanvas.height === 600");
        Some(page)
    }

    /// Waits until the canvas looks like the screen does.
    #[track_caller]
    fn until_same_as(&mut self, display: &Display) {
        same_picture(&mut self.browser, "screenCanvas", display);
    }
}

/// Cookies of the server have `$` and `@`, which the page percent-codes.
fn encoded(cookie: &Value) -> Value {
    json!(cookie.as_str().expect("a cookie").replace('$', "%24").replace('@', "%40"))
}

/// Waits until a canvas of the page looks as the screen does: the mean difference of a colour is what JPEG costs, and no
/// block of 16 x 16 is far off.
#[track_caller]
fn same_picture(browser: &mut Browser, canvas: &str, display: &Display) {
    let compare = "async (canvas, png) => { \
        const image = new Image(); image.src = 'data:image/png;base64,' + png; await image.decode(); \
        const own = document.createElement('canvas'); own.width = image.width; own.height = image.height; \
        if (canvas.width !== own.width || canvas.height !== own.height) return [999, 999]; \
        const there = own.getContext('2d'); there.drawImage(image, 0, 0); \
        const a = there.getImageData(0, 0, own.width, own.height).data; \
        const b = canvas.getContext('2d').getImageData(0, 0, own.width, own.height).data; \
        const across = Math.ceil(own.width / 16), sums = new Float64Array(across * Math.ceil(own.height / 16)); let all = 0; \
        for (let i = 0; i < a.length; i += 4) { \
            const d = Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2]); \
            const p = i / 4, x = p % own.width, y = (p - x) / own.width; \
            all += d; sums[(y >> 4) * across + (x >> 4)] += d; } \
        return [all / (a.length / 4 * 3), Math.max(...sums) / (256 * 3)]; }";
    let mut last = Value::Null;
    let same = eventually_or(|| {
        let png = STANDARD.encode(display.screenshot());
        last = browser.eval(&format!("({compare})({canvas}, '{png}')"));
        // Text on a plain ground is where JPEG is at its worst.
        last[0].as_f64().is_some_and(|mean| mean < 8.0) && last[1].as_f64().is_some_and(|worst| worst < 80.0)
    });
    assert!(same, "the picture differs: mean and worst block {last}; complaints: {:?}", browser.complaints());
}

fn eventually_or(mut done: impl FnMut() -> bool) -> bool {
    let started = std::time::Instant::now();
    while started.elapsed() < PATIENCE {
        if done() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    false
}

fn pointer_at(display: &Display, wanted: (i64, i64)) {
    eventually(&format!("the pointer at {wanted:?}"), PATIENCE, || {
        (display.pointer() == wanted).then_some(())
    });
}

/// MeshCentral's page shows the screen, and its mouse and keys work on it.
fn page_scripts_work(mut desk: Desk, meshcentral: &Path) {
    desk.paint("#204060");
    let account = desk.server.account();
    let Some(mut page) = Page::open(&account, &mut desk.operator, &desk.node, meshcentral) else { return };
    page.until_same_as(&desk.display);
    desk.paint("#c08020");
    page.until_same_as(&desk.display);

    let send = "(x, y, action) => desktop.SendMouseMsg(action, { pageX: x, pageY: y, which: 1, button: 0 })";
    page.browser.eval(&format!("({send})(321, 123, desktop.KeyAction.NONE)"));
    pointer_at(&desk.display, (321, 123));

    // A terminal takes the keys; what is typed in it lands in a file.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("typed");
    let script = format!("read line; printf %s \"$line\" > {}", file.display());
    let _xterm = desk
        .display
        .start_program("xterm", &["xterm", "-geometry", "60x10+100+80", "-e", "sh", "-c", &script]);
    desk.display.run(&["xdotool", "search", "--sync", "--onlyvisible", "--class", "xterm"]);
    page.until_same_as(&desk.display);
    // Focus follows the pointer without a window manager.
    page.browser.eval(&format!("({send})(200, 130, desktop.KeyAction.NONE)"));
    pointer_at(&desk.display, (200, 130));
    page.browser.eval(
        "for (const c of 'Hello') { desktop.SendKeyUnicode(desktop.KeyAction.DOWN, c.charCodeAt(0)); desktop.SendKeyUnicode(desktop.KeyAction.UP, c.charCodeAt(0)); } \
         for (const code of [0x20, 0x57]) { desktop.SendKeyMsgKC(desktop.KeyAction.DOWN, code); desktop.SendKeyMsgKC(desktop.KeyAction.UP, code); } \
         desktop.SendKeyMsgKC(desktop.KeyAction.DOWN, 13); desktop.SendKeyMsgKC(desktop.KeyAction.UP, 13); 0",
    );
    let typed = eventually("the typed line", PATIENCE, || {
        std::fs::read_to_string(&file).ok().filter(|t| !t.is_empty())
    });
    assert_eq!(typed, "Hello w");
    page.browser.eval("redirect.Stop(); 0");
    desk.device.process().assert_no_panic();
    desk.server.process().assert_no_panic();
}

#[test]
fn the_page_scripts_of_meshcentral_show_and_use_the_screen_of_our_agent() {
    let Some(meshcentral) = interop() else { return };
    let Some(desk) = Desk::with_our_agent() else { return };
    page_scripts_work(desk, &meshcentral);
}

#[test]
fn the_page_scripts_of_meshcentral_show_and_use_the_screen_of_the_real_agent() {
    let Some(meshcentral) = interop() else { return };
    let Some(desk) = Desk::with_real_agent(&meshcentral) else { return };
    page_scripts_work(desk, &meshcentral);
}

/// MeshCentral's server, its own core, and its page: of ours there is only the agent, and its screen.
#[test]
fn a_real_server_with_its_own_core_shows_and_uses_the_screen_of_our_agent() {
    let Some(meshcentral) = interop() else { return };
    let Some(display) = Display::start() else { return };
    let server = RealServer::start(&meshcentral);
    let msh = server.group("lab");
    let mut agent = Agent::with_environment(&msh, &[("DISPLAY", display.name())]);
    let node = agent.database_id();
    let mut operator = Operator::sign_in(&server.account());
    eventually("a core that says it has a desktop", PATIENCE, || {
        operator.send(&json!({ "action": "nodes", "responseid": "screen" }));
        let answer = operator.expect("nodes", |m| m["action"] == "nodes");
        let lists = answer["nodes"]
            .as_object()?
            .values()
            .flat_map(|list| list.as_array().cloned().unwrap_or_default());
        let one = lists.into_iter().find(|one| one["_id"] == node.as_str())?;
        (one["agent"]["caps"].as_u64()? & 1 == 1).then_some(())
    });
    display.run(&["xsetroot", "-solid", "#406020"]);
    let Some(mut page) = Page::open(&server.account(), &mut operator, &node, &meshcentral) else { return };
    page.until_same_as(&display);
    display.run(&["xsetroot", "-solid", "#2060c0"]);
    page.until_same_as(&display);
    page.browser.eval(
        "desktop.SendMouseMsg(desktop.KeyAction.NONE, { pageX: 77, pageY: 88, which: 1, button: 0 }); 0",
    );
    pointer_at(&display, (77, 88));
    page.browser.eval("redirect.Stop(); 0");
    agent.process().assert_no_panic();
}

/// A user with these rights on the group sees the screen; gives the tunnel after the first picture.
fn viewer_with(desk: &mut Desk, name: &str, rights: u32) -> Tunnel {
    desk.operator.send(&json!({ "action": "nodes", "responseid": "group" }));
    let nodes = desk.operator.expect("nodes", |m| m["action"] == "nodes");
    let group = nodes["nodes"].as_object().expect("groups").keys().next().expect("a group").clone();
    desk.operator.send(
        &json!({ "action": "adduser", "username": name, "pass": "Correct horse 7", "responseid": "user" }),
    );
    desk.operator.expect("a new user", |m| m["responseid"] == "user");
    desk.operator.send(&json!({
        "action": "addmeshuser", "meshid": group, "userids": [format!("user//{name}")], "meshadmin": rights, "responseid": "rights",
    }));
    desk.operator.expect("rights", |m| m["responseid"] == "rights");
    let account = Account { user: name.into(), password: "Correct horse 7".into(), ..desk.server.account() };
    let mut tunnel = Operator::sign_in(&account).session(&desk.node, 2, None);
    until_packet(&mut tunnel, 7);
    tunnel
}

/// Reads until a command of this kind comes.
fn until_packet(tunnel: &mut Tunnel, kind: u8) {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let left = until.saturating_duration_since(std::time::Instant::now());
        match tunnel.receive(left) {
            Ok(Some(Message::Binary(bytes))) if bytes.get(1) == Some(&kind) => return,
            Ok(Some(_)) => {}
            other => panic!("waited for command {kind}: {other:?}"),
        }
    }
}

#[test]
fn who_may_only_look_or_has_limited_input_is_held_to_it() {
    let Some(mut desk) = Desk::with_our_agent() else { return };
    let start = (400, 300);
    desk.display.run(&["xdotool", "mousemove", "400", "300"]);
    // Remote control and view only.
    let mut looker = viewer_with(&mut desk, "looker", 0x108);
    looker.send(&[0, 2, 0, 10, 0, 0, 0, 50, 0, 60]);
    // The answer to this comes after what was sent before.
    looker.send(&[0, 6, 0, 4]);
    until_packet(&mut looker, 7);
    assert_eq!(desk.display.pointer(), start);
    drop(looker);

    // Remote control with limited input.
    let mut helper = viewer_with(&mut desk, "helper", 0x1008);
    helper.send(&[0, 2, 0, 10, 0, 0, 0, 50, 0, 60]);
    pointer_at(&desk.display, (50, 60));
    // CapsLock, which is no key of a text, then NumLock: neither may change a light.
    for code in [0x14, 0x90] {
        helper.send(&[0, 1, 0, 6, 0, code]);
        helper.send(&[0, 1, 0, 6, 1, code]);
    }
    helper.send(&[0, 6, 0, 4]);
    until_packet(&mut helper, 7);
    let lights = String::from_utf8_lossy(&desk.display.run(&["xset", "q"]).stdout).into_owned();
    let line = lights.lines().find(|line| line.contains("LED mask")).unwrap_or_default().to_owned();
    assert!(line.trim_end().ends_with("00000000"), "{line}");
    desk.device.process().assert_no_panic();
}

#[test]
fn what_a_viewer_held_is_released_as_it_leaves_while_another_watches() {
    let Some(mut desk) = Desk::with_our_agent() else { return };
    let light = |desk: &Desk| {
        let lights = desk.display.run(&["xset", "q"]).stdout;
        String::from_utf8_lossy(&lights).lines().any(|l| l.trim_end().ends_with("LED mask:  00000001"))
    };
    let mut worker = viewer_with(&mut desk, "worker", 8);
    let mut watcher = viewer_with(&mut desk, "watcher", 8);
    // CapsLock: a second press turns its light off, but only of a key that was released.
    worker.send(&[0, 1, 0, 6, 0, 0x14]);
    assert!(eventually_or(|| light(&desk)), "the key was not pressed");
    worker.control(&json!({ "ctrlChannel": "102938", "type": "close" }));
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let left = until.saturating_duration_since(std::time::Instant::now());
        match watcher.receive(left) {
            Ok(Some(Message::Text(text))) if text.contains("metadata") && !text.contains("worker") => break,
            Ok(Some(_)) => {}
            other => panic!("waited for the other viewer to leave: {other:?}"),
        }
    }
    watcher.send(&[0, 1, 0, 6, 0, 0x14]);
    watcher.send(&[0, 1, 0, 6, 1, 0x14]);
    assert!(eventually_or(|| !light(&desk)), "the key was still held");
    desk.device.process().assert_no_panic();
}

/// Signs in at our console and opens the device's screen.
fn console(desk: &Desk) -> Option<Browser> {
    let mut page = Browser::start()?;
    let account = desk.server.account();
    page.open(&format!("https://{}/", desk.server.address()));
    page.fill("input[name=user]", &account.user);
    page.fill("input[name=password]", &account.password);
    page.press("Enter");
    page.until("the device list", "!document.querySelector('input[name=password]')");
    page.eval(&format!(
        "location.hash = '#/device/' + encodeURIComponent({}) + '/desktop'; 0",
        json!(desk.node.trim_start_matches("node//"))
    ));
    page.until("a picture", "document.querySelector('.desktop-view').dataset.picture === 'shown'");
    Some(page)
}

/// Where on the page a place of the screen is, for the mouse.
fn on_page(page: &mut Browser, (x, y): (i64, i64)) -> (f64, f64) {
    let place = page.eval(&format!(
        "(() => {{ const c = document.querySelector('.desktop-canvas'), r = c.getBoundingClientRect(); \
         return [r.left + ({x} + 0.5) / c.width * r.width, r.top + ({y} + 0.5) / c.height * r.height]; }})()"
    ));
    (place[0].as_f64().expect("a place"), place[1].as_f64().expect("a place"))
}

const CANVAS: &str = "document.querySelector('.desktop-canvas')";

#[test]
fn the_console_shows_and_uses_the_screen_of_our_agent() {
    let Some(mut desk) = Desk::with_our_agent() else { return };
    desk.paint("#305030");
    let Some(mut page) = console(&desk) else { return };
    same_picture(&mut page, CANVAS, &desk.display);

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("typed");
    let script = format!("read line; printf %s \"$line\" > {}; sleep 100", file.display());
    let _xterm = desk
        .display
        .start_program("xterm", &["xterm", "-geometry", "60x10+100+80", "-e", "sh", "-c", &script]);
    desk.display.run(&["xdotool", "search", "--sync", "--onlyvisible", "--class", "xterm"]);
    same_picture(&mut page, CANVAS, &desk.display);

    let (x, y) = on_page(&mut page, (200, 130));
    page.mouse("mouseMoved", x, y, json!({}));
    let near = eventually("the pointer", PATIENCE, || {
        let at = desk.display.pointer();
        // The page's pixels are not the screen's.
        ((at.0 - 200).abs() <= 2 && (at.1 - 130).abs() <= 2).then_some(at)
    });
    assert!(near.0 > 0);
    page.eval(&format!("{CANVAS}.focus(); 0"));
    page.type_text("Größe 7€");
    page.press("Enter");
    let typed = eventually("the typed line", PATIENCE, || {
        std::fs::read_to_string(&file).ok().filter(|t| !t.is_empty())
    });
    assert_eq!(typed, "Größe 7€");

    // A smaller picture is the same screen in fewer pixels; then back.
    let set = |page: &mut Browser, label: &str, value: &str| {
        page.eval(&format!(
            "(() => {{ const s = document.querySelector('.desktop-bar select[aria-label^=\"{label}\"]'); \
             s.value = '{value}'; s.dispatchEvent(new Event('change')); return 0; }})()"
        ));
    };
    set(&mut page, "Size", "512");
    page.until("half the size", &format!("{CANVAS}.width === 400 && {CANVAS}.height === 300"));
    set(&mut page, "Size", "1024");
    set(&mut page, "Quality", "95");
    page.until("the full size", &format!("{CANVAS}.width === 800"));
    desk.paint("#a04010");
    same_picture(&mut page, CANVAS, &desk.display);
    if let Some(folder) = std::env::var_os("MESHLITE_PICTURES") {
        std::fs::write(Path::new(&folder).join("desktop.png"), page.picture())
            .expect("a picture can be kept");
    }

    // Only looking: the mouse of the page does nothing there.
    page.click(".desktop-bar label:nth-of-type(2) input");
    let before = desk.display.pointer();
    let (x, y) = on_page(&mut page, (600, 400));
    page.mouse("mouseMoved", x, y, json!({}));
    desk.paint("#0000a0");
    same_picture(&mut page, CANVAS, &desk.display);
    assert_eq!(desk.display.pointer(), before);

    // The page asks whether somebody is signed in already; the browser notes the answer.
    let complaints: Vec<_> = page.complaints().iter().filter(|c| !c.contains("/api/v1/session")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    desk.device.process().assert_no_panic();
    desk.server.process().assert_no_panic();
}

#[test]
fn a_second_viewer_shares_the_capture_and_a_screen_that_ends_is_told_of() {
    let Some(mut desk) = Desk::with_our_agent() else { return };
    desk.paint("#123456");
    let Some(mut first) = console(&desk) else { return };
    same_picture(&mut first, CANVAS, &desk.display);
    let Some(mut second) = console(&desk) else { return };
    same_picture(&mut second, CANVAS, &desk.display);
    for page in [&mut first, &mut second] {
        page.until("two viewers", "document.querySelector('.desktop-view').dataset.viewers === '2'");
    }
    desk.paint("#654321");
    same_picture(&mut first, CANVAS, &desk.display);
    same_picture(&mut second, CANVAS, &desk.display);
    // Leaves the page of the screen, which closes its tunnel.
    second.eval("location.hash = '#/'; 0");
    first.until("one viewer", "document.querySelector('.desktop-view').dataset.viewers === '1'");
    desk.paint("#00a0a0");
    same_picture(&mut first, CANVAS, &desk.display);

    desk.display.end();
    first.until(
        "the end",
        "/X server is gone|screen is gone/.test(document.querySelector('.desktop-status').textContent)",
    );
    first.until("a way back", "!document.querySelector('.desktop-bar button.primary').hidden");
    desk.device.process().assert_no_panic();
}
