//! The viewer's keys and mouse buttons, pressed on the screen by the XTEST extension.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{ConnectionExt as _, KeyButMask, Window};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::keys::{self, Units};

const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;
const BUTTON_PRESS: u8 = 4;
const BUTTON_RELEASE: u8 = 5;
const MOTION: u8 = 6;

const SHIFT_L: u32 = 0xFFE1;
const SHIFT_R: u32 = 0xFFE2;
const CONTROL_L: u32 = 0xFFE3;
const ALT_L: u32 = 0xFFE9;
const DELETE: u32 = 0xFFFF;

/// Key codes without a meaning that are lent to characters the keyboard does not have. Programs read a changed key only
/// when it is pressed, so the same one must not be changed again right away.
const MOST_SPARE: usize = 24;

/// Two clicks within this time are a double click already.
const DOUBLE_CLICK: Duration = Duration::from_millis(700);

/// Wheel units of one notch, and the most notches of one command.
const NOTCH: i16 = 120;
const MOST_NOTCHES: u16 = 10;

struct Spare {
    code: u8,
    keysym: u32,
    used: u64,
}

/// What is held down, and what each key means.
pub(crate) struct Keyboard {
    root: Window,
    first: u8,
    /// Keysyms of a key, and of all keys.
    per_key: usize,
    map: Vec<u32>,
    spare: Vec<Spare>,
    uses: u64,
    units: Units,
    keys: BTreeSet<u8>,
    buttons: BTreeSet<u8>,
    clicks: [Option<Instant>; 2],
}

impl Keyboard {
    pub fn new(x: &RustConnection, root: Window) -> Result<Keyboard, ReplyError> {
        let mut keyboard = Keyboard {
            root,
            first: x.setup().min_keycode,
            per_key: 0,
            map: Vec::new(),
            spare: Vec::new(),
            uses: 0,
            units: Units::default(),
            keys: BTreeSet::new(),
            buttons: BTreeSet::new(),
            clicks: [None; 2],
        };
        keyboard.read(x)?;
        Ok(keyboard)
    }

    /// Reads what the keys mean: at the start, and when somebody changed it.
    pub fn read(&mut self, x: &RustConnection) -> Result<(), ReplyError> {
        let count = x.setup().max_keycode.saturating_sub(self.first).saturating_add(1);
        let reply = x.get_keyboard_mapping(self.first, count)?.reply()?;
        self.per_key = reply.keysyms_per_keycode.max(1).into();
        self.map = reply.keysyms;
        if self.spare.is_empty() {
            let free = self
                .map
                .chunks(self.per_key)
                .zip(self.first..=u8::MAX)
                .filter(|(key, _)| key.iter().all(|k| *k == 0));
            // From the end: the first ones are named on some keyboards.
            let mut codes: Vec<u8> = free.map(|(_, code)| code).collect();
            codes.reverse();
            self.spare =
                codes.into_iter().take(MOST_SPARE).map(|code| Spare { code, keysym: 0, used: 0 }).collect();
        }
        Ok(())
    }

    /// A key by its virtual-key code.
    pub fn key(
        &mut self,
        x: &RustConnection,
        code: u8,
        extended: bool,
        down: bool,
    ) -> Result<(), ReplyError> {
        let Some(keysym) = keys::of_virtual_key(code, extended) else { return Ok(()) };
        let code = match self.find(keysym) {
            Some((code, _)) => code,
            None => match self.lend(x, keysym)? {
                Some(code) => code,
                None => return Ok(()),
            },
        };
        // A release without a press is harmless where it is a viewer's caution, and wrong where the person at the
        // screen holds that key.
        if down || self.keys.contains(&code) {
            self.press(x, code, down)?;
        }
        Ok(())
    }

    /// A typed character: pressed and released, with the Shift that it needs.
    pub fn unicode(&mut self, x: &RustConnection, unit: u16, down: bool) -> Result<(), ReplyError> {
        if !down {
            return Ok(());
        }
        let Some(character) = self.units.take(unit) else { return Ok(()) };
        let Some(keysym) = keys::of_character(character) else { return Ok(()) };
        let mask = x.query_pointer(self.root)?.reply()?.mask;
        let caps = mask.contains(KeyButMask::LOCK) && character.is_alphabetic();
        let (code, shift) = match self.find(keysym) {
            Some((code, level)) => (code, (level == 1) != caps),
            None => match self.lend(x, keysym)? {
                Some(code) => (code, false),
                None => return Ok(()),
            },
        };
        let codes: Vec<u8> =
            [SHIFT_L, SHIFT_R].iter().filter_map(|shift| Some(self.find(*shift)?.0)).collect();
        if mask.contains(KeyButMask::SHIFT) == shift {
            self.tap(x, code)?;
        } else if shift {
            if let Some(with) = codes.first() {
                self.fake(x, KEY_PRESS, *with)?;
                self.tap(x, code)?;
                self.fake(x, KEY_RELEASE, *with)?;
            }
        } else {
            for code in &codes {
                self.fake(x, KEY_RELEASE, *code)?;
            }
            self.tap(x, code)?;
            for code in codes.iter().filter(|code| self.keys.contains(code)) {
                self.fake(x, KEY_PRESS, *code)?;
            }
        }
        Ok(())
    }

