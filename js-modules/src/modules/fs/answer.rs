//! What an operation gives, and how script sees it.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsBigInt, JsError, JsResult, JsString, JsValue};

use super::table;
use crate::host::bytes::{ByteView, buffer, lossy_text};
use crate::host::native::{ErrorClass, node_error, system_error_with};

/// The value of an operation, made on any thread.
pub(super) enum Answer {
    Nothing,
    Flag(bool),
    Number(f64),
    /// A path or a name.
    Text(Vec<u8>),
    /// A `Buffer`.
    Bytes(Vec<u8>),
    /// To be copied to the view that script gave; its length is the value.
    Read(Vec<u8>),
    /// `[dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks]`, then seconds and nanoseconds of the last
    /// access, modification, change and birth.
    Stat(Box<[i64; 18]>),
    /// `[[name, type], …]`, unsorted; types as Node's `UV_DIRENT_*`.
    Entries(Vec<(Vec<u8>, i32)>),
    /// To be put into the table; its descriptor is the value.
    Opened(File),
    /// Figures of a file system.
    Numbers(Vec<u64>),
}

/// Why an operation failed: the system's error, the call that gave it, and whether it was about the path.
pub(super) struct Fault {
    pub error: io::Error,
    pub call: Option<&'static str>,
    pub about_path: bool,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault { error, call: None, about_path: true }
    }
}

impl From<rustix::io::Errno> for Fault {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

/// How the answer is to be shown.
pub(super) struct Shape {
    pub call: &'static str,
    pub path: Option<String>,
    pub dest: Option<String>,
    pub view: Option<ByteView>,
    pub bigint: bool,
    /// Names as `Buffer`.
    pub raw: bool,
}

impl Shape {
    pub fn of(call: &'static str) -> Self {
        Shape { call, path: None, dest: None, view: None, bigint: false, raw: false }
    }

    /// The value, or the error with Node's properties.
    pub fn show(&self, done: Result<Answer, Fault>, ctx: &mut Context) -> JsResult<JsValue> {
        match done {
            Ok(answer) => self.value(answer, ctx),
            Err(fault) => Err(self.error(&fault, ctx)),
        }
    }

    fn error(&self, fault: &Fault, ctx: &mut Context) -> JsError {
        if fault.error.kind() == io::ErrorKind::FileTooLarge {
            let text = fault.error.to_string();
            return node_error(ErrorClass::Range, "ERR_FS_FILE_TOO_LARGE", &text, ctx);
        }
        let (path, dest) =
            if fault.about_path { (self.path.as_deref(), self.dest.as_deref()) } else { (None, None) };
        system_error_with(&fault.error, fault.call.unwrap_or(self.call), path, dest, ctx)
    }

    fn value(&self, answer: Answer, ctx: &mut Context) -> JsResult<JsValue> {
        Ok(match answer {
            Answer::Nothing => JsValue::undefined(),
            Answer::Flag(flag) => flag.into(),
            Answer::Number(number) => number.into(),
            Answer::Text(bytes) => self.name(&bytes, ctx)?,
            Answer::Bytes(bytes) => buffer(&bytes, ctx)?.into(),
            Answer::Read(bytes) => {
                if let Some(view) = &self.view {
                    view.write(|to| {
                        let count = bytes.len().min(to.len());
                        to[..count].copy_from_slice(&bytes[..count]);
                    });
                }
                (bytes.len() as f64).into()
            }
            Answer::Stat(numbers) => self.numbers(numbers.iter().copied(), ctx),
            Answer::Numbers(numbers) => self.numbers(numbers.into_iter().map(|n| n as i64), ctx),
            Answer::Entries(all) => {
                let mut rows: Vec<JsValue> = Vec::with_capacity(all.len());
                for (name, kind) in all {
                    let name = self.name(&name, ctx)?;
                    rows.push(JsArray::from_iter([name, JsValue::from(kind)], ctx).into());
                }
                JsArray::from_iter(rows, ctx).into()
            }
            Answer::Opened(file) => match table::insert(file, ctx) {
                Ok(fd) => fd.into(),
                Err(error) => return Err(self.error(&error.into(), ctx)),
            },
        })
    }

    fn name(&self, bytes: &[u8], ctx: &mut Context) -> JsResult<JsValue> {
        if self.raw { Ok(buffer(bytes, ctx)?.into()) } else { Ok(lossy_text(bytes).into()) }
    }

    fn numbers(&self, numbers: impl Iterator<Item = i64>, ctx: &mut Context) -> JsValue {
        let values: Vec<JsValue> = numbers
            .map(|n| if self.bigint { JsBigInt::from(n).into() } else { JsValue::from(n as f64) })
            .collect();
        JsArray::from_iter(values, ctx).into()
    }
}

/// The numbers of [`Answer::Stat`].
pub(super) fn stat(meta: &Metadata) -> Answer {
    let born = meta.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let (born_s, born_ns) =
        born.map_or((meta.ctime(), meta.ctime_nsec()), |d| (d.as_secs() as i64, i64::from(d.subsec_nanos())));
    Answer::Stat(Box::new([
        meta.dev() as i64,
        i64::from(meta.mode()),
        meta.nlink() as i64,
        i64::from(meta.uid()),
        i64::from(meta.gid()),
        meta.rdev() as i64,
        meta.blksize() as i64,
        meta.ino() as i64,
        meta.size() as i64,
        meta.blocks() as i64,
        meta.atime(),
        meta.atime_nsec(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
        born_s,
        born_ns,
    ]))
}

/// The text of a refusal to load a file that is larger than the budget.
pub(super) fn too_large(limit: u64) -> io::Error {
    let text = format!("the file is larger than {limit} bytes; read it in parts");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

/// A name for a thrown value that is not text.
pub(super) fn unknown(name: &JsString, ctx: &mut Context) -> JsError {
    let text = format!("there is no operation {}", name.to_std_string_lossy());
    node_error(ErrorClass::Error, "ERR_INTERNAL", &text, ctx)
}
