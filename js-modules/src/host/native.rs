//! What natives are written with: exports, arguments, Node-style errors.

use boa_engine::object::FunctionObjectBuilder;
use boa_engine::object::builtins::JsFunction;
use boa_engine::property::PropertyDescriptor;
use boa_engine::{
    Context, JsArgs, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, NativeFunction, js_string,
};

use super::permissions::Refused;

/// A native function without state; state is reached by [`super::HostShared::of`].
pub type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

/// Builds the exports of a native module, or any plain object with functions.
///
/// Properties are enumerable, writable and configurable, as on Node's modules: cores replace them.
pub struct Exports<'a> {
    object: JsObject,
    ctx: &'a mut Context,
}

impl<'a> Exports<'a> {
    /// Starts with an empty object.
    pub fn new(ctx: &'a mut Context) -> Self {
        Exports { object: JsObject::with_object_proto(ctx.intrinsics()), ctx }
    }

    /// Adds to an existing object.
    pub fn on(object: JsObject, ctx: &'a mut Context) -> Self {
        Exports { object, ctx }
    }

    /// Adds a function with its `name` and `length`.
    pub fn function(self, name: &str, length: usize, body: Native) -> Self {
        let value = function(name, length, NativeFunction::from_fn_ptr(body), self.ctx);
        self.value(name, value)
    }

    /// Adds a value.
    pub fn value(self, name: &str, value: impl Into<JsValue>) -> Self {
        let property = PropertyDescriptor::builder()
            .value(value)
            .writable(true)
            .enumerable(true)
            .configurable(true)
            .build();
        self.object.insert_property(JsString::from(name), property);
        self
    }

    /// Adds an accessor; without a setter, assignment is lost as usual.
    pub fn accessor(self, name: &str, get: Native, set: Option<Native>) -> Self {
        let get = function(name, 0, NativeFunction::from_fn_ptr(get), self.ctx);
        let set = set.map(|set| function(name, 1, NativeFunction::from_fn_ptr(set), self.ctx));
        let property =
            PropertyDescriptor::builder().get(get).maybe_set(set).enumerable(true).configurable(true).build();
        self.object.insert_property(JsString::from(name), property);
        self
    }

    /// The object.
    pub fn finish(self) -> JsObject {
        self.object
    }
}

/// Makes a function object that is no constructor.
pub fn function(name: &str, length: usize, body: NativeFunction, ctx: &mut Context) -> JsFunction {
    FunctionObjectBuilder::new(ctx.realm(), body)
        .name(JsString::from(name))
        .length(length)
        .constructor(false)
        .build()
}

/// Replaces or adds a function on an object of the engine: writable, configurable, not enumerable.
pub fn hidden_function(on: &JsObject, name: &str, length: usize, body: NativeFunction, ctx: &mut Context) {
    let value = function(name, length, body, ctx);
    hidden_value(on, name, value);
}

/// Adds a value that is writable, configurable and not enumerable.
pub fn hidden_value(on: &JsObject, name: &str, value: impl Into<JsValue>) {
    let property = PropertyDescriptor::builder()
        .value(value)
        .writable(true)
        .enumerable(false)
        .configurable(true)
        .build();
    on.insert_property(JsString::from(name), property);
}

/// Which error constructor is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// `Error`
    Error,
    /// `TypeError`
    Type,
    /// `RangeError`
    Range,
}

/// Makes an error with a `code`, as Node's own errors have.
pub fn node_error(class: ErrorClass, code: &str, message: &str, ctx: &mut Context) -> JsError {
    let object = error_object(class, message, ctx);
    plain_property(&object, "code", JsString::from(code));
    JsError::from_opaque(object.into())
}

/// Makes the error of a failed system call: `ENOENT: no such file or directory, open 'x'` with `errno`, `code`,
/// `syscall` and `path`.
pub fn system_error(error: &std::io::Error, syscall: &str, path: Option<&str>, ctx: &mut Context) -> JsError {
    system_error_with(error, syscall, path, None, ctx)
}

/// As [`system_error`], for calls with two paths: `…, rename 'a' -> 'b'`, with `dest`.
pub fn system_error_with(
    error: &std::io::Error,
    syscall: &str,
    path: Option<&str>,
    dest: Option<&str>,
    ctx: &mut Context,
) -> JsError {
    let (code, text) = describe(error);
    let mut message = format!("{code}: {text}, {syscall}");
    if let Some(path) = path {
        message.push_str(&format!(" '{path}'"));
    }
    if let Some(dest) = dest {
        message.push_str(&format!(" -> '{dest}'"));
    }
    let object = error_object(ErrorClass::Error, &message, ctx);
    if let Some(errno) = error.raw_os_error() {
        plain_property(&object, "errno", -errno);
    }
    plain_property(&object, "code", JsString::from(code));
    plain_property(&object, "syscall", JsString::from(syscall));
    for (name, value) in [("path", path), ("dest", dest)] {
        if let Some(value) = value {
            plain_property(&object, name, JsString::from(value));
        }
    }
    JsError::from_opaque(object.into())
}