    /// The three keys at once, as the viewer's own machine keeps them for itself.
    pub fn ctrl_alt_delete(&mut self, x: &RustConnection) -> Result<(), ReplyError> {
        let codes: Vec<u8> =
            [CONTROL_L, ALT_L, DELETE].iter().filter_map(|key| Some(self.find(*key)?.0)).collect();
        for code in &codes {
            self.fake(x, KEY_PRESS, *code)?;
        }
        for code in codes.iter().rev() {
            self.fake(x, KEY_RELEASE, *code)?;
        }
        Ok(())
    }

    /// The pointer at a place of the screen, and what its button or wheel did there.
    pub fn mouse(
        &mut self,
        x: &RustConnection,
        button: u8,
        place: (u16, u16),
        wheel: i16,
        now: Instant,
    ) -> Result<(), ReplyError> {
        let (left, top) = (place.0.cast_signed(), place.1.cast_signed());
        x.xtest_fake_input(MOTION, 0, 0, self.root, left, top, 0)?;
        let turn = match button {
            0x02 => Some((1, true)),
            0x04 => Some((1, false)),
            0x08 => Some((3, true)),
            0x10 => Some((3, false)),
            0x20 => Some((2, true)),
            0x40 => Some((2, false)),
            0x88 => {
                // Most viewers send the clicks of a double click as well.
                if self.clicks[0].is_none_or(|first| now.duration_since(first) > DOUBLE_CLICK) {
                    self.click(x, 1, 2)?;
                }
                None
            }
            _ => None,
        };
        if let Some((number, down)) = turn {
            if number == 1 && down {
                self.clicks = [self.clicks[1], Some(now)];
            }
            if down || self.buttons.contains(&number) {
                self.fake(x, if down { BUTTON_PRESS } else { BUTTON_RELEASE }, number)?;
            }
            if down {
                self.buttons.insert(number)
            } else {
                self.buttons.remove(&number)
            };
        }
        if wheel != 0 {
            // Up is 4, down is 5. Less than a notch turns the wheel, too.
            let notches = (wheel.unsigned_abs() / NOTCH.unsigned_abs()).clamp(1, MOST_NOTCHES);
            self.click(x, if wheel > 0 { 4 } else { 5 }, notches)?;
        }
        Ok(())
    }

    /// Lets go of everything that is held down.
    pub fn release(&mut self, x: &RustConnection) -> Result<(), ReplyError> {
        for code in std::mem::take(&mut self.keys) {
            self.fake(x, KEY_RELEASE, code)?;
        }
        for number in std::mem::take(&mut self.buttons) {
            self.fake(x, BUTTON_RELEASE, number)?;
        }
        Ok(())
    }

    /// At the end: nothing is held down, and lent keys mean nothing again.
    pub fn leave(&mut self, x: &RustConnection) -> Result<(), ReplyError> {
        self.release(x)?;
        for spare in self.spare.iter().filter(|spare| spare.keysym != 0) {
            x.change_keyboard_mapping(1, spare.code, 2, &[0, 0])?;
        }
        x.flush()?;
        Ok(())
    }

    fn press(&mut self, x: &RustConnection, code: u8, down: bool) -> Result<(), ReplyError> {
        if down {
            self.keys.insert(code)
        } else {
            self.keys.remove(&code)
        };
        self.fake(x, if down { KEY_PRESS } else { KEY_RELEASE }, code)
    }

    fn tap(&self, x: &RustConnection, code: u8) -> Result<(), ReplyError> {
        self.fake(x, KEY_PRESS, code)?;
        self.fake(x, KEY_RELEASE, code)
    }

    fn click(&self, x: &RustConnection, number: u8, times: u16) -> Result<(), ReplyError> {
        for _ in 0..times {
            self.fake(x, BUTTON_PRESS, number)?;
            self.fake(x, BUTTON_RELEASE, number)?;
        }
        Ok(())
    }

    fn fake(&self, x: &RustConnection, kind: u8, detail: u8) -> Result<(), ReplyError> {
        x.xtest_fake_input(kind, detail, 0, self.root, 0, 0, 0)?;
        Ok(())
    }

    /// The key that means this, and whether it does without (0) or with Shift (1).
    fn find(&self, keysym: u32) -> Option<(u8, usize)> {
        let lent = self.spare.iter().find(|spare| spare.keysym == keysym);
        if let Some(spare) = lent {
            return Some((spare.code, 0));
        }
        (0..self.per_key.min(2)).find_map(|level| {
            let mut keys = self.map.chunks(self.per_key).zip(self.first..=u8::MAX);
            // What the server says of lent keys may be older than what they were lent for.
            let own = |code| self.spare.iter().all(|spare| spare.code != code);
            Some((keys.find(|(key, code)| key.get(level) == Some(&keysym) && own(*code))?.1, level))
        })
    }

    /// Gives the least used spare key this meaning.
    fn lend(&mut self, x: &RustConnection, keysym: u32) -> Result<Option<u8>, ReplyError> {
        self.uses += 1;
        let Some(spare) = self.spare.iter_mut().min_by_key(|spare| spare.used) else { return Ok(None) };
        (spare.keysym, spare.used) = (keysym, self.uses);
        let code = spare.code;
        // The same with Shift.
        x.change_keyboard_mapping(1, code, 2, &[keysym, keysym])?.check()?;
        Ok(Some(code))
    }
}
