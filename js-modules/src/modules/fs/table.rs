//! Open files. Scripts name them by their descriptor; the table closes them with the context.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use boa_engine::{Context, JsData};
use boa_gc::{Finalize, Trace};

use crate::host::{HostShared, StandardStream};

/// Files open in one context. An operation under way shares its file, so no number is given out twice.
#[derive(Default, Trace, Finalize, JsData)]
struct Files {
    #[unsafe_ignore_trace]
    open: RefCell<BTreeMap<i32, Arc<File>>>,
}

pub(super) fn install(ctx: &mut Context) {
    if !ctx.has_data::<Files>() {
        ctx.insert_data(Files::default());
    }
}

pub(super) fn insert(file: File, ctx: &Context) -> io::Result<i32> {
    let limit = HostShared::of(ctx).budget().max_handles;
    let files = ctx.get_data::<Files>().ok_or_else(bad_descriptor)?;
    let mut open = files.open.borrow_mut();
    if open.len() >= limit {
        return Err(io::Error::from_raw_os_error(libc::EMFILE));
    }
    let fd = file.as_raw_fd();
    open.insert(fd, Arc::new(file));
    Ok(fd)
}

pub(super) fn take(fd: i32, ctx: &Context) -> io::Result<Option<Arc<File>>> {
    let files = ctx.get_data::<Files>().ok_or_else(bad_descriptor)?;
    let taken = files.open.borrow_mut().remove(&fd);
    match taken {
        Some(file) => Ok(Some(file)),
        // The standard streams stay with the process.
        None if (0..3).contains(&fd) => Ok(None),
        None => Err(bad_descriptor()),
    }
}

/// The file of a descriptor: an open one, or a standard stream where the script owns the process.
pub(super) fn get(fd: i32, ctx: &Context) -> io::Result<Arc<File>> {
    let files = ctx.get_data::<Files>().ok_or_else(bad_descriptor)?;
    if let Some(file) = files.open.borrow().get(&fd) {
        return Ok(file.clone());
    }
    if !(0..3).contains(&fd) || !HostShared::of(ctx).sink().owns_process() {
        return Err(bad_descriptor());
    }
    let copy = match fd {
        0 => io::stdin().as_fd().try_clone_to_owned(),
        1 => io::stdout().as_fd().try_clone_to_owned(),
        _ => io::stderr().as_fd().try_clone_to_owned(),
    };
    Ok(Arc::new(File::from(copy?)))
}

/// A copy of a descriptor of this context, for a child.
pub(crate) fn descriptor(fd: i32, ctx: &Context) -> io::Result<OwnedFd> {
    get(fd, ctx)?.as_fd().try_clone_to_owned()
}

/// The standard stream that writes to a descriptor go to, unless a file took its number.
pub(super) fn standard(fd: i32, ctx: &Context) -> Option<StandardStream> {
    let covered = ctx.get_data::<Files>().is_some_and(|files| files.open.borrow().contains_key(&fd));
    match fd {
        1 if !covered => Some(StandardStream::Output),
        2 if !covered => Some(StandardStream::Error),
        _ => None,
    }
}

fn bad_descriptor() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}
