//! Why an operation failed, in a form that crosses threads.

use boa_engine::{Context, JsError, JsString};

use crate::host::native::{ErrorClass, node_error, plain_property};

/// A failed operation: Node's error code and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    class: ErrorClass,
    code: &'static str,
    text: String,
}

impl Failure {
    /// An `Error`.
    pub fn new(code: &'static str, text: impl Into<String>) -> Failure {
        Failure { class: ErrorClass::Error, code, text: text.into() }
    }

    /// A `TypeError`.
    pub fn of_type(code: &'static str, text: impl Into<String>) -> Failure {
        Failure { class: ErrorClass::Type, code, text: text.into() }
    }

    /// A `RangeError`.
    pub fn of_range(code: &'static str, text: impl Into<String>) -> Failure {
        Failure { class: ErrorClass::Range, code, text: text.into() }
    }

    /// The script's error. What OpenSSL's texts say in one line, Node's errors also have as `library` and `reason`.
    pub fn error(&self, ctx: &mut Context) -> JsError {
        let error = node_error(self.class, self.code, &self.text, ctx);
        let mut parts = self.text.splitn(5, ':');
        if let (Some("error"), Some(_), Some(library), Some(""), Some(reason)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
            && let Some(object) = error.as_opaque().and_then(|value| value.as_object())
        {
            plain_property(&object, "library", JsString::from(library));
            plain_property(&object, "reason", JsString::from(reason));
        }
        error
    }
}
