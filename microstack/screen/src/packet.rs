//! The desktop commands as bytes (relay specification, 7.2 to 7.4): `u16 command, u16 length`, big-endian, where the
//! length counts these four bytes.

/// What a viewer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A key by its Windows virtual-key code.
    Key {
        down: bool,
        extended: bool,
        code: u8,
    },
    /// The pointer at a place of the picture; `button` as the protocol has it, `wheel` in units of 120.
    Mouse {
        button: u8,
        x: u16,
        y: u16,
        wheel: i16,
    },
    /// How pictures are to be made.
    Settings(Settings),
    /// Everything once more.
    Refresh,
    /// No pictures until told otherwise.
    Pause(bool),
    CtrlAltDelete,
    ListDisplays,
    SetDisplay(u16),
    /// Milliseconds between two pictures.
    Interval(u16),
    /// One UTF-16 unit that was typed.
    Unicode {
        down: bool,
        unit: u16,
    },
}

impl Command {
    pub(crate) fn is_move(&self) -> bool {
        matches!(self, Command::Mouse { button: 0, wheel: 0, .. })
    }
}

/// Quality and speed of the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// JPEG quality, 1..=100.
    pub quality: u8,
    /// Size of the picture, 1024 is the screen's own.
    pub scale: u16,
    /// Least milliseconds between two pictures.
    pub interval_ms: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { quality: 50, scale: FULL_SCALE, interval_ms: 100 }
    }
}

/// The scale of a picture in the screen's own size.
pub(crate) const FULL_SCALE: u16 = 1024;
const LEAST_SCALE: u16 = 64;
const INTERVALS_MS: std::ops::RangeInclusive<u16> = 20..=5000;

/// Every screen at once, as number of a display.
pub(crate) const ALL_DISPLAYS: u16 = 0xFFFF;

/// The largest command with an ordinary head; larger ones go as JUMBO.
const MOST_PLAIN: usize = 65_500;

/// Reads the commands of a viewer, one after the other. Unknown ones are skipped by their length; one that is cut short,
/// or shorter than its own head, ends the reading: nothing behind it can be trusted.
#[derive(Clone, Debug)]
pub struct Commands<'a> {
    rest: &'a [u8],
}

impl<'a> Commands<'a> {
    /// All commands in these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Commands { rest: bytes }
    }
}

impl Iterator for Commands<'_> {
    type Item = Command;

    fn next(&mut self) -> Option<Command> {
        loop {
            let (kind, length) = (u16_at(self.rest, 0)?, usize::from(u16_at(self.rest, 2)?));
            if length < 4 {
                return None;
            }
            let body = self.rest.get(4..length)?;
            self.rest = &self.rest[length..];
            if let Some(command) = read(kind, body) {
                return Some(command);
            }
        }
    }
}

fn read(kind: u16, body: &[u8]) -> Option<Command> {
    Some(match kind {
        0x01 => {
            let (down, extended) = match *body.first()? {
                0 => (true, false),
                1 => (false, false),
                3 => (false, true),
                4 => (true, true),
                _ => return None,
            };
            Command::Key { down, extended, code: *body.get(1)? }
        }
        0x02 => Command::Mouse {
            button: *body.get(1)?,
            x: u16_at(body, 2)?,
            y: u16_at(body, 4)?,
            wheel: u16_at(body, 6).unwrap_or(0).cast_signed(),
        },
        0x05 => Command::Settings(Settings {
            quality: body.get(1)?.clamp(&1, &100).to_owned(),
            scale: u16_at(body, 2)?.clamp(LEAST_SCALE, FULL_SCALE),
            interval_ms: interval(u16_at(body, 4)?),
        }),
        0x06 => Command::Refresh,
        0x08 => Command::Pause(*body.first()? != 0),
        0x0A => Command::CtrlAltDelete,
        0x0B => Command::ListDisplays,
        0x0C => Command::SetDisplay(u16_at(body, 0)?),
        0x0D => Command::Interval(interval(u16_at(body, 0)?)),
        0x55 => Command::Unicode { down: *body.first()? == 0, unit: u16_at(body, 1)? },
        _ => return None,
    })
}

