//! The lines that a tool may put behind a core's text.
//!
//! They are comments, covered by the core's hash, and any other agent passes over them:
//!
//! ```js
//! //# sourceURL=blink.js      the name that stack traces show
//! //# meshlite-dev            the operator's tool watches: console lines and whole stacks go to the server
//! ```

/// What the last lines of a core say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    /// A plain file name.
    pub name: Option<&'a str>,
    /// Somebody develops this core.
    pub dev: bool,
}

impl<'a> Labels<'a> {
    /// Reads the comment lines at the end of a core.
    pub fn of(text: &'a str) -> Labels<'a> {
        let mut labels = Labels::default();
        for line in text.trim_end().rsplit('\n').take(MAX_LINES) {
            let Some(label) = line.trim().strip_prefix("//# ") else { break };
            match label.strip_prefix("sourceURL=") {
                Some(name) if is_plain(name) => labels.name = Some(name),
                _ => labels.dev |= label == "meshlite-dev",
            }
        }
        labels
    }
}

/// It is shown in logs and on terminals.
fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

const MAX_LINES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_last_lines_and_nothing_else() {
        let text = "var a;\n//# sourceURL=blink.js\n//# meshlite-dev\n";
        assert_eq!(Labels::of(text), Labels { name: Some("blink.js"), dev: true });
        assert_eq!(Labels::of("//# meshlite-dev\nvar a;"), Labels::default());
        assert_eq!(Labels::of("a\n//# sourceURL=../x\u{1b}\n"), Labels::default());
        assert_eq!(Labels::of(""), Labels::default());
    }
}
