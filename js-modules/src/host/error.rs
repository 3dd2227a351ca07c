//! Script failures as the people who read logs need them: who, where, why.

use std::fmt;

use boa_engine::{Context, EngineError, JsError, JsValue, error::RuntimeLimitError, js_string};

/// What kind of end a script came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScriptErrorKind {
    /// A value was thrown and nobody caught it.
    Exception,
    /// The source does not parse.
    Syntax,
    /// A limit of the budget was reached (recursion, value stack, loop). Scripts cannot catch this.
    Limit,
    /// The engine itself failed; its context cannot be trusted any more.
    Panic,
    /// The source is nested so deep that parsing it could overflow the native stack.
    Nesting,
}

/// One call on the script's stack, innermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The function's name, `<main>` or `<anonymous>`.
    pub function: String,
    /// The file, or `native`.
    pub file: String,
    /// Line from 1; 0 when the engine does not know.
    pub line: u32,
    /// Column from 1; 0 when the engine does not know.
    pub column: u32,
}

/// A failure of a script, with its place.
///
/// It is shown as `core.js:5:21 TypeError: not a function` and the stack below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// What kind of end it was.
    pub kind: ScriptErrorKind,
    /// The error's name, such as `TypeError`; empty when the thrown value was no error.
    pub name: String,
    /// The error's message, or the thrown value as text.
    pub message: String,
    /// The `code` property of a Node-style error.
    pub code: Option<Box<str>>,
    /// The file of the innermost known place.
    pub file: Option<String>,
    /// Line from 1; 0 when unknown.
    pub line: u32,
    /// Column from 1; 0 when unknown.
    pub column: u32,
    /// The call stack, innermost first, at most 50.
    pub frames: Box<[Frame]>,
}

/// Error texts are cut here: a script chooses them.
const MAX_TEXT: usize = 4096;

/// The `code` of the `SyntaxError` for a source that is nested too deep.
pub(crate) const CODE_TOO_DEEP: &str = "ERR_SOURCE_TOO_DEEP";

impl ScriptError {
    /// Makes an error that did not come from a thrown value.
    pub fn new(kind: ScriptErrorKind, name: &str, message: impl Into<String>) -> Self {
        ScriptError {
            kind,
            name: name.to_owned(),
            message: cut(message.into()),
            code: None,
            file: None,
            line: 0,
            column: 0,
            frames: Box::default(),
        }
    }

    /// Reads an engine error. Getters of the thrown value may run; what they throw is ignored.
    pub fn from_js(error: JsError, ctx: &mut Context) -> Self {
        if let Some(engine) = error.as_engine() {
            let (kind, name, message) = match engine {
                EngineError::RuntimeLimit(limit) => {
                    (ScriptErrorKind::Limit, "RuntimeLimitError", limit_text(*limit))
                }
                EngineError::Panic(panic) => {
                    (ScriptErrorKind::Panic, "EnginePanic", panic.message().to_owned())
                }
            };
            let mut made = ScriptError::new(kind, name, message);
            made.take_frames(&error.to_string());
            return made;
        }
        match error.into_opaque(ctx) {
            Ok(value) => Self::from_value(&value, ctx),
            // Only engine errors cannot become values, and those returned above.
            Err(error) => ScriptError::new(ScriptErrorKind::Panic, "EngineError", error.to_string()),
        }
    }

