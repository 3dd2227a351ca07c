//! What went wrong, in the terms of Node's errors.

use std::io;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsObject, JsString};
use microstack::net::{Attempt, DialError, DnsError};

use super::address;
use crate::host::native::{Exports, describe};

/// A failed operation; script makes the `Error` of it.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    pub code: String,
    pub errno: i32,
    pub syscall: &'static str,
    pub address: Option<String>,
    pub port: Option<u16>,
    pub hostname: Option<String>,
    pub text: String,
    /// Each of several addresses that were tried.
    pub each: Vec<Failure>,
}

impl Failure {
    pub fn system(error: &io::Error, syscall: &'static str) -> Failure {
        let (code, text) = match (error.raw_os_error(), error.kind()) {
            (None, io::ErrorKind::WriteZero | io::ErrorKind::BrokenPipe) => {
                ("EPIPE", "broken pipe".to_owned())
            }
            (None, io::ErrorKind::InvalidInput) => ("EINVAL", error.to_string()),
            (None, io::ErrorKind::InvalidData) => ("EPROTO", error.to_string()),
            _ => describe(error),
        };
        let errno = error.raw_os_error().unwrap_or(match code {
            "EPIPE" => libc::EPIPE,
            "EPROTO" => libc::EPROTO,
            _ => libc::EINVAL,
        });
        Failure { code: code.to_owned(), errno: -errno, syscall, text, ..Failure::default() }
    }

    pub fn at(mut self, address: Option<String>, port: Option<u16>) -> Failure {
        self.address = address;
        self.port = port;
        self
    }

    pub fn dial(error: &DialError, host: &str) -> Failure {
        match error {
            DialError::Dns(DnsError::Busy { .. }) | DialError::DnsTimedOut { .. } => {
                Self::name("EAI_AGAIN", libc::EAI_AGAIN, host, error.to_string())
            }
            DialError::Dns(DnsError::Failed { text, .. }) if text.starts_with("Temporary failure") => {
                Self::name("EAI_AGAIN", libc::EAI_AGAIN, host, error.to_string())
            }
            DialError::Connect { tried } => {
                let mut each: Vec<Failure> = tried.iter().map(Self::attempt).collect();
                if each.len() == 1 {
                    return each.remove(0);
                }
                let first = each.first();
                let (code, errno) = first.map_or((String::new(), 0), |one| (one.code.clone(), one.errno));
                Failure {
                    code,
                    errno,
                    syscall: "connect",
                    text: error.to_string(),
                    each,
                    ..Failure::default()
                }
            }
            // libuv's number for it, not the resolver's.
            _ => Self::name("ENOTFOUND", 3008, host, error.to_string()),
        }
    }

    fn name(code: &str, errno: i32, host: &str, text: String) -> Failure {
        let errno = if code == "EAI_AGAIN" { -3001 } else { -errno.abs() };
        let hostname = Some(host.to_owned());
        Failure { code: code.to_owned(), errno, syscall: "getaddrinfo", hostname, text, ..Failure::default() }
    }

    fn attempt(attempt: &Attempt) -> Failure {
        let error = io::Error::from_raw_os_error(attempt.errno.unwrap_or(libc::ENETUNREACH));
        Self::system(&error, "connect").at(Some(address::text(attempt.addr)), Some(attempt.addr.port()))
    }

    /// `{ code, errno, syscall, address, port, hostname, text, each }`.
    pub fn object(self, ctx: &mut Context) -> JsObject {
        let each: Vec<JsObject> = self.each.into_iter().map(|one| one.object(ctx)).collect();
        let mut exports = Exports::new(ctx)
            .value("code", JsString::from(self.code))
            .value("errno", self.errno)
            .value("syscall", JsString::from(self.syscall))
            .value("text", JsString::from(self.text));
        if let Some(address) = self.address {
            exports = exports.value("address", JsString::from(address));
        }
        if let Some(port) = self.port {
            exports = exports.value("port", i32::from(port));
        }
        if let Some(hostname) = self.hostname {
            exports = exports.value("hostname", JsString::from(hostname));
        }
        let object = exports.finish();
        if !each.is_empty() {
            let list = JsArray::from_iter(each.into_iter().map(Into::into), ctx);
            return Exports::on(object, ctx).value("each", list).finish();
        }
        object
    }
}
