//! How much native stack a source could need, found out before it is parsed.
//!
//! The engine's parser and compiler recurse over the syntax tree and abort the process when the native stack is
//! used up. This scan reads the text once, without building anything, and adds up what the open constructs cost.
//! It knows strings, comments, templates and (by the token before) regular expressions; it need not be exact, only
//! never far too low for sources that parse.

use std::fmt;

/// Cost of an open bracket, in bytes of native stack: functions are the dearest construct (61 kB measured).
const BRACKET: usize = 64 << 10;
/// Cost of a token that nests without a bracket: arrows, conditionals, prefix operators, `else` (3 kB measured).
const NESTING_TOKEN: usize = 6 << 10;
/// Cost of any other token of one statement: binary operators and operands (0.3 kB measured).
const TOKEN: usize = 1 << 10;

/// A source that may overflow the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooDeep {
    /// The line where the limit was reached, from 1.
    pub line: u32,
    /// Open brackets there.
    pub brackets: usize,
}

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "source is nested too deep ({} open brackets, or one statement too long) at line {}; \
             split it into smaller functions",
            self.brackets, self.line
        )
    }
}

impl std::error::Error for TooDeep {}

struct Level {
    close: u8,
    /// Cost of the statement so far, at this level.
    cost: usize,
    /// A `;` or `}` came; the next token starts a statement unless it is `else`.
    ended: bool,
}

/// Checks a source against half of `stack_bytes`.
///
/// # Errors
/// [`TooDeep`] names the line.
pub fn check(source: &str, stack_bytes: usize) -> Result<(), TooDeep> {
    Scan {
        text: source.as_bytes(),
        at: 0,
        line: 1,
        limit: stack_bytes / 2,
        total: 0,
        levels: vec![Level { close: 0, cost: 0, ended: false }],
        operand: false,
    }
    .run()
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    limit: usize,
    total: usize,
    levels: Vec<Level>,
    /// The last token ended an operand, so `/` divides.
    operand: bool,
}

