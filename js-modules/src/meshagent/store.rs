//! Natives of `SimpleDataStore`: the agent's store by the port, other stores as small files of their own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};

use super::port::DataStore;
use super::port_of;
use crate::host::bytes::{buffer, bytes_of};
use crate::host::native::{ErrorClass, Exports, invalid_type, node_error, text};
use crate::host::{HostShared, Need, PathUse};

pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("shared", 0, shared)
        .function("open", 2, open)
        .function("value", 2, value)
        .function("put", 3, put)
        .function("remove", 2, remove)
        .function("keys", 1, keys)
        .function("compact", 1, compact)
        .finish())
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    store: Rc<dyn DataStore>,
}

fn handle_of(store: Rc<dyn DataStore>, ctx: &mut Context) -> JsValue {
    let prototype = ctx.intrinsics().constructors().object().prototype();
    JsObject::from_proto_and_data(prototype, Handle { store }).into()
}

fn shared(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    HostShared::of(ctx).require_permission(Need::Store, ctx)?;
    match port_of(ctx).and_then(|port| port.data_store()) {
        Some(store) => Ok(handle_of(store, ctx)),
        None => {
            let text = "the agent offers no store to scripts";
            Err(node_error(ErrorClass::Error, "ERR_NO_STORE", text, ctx))
        }
    }
}

fn open(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let path = HostShared::of(ctx).absolute(&text(args, 0, ctx)?);
    let read_only = args.get_or_undefined(1).to_boolean();
    let shared = HostShared::of(ctx);
    let path = shared.allowed_path(&path, PathUse::Read, ctx)?;
    if !read_only {
        shared.allowed_path(&path, PathUse::Write, ctx)?;
    }
    let store = FileStore::open(path, read_only)
        .map_err(|why| node_error(ErrorClass::Error, "ERR_STORE", &why, ctx))?;
    Ok(handle_of(Rc::new(store), ctx))
}

fn store(args: &[JsValue], ctx: &mut Context) -> JsResult<Rc<dyn DataStore>> {
    let object = args.get_or_undefined(0).as_object();
    let store = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.store.clone()));
    store.ok_or_else(|| invalid_type("store", "a data store", args.get_or_undefined(0), ctx))
}

fn value(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let found = store(args, ctx)?.value(&text(args, 1, ctx)?);
    match found {
        Some(bytes) => Ok(buffer(&bytes, ctx)?.into()),
        None => Ok(JsValue::undefined()),
    }
}

fn put(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (store, key) = (store(args, ctx)?, text(args, 1, ctx)?);
    let bytes = bytes_of(args.get_or_undefined(2), ctx)?;
    store.put(&key, &bytes).map_err(|why| refused(&why, ctx))?;
    Ok(JsValue::undefined())
}

fn remove(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let (store, key) = (store(args, ctx)?, text(args, 1, ctx)?);
    Ok(JsValue::from(store.delete(&key).map_err(|why| refused(&why, ctx))?))
}

fn keys(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let all = store(args, ctx)?.keys();
    Ok(JsArray::from_iter(all.into_iter().map(|key| JsValue::from(JsString::from(key))), ctx).into())
}

fn compact(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    store(args, ctx)?.compact();
    Ok(JsValue::undefined())
}

fn refused(why: &str, ctx: &mut Context) -> boa_engine::JsError {
    node_error(ErrorClass::Error, "ERR_STORE", why, ctx)
}

/// A store of a script in one file. Each change writes the file anew beside the old one and renames it: such stores
/// hold a few settings. The format is our own.
struct FileStore {
    path: PathBuf,
    read_only: bool,
    rows: RefCell<BTreeMap<String, Vec<u8>>>,
}

/// The first bytes of a store file; without them a file is not ours to overwrite.
const MAGIC: &[u8] = b"meshlite store 1\n";
/// What a store of a script may hold, keys and values together.
const MAX_BYTES: usize = 16 << 20;

impl FileStore {
    fn open(path: PathBuf, read_only: bool) -> Result<Self, String> {
        let rows = match fs::read(&path) {
            Ok(bytes) if bytes.is_empty() => BTreeMap::new(),
            Ok(bytes) => parse(&bytes).ok_or_else(|| {
                format!("`{}` is no data store of this agent; give another path", path.display())
            })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(e) => return Err(format!("cannot read `{}`: {e}", path.display())),
        };
        Ok(FileStore { path, read_only, rows: RefCell::new(rows) })
    }

    fn save(&self, rows: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
        if self.read_only {
            return Err("the store was opened read-only".into());
        }
        let bytes = emit(rows);
        if bytes.len() > MAX_BYTES {
            return Err(format!("a data store holds {MAX_BYTES} bytes at most; delete keys first"));
        }
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)
        };
        write().map_err(|e| format!("cannot write `{}`: {e}", self.path.display()))
    }
}

impl DataStore for FileStore {
    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.rows.borrow().get(key).cloned()
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<(), String> {
        let mut rows = self.rows.borrow().clone();
        rows.insert(key.to_owned(), value.to_vec());
        self.save(&rows)?;
        *self.rows.borrow_mut() = rows;
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<bool, String> {
        let mut rows = self.rows.borrow().clone();
        if rows.remove(key).is_none() {
            return Ok(false);
        }
        self.save(&rows)?;
        *self.rows.borrow_mut() = rows;
        Ok(true)
    }

    fn keys(&self) -> Vec<String> {
        self.rows.borrow().keys().cloned().collect()
    }
}

fn emit(rows: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for (key, value) in rows {
        out.extend((key.len() as u32).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
        out.extend(key.as_bytes());
        out.extend(value);
    }
    out
}

fn parse(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut rows = BTreeMap::new();
    while !rest.is_empty() {
        let length = |at: usize| Some(u32::from_le_bytes(rest.get(at..at + 4)?.try_into().ok()?) as usize);
        let (key, value) = (length(0)?, length(4)?);
        let end = 8usize.checked_add(key)?.checked_add(value)?;
        let name = String::from_utf8(rest.get(8..8 + key)?.to_vec()).ok()?;
        rows.insert(name, rest.get(8 + key..end)?.to_vec());
        rest = &rest[end..];
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emit_is_the_inverse_of_parse() {
        let rows = BTreeMap::from([
            ("a".to_owned(), vec![0, 255]),
            ("ä b\n".to_owned(), Vec::new()),
            (String::new(), vec![1; 300]),
        ]);
        assert_eq!(parse(&emit(&rows)), Some(rows));
    }

    #[test]
    fn a_damaged_file_is_refused_not_overwritten() {
        let whole = emit(&BTreeMap::from([("key".to_owned(), vec![1, 2, 3])]));
        for cut in MAGIC.len() + 1..whole.len() {
            assert_eq!(parse(&whole[..cut]), None, "cut at {cut}");
        }
        assert_eq!(parse(b"something else"), None);
    }
}