fn interval(ms: u16) -> u16 {
    ms.clamp(*INTERVALS_MS.start(), *INTERVALS_MS.end())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn command(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(4 + body.len());
    packet.extend(kind.to_be_bytes());
    packet.extend((4 + body.len() as u16).to_be_bytes());
    packet.extend(body);
    packet
}

/// 7: the size of the picture.
pub(crate) fn size(width: u16, height: u16) -> Vec<u8> {
    command(0x07, &words(&[width, height]))
}

/// 12: the display that was asked for is shown.
pub(crate) fn display_set() -> Vec<u8> {
    command(0x0C, &[0])
}

/// 18: bit 0 NumLock, 1 ScrollLock, 2 CapsLock.
pub(crate) fn locks(bits: u8) -> Vec<u8> {
    command(0x12, &[bits])
}

/// 88: the look of the pointer.
pub(crate) fn cursor(index: u8) -> Vec<u8> {
    command(0x58, &[index])
}

/// 65: a text for the viewer's person.
pub(crate) fn message(text: &str) -> Vec<u8> {
    command(0x41, &text.as_bytes()[..text.len().min(1000)])
}

/// 11: which displays there are, and which is shown. One alone has the number 0.
pub(crate) fn displays(count: u16, selected: u16) -> Vec<u8> {
    let mut list = if count < 2 { vec![1, 0] } else { vec![count + 1] };
    if count >= 2 {
        list.extend(1..=count);
        list.push(ALL_DISPLAYS);
    }
    list.push(if count < 2 { 0 } else { selected });
    command(0x0B, &words(&list))
}

/// 82: where each display lies: number, x, y, width, height.
pub(crate) fn display_places(places: &[[u16; 5]]) -> Vec<u8> {
    command(0x52, &places.iter().flat_map(|place| words(place)).collect::<Vec<_>>())
}

/// 3: a picture at a place; above 65,500 bytes inside a JUMBO command, 27.
pub(crate) fn picture(x: u16, y: u16, image: &[u8]) -> Vec<u8> {
    if image.len() + 8 <= MOST_PLAIN {
        let mut packet = Vec::with_capacity(8 + image.len());
        packet.extend(words(&[0x03, 8 + image.len() as u16, x, y]));
        packet.extend(image);
        return packet;
    }
    let mut packet = Vec::with_capacity(16 + image.len());
    packet.extend(words(&[0x1B, 8]));
    packet.extend((8 + image.len() as u32).to_be_bytes());
    packet.extend(words(&[0x03, 0, x, y]));
    packet.extend(image);
    packet
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    // Recorded between MeshCentral 1.1.55's page and the real agent on an 800x600 screen.
    #[test]
    fn what_a_real_viewer_sends_is_understood() {
        let all = bytes("0005000a013c04000064" /* compression */) // quality 60, full size, 100 ms
            .into_iter()
            .chain(bytes("0008000500"))
            .chain(bytes("00060004"))
            .chain(bytes("0002000a000000c80096"))
            .chain(bytes("000100060041"))
            .collect::<Vec<_>>();
        let read: Vec<_> = Commands::new(&all).collect();
        let settings = Settings { quality: 60, scale: 1024, interval_ms: 100 };
        assert_eq!(
            read,
            [
                Command::Settings(settings),
                Command::Pause(false),
                Command::Refresh,
                Command::Mouse { button: 0, x: 200, y: 150, wheel: 0 },
                Command::Key { down: true, extended: false, code: 0x41 },
            ]
        );
    }

    #[test]
    fn packets_are_those_of_the_real_agent() {
        assert_eq!(size(800, 600), bytes("0007000803200258"));
        assert_eq!(display_set(), bytes("000c000500"));
        assert_eq!(locks(0), bytes("0012000500"));
        assert_eq!(displays(1, 0), bytes("000b000a000100000000"));
        assert_eq!(cursor(14), bytes("005800050e"));
        assert_eq!(picture(0, 0, &[0xFF; 20_671])[..8], bytes("000350c700000000"));
    }

    #[test]
    fn two_displays_can_be_chosen_one_by_one_or_together() {
        assert_eq!(displays(2, ALL_DISPLAYS), bytes("000b000e000300010002ffffffff"));
    }

    #[test]
    fn a_large_picture_is_a_jumbo() {
        let packet = picture(32, 64, &[7; 70_000]);
        assert_eq!(packet[..16], bytes("001b0008000111780003000000200040"));
        assert_eq!(packet.len(), 16 + 70_000);
        // The largest one with an ordinary head, and the next.
        assert_eq!(picture(0, 0, &vec![0; MOST_PLAIN - 8])[..2], [0, 3]);
        assert_eq!(picture(0, 0, &vec![0; MOST_PLAIN - 7])[..2], [0, 27]);
    }

    #[test]
    fn what_is_cut_or_nonsense_is_skipped() {
        for hex in ["", "00", "000100", "0001000600", "00010003ff41", "000100000041", "0001ffff0041"] {
            assert_eq!(Commands::new(&bytes(hex)).count(), 0, "{hex}");
        }
        // An unknown command, a key with an unknown action, then a good one.
        let read: Vec<_> = Commands::new(&bytes("00630006aabb00010006094100060004")).collect();
        assert_eq!(read, [Command::Refresh]);
    }

    #[test]
    fn settings_stay_in_their_bounds() {
        let read = |hex: &str| Commands::new(&bytes(hex)).next();
        let least = Settings { quality: 1, scale: 64, interval_ms: 20 };
        assert_eq!(read("0005000a010000000000"), Some(Command::Settings(least)));
        let most = Settings { quality: 100, scale: 1024, interval_ms: 5000 };
        assert_eq!(read("0005000a01ffffffffff"), Some(Command::Settings(most)));
    }
}
