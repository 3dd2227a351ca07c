//! Hexadecimal text, as the `.msh` file and the logs write it.

/// Writes upper-case digits, two for each byte.
pub fn upper(bytes: &[u8]) -> String {
    written(bytes, b"0123456789ABCDEF")
}

/// Writes lower-case digits, two for each byte.
pub fn lower(bytes: &[u8]) -> String {
    written(bytes, b"0123456789abcdef")
}

/// Reads digits of either case.
///
/// # Errors
/// The index of the first character that is no digit, or the length of the text if its number of digits is odd.
pub fn read(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = vec![0; text.len() / 2];
    read_into(text, &mut bytes)?;
    Ok(bytes)
}

/// Reads digits of either case into `target`, which must be filled exactly.
///
/// # Errors
/// The index of the first character that is no digit, or the length of the text if it does not fill the target.
pub fn read_into(text: &str, target: &mut [u8]) -> Result<(), usize> {
    if let Some(at) = text.chars().position(|character| !character.is_ascii_hexdigit()) {
        return Err(at);
    }
    if text.len() != target.len() * 2 {
        return Err(text.len());
    }
    for (byte, pair) in target.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = value(pair[0]) << 4 | value(pair[1]);
    }
    Ok(())
}

fn written(bytes: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digits[usize::from(byte >> 4)] as char);
        text.push(digits[usize::from(byte & 0x0F)] as char);
    }
    text
}

/// The caller has checked that `digit` is one.
fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_cases_are_read_and_written() {
        assert_eq!(read("00fFa9"), Ok(vec![0x00, 0xFF, 0xA9]));
        assert_eq!(upper(&[0x00, 0xFF, 0xA9]), "00FFA9");
        assert_eq!(lower(&[0x00, 0xFF, 0xA9]), "00ffa9");
    }

    #[test]
    fn the_first_bad_character_is_named() {
        assert_eq!(read("0g"), Err(1));
        assert_eq!(read("00f"), Err(3));
        assert_eq!(read("é0"), Err(0));
    }

    proptest! {
        #[test]
        fn read_is_the_inverse_of_upper(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(read(&upper(&bytes)), Ok(bytes));
        }
    }
}