    /// Reads a thrown value.
    pub fn from_value(value: &JsValue, ctx: &mut Context) -> Self {
        let Some(object) = value.as_object() else {
            let text = value
                .to_string(ctx)
                .map_or_else(|_| value.display().to_string(), |s| s.to_std_string_lossy());
            return ScriptError::new(ScriptErrorKind::Exception, "", text);
        };
        let mut read = |key: &'static str| -> Option<String> {
            let value = object.get(js_string!(key), ctx).ok()?;
            if value.is_undefined() || value.is_object() {
                return None;
            }
            Some(value.to_string(ctx).ok()?.to_std_string_lossy())
        };
        let name = read("name").unwrap_or_default();
        let message = read("message");
        let code = read("code");
        let stack = read("stack");
        let file = read("fileName");
        let number = |text: Option<String>| text.and_then(|t| t.parse().ok()).unwrap_or(0);
        let line = number(read("lineNumber"));
        let column = number(read("columnNumber"));
        let message = match message {
            Some(message) => message,
            None if name.is_empty() => value.display().to_string(),
            None => String::new(),
        };
        let kind = if code.as_deref() == Some(CODE_TOO_DEEP) {
            ScriptErrorKind::Nesting
        } else if name == "SyntaxError" {
            ScriptErrorKind::Syntax
        } else {
            ScriptErrorKind::Exception
        };
        let mut made = ScriptError::new(kind, &name, message);
        made.code = code.map(String::into_boxed_str);
        if let Some(stack) = stack {
            made.take_frames(&stack);
        }
        if file.is_some() {
            (made.file, made.line, made.column) = (file, line, column);
        }
        made
    }

    /// The text without the stack: `core.js:5:21 TypeError: message`.
    pub fn headline(&self) -> String {
        let mut text = String::new();
        if let Some(file) = &self.file {
            text.push_str(file);
            if self.line > 0 {
                text.push_str(&format!(":{}:{}", self.line, self.column));
            }
            text.push(' ');
        }
        match (self.name.is_empty(), self.message.is_empty()) {
            (true, _) => text.push_str(&self.message),
            (false, true) => text.push_str(&self.name),
            (false, false) => text.push_str(&format!("{}: {}", self.name, self.message)),
        }
        text
    }

    fn take_frames(&mut self, text: &str) {
        let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("at "));
        self.frames = lines.filter_map(parse_frame).take(50).collect();
        if let Some(place) = self.frames.iter().find(|f| f.line > 0) {
            self.file = Some(place.file.clone());
            self.line = place.line;
            self.column = place.column;
        } else if let Some(place) = self.frames.iter().find(|f| f.file != "native") {
            self.file = Some(place.file.clone());
        }
    }
}

fn limit_text(limit: RuntimeLimitError) -> String {
    match limit {
        RuntimeLimitError::LoopIteration => {
            "a loop ran more often than the budget allows; split the work over several turns (setImmediate)"
                .into()
        }
        RuntimeLimitError::Recursion => "functions call each other deeper than the budget allows".into(),
        RuntimeLimitError::StackSize => {
            "the value stack is larger than the budget allows; pass fewer arguments or recurse less deep"
                .into()
        }
    }
}

/// Parses `name (file:line:column)`, `name (file:?:?)` and `name (native)`.
fn parse_frame(text: &str) -> Option<Frame> {
    let open = text.rfind(" (")?;
    let place = text[open + 2..].strip_suffix(')')?;
    let function = text[..open].to_owned();
    let mut parts = place.rsplitn(3, ':');
    let (column, line, file) = (parts.next()?, parts.next(), parts.next());
    let frame = match (line, file) {
        (Some(line), Some(file)) => Frame {
            function,
            file: file.to_owned(),
            line: line.parse().unwrap_or(0),
            column: column.parse().unwrap_or(0),
        },
        _ => Frame { function, file: "native".to_owned(), line: 0, column: 0 },
    };
    Some(frame)
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let mut end = MAX_TEXT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        for frame in &self.frames {
            if frame.line > 0 {
                write!(f, "\n    at {} ({}:{}:{})", frame.function, frame.file, frame.line, frame.column)?;
            } else {
                write!(f, "\n    at {} ({})", frame.function, frame.file)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ScriptError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_with_colons_in_the_file_is_read() {
        let frame = parse_frame("emit (node:events:12:7)").unwrap();
        assert_eq!((frame.file.as_str(), frame.line, frame.column), ("node:events", 12, 7));
        assert_eq!(parse_frame("sort (native)").unwrap().file, "native");
        assert_eq!(parse_frame("<main> (core.js:?:?)").unwrap().line, 0);
    }

    #[test]
    fn the_headline_names_place_name_and_message() {
        let mut error = ScriptError::new(ScriptErrorKind::Exception, "TypeError", "no");
        error.take_frames("    at f (core.js:5:21)\n    at <main> (core.js:9:1)");
        assert_eq!(
            error.to_string(),
            "core.js:5:21 TypeError: no\n    at f (core.js:5:21)\n    at <main> (core.js:9:1)"
        );
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let error = ScriptError::new(ScriptErrorKind::Exception, "", "ä".repeat(5000));
        assert!(error.message.len() <= MAX_TEXT + 3);
    }
}
