//! The thread of a screen: waits for the X server and the viewer, and answers both.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::Event as Heard;
use x11rb::protocol::damage::{self, ConnectionExt as _, ReportLevel};
use x11rb::protocol::randr::{self, ConnectionExt as _, NotifyMask};
use x11rb::protocol::xfixes::{self, ConnectionExt as _, CursorNotifyMask};
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Mapping, Window};
use x11rb::protocol::xtest;
use x11rb::rust_connection::RustConnection;

use crate::grab::Grabber;
use crate::keyboard::Keyboard;
use crate::pace::Pace;
use crate::packet::{self, ALL_DISPLAYS, Command, Settings};
use crate::tiles::{Area, Grid, Pixels};
use crate::{Event, Place, Shared, cursor, display, picture};

/// Displays that can be chosen from.
const MOST_DISPLAYS: usize = 16;

/// Short packets that wait until the viewer reads.
const MOST_NEWS: usize = 64;

/// Runs a session to its end. Always the last thing it tells is [`Event::Closed`].
pub(crate) fn run(place: &Place, shared: &Shared, mut tell: Box<dyn FnMut(Event) + Send>) {
    let whole = || {
        let (x, screen) = display::connect(place)?;
        let mut session = Session::new(x, screen)?;
        let outcome = session.serve(shared, &mut tell);
        session.leave();
        outcome.map_err(|e| format!("the X server is gone: {e}"))
    };
    // The owner has to hear of the end in any case. Nothing of the session is used after a panic.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(whole))
        .unwrap_or_else(|_| Err("the session failed inside; the agent's log says where".to_owned()));
    let why = match outcome {
        Ok(()) => "closed".to_owned(),
        Err(why) => {
            // The viewer's person reads this; a session without an owner has no reader.
            tell(Event::Packets(vec![packet::message(&why)]));
            why
        }
    };
    tell(Event::Closed(why));
}

struct Session {
    x: RustConnection,
    screen: usize,
    root: Window,
    keyboard: Keyboard,
    grabber: Grabber,
    /// The size of the whole screen.
    width: u16,
    height: u16,
    displays: Vec<Area>,
    /// The number of the display that is shown, and where it lies.
    selected: u16,
    shown: Area,
    grid: Grid,
    settings: Settings,
    pace: Pace,
    damage: Option<u32>,
    has_cursor: bool,
    has_monitors: bool,
    /// Where something may have changed, on the screen.
    dirty: Option<Area>,
    paused: bool,
    locks: Option<u8>,
    cursor: Option<u8>,
    cursor_moved: bool,
    out: Vec<Vec<u8>>,
}

impl Session {
    fn new(x: RustConnection, screen: usize) -> Result<Session, String> {
        let failed = |e: ReplyError| format!("the X server does not answer as it should: {e}");
        let root = x.setup().roots[screen].root;
        if !has(&x, xtest::X11_EXTENSION_NAME) {
            return Err("the X server has no XTEST extension, which brings keys and mouse".to_owned());
        }
        let size = x.get_geometry(root).map_err(ReplyError::from).and_then(|r| r.reply()).map_err(failed)?;
        let grabber = Grabber::new(&x, screen, size.width, size.height)?;
        let keyboard = Keyboard::new(&x, root).map_err(failed)?;
        let settings = Settings::default();
        let now = Instant::now();
        let whole = Area { x: 0, y: 0, width: size.width, height: size.height };
        let mut session = Session {
            root,
            keyboard,
            grabber,
            width: size.width,
            height: size.height,
            displays: Vec::new(),
            selected: ALL_DISPLAYS,
            shown: whole,
            grid: Grid::new(size.width, size.height),
            settings,
            pace: Pace::new(Duration::from_millis(settings.interval_ms.into()), false, now),
            damage: None,
            has_cursor: false,
            has_monitors: false,
            dirty: Some(whole),
            paused: false,
            locks: None,
            cursor: None,
            cursor_moved: true,
            out: Vec::new(),
            x,
            screen,
        };
        session.listen().map_err(|e| format!("the X server refuses to tell of changes: {e}"))?;
        session.find_displays().map_err(failed)?;
        session.greet(true).map_err(failed)?;
        Ok(session)
    }