/// Makes the error of a refused permission.
pub fn access_denied(refused: &Refused, ctx: &mut Context) -> JsError {
    let object = error_object(ErrorClass::Error, &refused.to_string(), ctx);
    plain_property(&object, "code", js_string!("ERR_ACCESS_DENIED"));
    plain_property(&object, "permission", JsString::from(refused.permission));
    plain_property(&object, "resource", JsString::from(refused.resource.as_str()));
    JsError::from_opaque(object.into())
}

/// Makes the `SyntaxError` of a source that [`super::nesting`] refuses.
pub(crate) fn too_deep(deep: &super::nesting::TooDeep, file: Option<&str>, ctx: &mut Context) -> JsError {
    let object = JsNativeError::syntax().with_message(deep.to_string()).into_opaque(ctx);
    plain_property(&object, "code", JsString::from(super::error::CODE_TOO_DEEP));
    if let Some(file) = file {
        hidden_value(&object, "fileName", JsString::from(file));
        hidden_value(&object, "lineNumber", deep.line);
        hidden_value(&object, "columnNumber", 1);
    }
    JsError::from_opaque(object.into())
}

fn error_object(class: ErrorClass, message: &str, ctx: &mut Context) -> JsObject {
    let native = match class {
        ErrorClass::Error => JsNativeError::error(),
        ErrorClass::Type => JsNativeError::typ(),
        ErrorClass::Range => JsNativeError::range(),
    };
    native.with_message(message.to_owned()).into_opaque(ctx)
}

pub(crate) fn plain_property(object: &JsObject, name: &str, value: impl Into<JsValue>) {
    object.insert_property(
        JsString::from(name),
        PropertyDescriptor::builder().value(value).writable(true).enumerable(true).configurable(true).build(),
    );
}

/// The symbolic name and text of a system error, as libuv gives them.
pub fn describe(error: &std::io::Error) -> (&'static str, String) {
    let Some(errno) = error.raw_os_error() else {
        return ("EIO", error.to_string());
    };
    let known = match errno {
        libc::ENOENT => ("ENOENT", "no such file or directory"),
        libc::EEXIST => ("EEXIST", "file already exists"),
        libc::EACCES => ("EACCES", "permission denied"),
        libc::EPERM => ("EPERM", "operation not permitted"),
        libc::ENOTDIR => ("ENOTDIR", "not a directory"),
        libc::EISDIR => ("EISDIR", "illegal operation on a directory"),
        libc::ENOTEMPTY => ("ENOTEMPTY", "directory not empty"),
        libc::EBADF => ("EBADF", "bad file descriptor"),
        libc::EINVAL => ("EINVAL", "invalid argument"),
        libc::EMFILE => ("EMFILE", "too many open files"),
        libc::ENOSPC => ("ENOSPC", "no space left on device"),
        libc::EROFS => ("EROFS", "read-only file system"),
        libc::EXDEV => ("EXDEV", "cross-device link not permitted"),
        libc::ELOOP => ("ELOOP", "too many symbolic links encountered"),
        libc::ENAMETOOLONG => ("ENAMETOOLONG", "name too long"),
        libc::EBUSY => ("EBUSY", "resource busy or locked"),
        libc::EPIPE => ("EPIPE", "broken pipe"),
        libc::EAGAIN => ("EAGAIN", "resource temporarily unavailable"),
        libc::ESRCH => ("ESRCH", "no such process"),
        libc::ENXIO => ("ENXIO", "no such device or address"),
        libc::ECONNREFUSED => ("ECONNREFUSED", "connection refused"),
        libc::ECONNRESET => ("ECONNRESET", "connection reset by peer"),
        libc::EADDRINUSE => ("EADDRINUSE", "address already in use"),
        libc::ETIMEDOUT => ("ETIMEDOUT", "connection timed out"),
        libc::ENOMEM => ("ENOMEM", "not enough memory"),
        libc::ENOEXEC => ("ENOEXEC", "exec format error"),
        libc::ETXTBSY => ("ETXTBSY", "text file is busy"),
        libc::EDESTADDRREQ => ("EDESTADDRREQ", "destination address required"),
        libc::EFBIG => ("EFBIG", "file too large"),
        libc::EMSGSIZE => ("EMSGSIZE", "message too long"),
        libc::ENODEV => ("ENODEV", "no such device"),
        libc::ENOPROTOOPT => ("ENOPROTOOPT", "protocol not available"),
        libc::ENOSYS => ("ENOSYS", "function not implemented"),
        libc::EOPNOTSUPP => ("ENOTSUP", "operation not supported on socket"),
        libc::ESPIPE => ("ESPIPE", "invalid seek"),
        libc::EADDRNOTAVAIL => ("EADDRNOTAVAIL", "address not available"),
        libc::EAFNOSUPPORT => ("EAFNOSUPPORT", "address family not supported"),
        libc::ECONNABORTED => ("ECONNABORTED", "software caused connection abort"),
        libc::EHOSTUNREACH => ("EHOSTUNREACH", "host is unreachable"),
        libc::ENETDOWN => ("ENETDOWN", "network is down"),
        libc::ENETUNREACH => ("ENETUNREACH", "network is unreachable"),
        libc::ENFILE => ("ENFILE", "file table overflow"),
        libc::ENOBUFS => ("ENOBUFS", "no buffer space available"),
        libc::ENOTCONN => ("ENOTCONN", "socket is not connected"),
        libc::ENOTSOCK => ("ENOTSOCK", "socket operation on non-socket"),
        libc::EPROTO => ("EPROTO", "protocol error"),
        _ => ("UNKNOWN", "unknown error"),
    };
    (known.0, known.1.to_owned())
}

