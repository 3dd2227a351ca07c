//! A recorded terminal as an asciicast, version 2, which terminal players show.

use std::io::{Read, Write};

use serde_json::{Value, json};

use super::{FormatError, Kind, Reader};

/// Converts a recording of a terminal. What the user typed is left out unless `with_input`: it holds passwords.
///
/// # Errors
/// [`FormatError`]: it is no recording, no terminal's, or cannot be written.
pub fn asciicast(from: impl Read, mut to: impl Write, with_input: bool) -> Result<(), FormatError> {
    let (mut reader, header, began_ms) = Reader::open(from)?;
    if !matches!(header.protocol, 1 | 6 | 8 | 9) {
        return Err(FormatError::Malformed("only terminals can be exported as asciicast"));
    }
    let mut size = (80, 25);
    let mut head_is_out = false;
    let mut texts = [Utf8::default(), Utf8::default()];
    let mut put = |line: Value| writeln!(to, "{line}").map_err(FormatError::Io);
    while let Some(entry) = reader.next()? {
        if entry.kind != Kind::Data {
            continue;
        }
        let time = entry.time_ms.saturating_sub(began_ms) as f64 / 1000.0;
        let control = control(&entry.data, entry.binary);
        if let Some(new) = control.as_ref().filter(|_| entry.from_user).and_then(new_size) {
            size = new;
            if head_is_out {
                put(json!([time, "r", format!("{}x{}", size.0, size.1)]))?;
            }
        }
        if control.is_some() || (entry.from_user && is_protocol_number(&entry.data, head_is_out)) {
            continue;
        }
        if !head_is_out {
            head_is_out = true;
            put(json!({
                "version": 2, "width": size.0, "height": size.1, "timestamp": began_ms / 1000,
                "title": format!("{} on {}", header.username, header.nodeid),
            }))?;
        }
        let text = texts[usize::from(entry.from_user)].take(&entry.data);
        if !text.is_empty() && (with_input || !entry.from_user) {
            put(json!([time, if entry.from_user { "i" } else { "o" }, text]))?;
        }
    }
    if !head_is_out {
        put(json!({ "version": 2, "width": size.0, "height": size.1, "timestamp": began_ms / 1000 }))?;
    }
    Ok(())
}

/// A control message: text that is a JSON object.
fn control(data: &[u8], binary: bool) -> Option<Value> {
    let is_object = !binary && data.len() > 3 && data.first() == Some(&b'{');
    let parsed: Option<Value> = if is_object { serde_json::from_slice(data).ok() } else { None };
    parsed.filter(|message| message.get("ctrlChannel").is_some())
}

fn new_size(control: &Value) -> Option<(u64, u64)> {
    let known = matches!(control["type"].as_str(), Some("options" | "termsize"));
    let side = |key: &str| control[key].as_u64().filter(|side| (1..=1000).contains(side));
    known.then(|| Some((side("cols")?, side("rows")?))).flatten()
}

/// The number that begins a session, before anything was shown.
fn is_protocol_number(data: &[u8], begun: bool) -> bool {
    !begun && data.len() <= 3 && data.iter().all(u8::is_ascii_digit)
}

/// Text in pieces that may be cut inside a character.
#[derive(Default)]
struct Utf8 {
    rest: Vec<u8>,
}

impl Utf8 {
    fn take(&mut self, piece: &[u8]) -> String {
        self.rest.extend_from_slice(piece);
        let whole = match std::str::from_utf8(&self.rest) {
            // An unfinished character waits for the next piece; a wrong one does not.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.rest.len(),
        };
        let tail = self.rest.split_off(whole);
        String::from_utf8_lossy(&std::mem::replace(&mut self.rest, tail)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::super::format::tests::{data, header};
    use super::*;

    fn recording() -> Vec<u8> {
        let options = br#"{"ctrlChannel":"102938","type":"options","cols":100,"rows":30}"#;
        let resize = br#"{"ctrlChannel":102938,"type":"termsize","cols":120,"rows":40}"#;
        let mut bytes = Entry::start(&header(), 5000).emit();
        for entry in [
            data(5000, true, false, options),
            data(5000, true, false, b"1"),
            data(5500, false, true, b"$ \xE2\x82"),
            data(5600, false, true, b"\xAC\x1B[0m"),
            data(6000, true, false, b"1"),
            data(6100, true, false, resize),
            data(6200, false, true, b"bye\r\n"),
            Entry::end(7000),
        ] {
            bytes.extend(entry.emit());
        }
        bytes
    }

    fn lines(with_input: bool) -> Vec<Value> {
        let mut out = Vec::new();
        asciicast(&recording()[..], &mut out, with_input).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_terminal_becomes_an_asciicast() {
        let lines = lines(false);
        assert_eq!(
            (&lines[0]["version"], &lines[0]["width"], &lines[0]["height"]),
            (&json!(2), &json!(100), &json!(30))
        );
        assert_eq!(
            lines[1..],
            [
                json!([0.5, "o", "$ "]),
                json!([0.6, "o", "€\u{1b}[0m"]),
                json!([1.1, "r", "120x40"]),
                json!([1.2, "o", "bye\r\n"]),
            ]
        );
    }

    #[test]
    fn what_was_typed_is_shown_only_when_asked_for() {
        assert!(lines(true).contains(&json!([1.0, "i", "1"])));
        assert!(!lines(false).iter().any(|line| line[1] == "i"));
    }

    #[test]
    fn other_sessions_are_refused() {
        let other = super::super::Header { protocol: 5, ..header() };
        let bytes = Entry::start(&other, 5).emit();
        assert!(asciicast(&bytes[..], Vec::new(), false).is_err());
    }
}