    /// Asks the server to tell of what changes: its extensions are used as far as they are there.
    fn listen(&mut self) -> Result<(), ReplyOrIdError> {
        let structure = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        self.x.change_window_attributes(self.root, &structure)?;
        if has(&self.x, xfixes::X11_EXTENSION_NAME) {
            self.has_cursor = self.x.xfixes_query_version(5, 0)?.reply()?.major_version >= 2;
            self.x.xfixes_select_cursor_input(self.root, CursorNotifyMask::DISPLAY_CURSOR)?;
        }
        if has(&self.x, damage::X11_EXTENSION_NAME) {
            self.x.damage_query_version(1, 1)?.reply()?;
            let id = self.x.generate_id()?;
            self.x.damage_create(id, self.root, ReportLevel::BOUNDING_BOX)?.check()?;
            self.damage = Some(id);
        }
        if has(&self.x, randr::X11_EXTENSION_NAME) {
            let version = self.x.randr_query_version(1, 5)?.reply()?;
            self.has_monitors = (version.major_version, version.minor_version) >= (1, 5);
            self.x.randr_select_input(self.root, NotifyMask::SCREEN_CHANGE)?;
        }
        let interval = Duration::from_millis(self.settings.interval_ms.into());
        self.pace = Pace::new(interval, self.damage.is_some(), Instant::now());
        Ok(())
    }

    fn find_displays(&mut self) -> Result<(), ReplyError> {
        self.displays.clear();
        if self.has_monitors {
            let reply = self.x.randr_get_monitors(self.root, true)?.reply()?;
            for monitor in reply.monitors.iter().take(MOST_DISPLAYS) {
                let (x, y) = (monitor.x.max(0).cast_unsigned(), monitor.y.max(0).cast_unsigned());
                let (width, height) = (
                    monitor.width.min(self.width.saturating_sub(x)),
                    monitor.height.min(self.height.saturating_sub(y)),
                );
                if width > 0 && height > 0 {
                    self.displays.push(Area { x, y, width, height });
                }
            }
        }
        let number =
            if self.selected == ALL_DISPLAYS { None } else { usize::from(self.selected).checked_sub(1) };
        let chosen = number.and_then(|at| self.displays.get(at).copied());
        if chosen.is_none() {
            self.selected = ALL_DISPLAYS;
        }
        self.shown = chosen.unwrap_or(Area { x: 0, y: 0, width: self.width, height: self.height });
        self.begin_picture();
        Ok(())
    }

    /// The size of the picture that the viewer has.
    fn size(&self) -> (u16, u16) {
        let scale = self.settings.scale;
        (picture::scaled(self.shown.width, scale), picture::scaled(self.shown.height, scale))
    }

    /// From here on, everything of the picture is new.
    fn begin_picture(&mut self) {
        let (width, height) = self.size();
        self.grid = Grid::new(width, height);
        self.dirty = Some(self.shown);
    }

    /// What a viewer has to know before the first picture.
    fn greet(&mut self, display_set: bool) -> Result<(), ReplyError> {
        let (width, height) = self.size();
        // All of it is told anew.
        self.out.clear();
        self.say(packet::size(width, height));
        if display_set {
            self.say(packet::display_set());
        }
        self.locks = None;
        self.tell_locks()?;
        self.list_displays();
        self.cursor = None;
        self.cursor_moved = true;
        Ok(())
    }

    fn list_displays(&mut self) {
        let count = self.displays.len() as u16;
        if count >= 2 {
            let places: Vec<_> =
                (1..).zip(&self.displays).map(|(n, a)| [n, a.x, a.y, a.width, a.height]).collect();
            self.say(packet::display_places(&places));
        }
        self.say(packet::displays(count, self.selected));
    }

    fn tell_locks(&mut self) -> Result<(), ReplyError> {
        let leds = self.x.get_keyboard_control()?.reply()?.led_mask;
        // Lights 1 to 3 are CapsLock, NumLock and ScrollLock on every X server we know.
        let light = |number: u32| (leds >> (number - 1) & 1) as u8;
        let bits = light(2) | (light(3) << 1) | (light(1) << 2);
        if self.locks.replace(bits) != Some(bits) {
            self.say(packet::locks(bits));
        }
        Ok(())
    }

    fn tell_cursor(&mut self) -> Result<(), ReplyError> {
        self.cursor_moved = false;
        let look = if self.has_cursor {
            let reply = self.x.xfixes_get_cursor_image_and_name()?.reply()?;
            cursor::look(&reply.name, &reply.cursor_image)
        } else {
            cursor::DEFAULT
        };
        if self.cursor.replace(look) != Some(look) {
            self.say(packet::cursor(look));
        }
        Ok(())
    }

