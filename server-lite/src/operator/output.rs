//! What the tool prints. A reader that goes away ends it quietly.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::error::OperatorError;
use super::escape::escape_text;

/// Standard output, for people or for programs.
#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
    silent: bool,
}

impl Output {
    /// For programs if `json`.
    pub fn new(json: bool) -> Output {
        Output { json, silent: false }
    }

    /// One that makes no remarks.
    pub fn silent() -> Output {
        Output { json: false, silent: true }
    }

    /// True when programs read.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The result of a command: `value` for programs, `text` for people, who may get nothing.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn result(&self, value: &Value, text: impl FnOnce() -> String) -> Result<(), OperatorError> {
        match self.json {
            true => self.raw(format!("{value:#}\n").as_bytes()),
            false => self.raw(text().as_bytes()),
        }
    }

    /// One of many results, on a line of its own.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn item(&self, value: &Value, text: impl FnOnce() -> String) -> Result<(), OperatorError> {
        match self.json {
            true => self.raw(format!("{value}\n").as_bytes()),
            false => self.raw(text().as_bytes()),
        }
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn raw(&self, bytes: &[u8]) -> Result<(), OperatorError> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// A remark for people, beside the result.
    pub fn note(&self, text: &str) {
        if !self.json && !self.silent {
            // Standard error that is gone is no reason to stop.
            let _ = writeln!(io::stderr(), "meshlite: {text}");
        }
    }

    /// An error, on standard error.
    pub fn error(&self, error: &OperatorError) {
        if let OperatorError::NoReader = error {
            return;
        }
        let _ = match self.json {
            false => writeln!(io::stderr(), "meshlite: {error}"),
            true => {
                let mut body = json!({
                    "kind": error.kind(), "code": error.exit_code(), "message": error.to_string(),
                });
                if let OperatorError::Ambiguous { candidates, .. } = error {
                    let all = candidates.iter().map(|one| json!({ "id": one.id, "name": one.name }));
                    body["candidates"] = all.collect();
                }
                writeln!(io::stderr(), "{}", json!({ "error": body }))
            }
        };
    }
}

/// Text of a device, ending with a line break.
pub fn device_text(text: &str) -> String {
    let mut shown = escape_text(text);
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
    shown
}
