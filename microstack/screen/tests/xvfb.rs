//! The screen of a virtual X server, seen and used. Skipped where `Xvfb` is missing; `cargo xtask setup` installs it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use microstack_screen::{Event, Place, Screen};
use x11rb::connection::Connection;
use x11rb::protocol::Event as Heard;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, InputFocus,
    Rectangle, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

const PATIENCE: Duration = Duration::from_secs(20);

/// A virtual X server of its own; `options` such as its extensions.
struct Xvfb {
    child: Child,
    display: String,
}

impl Xvfb {
    fn start(options: &[&str]) -> Option<Xvfb> {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("sh");
        // The server picks a free number and writes it to descriptor 3, here: standard output.
        command.args([
            "-c",
            "exec 3>&1; exec Xvfb -displayfd 3 -screen 0 800x600x24 -nolisten tcp \"$@\"",
            "sh",
        ]);
        command.args(options).stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        drop(command);
        let mut number = Vec::new();
        let mut byte = [0];
        while reader.read_exact(&mut byte).is_ok() && byte != *b"\n" {
            number.push(byte[0]);
        }
        let display = format!(":{}", String::from_utf8(number).unwrap());
        if display == ":" {
            child.wait().unwrap();
            println!("skipped: there is no Xvfb; cargo xtask setup installs it");
            return None;
        }
        Some(Xvfb { child, display })
    }

    fn client(&self) -> (RustConnection, u32) {
        let (x, screen) = RustConnection::connect(Some(&self.display)).unwrap();
        let root = x.setup().roots[screen].root;
        (x, root)
    }

    fn viewer(&self) -> Viewer {
        let (tell, told) = channel();
        let place = Place { display: self.display.clone(), authority: None };
        let screen = Screen::open(place, Box::new(move |event| _ = tell.send(event))).unwrap();
        screen.want();
        Viewer { screen, told, read: RefCell::default() }
    }
}

