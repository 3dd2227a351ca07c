//! Which names a CommonJS file exports, told from its text without running it.
//!
//! Node does the same, so that `import { x } from` works on CommonJS files before they ran. The scan knows the forms
//! that people and compilers write: `exports.x =`, `module.exports = { … }`, `Object.defineProperty(exports, 'x'`,
//! `module.exports = require('…')`, `__exportStar(require('…'))` and Babel's loop over the keys of a required module.
//! A name too many is `undefined` when imported; a name too few can still be read from the default export.

use std::collections::{BTreeSet, HashMap};

/// What a scan found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub names: BTreeSet<String>,
    /// What is required to hand its names on.
    pub handed_on: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Sign(u8),
    /// A number, a regular expression or a template: of no interest.
    Other,
}

use Token::{Other, Sign, Text, Word};

/// Scans a file.
pub(super) fn scan(source: &str) -> Scan {
    let tokens = tokens(source);
    let mut found = Scan::default();
    let mut required: HashMap<&str, &str> = HashMap::new();
    for at in 0..tokens.len() {
        let rest = &tokens[at..];
        if at > 0 && tokens[at - 1] == Sign(b'.') {
            continue;
        }
        match rest {
            [Word("exports"), ..] => assigned(&rest[1..], &mut found),
            [Word("module"), Sign(b'.'), Word("exports"), Sign(b'='), after @ ..]
                if after.first() != Some(&Sign(b'=')) =>
            {
                whole(after, &mut found);
            }
            [Word("module"), Sign(b'.'), Word("exports"), after @ ..] => assigned(after, &mut found),
            [Word("Object"), Sign(b'.'), Word("defineProperty"), Sign(b'('), after @ ..] => {
                if let [Sign(b','), Text(name), ..] = after_exports(after) {
                    found.names.insert((*name).to_owned());
                }
            }
            [
                Word("Object"),
                Sign(b'.'),
                Word("keys"),
                Sign(b'('),
                Word(from),
                Sign(b')'),
                Sign(b'.'),
                Word("forEach"),
                ..,
            ] => {
                if let Some(id) = required.get(from) {
                    found.handed_on.push((*id).to_owned());
                }
            }
            [Word("__exportStar" | "__export"), Sign(b'('), after @ ..] => hand_on(after, &mut found),
            [Word(name), Sign(b'='), Word("require"), Sign(b'('), Text(id), Sign(b')'), ..] => {
                required.insert(name, id);
            }
            [Word(name), Sign(b'='), Word(_), Sign(b'('), Word("require"), Sign(b'('), Text(id), ..] => {
                required.insert(name, id);
            }
            _ => {}
        }
    }
    found
}

/// After `exports` or `module.exports`: `.x =`, `['x'] =`; or `= module.exports = …`, which the caller meets itself.
fn assigned(rest: &[Token<'_>], found: &mut Scan) {
    match rest {
        [Sign(b'.'), Word(name), Sign(b'='), next, ..] if *next != Sign(b'=') => {
            found.names.insert((*name).to_owned());
        }
        [Sign(b'['), Text(name), Sign(b']'), Sign(b'='), next, ..] if *next != Sign(b'=') => {
            found.names.insert((*name).to_owned());
        }
        _ => {}
    }
}

fn after_exports<'a, 'b>(rest: &'a [Token<'b>]) -> &'a [Token<'b>] {
    match rest {
        [Word("exports"), after @ ..] | [Word("module"), Sign(b'.'), Word("exports"), after @ ..] => after,
        _ => &[],
    }
}

fn hand_on(rest: &[Token<'_>], found: &mut Scan) {
    if let [Word("require"), Sign(b'('), Text(id), ..] = rest {
        found.handed_on.push((*id).to_owned());
    }
}

/// After `module.exports =`.
fn whole(rest: &[Token<'_>], found: &mut Scan) {
    hand_on(rest, found);
    let [Sign(b'{'), inner @ ..] = rest else { return };
    let mut inner = inner;
    // The properties of the object up to the first that is not plain: what follows cannot be told from here.
    loop {
        inner = match inner {
            [Sign(b'.'), Sign(b'.'), Sign(b'.'), after @ ..] => {
                hand_on(after, found);
                past_value(after)
            }
            [Word(name) | Text(name), Sign(b','), after @ ..] => {
                found.names.insert((*name).to_owned());
                after
            }
            [Word(name) | Text(name), Sign(b'}'), ..] => {
                found.names.insert((*name).to_owned());
                return;
            }
            [Word(name) | Text(name), Sign(b':'), after @ ..] => {
                found.names.insert((*name).to_owned());
                past_value(after)
            }
            [Word("get" | "set" | "async"), Word(name), Sign(b'('), ..] => {
                found.names.insert((*name).to_owned());
                past_value(&inner[2..])
            }
            [Word(name), Sign(b'('), ..] => {
                found.names.insert((*name).to_owned());
                past_value(&inner[1..])
            }
            _ => return,
        };
    }
}

/// What follows the comma after a value; nothing when the object ends.
fn past_value<'a, 'b>(rest: &'a [Token<'b>]) -> &'a [Token<'b>] {
    let mut open = 0_usize;
    for (at, token) in rest.iter().enumerate() {
        match token {
            Sign(b'(' | b'[' | b'{') => open += 1,
            Sign(b')' | b']' | b'}') if open == 0 => return &[],
            Sign(b')' | b']' | b'}') => open -= 1,
            Sign(b',') if open == 0 => return &rest[at + 1..],
            _ => {}
        }
    }
    &[]
}

