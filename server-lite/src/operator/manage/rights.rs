//! Rights over the devices of a group, by name (relay specification 1.1).

use crate::operator::error::OperatorError;

/// Every right, also those of later versions.
pub const ALL: u32 = 0xFFFF_FFFF;

/// What people call them; the last ones take away.
const NAMES: &[(&str, u32)] = &[
    ("edit", 0x1),
    ("users", 0x2),
    ("devices", 0x4),
    ("control", 0x8),
    ("console", 0x10),
    ("files", 0x20),
    ("wake", 0x40),
    ("notes", 0x80),
    ("view", 0x100),
    ("no-terminal", 0x200),
    ("no-files", 0x400),
    ("no-amt", 0x800),
    ("limited-input", 0x1000),
    ("limit-events", 0x2000),
    ("notify", 0x4000),
    ("uninstall", 0x8000),
    ("no-desktop", 0x1_0000),
    ("run", 0x2_0000),
    ("power", 0x4_0000),
    ("share", 0x8_0000),
    ("details", 0x10_0000),
    ("forward", 0x20_0000),
];

/// Reads `all`, names with commas between them, or a number.
///
/// # Errors
/// [`OperatorError::Usage`] with all names.
pub fn parse(text: &str) -> Result<u32, OperatorError> {
    if text == "all" {
        return Ok(ALL);
    }
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let mut rights = 0;
    for word in text.split(',').map(str::trim) {
        match NAMES.iter().find(|(name, _)| *name == word) {
            Some((_, bit)) => rights |= bit,
            None => {
                let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                return Err(OperatorError::Usage(format!(
                    "{word:?} is no right; there are all, a number, and: {}",
                    names.join(", ")
                )));
            }
        }
    }
    Ok(rights)
}

/// The names of rights.
pub fn show(rights: u32) -> String {
    if rights == ALL {
        return "all".to_owned();
    }
    let names: Vec<&str> = NAMES.iter().filter(|(_, bit)| rights & bit != 0).map(|(name, _)| *name).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_mean_the_same() {
        assert_eq!(parse("all").unwrap(), ALL);
        assert_eq!(parse("control, run").unwrap(), 0x2_0008);
        assert_eq!(parse("131080").unwrap(), 0x2_0008);
        assert_eq!(show(0x2_0008), "control,run");
        assert_eq!((show(ALL).as_str(), show(0).as_str()), ("all", "none"));
        assert!(parse("everything").is_err() && parse("").is_err());
    }

    #[test]
    fn each_right_has_one_name() {
        for (name, bit) in NAMES {
            assert_eq!(parse(name).unwrap(), *bit);
            assert_eq!(show(*bit), *name);
        }
    }
}