    /// News for the viewer; more than it reads is dropped. Pictures go another way: there is never more than one.
    fn say(&mut self, packet: Vec<u8>) {
        if self.out.len() < MOST_NEWS {
            self.out.push(packet);
        }
    }

    /// Until the owner leaves.
    fn serve(&mut self, shared: &Shared, tell: &mut dyn FnMut(Event)) -> Result<(), ReplyError> {
        let mut wanted = false;
        loop {
            let (commands, lost) = {
                let mut inbox = shared.lock();
                if inbox.closed {
                    return Ok(());
                }
                wanted |= std::mem::take(&mut inbox.wanted);
                (std::mem::take(&mut inbox.commands), std::mem::take(&mut inbox.lost))
            };
            for command in commands {
                self.obey(command)?;
            }
            if lost {
                self.keyboard.release(&self.x)?;
            }
            while let Some(event) = self.x.poll_for_event()? {
                self.hear(event)?;
            }
            if self.cursor_moved {
                self.tell_cursor()?;
            }
            let now = Instant::now();
            let ready = wanted && !self.paused && (self.dirty.is_some() || self.damage.is_none());
            if ready && self.pace.left(now).is_zero() {
                self.take_picture(now)?;
            }
            // Small news do not wait for a picture, but they, too, wait for the viewer.
            if wanted && !self.out.is_empty() {
                wanted = false;
                tell(Event::Packets(std::mem::take(&mut self.out)));
                continue;
            }
            self.x.flush()?;
            // Whoever waited above for an answer of the server (pointer, pixels) may have got events with it: they are no
            // longer on the socket, which would stay silent.
            if let Some(event) = self.x.poll_for_event()? {
                self.hear(event)?;
                continue;
            }
            let left = self.pace.left(Instant::now());
            let timeout = ready
                .then(|| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() });
            wait(self.x.stream().as_fd(), shared.wake.as_fd(), timeout.as_ref())?;
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), ReplyError> {
        let now = Instant::now();
        match command {
            Command::Key { down, extended, code } => {
                self.keyboard.key(&self.x, code, extended, down)?;
                // CapsLock, NumLock, ScrollLock.
                if matches!(code, 0x14 | 0x90 | 0x91) {
                    self.tell_locks()?;
                }
            }
            Command::Unicode { down, unit } => self.keyboard.unicode(&self.x, unit, down)?,
            Command::CtrlAltDelete => self.keyboard.ctrl_alt_delete(&self.x)?,
            Command::Mouse { button, x, y, wheel } => {
                let scale = self.settings.scale;
                let place = (
                    self.shown.x + picture::unscaled(x, self.shown.width, scale),
                    self.shown.y + picture::unscaled(y, self.shown.height, scale),
                );
                self.keyboard.mouse(&self.x, button, place, wheel, now)?;
            }
            Command::Settings(settings) => {
                let before = std::mem::replace(&mut self.settings, settings);
                self.pace.set_interval(Duration::from_millis(settings.interval_ms.into()));
                if before.scale != settings.scale {
                    self.begin_picture();
                    self.greet(false)?;
                } else if before.quality != settings.quality {
                    self.begin_picture();
                }
                return Ok(());
            }
            Command::Interval(ms) => self.pace.set_interval(Duration::from_millis(ms.into())),
            Command::Refresh => {
                self.begin_picture();
                self.greet(false)?;
            }
            Command::Pause(paused) => self.paused = paused,
            Command::ListDisplays => self.list_displays(),
            Command::SetDisplay(number) => {
                self.selected = number;
                self.find_displays()?;
                self.greet(true)?;
            }
        }
        self.pace.stir(now);
        Ok(())
    }

    fn hear(&mut self, event: Heard) -> Result<(), ReplyError> {
        match event {
            Heard::DamageNotify(damage) => {
                let area = &damage.area;
                let part = Area {
                    x: area.x.max(0).cast_unsigned(),
                    y: area.y.max(0).cast_unsigned(),
                    width: area.width,
                    height: area.height,
                };
                self.dirty = Some(self.dirty.map_or(part, |dirty| dirty.join(part)));
            }
            Heard::XfixesCursorNotify(_) => self.cursor_moved = true,
            Heard::MappingNotify(mapping) if mapping.request == Mapping::KEYBOARD => {
                self.keyboard.read(&self.x)?
            }
            Heard::RandrScreenChangeNotify(_) => self.resized()?,
            Heard::ConfigureNotify(change) if change.window == self.root => self.resized()?,
            _ => {}
        }
        Ok(())
    }