/// The text of argument `at`, converted as `String(x)` does. A symbol is a `TypeError`.
pub fn text(args: &[JsValue], at: usize, ctx: &mut Context) -> JsResult<String> {
    Ok(args.get_or_undefined(at).to_string(ctx)?.to_std_string_lossy())
}

/// Argument `at` as text; anything but a string is `ERR_INVALID_ARG_TYPE` naming `name`.
pub fn string_argument(args: &[JsValue], at: usize, name: &str, ctx: &mut Context) -> JsResult<String> {
    match args.get_or_undefined(at).as_string() {
        Some(text) => Ok(text.to_std_string_lossy()),
        None => Err(invalid_type(name, "of type string", args.get_or_undefined(at), ctx)),
    }
}

/// Argument `at` as a function; anything else is `ERR_INVALID_ARG_TYPE` naming `name`.
pub fn function_argument(args: &[JsValue], at: usize, name: &str, ctx: &mut Context) -> JsResult<JsFunction> {
    match args.get_or_undefined(at).as_function() {
        Some(function) => Ok(function),
        None => Err(invalid_type(name, "of type function", args.get_or_undefined(at), ctx)),
    }
}

/// Argument `at` as a number of bytes, an index or the like; missing is `default`.
pub fn index_argument(args: &[JsValue], at: usize, default: usize, ctx: &mut Context) -> JsResult<usize> {
    let value = args.get_or_undefined(at);
    if value.is_undefined() {
        return Ok(default);
    }
    let number = value.to_number(ctx)?;
    // Saturating: negative and NaN become 0, the infinite becomes the largest.
    Ok(number as usize)
}

/// `ERR_INVALID_ARG_TYPE` with Node's wording.
pub fn invalid_type(name: &str, wanted: &str, got: &JsValue, ctx: &mut Context) -> JsError {
    let message = format!("The \"{name}\" argument must be {wanted}. Received {}", received(got, ctx));
    node_error(ErrorClass::Type, "ERR_INVALID_ARG_TYPE", &message, ctx)
}

/// `ERR_OUT_OF_RANGE` with Node's wording.
pub fn out_of_range(name: &str, wanted: &str, got: &str, ctx: &mut Context) -> JsError {
    let message = format!("The value of \"{name}\" is out of range. It must be {wanted}. Received {got}");
    node_error(ErrorClass::Range, "ERR_OUT_OF_RANGE", &message, ctx)
}

/// How Node describes a wrong argument.
pub fn received(value: &JsValue, ctx: &mut Context) -> String {
    if value.is_null() || value.is_undefined() {
        return value.display().to_string();
    }
    if let Some(object) = value.as_object() {
        if object.is_callable() {
            let name = object.get(js_string!("name"), ctx).ok();
            let name = name.and_then(|n| n.as_string()).map(|n| n.to_std_string_lossy()).unwrap_or_default();
            return format!("function {name}");
        }
        let name = object
            .get(js_string!("constructor"), ctx)
            .ok()
            .and_then(|c| c.as_object())
            .and_then(|c| c.get(js_string!("name"), ctx).ok())
            .and_then(|n| n.as_string())
            .map(|n| n.to_std_string_lossy())
            .filter(|n| !n.is_empty());
        return match name {
            Some(name) => format!("an instance of {name}"),
            None => "an object".to_owned(),
        };
    }
    let mut shown = match value.as_string() {
        Some(text) => {
            let text = text.to_std_string_lossy();
            let short: String = text.chars().take(25).collect();
            let dots = if short.len() < text.len() { "..." } else { "" };
            format!("'{short}{dots}'")
        }
        None => value.display().to_string(),
    };
    if value.is_bigint() && !shown.ends_with('n') {
        shown.push('n');
    }
    format!("type {} ({shown})", value.type_of())
}