impl Scan<'_> {
    fn run(mut self) -> Result<(), TooDeep> {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'/' if !self.operand => self.regex()?,
                b'"' | b'\'' => self.string(byte)?,
                b'`' => {
                    self.at += 1;
                    self.template()?;
                }
                b'(' | b'[' | b'{' => {
                    self.token(TOKEN)?;
                    self.open(match byte {
                        b'(' => b')',
                        b'[' => b']',
                        _ => b'}',
                    })?;
                }
                b')' | b']' | b'}' => self.close(byte)?,
                b';' | b',' => {
                    self.end_statement();
                    self.at += 1;
                    self.operand = false;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | 0x80.. => self.word()?,
                _ => self.operator(byte)?,
            }
        }
        Ok(())
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn level(&mut self) -> &mut Level {
        // The lowest level is never closed, so there is always one.
        self.levels.last_mut().expect("the lowest level stays")
    }

    fn add(&mut self, cost: usize) -> Result<(), TooDeep> {
        self.level().cost += cost;
        self.total += cost;
        if self.total > self.limit {
            return Err(TooDeep { line: self.line, brackets: self.levels.len() - 1 });
        }
        Ok(())
    }

    fn token(&mut self, cost: usize) -> Result<(), TooDeep> {
        if self.level().ended {
            self.reset();
        }
        self.add(cost)
    }

    fn reset(&mut self) {
        let level = self.level();
        let cost = std::mem::take(&mut level.cost);
        level.ended = false;
        self.total -= cost;
    }

    fn end_statement(&mut self) {
        self.level().ended = true;
    }

    fn open(&mut self, close: u8) -> Result<(), TooDeep> {
        self.levels.push(Level { close, cost: 0, ended: false });
        self.at += 1;
        self.operand = false;
        self.add(BRACKET)
    }

    fn close(&mut self, byte: u8) -> Result<(), TooDeep> {
        self.at += 1;
        self.operand = byte != b'}';
        // An unmatched bracket is a syntax error, or this scan misread something: do not lose count.
        if self.levels.len() > 1 && self.level().close == byte {
            let cost = self.level().cost;
            self.levels.pop();
            self.total -= cost;
            if byte == b'}' {
                if self.level().close == b'`' {
                    return self.template();
                }
                self.end_statement();
            }
        }
        Ok(())
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
    }

    fn block_comment(&mut self) {
        self.at += 2;
        while let Some(byte) = self.peek(0) {
            if byte == b'*' && self.peek(1) == Some(b'/') {
                self.at += 2;
                return;
            }
            self.line += u32::from(byte == b'\n');
            self.at += 1;
        }
    }

    fn string(&mut self, quote: u8) -> Result<(), TooDeep> {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => {
                    self.line += u32::from(self.peek(0) == Some(b'\n'));
                    self.at += 1;
                }
                b'\n' => {
                    self.line += 1;
                    break; // not a string that parses
                }
                _ if byte == quote => break,
                _ => {}
            }
        }
        self.operand = true;
        self.token(TOKEN)
    }

    /// From inside a template to its end or to the next `${`.
    fn template(&mut self) -> Result<(), TooDeep> {
        let inside = self.level().close == b'`';
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' => self.line += 1,
                b'`' => {
                    if inside {
                        let cost = self.level().cost;
                        self.levels.pop();
                        self.total -= cost;
                    }
                    self.operand = true;
                    return self.token(TOKEN);
                }
                b'$' if self.peek(0) == Some(b'{') => {
                    if !inside {
                        self.levels.push(Level { close: b'`', cost: 0, ended: false });
                    }
                    return self.open(b'}');
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn regex(&mut self) -> Result<(), TooDeep> {
        self.at += 1;
        let mut class = false;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => break,
                b'\\' => self.at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.at += 1;
                    break;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.operand = true;
        self.token(TOKEN)
    }

    fn word(&mut self) -> Result<(), TooDeep> {
        let start = self.at;
        while self.peek(0).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | 0x80..)) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let continues = word == b"else" || word == b"while" || word == b"catch" || word == b"finally";
        if continues {
            self.level().ended = false;
        }
        let (cost, operand) = match word {
            b"else" | b"typeof" | b"void" | b"delete" | b"new" | b"await" | b"yield" | b"if" | b"for"
            | b"while" | b"do" | b"with" => (NESTING_TOKEN, false),
            b"return" | b"throw" | b"case" | b"in" | b"of" | b"instanceof" => (TOKEN, false),
            _ => (TOKEN, true),
        };
        self.operand = operand;
        self.token(cost)
    }

    fn operator(&mut self, byte: u8) -> Result<(), TooDeep> {
        // `++` and `--` after an operand leave one behind.
        let doubled = matches!(byte, b'+' | b'-') && self.peek(1) == Some(byte);
        let binary = self.operand;
        let nests = match byte {
            b'?' | b':' | b'=' | b'!' | b'~' => true,
            b'*' => self.peek(1) == Some(b'*'),
            b'+' | b'-' => !binary,
            _ => false,
        };
        self.at += if doubled { 2 } else { 1 };
        self.operand = doubled && binary;
        self.token(if nests { NESTING_TOKEN } else { TOKEN })
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    const STACK: usize = 64 << 20;

    fn fine(source: &str) {
        if let Err(e) = check(source, STACK) {
            panic!("{e}");
        }
    }

    fn refused(source: &str) -> u32 {
        check(source, STACK).unwrap_err().line
    }

    #[test]
    fn deep_brackets_of_each_kind_are_refused() {
        for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("(function(){", "})"), ("`${", "}`")] {
            fine(&format!("{}{}", open.repeat(100), close.repeat(100)));
            refused(&format!("{}{}", open.repeat(100_000), close.repeat(100_000)));
        }
    }

    #[test]
    fn deep_nesting_without_brackets_is_refused() {
        for piece in ["a=>", "!", "a?b:", "if(a);else ", "new ", "a**", "a=", "typeof ", "if(a)", "a:", "- "]
        {
            fine(&piece.repeat(200));
            refused(&piece.repeat(100_000));
        }
        refused(&"a+".repeat(100_000));
    }

    #[test]
    fn brackets_in_text_do_not_count() {
        for text in ["'((('", "\"[[[\"", "`{{{`", "// (((\n", "/* ((( */", "/[(]((/", "'\\'((('"] {
            fine(&format!("x = {text};").repeat(5_000));
        }
    }

    #[test]
    fn long_flat_sources_are_fine() {
        fine(&"function f(a, b) { return a[b] / (a + b) / 2; }\n".repeat(20_000));
        fine(&"var x = { a: 1, b: [1, 2, 3] }\nx.y(function () { z() })\n".repeat(1_000));
        fine(&"'line of text' +\n".repeat(2_000));
        fine(&"if (a) { b(); } else if (c) { d(); }\n".repeat(10_000));
        fine(&"a = b ? c : d;".repeat(50_000));
    }

    #[test]
    fn the_line_is_named() {
        assert_eq!(refused(&format!("\n\n'\\\n';`\n`;{}", "(".repeat(10_000))), 5);
    }
}
