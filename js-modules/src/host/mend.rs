//! Texts that the engine's parser (0.22.0) takes wrongly, changed so that it takes them right.
//!
//! **`this` in arrows within arrows.** The engine gives a function an environment for `this` when an arrow function
//! directly in it says `this`, and forgets those that are one level further in: `function () { return () => () => this }`
//! then finds the `this` of some function further out. It makes the environment for `new.target` in any case, so
//! functions of that shape get a `;new.target` before their closing brace, a statement that does nothing.
//!
//! **`async` and `using` as names.** `async(f)` is taken for an arrow function and refused, `using` is a declaration
//! wherever it stands. A text that does not parse is tried again with `async` written as `\u0061sync`, and with the
//! variable `using` under another name.
//!
//! No line moves; what stands on the same line behind a change does. The scan knows brackets, strings, comments, templates
//! and regular expressions. Where it is wrong nothing is lost: a text that does not parse with the changes is parsed
//! without.

/// The text with what `this` needs; `None` when it needs nothing.
pub(super) fn arrows(source: &str) -> Option<String> {
    if !source.contains("=>") || !source.contains("this") {
        return None;
    }
    edited(source, Scan::new(source.as_bytes()).run())
}

/// The text with that and with other spellings of the names; `None` when there is nothing to change.
pub(super) fn names(source: &str) -> Option<String> {
    if !source.contains("async") && !source.contains("using") {
        return None;
    }
    edited(source, Scan { names: true, ..Scan::new(source.as_bytes()) }.run())
}

/// What stands in the place of how many bytes.
type Edit = (usize, usize, &'static str);

fn edited(source: &str, edits: Vec<Edit>) -> Option<String> {
    if edits.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(source.len() + edits.len() * ADDITION.len());
    let mut from = 0;
    for (place, length, instead) in edits {
        text.push_str(source.get(from..place)?);
        text.push_str(instead);
        from = place + length;
    }
    text.push_str(source.get(from..)?);
    Some(text)
}

const ADDITION: &str = ";new.target";

/// What an open bracket belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The text itself; class bodies and static blocks, where `this` is right.
    Boundary,
    Class,
    /// A function's body, but not an arrow function's.
    Function,
    Arrow,
    Block,
    Object,
    /// The code in `${}` of a template.
    Template,
    /// `(` or `[`; true after `if`, `for` and the like.
    Group(bool),
}

struct Level {
    kind: Kind,
    /// Arrow functions without braces that are open at this level.
    arrows: usize,
    /// `class` came; the next `{` at this level is its body.
    class: bool,
    /// An arrow function further in than one level says `this`.
    needs: bool,
    /// Where the `async` before this parenthesis stands.
    call: Option<usize>,
}

/// The token before, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last<'a> {
    Nothing,
    Word(&'a [u8]),
    /// The end of an operand that is no word: a number, a string, `]`, an object.
    Operand,
    /// `)`; true when it closed the head of `if`, `for` and the like.
    Closed(bool),
    Arrow,
    Dot,
    /// `}` of a block or a body.
    Ended,
    Sign,
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    last: Last<'a>,
    before_last: Last<'a>,
    /// Where the last word begins.
    word_at: usize,
    edits: Vec<Edit>,
    names: bool,
}

impl<'a> Scan<'a> {
    fn new(text: &'a [u8]) -> Self {
        let top = Level { kind: Kind::Boundary, arrows: 0, class: false, needs: false, call: None };
        Scan {
            text,
            at: 0,
            levels: vec![top],
            last: Last::Nothing,
            before_last: Last::Nothing,
            word_at: 0,
            edits: Vec::new(),
            names: false,
        }
    }

