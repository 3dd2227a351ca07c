//! Memory that the X server writes pictures to.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A mapped memory file. The server maps the same one.
pub(crate) struct SharedMemory {
    start: NonNull<u8>,
    length: usize,
}

impl SharedMemory {
    /// `length` bytes, and the descriptor for the server.
    pub fn new(length: usize) -> io::Result<(SharedMemory, OwnedFd)> {
        let file = memfd_create("screen", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        ftruncate(&file, length as u64)?;
        // Nobody can make it shorter any more: reading what is mapped could fault otherwise.
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW)?;
        Ok((Self::map(&file, length)?, file))
    }

    #[expect(unsafe_code, reason = "mapping memory")]
    fn map(file: &OwnedFd, length: usize) -> io::Result<SharedMemory> {
        // SAFETY: without a wish for an address, the mapping cannot cover anything that exists.
        let start =
            unsafe { mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::SHARED, file, 0)? };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(SharedMemory { start, length })
    }

    /// The first `length` bytes. To be called only when the server has answered every request that writes here.
    #[expect(unsafe_code, reason = "the server's writes are ordered by its answers")]
    pub fn bytes(&self, length: usize) -> &[u8] {
        assert!(length <= self.length, "a picture is never larger than its memory");
        // SAFETY: `start` is a mapping of `self.length` readable bytes that lives as long as `self`, and the file is
        // sealed against getting shorter. The server writes only while it carries out a request of ours; the one caller
        // asks for no picture as long as it has these bytes. A server that writes all the same (it is trusted with every
        // key typed) can only make pixels wrong: no byte of them is used as an index, a length or a condition twice.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), length) }
    }
}

impl Drop for SharedMemory {
    #[expect(unsafe_code, reason = "unmapping memory")]
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new` with this length, and no slice of it outlives `self`.
        // It fails only for addresses that are no mapping.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}
