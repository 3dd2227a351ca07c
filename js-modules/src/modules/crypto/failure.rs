//! Why an operation failed, in a form that crosses threads.

use boa_engine::{Context, JsError};

use crate::host::native::{ErrorClass, node_error};

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

    /// The script's error.
    pub fn error(&self, ctx: &mut Context) -> JsError {
        node_error(self.class, self.code, &self.text, ctx)
    }
}