    fn run(mut self) -> Vec<Edit> {
        while let Some(&byte) = self.text.get(self.at) {
            let start = self.at;
            self.at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'/' if self.peek() == Some(b'/') => self.skip_to(b"\n"),
                b'/' if self.peek() == Some(b'*') => {
                    self.at += 1;
                    self.skip_to(b"*/");
                }
                b'/' if self.regex_may_start() => {
                    self.regex();
                    self.token(Last::Operand);
                }
                b'"' | b'\'' => {
                    self.string(byte);
                    self.token(Last::Operand);
                }
                b'`' => self.template(),
                b'(' | b'[' => {
                    let control = byte == b'(' && self.after_control_word();
                    let call = self.names && byte == b'(' && self.last == Last::Word(b"async");
                    let place = self.word_at;
                    self.open(Kind::Group(control));
                    self.level().call = call.then_some(place);
                }
                b')' | b']' => self.close_group(byte),
                b'{' => {
                    let kind = self.kind_of_brace();
                    self.open(kind);
                }
                b'}' => self.close_brace(start),
                b'=' if self.peek() == Some(b'>') => {
                    self.at += 1;
                    self.arrow();
                }
                b'.' if self.peek().is_some_and(|b| b.is_ascii_digit()) => self.word(start),
                b'.' => self.token(Last::Dot),
                b',' | b';' => {
                    let level = self.level();
                    level.arrows = 0;
                    level.class = false;
                    self.token(Last::Sign);
                }
                b'+' | b'-' if self.peek() == Some(byte) => {
                    // `x++ / y`: an operand stays one.
                    self.at += 1;
                    if !self.ends_operand() {
                        self.token(Last::Sign);
                    }
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | b'#' | b'\\' | 0x80.. => {
                    self.word(start)
                }
                _ => self.token(Last::Sign),
            }
        }
        self.edits.sort_unstable();
        self.edits
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn level(&mut self) -> &mut Level {
        // The lowest level is never closed, so there is always one.
        self.levels.last_mut().expect("the lowest level stays")
    }

    fn token(&mut self, token: Last<'a>) {
        self.before_last = self.last;
        self.last = token;
    }

    fn open(&mut self, kind: Kind) {
        self.level().class &= kind == Kind::Group(false);
        self.levels.push(Level { kind, arrows: 0, class: false, needs: false, call: None });
        self.token(Last::Sign);
    }

    fn close_group(&mut self, byte: u8) {
        let mut control = false;
        if let Kind::Group(is_control) = self.level().kind {
            control = is_control;
            let call = self.level().call;
            self.levels.pop();
            if let Some(place) = call
                && !self.rest().starts_with(b"=>")
            {
                self.edits.push((place, "async".len(), "\\u0061sync"));
            }
        }
        self.token(if byte == b')' { Last::Closed(control) } else { Last::Operand });
    }

    fn close_brace(&mut self, place: usize) {
        let (kind, needs) = (self.level().kind, self.level().needs);
        if matches!(kind, Kind::Group(_)) || self.levels.len() == 1 {
            self.token(Last::Ended);
            return;
        }
        self.levels.pop();
        match kind {
            Kind::Template => self.template(),
            Kind::Object => self.token(Last::Operand),
            _ => {
                if needs && kind == Kind::Function {
                    self.edits.push((place, 0, ADDITION));
                }
                self.token(Last::Ended);
            }
        }
    }

    fn kind_of_brace(&mut self) -> Kind {
        let (class, kind) = (self.level().class, self.level().kind);
        if class {
            return Kind::Class;
        }
        match self.last {
            Last::Arrow => Kind::Arrow,
            Last::Closed(false) => Kind::Function,
            Last::Word(b"static") if kind == Kind::Class => Kind::Boundary,
            Last::Word(
                b"return" | b"throw" | b"case" | b"in" | b"of" | b"typeof" | b"void" | b"yield" | b"await",
            ) => Kind::Object,
            Last::Closed(true) | Last::Word(_) | Last::Nothing | Last::Ended => Kind::Block,
            // After `;` and `{` it is a block; no matter, both hide nothing.
            _ => Kind::Object,
        }
    }

    fn arrow(&mut self) {
        self.token(Last::Arrow);
        // With braces the body is a level of its own.
        if self.next_code() != Some(b'{') {
            self.level().arrows += 1;
        }
    }

    /// The next byte that is neither space nor comment.
    fn next_code(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// The text from the next byte on that is neither space nor comment.
    fn rest(&self) -> &'a [u8] {
        let mut ahead = Scan::new(self.text);
        ahead.at = self.at;
        loop {
            match ahead.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => ahead.at += 1,
                Some(b'/') if ahead.text.get(ahead.at + 1) == Some(&b'/') => ahead.skip_to(b"\n"),
                Some(b'/') if ahead.text.get(ahead.at + 1) == Some(&b'*') => {
                    ahead.at += 2;
                    ahead.skip_to(b"*/");
                }
                _ => return self.text.get(ahead.at..).unwrap_or(&[]),
            }
        }
    }

    fn word(&mut self, start: usize) {
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'\\' | 0x80..))
        {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        if word[0].is_ascii_digit() || word[0] == b'.' {
            self.token(Last::Operand);
            return;
        }
        if self.last == Last::Dot {
            // A property's name is no keyword.
            self.token(Last::Operand);
            return;
        }
        match word {
            b"this" => self.this(),
            b"class" if !matches!(self.next_code(), Some(b':' | b',' | b'}' | b'(' | b'=' | b')' | b']')) => {
                self.level().class = true;
            }
            b"using" if self.names => self.using(start),
            _ => {}
        }
        self.word_at = start;
        self.token(Last::Word(word));
    }

    fn this(&mut self) {
        let mut arrows = 0;
        for level in self.levels.iter_mut().rev() {
            arrows += level.arrows + usize::from(level.kind == Kind::Arrow);
            match level.kind {
                Kind::Function => {
                    level.needs |= arrows > 1;
                    return;
                }
                Kind::Boundary | Kind::Class => return,
                _ => {}
            }
        }
    }

    fn using(&mut self, start: usize) {
        let next = self.next_code();
        let before = self.text[..start].iter().rev().find(|byte| !byte.is_ascii_whitespace());
        let key = self.level().kind == Kind::Object && matches!(before, Some(b'{' | b','));
        match next {
            Some(b':' | b'(') if key => {}
            Some(b',' | b'}') if key => self.edits.push((start, "using".len(), "using: using_")),
            _ => self.edits.push((start, "using".len(), "using_")),
        }
    }

    fn after_control_word(&self) -> bool {
        match self.last {
            Last::Word(b"if" | b"for" | b"while" | b"switch" | b"catch" | b"with") => true,
            Last::Word(b"await") => self.before_last == Last::Word(b"for"),
            _ => false,
        }
    }

    fn ends_operand(&self) -> bool {
        match self.last {
            Last::Operand | Last::Closed(_) => true,
            Last::Word(word) => !takes_operand(word),
            _ => false,
        }
    }

    fn regex_may_start(&self) -> bool {
        match self.last {
            Last::Closed(control) => control,
            Last::Operand => false,
            Last::Word(word) => takes_operand(word),
            _ => true,
        }
    }

    fn skip_to(&mut self, what: &[u8]) {
        let rest = &self.text[self.at.min(self.text.len())..];
        self.at = match rest.windows(what.len()).position(|window| window == what) {
            Some(found) => self.at + found + what.len(),
            None => self.text.len(),
        };
    }

    fn string(&mut self, quote: u8) {
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' => return,
                _ if byte == quote => return,
                _ => {}
            }
        }
    }

    fn regex(&mut self) {
        let mut class = false;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return,
                b'\n' => return,
                _ => {}
            }
        }
    }

    /// From inside a template to its end or to the next `${`.
    fn template(&mut self) {
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'`' => break,
                b'$' if self.peek() == Some(b'{') => {
                    self.at += 1;
                    self.open(Kind::Template);
                    return;
                }
                _ => {}
            }
        }
        self.token(Last::Operand);
    }
}