    fn resized(&mut self) -> Result<(), ReplyError> {
        let size = self.x.get_geometry(self.root)?.reply()?;
        if (size.width, size.height) != (self.width, self.height) {
            self.grabber.release(&self.x);
            (self.width, self.height) = (size.width, size.height);
            self.grabber = Grabber::new(&self.x, self.screen, size.width, size.height)
                .map_err(|why| ReplyError::from(ConnectionError::IoError(std::io::Error::other(why))))?;
        }
        self.find_displays()?;
        self.greet(false)
    }

    fn take_picture(&mut self, began: Instant) -> Result<(), ReplyError> {
        if let Some(damage) = self.damage {
            // Before the pixels are read: what changes meanwhile is told once more.
            self.x.damage_subtract(damage, x11rb::NONE, x11rb::NONE)?;
        }
        let dirty = self.dirty.take().unwrap_or(self.shown);
        let changed = match self.part_of_shown(dirty) {
            Some(part) => self.send_changes(part)?,
            None => false,
        };
        self.pace.taken(began, Instant::now(), changed);
        Ok(())
    }

    /// The part of the shown display that has to be looked at, from the display's corner, in whole cells.
    fn part_of_shown(&self, dirty: Area) -> Option<Area> {
        let shown = self.shown;
        if self.settings.scale != packet::FULL_SCALE {
            return Some(Area { x: 0, y: 0, ..shown });
        }
        let (left, top) = (dirty.x.max(shown.x), dirty.y.max(shown.y));
        let right =
            (u32::from(dirty.x) + u32::from(dirty.width)).min(u32::from(shown.x + shown.width)) as u16;
        let bottom =
            (u32::from(dirty.y) + u32::from(dirty.height)).min(u32::from(shown.y + shown.height)) as u16;
        if left >= right || top >= bottom {
            return None;
        }
        Area { x: left - shown.x, y: top - shown.y, width: right - left, height: bottom - top }
            .to_cells(shown.width, shown.height)
    }

    fn send_changes(&mut self, part: Area) -> Result<bool, ReplyError> {
        let on_screen = Area { x: part.x + self.shown.x, y: part.y + self.shown.y, ..part };
        let (width, height) = self.size();
        let data = match self.grabber.take(&self.x, on_screen) {
            Ok(data) => data,
            // The screen became smaller a moment ago; word of it is on its way.
            Err(ReplyError::X11Error(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut pixels = Pixels { data, area: part };
        let small;
        if (width, height) != (part.width, part.height) && self.settings.scale != packet::FULL_SCALE {
            small = picture::shrink(pixels, width, height);
            pixels = Pixels { data: &small, area: Area { x: 0, y: 0, width, height } };
        }
        let changed = self.grid.changed(pixels);
        for area in changed.iter().flat_map(|area| area.strips()) {
            if let Some(image) = picture::jpeg(pixels, area, self.settings.quality) {
                self.out.push(packet::picture(area.x, area.y, &image));
            }
        }
        Ok(!changed.is_empty())
    }

    fn leave(&mut self) {
        // After a lost connection there is nothing to let go of.
        let _ = self.keyboard.leave(&self.x);
        self.grabber.release(&self.x);
        let _ = self.x.flush();
    }
}

fn has(x: &RustConnection, extension: &'static str) -> bool {
    matches!(x.extension_information(extension), Ok(Some(_)))
}

fn wait(server: BorrowedFd<'_>, owner: BorrowedFd<'_>, timeout: Option<&Timespec>) -> Result<(), ReplyError> {
    let mut both = [PollFd::new(&server, PollFlags::IN), PollFd::new(&owner, PollFlags::IN)];
    match poll(&mut both, timeout) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(ConnectionError::IoError(error.into()).into()),
    }
    if both[1].revents().contains(PollFlags::IN) {
        let mut count = [0; 8];
        // Emptied by nobody else; not ready only after a false alarm.
        let _ = rustix::io::read(owner, &mut count);
    }
    Ok(())
}
