//! The escape of an interactive shell: `~.` at the beginning of a line ends it, as in ssh.

/// Finds escapes in what is typed. Fed with blocks as they come; an escape may be split over them.
#[derive(Debug)]
pub struct Tilde {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a line.
    LineStart,
    /// A `~` at the beginning of a line is held back.
    Held,
    Within,
}

/// What typing comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// For the device.
    Keys(Vec<u8>),
    /// `~.`: end the session.
    Leave,
    /// `~?`: say what escapes there are.
    Help,
}

impl Tilde {
    /// At the beginning of a line.
    pub fn new() -> Tilde {
        Tilde { state: State::LineStart }
    }

    /// Sorts a block. What is behind `~.` is dropped.
    pub fn read(&mut self, block: &[u8]) -> Vec<Typed> {
        let mut out = Vec::new();
        let mut keys = Vec::with_capacity(block.len() + 1);
        for &byte in block {
            let held = self.state == State::Held;
            self.state = match byte {
                b'\r' | b'\n' => State::LineStart,
                b'~' if self.state == State::LineStart => State::Held,
                _ => State::Within,
            };
            match (held, byte) {
                (true, b'.') => {
                    flush(&mut out, &mut keys);
                    out.push(Typed::Leave);
                    return out;
                }
                (true, b'?') => {
                    flush(&mut out, &mut keys);
                    out.push(Typed::Help);
                    self.state = State::LineStart;
                }
                // `~~` is one `~`.
                (true, b'~') => keys.push(b'~'),
                (true, byte) => keys.extend([b'~', byte]),
                (false, _) if self.state == State::Held => {}
                (false, byte) => keys.push(byte),
            }
        }
        flush(&mut out, &mut keys);
        out
    }
}

fn flush(out: &mut Vec<Typed>, keys: &mut Vec<u8>) {
    if !keys.is_empty() {
        out.push(Typed::Keys(std::mem::take(keys)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(blocks: &[&str]) -> (String, Vec<Typed>) {
        let mut tilde = Tilde::new();
        let mut keys = String::new();
        let mut others = Vec::new();
        for typed in blocks.iter().flat_map(|block| tilde.read(block.as_bytes())) {
            match typed {
                Typed::Keys(bytes) => keys.push_str(&String::from_utf8(bytes).unwrap()),
                other => others.push(other),
            }
        }
        (keys, others)
    }

    #[test]
    fn it_counts_at_the_beginning_of_a_line_only() {
        assert_eq!(typed(&["~."]), ("".into(), vec![Typed::Leave]));
        assert_eq!(typed(&["ls\r~.rest"]), ("ls\r".into(), vec![Typed::Leave]));
        assert_eq!(typed(&["ls ~.\r"]), ("ls ~.\r".into(), vec![]));
        assert_eq!(typed(&["cd ~\r"]), ("cd ~\r".into(), vec![]));
    }

    #[test]
    fn it_may_be_typed_slowly() {
        assert_eq!(typed(&["x\r", "~", "."]), ("x\r".into(), vec![Typed::Leave]));
        assert_eq!(typed(&["~", "root\r"]), ("~root\r".into(), vec![]));
    }

    #[test]
    fn a_tilde_can_be_sent_and_help_be_had() {
        assert_eq!(typed(&["~~.\r"]), ("~.\r".into(), vec![]));
        assert_eq!(typed(&["~?~?ls"]), ("ls".into(), vec![Typed::Help, Typed::Help]));
    }
}