/// Words after which an operand comes, so that `/` begins a regular expression.
fn takes_operand(word: &[u8]) -> bool {
    matches!(
        word,
        b"return"
            | b"typeof"
            | b"case"
            | b"in"
            | b"of"
            | b"void"
            | b"delete"
            | b"throw"
            | b"new"
            | b"else"
            | b"do"
            | b"instanceof"
            | b"yield"
            | b"await"
    )
}

#[cfg(test)]
mod tests {
    use super::{arrows, names};

    fn mended(source: &str) -> String {
        arrows(source).unwrap_or_else(|| source.to_owned())
    }

    fn unchanged(source: &str) {
        assert_eq!(arrows(source), None);
    }

    #[test]
    fn a_function_with_this_two_arrows_deep_is_mended() {
        assert_eq!(
            mended("function f() { return () => () => this }"),
            "function f() { return () => () => this ;new.target}"
        );
        assert_eq!(
            mended("x = { m(a) { a.map((b) => { b.map((c) => { c(this); }); }); } }"),
            "x = { m(a) { a.map((b) => { b.map((c) => { c(this); }); }); ;new.target} }"
        );
        assert_eq!(
            mended("class A extends f() { m() { return `${[1].map(() => (() => this))}`; } }"),
            "class A extends f() { m() { return `${[1].map(() => (() => this))}`; ;new.target} }"
        );
        assert_eq!(
            mended("f = function () { if (a) { for (;;) { g(x => { if (x) h(() => this) }) } } }"),
            "f = function () { if (a) { for (;;) { g(x => { if (x) h(() => this) }) } } ;new.target}"
        );
    }

    #[test]
    fn what_the_engine_does_right_stays() {
        unchanged("function f() { return () => this }");
        unchanged("function f() { g(() => 1, () => this); a => 1; b => this }");
        unchanged("function f() { (() => { g(function () { this.x }) })() }");
        unchanged("class A { f = () => () => this; static { A.g = () => () => this } }");
        unchanged("x = () => () => this");
    }

    #[test]
    fn texts_comments_and_regular_expressions_are_no_code() {
        unchanged("function f() { return '() => () => this }' + \"() => this\" } // () => () => this");
        unchanged(
            "function f() { return /=> () => this }/.test(`() => () => this`) /* () => () => this } */ }",
        );
        assert_eq!(
            mended("function f() { if (/[/}]/.test(a)) return () => a / b / (() => this) }"),
            "function f() { if (/[/}]/.test(a)) return () => a / b / (() => this) ;new.target}"
        );
    }

    #[test]
    fn async_and_using_as_names_are_spelled_otherwise() {
        let spelled = |source: &str| names(source).unwrap_or_else(|| source.to_owned());
        assert_eq!(spelled("x = async(f(1), async (a) => a)"), "x = \\u0061sync(f(1), async (a) => a)");
        for same in
            ["async function f() {}", "async x => x", "a.async(1)", "async (a, b) /* */ => 1", "'async(1)'"]
        {
            assert_eq!(spelled(same), same);
        }
        assert_eq!(
            spelled(
                "function using(a) { return using } exports.using = using; f({ using, using: 1, a: using }, using)"
            ),
            "function using_(a) { return using_ } exports.using = using_; f({ using: using_, using: 1, a: using_ }, using_)"
        );
    }

    #[test]
    fn a_text_that_ends_early_is_no_harm() {
        for text in [
            "=> this `${",
            "=> this '",
            "=> this /*",
            "=> this }}}}",
            "=> this ))",
            "class => this {",
            "=> this /",
        ] {
            unchanged(text);
        }
    }
}