impl Drop for Xvfb {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct Viewer {
    screen: Screen,
    told: Receiver<Event>,
    read: RefCell<VecDeque<Vec<u8>>>,
}

impl Viewer {
    /// Reads packets until one is as wanted.
    fn until(&self, what: &str, mut wanted: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
        let end = Instant::now() + PATIENCE;
        loop {
            while let Some(packet) = self.read.borrow_mut().pop_front() {
                if wanted(&packet) {
                    return packet;
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok(Event::Packets(packets)) => {
                    self.screen.want();
                    self.read.borrow_mut().extend(packets);
                }
                Ok(Event::Closed(why)) => panic!("closed before {what}: {why}"),
                Err(_) => panic!("no {what} in time"),
            }
        }
    }

    fn picture(&self) -> [u16; 2] {
        let packet = self.until("picture", |p| p[1] == 3 || p[1] == 27);
        let at = if packet[1] == 27 { 12 } else { 4 };
        [0, 2].map(|more| u16::from_be_bytes([packet[at + more], packet[at + more + 1]]))
    }
}

fn paint(x: &RustConnection, root: u32, colour: u32, (left, top): (i16, i16), (width, height): (u16, u16)) {
    let gc = x.generate_id().unwrap();
    x.create_gc(gc, root, &CreateGCAux::new().foreground(colour)).unwrap();
    x.poly_fill_rectangle(root, gc, &[Rectangle { x: left, y: top, width, height }]).unwrap();
    x.sync().unwrap();
}

fn first_picture_then_only_what_changed(options: &[&str]) {
    let Some(server) = Xvfb::start(options) else { return };
    let (x, root) = server.client();
    let viewer = server.viewer();
    assert_eq!(viewer.until("size", |p| p[1] == 7), [0, 7, 0, 8, 3, 32, 2, 88]);
    assert_eq!(viewer.picture(), [0, 0]);
    // Inside one cell, and over an edge.
    for (place, size, cell) in
        [((70, 40), (4, 4), [64, 32]), ((250, 330), (20, 3), [224, 320]), ((799, 599), (1, 1), [768, 576])]
    {
        paint(&x, root, 0x00FF_8000, place, size);
        assert_eq!(viewer.picture(), cell, "{place:?}");
    }
    viewer.screen.input(&[0, 6, 0, 4]);
    assert_eq!(viewer.until("size", |p| p[1] == 7)[4..], [3, 32, 2, 88]);
    // Half the size: 512 of 1024, quality 60, 50 ms.
    viewer.screen.input(&[0, 5, 0, 10, 1, 60, 2, 0, 0, 50]);
    assert_eq!(viewer.until("smaller size", |p| p[1] == 7)[4..], [1, 144, 1, 44]);
    assert_eq!(viewer.picture(), [0, 0]);
    paint(&x, root, 0x0000_80FF, (640, 400), (8, 8));
    assert_eq!(viewer.picture(), [320, 192]);
}

#[test]
fn only_what_changed_is_sent() {
    first_picture_then_only_what_changed(&[]);
}

#[test]
fn only_what_changed_is_sent_without_extensions() {
    first_picture_then_only_what_changed(&[
        "-extension",
        "DAMAGE",
        "-extension",
        "MIT-SHM",
        "-extension",
        "XFIXES",
    ]);
}

#[test]
fn a_screen_of_sixteen_bits_is_shown() {
    first_picture_then_only_what_changed(&["-screen", "0", "800x600x16"]);
}

#[test]
fn what_changes_together_with_the_pointer_is_seen() {
    let Some(server) = Xvfb::start(&[]) else { return };
    let (x, root) = server.client();
    let font = x.generate_id().unwrap();
    x.open_font(font, b"cursor").unwrap().check().unwrap();
    // An arrow and a cross, by their places in the font.
    let cursors = [68_u16, 34].map(|glyph| {
        let id = x.generate_id().unwrap();
        x.create_glyph_cursor(id, font, font, glyph, glyph + 1, 0, 0, 0, 65_535, 65_535, 65_535).unwrap();
        id
    });
    let viewer = server.viewer();
    viewer.picture();
    for step in 0..30_u32 {
        let look = ChangeWindowAttributesAux::new().cursor(cursors[step as usize % 2]);
        x.change_window_attributes(root, &look).unwrap();
        x.sync().unwrap();
        paint(&x, root, 0x0001_0101 * (step + 1), (70, 40), (4, 4));
        assert_eq!(viewer.picture(), [64, 32], "{step}");
    }
}

#[test]
fn a_still_screen_and_a_paused_one_send_nothing() {
    let Some(server) = Xvfb::start(&[]) else { return };
    let (x, root) = server.client();
    let viewer = server.viewer();
    viewer.picture();
    let quiet = |viewer: &Viewer| match viewer.told.recv_timeout(Duration::from_millis(700)) {
        Err(_) => {}
        Ok(event) => panic!("{event:?}"),
    };
    // Let the news of the beginning pass: pointer, locks.
    while viewer.told.recv_timeout(Duration::from_millis(300)).is_ok() {
        viewer.screen.want();
    }
    quiet(&viewer);
    viewer.screen.input(&[0, 8, 0, 5, 1]);
    paint(&x, root, 0x00AA_0000, (10, 10), (5, 5));
    quiet(&viewer);
    viewer.screen.input(&[0, 8, 0, 5, 0]);
    assert_eq!(viewer.picture(), [0, 0]);
}

#[test]
fn without_being_asked_no_second_picture_is_taken() {
    let Some(server) = Xvfb::start(&[]) else { return };
    let (x, root) = server.client();
    let viewer = server.viewer();
    // One question, one answer, however much changes.
    let first = viewer.told.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(first, Event::Packets(_)));
    for step in 0..20 {
        paint(&x, root, 0x0010_1010 * step, (10, 10), (200, 200));
    }
    assert!(viewer.told.recv_timeout(Duration::from_millis(700)).is_err());
    viewer.screen.want();
    viewer.picture();
}

#[test]
fn keys_and_the_mouse_arrive_and_are_released_at_the_end() {
    let Some(server) = Xvfb::start(&[]) else { return };
    let (x, root) = server.client();
    let window = x.generate_id().unwrap();
    let events =
        EventMask::KEY_PRESS | EventMask::KEY_RELEASE | EventMask::BUTTON_PRESS | EventMask::BUTTON_RELEASE;
    let look = CreateWindowAux::new().event_mask(events | EventMask::STRUCTURE_NOTIFY).override_redirect(1);
    x.create_window(24, window, root, 0, 0, 800, 600, 0, WindowClass::INPUT_OUTPUT, 0, &look).unwrap();
    x.map_window(window).unwrap();
    x.flush().unwrap();
    loop {
        match x.wait_for_event().unwrap() {
            Heard::MapNotify(_) => break,
            Heard::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
    x.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).unwrap();
    x.sync().unwrap();
    let viewer = server.viewer();
    viewer.picture();

    viewer.screen.input(&[0, 2, 0, 10, 0, 0, 0, 123, 0, 45]);
    let end = Instant::now() + PATIENCE;
    loop {
        let at = x.query_pointer(root).unwrap().reply().unwrap();
        if (at.root_x, at.root_y) == (123, 45) {
            break;
        }
        assert!(Instant::now() < end, "the pointer stands at {}, {}", at.root_x, at.root_y);
    }

    // a; Shift held over b; A, é, € and U+1F600 as characters; left button; wheel down two notches; Ctrl stays down.
    let mut input = vec![0, 1, 0, 6, 0, 0x41, 0, 1, 0, 6, 1, 0x41];
    input.extend([0, 1, 0, 6, 0, 0x10, 0, 1, 0, 6, 0, 0x42, 0, 1, 0, 6, 1, 0x42, 0, 1, 0, 6, 1, 0x10]);
    for unit in "Aé€😀".encode_utf16() {
        let [high, low] = unit.to_be_bytes();
        input.extend([0, 85, 0, 7, 0, high, low, 0, 85, 0, 7, 1, high, low]);
    }
    input.extend([0, 2, 0, 10, 0, 2, 0, 123, 0, 45, 0, 2, 0, 10, 0, 4, 0, 123, 0, 45]);
    input.extend([0, 2, 0, 12, 0, 0, 0, 123, 0, 45, 0xFF, 0x10]);
    input.extend([0, 1, 0, 6, 0, 0x11]);
    viewer.screen.input(&input);

    let mut typed: Vec<String> = Vec::new();
    let mut closing = Some(viewer);
    let mut map = x.get_keyboard_mapping(8, 248).unwrap().reply().unwrap();
    let end = Instant::now() + PATIENCE;
    while typed.last().is_none_or(|last| last != "-ffe3") {
        assert!(Instant::now() < end, "{typed:?}");
        let Some(event) = x.poll_for_event().unwrap() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        // Keys are looked up as programs do it: by the mapping at the time, with and without Shift.
        let name = |code: u8, state: u16| {
            let per: usize = map.keysyms_per_keycode.into();
            format!("{:x}", map.keysyms[(usize::from(code) - 8) * per + usize::from(state & 1)])
        };
        match event {
            Heard::MappingNotify(_) => map = x.get_keyboard_mapping(8, 248).unwrap().reply().unwrap(),
            Heard::KeyPress(key) => typed.push(name(key.detail, key.state.into())),
            Heard::KeyRelease(key) => {
                let name = name(key.detail, 0);
                // The end of the session lets go of Ctrl.
                if name == "ffe3" {
                    typed.push("-ffe3".into());
                }
            }
            Heard::ButtonPress(button) => typed.push(format!("button {}", button.detail)),
            _ => {}
        }
        if typed.last().is_some_and(|last| last == "ffe3") {
            drop(closing.take());
        }
    }
    let shift = "ffe1";
    assert_eq!(
        typed,
        [
            "61", shift, "42", shift, "41", "e9", "10020ac", "101f600", "button 1", "button 5", "button 5",
            "ffe3", "-ffe3"
        ]
    );
}

#[test]
fn a_server_that_is_not_there_is_told_of() {
    let (tell, told) = channel();
    let place = Place { display: ":64999".into(), authority: None };
    let _screen = Screen::open(place, Box::new(move |event| _ = tell.send(event))).unwrap();
    let Event::Packets(packets) = told.recv_timeout(PATIENCE).unwrap() else { panic!("no message") };
    assert_eq!(packets[0][..2], [0, 65]);
    let Event::Closed(why) = told.recv_timeout(PATIENCE).unwrap() else { panic!("not closed") };
    assert!(why.contains(":64999"), "{why}");
}

#[test]
fn a_server_that_ends_is_told_of() {
    let Some(server) = Xvfb::start(&[]) else { return };
    let viewer = server.viewer();
    viewer.picture();
    drop(server);
    let end = Instant::now() + PATIENCE;
    loop {
        match viewer.told.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(Event::Closed(why)) => break assert!(why.contains("gone"), "{why}"),
            Ok(_) => {}
            Err(_) => panic!("nothing was told"),
        }
    }
}