fn tokens(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    // Where templates continue: the number of open braces inside each `${`.
    let mut templates: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'/' if bytes.get(at) == Some(&b'/') => at = find(bytes, at, b"\n"),
            b'/' if bytes.get(at) == Some(&b'*') => at = (find(bytes, at + 1, b"*/") + 2).min(bytes.len()),
            b'/' if regex_may_start(found.last()) => {
                at = past_regex(bytes, at);
                found.push(Other);
            }
            b'"' | b'\'' => {
                at = past_text(bytes, at, byte);
                let text = source.get(start + 1..at.saturating_sub(1)).unwrap_or("");
                found.push(if text.contains('\\') { Other } else { Text(text) });
            }
            b'`' => at = past_template(bytes, at, &mut templates, &mut found),
            b'}' if templates.last() == Some(&0) => {
                templates.pop();
                at = past_template(bytes, at, &mut templates, &mut found);
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80.. => {
                while bytes
                    .get(at)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | 0x80..))
                {
                    at += 1;
                }
                found.push(Word(source.get(start..at).unwrap_or("")));
            }
            b'0'..=b'9' => {
                while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.' || *b == b'_') {
                    at += 1;
                }
                found.push(Other);
            }
            sign => {
                if let Some(open) = templates.last_mut() {
                    match sign {
                        b'{' => *open += 1,
                        b'}' => *open -= 1, // the case of none was met above
                        _ => {}
                    }
                }
                found.push(Sign(sign));
            }
        }
    }
    found
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or(&[]);
    rest.windows(what.len()).position(|w| w == what).map_or(bytes.len(), |at| from + at)
}

fn past_text(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'\n' => return at,
            _ if byte == quote => return at,
            _ => {}
        }
    }
    bytes.len()
}

/// To the end of a template, or to the start of the code in its next `${`.
fn past_template(bytes: &[u8], mut at: usize, open: &mut Vec<usize>, found: &mut Vec<Token<'_>>) -> usize {
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'`' => {
                found.push(Other);
                return at;
            }
            b'$' if bytes.get(at) == Some(&b'{') => {
                open.push(0);
                found.push(Sign(b'+'));
                return at + 1;
            }
            _ => {}
        }
    }
    bytes.len()
}

fn past_regex(bytes: &[u8], mut at: usize) -> usize {
    let mut class = false;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => return at,
            b'\n' => return at,
            _ => {}
        }
    }
    bytes.len()
}

fn regex_may_start(last: Option<&Token<'_>>) -> bool {
    match last {
        None => true,
        Some(Word(word)) => {
            matches!(
                *word,
                "return"
                    | "typeof"
                    | "case"
                    | "in"
                    | "of"
                    | "void"
                    | "delete"
                    | "throw"
                    | "new"
                    | "else"
                    | "do"
                    | "instanceof"
            )
        }
        Some(Sign(sign)) => !matches!(sign, b')' | b']' | b'}'),
        Some(Text(_) | Other) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        scan(source).names.into_iter().collect()
    }

    #[test]
    fn assignments_in_every_form_are_names() {
        assert_eq!(
            names("exports.a = 1; module.exports.b = exports.c = 2; exports['d'] = 3"),
            ["a", "b", "c", "d"]
        );
        assert_eq!(names("Object.defineProperty(exports, '__esModule', { value: true })"), ["__esModule"]);
        assert_eq!(names("if (exports.a == 1) other.exports.b = 2"), [""; 0]);
    }

    #[test]
    fn the_properties_of_an_object_are_names() {
        assert_eq!(
            names("module.exports = { a, b: f(1, 2), 'c': 3, d() { return 1 }, get e() { return 2 } }"),
            ["a", "b", "c", "d", "e"]
        );
        assert_eq!(names("0 && (module.exports = { x, y });"), ["x", "y"]);
    }

    #[test]
    fn what_stands_in_strings_comments_and_expressions_is_no_name() {
        assert_eq!(
            names("// exports.a = 1\n/* exports.b = 1 */ 'exports.c = 1'; /exports.d = 1/; `exports.e = 1`"),
            [""; 0]
        );
        assert_eq!(
            names("x = a / exports.f; exports.g = `${ {a: 1}.a } exports.h = 1`; exports.i = 1"),
            ["g", "i"]
        );
    }

    #[test]
    fn what_is_required_to_be_handed_on_is_told() {
        assert_eq!(scan("module.exports = require('./a')").handed_on, ["./a"]);
        assert_eq!(
            scan("__exportStar(require(\"./b\"), exports); module.exports = {...require('./c'), d}")
                .handed_on,
            ["./b", "./c"]
        );
        let babel =
            "var _x = require('./x'); Object.keys(_x).forEach(function (key) { exports[key] = _x[key]; });";
        assert_eq!(scan(babel).handed_on, ["./x"]);
    }
}
