//! Desktop sessions through `meshlite-server`: our agent and the real one on a virtual X screen, seen by MeshCentral's
//! own page scripts in a real browser.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use meshlite_tests::server::is_connected;
use meshlite_tests::{
    Agent, Browser, Display, Operator, PATIENCE, RealAgent, Running, Server, eventually, interop,
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
    fn open(desk: &mut Desk, meshcentral: &Path) -> Option<Page> {
        let mut browser = Browser::start()?;
        browser.open(&format!("https://{}/", desk.server.address()));
        let scripts = meshcentral.join("public/scripts");
        for name in ["common-0.0.1.js", "agent-redir-ws-0.1.1.js", "agent-desktop-0.0.2.js"] {
            let text = std::fs::read_to_string(scripts.join(name)).expect("npm brought the scripts");
            // Indirect, so that its declarations are the page's.
            browser.eval(&format!("{text}\n;0"));
        }
        desk.operator.send(&json!({ "action": "authcookie" }));
        let cookies = desk.operator.expect("cookies", |m| m["action"] == "authcookie");
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
            json!(desk.node),
        );
        browser.eval(&start);
        let asked = browser.eval("asked[0]");
        assert_eq!(asked["type"], "tunnel", "{asked}");
        desk.operator.send(&asked);
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
    let Some(mut page) = Page::open(&mut desk, meshcentral) else { return };
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
    drop(second);
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
