//! Which key of X a viewer means: Windows virtual-key codes and typed characters to keysyms (X11 protocol, appendix A).

/// The keysym of a virtual-key code; `extended` tells the keys of the middle and the right from their twins.
pub(crate) fn of_virtual_key(code: u8, extended: bool) -> Option<u32> {
    Some(match (code, extended) {
        // Digits, and letters without Shift, have the value of their character.
        (0x30..=0x39, _) => code.into(),
        (0x41..=0x5A, _) => u32::from(code) + 0x20,
        (0x60..=0x69, _) => 0xFFB0 + u32::from(code - 0x60), // KP_0
        (0x70..=0x87, _) => 0xFFBE + u32::from(code - 0x70), // F1 to F24
        (0x0D, true) => 0xFF8D,                              // KP_Enter
        (0x10 | 0xA0, false) => 0xFFE1,                      // Shift_L
        (0x10, true) | (0xA1, _) => 0xFFE2,                  // Shift_R
        (0x11 | 0xA2, false) => 0xFFE3,                      // Control_L
        (0x11, true) | (0xA3, _) => 0xFFE4,                  // Control_R
        (0x12 | 0xA4, false) => 0xFFE9,                      // Alt_L
        (0x12, true) | (0xA5, _) => 0xFFEA,                  // Alt_R
        _ => NAMED.iter().find(|(known, _)| *known == code)?.1,
    })
}

/// The keysym of a character: Latin-1 has its own values, the others are counted behind a mark.
pub(crate) fn of_character(character: char) -> Option<u32> {
    Some(match character {
        '\r' | '\n' => 0xFF0D,
        '\t' => 0xFF09,
        '\u{8}' => 0xFF08,
        '\u{1b}' => 0xFF1B,
        '\u{7f}' => 0xFFFF,
        '\u{0}'..='\u{1f}' | '\u{80}'..='\u{9f}' => return None,
        ' '..='\u{ff}' => character.into(),
        _ => 0x0100_0000 | u32::from(character),
    })
}

/// Joins the UTF-16 units of a typed text to characters.
#[derive(Debug, Default)]
pub(crate) struct Units {
    high: Option<u16>,
}

impl Units {
    /// The character that this unit ends; a lone half of one is nothing.
    pub fn take(&mut self, unit: u16) -> Option<char> {
        let high = self.high.take();
        if (0xD800..0xDC00).contains(&unit) {
            self.high = Some(unit);
            return None;
        }
        let pair = high.map_or_else(|| vec![unit], |high| vec![high, unit]);
        char::decode_utf16(pair).last()?.ok()
    }
}

/// Virtual-key codes of a US keyboard with a keysym of their own.
const NAMED: &[(u8, u32)] = &[
    (0x03, 0xFF6B),      // Cancel: Break
    (0x08, 0xFF08),      // BackSpace
    (0x09, 0xFF09),      // Tab
    (0x0C, 0xFF0B),      // Clear
    (0x0D, 0xFF0D),      // Return
    (0x13, 0xFF13),      // Pause
    (0x14, 0xFFE5),      // Caps_Lock
    (0x1B, 0xFF1B),      // Escape
    (0x20, 0x0020),      // space
    (0x21, 0xFF55),      // Prior
    (0x22, 0xFF56),      // Next
    (0x23, 0xFF57),      // End
    (0x24, 0xFF50),      // Home
    (0x25, 0xFF51),      // Left
    (0x26, 0xFF52),      // Up
    (0x27, 0xFF53),      // Right
    (0x28, 0xFF54),      // Down
    (0x2C, 0xFF61),      // Print
    (0x2D, 0xFF63),      // Insert
    (0x2E, 0xFFFF),      // Delete
    (0x2F, 0xFF6A),      // Help
    (0x5B, 0xFFEB),      // Super_L
    (0x5C, 0xFFEC),      // Super_R
    (0x5D, 0xFF67),      // Menu
    (0x6A, 0xFFAA),      // KP_Multiply
    (0x6B, 0xFFAB),      // KP_Add
    (0x6C, 0xFFAC),      // KP_Separator
    (0x6D, 0xFFAD),      // KP_Subtract
    (0x6E, 0xFFAE),      // KP_Decimal
    (0x6F, 0xFFAF),      // KP_Divide
    (0x90, 0xFF7F),      // Num_Lock
    (0x91, 0xFF14),      // Scroll_Lock
    (0xA6, 0x1008_FF26), // XF86Back
    (0xA7, 0x1008_FF27), // XF86Forward
    (0xAD, 0x1008_FF12), // XF86AudioMute
    (0xAE, 0x1008_FF11), // XF86AudioLowerVolume
    (0xAF, 0x1008_FF13), // XF86AudioRaiseVolume
    (0xB0, 0x1008_FF17), // XF86AudioNext
    (0xB1, 0x1008_FF16), // XF86AudioPrev
    (0xB2, 0x1008_FF15), // XF86AudioStop
    (0xB3, 0x1008_FF14), // XF86AudioPlay
    (0xB5, 0x1008_FF12), // what a browser's volume key is sent as
    (0xBA, 0x003B),      // semicolon
    (0xBB, 0x003D),      // equal
    (0xBC, 0x002C),      // comma
    (0xBD, 0x002D),      // minus
    (0xBE, 0x002E),      // period
    (0xBF, 0x002F),      // slash
    (0xC0, 0x0060),      // grave
    (0xDB, 0x005B),      // bracketleft
    (0xDC, 0x005C),      // backslash
    (0xDD, 0x005D),      // bracketright
    (0xDE, 0x0027),      // apostrophe
    (0xE2, 0x003C),      // less: the key between Shift and Z
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_keys_not_characters() {
        assert_eq!(of_virtual_key(b'A', false), Some('a'.into()));
        assert_eq!(of_virtual_key(b'7', false), Some('7'.into()));
        assert_eq!(of_virtual_key(0x69, false), Some(0xFFB9));
        assert_eq!(of_virtual_key(0x7B, false), Some(0xFFC9));
        assert_eq!(of_virtual_key(0xFF, false), None);
    }

    #[test]
    fn twins_are_told_apart() {
        assert_ne!(of_virtual_key(0x0D, false), of_virtual_key(0x0D, true));
        assert_ne!(of_virtual_key(0x11, false), of_virtual_key(0x11, true));
        assert_eq!(of_virtual_key(0x2E, false), of_virtual_key(0x2E, true));
    }

    #[test]
    fn characters_of_all_planes() {
        assert_eq!(of_character('é'), Some(0xE9));
        assert_eq!(of_character('€'), Some(0x0100_20AC));
        assert_eq!(of_character('\n'), Some(0xFF0D));
        assert_eq!(of_character('\u{1}'), None);
        let mut units = Units::default();
        let mut read = Vec::new();
        // "a", the two halves of U+1F600, a lone high half, "b", a lone low half, "c".
        for unit in [0x61, 0xD83D, 0xDE00, 0xD83D, 0x62, 0xDE00, 0x63] {
            read.extend(units.take(unit));
        }
        assert_eq!(read, ['a', '😀', 'b', 'c']);
    }
}
