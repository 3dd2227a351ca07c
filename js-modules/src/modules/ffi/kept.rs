//! Memory that lives as long as one call: texts and views that C reads or fills.

use boa_engine::{Context, JsResult, JsValue};

use super::ctype::whole;
use super::{fail, wrong};
use crate::host::HostShared;
use crate::host::bytes::ByteView;

/// C works on copies: a callback may run script, and script may shrink or detach what it gave.
#[derive(Default)]
pub(super) struct Kept {
    blocks: Vec<Vec<u64>>,
    /// Where to copy back to: block, view.
    views: Vec<(usize, ByteView)>,
    bytes: u64,
}

impl Kept {
    /// The address that a value stands for as a pointer.
    pub fn address_of(&mut self, value: &JsValue, ctx: &mut Context) -> JsResult<usize> {
        if value.is_null_or_undefined() {
            return Ok(0);
        }
        if let Some(text) = value.as_string() {
            let mut bytes = text.to_std_string_lossy().into_bytes();
            if bytes.contains(&0) {
                return Err(wrong("a text for C must not have null bytes", ctx));
            }
            bytes.push(0);
            return self.keep(&bytes, ctx);
        }
        if let Some(view) = ByteView::of(value, ctx)? {
            let bytes = view.to_vec();
            let address = self.keep(&bytes, ctx)?;
            self.views.push((self.blocks.len() - 1, view));
            return Ok(address);
        }
        match usize::try_from(whole(value, ctx)?) {
            Ok(address) => Ok(address),
            Err(_) => Err(wrong("an address does not fit into a pointer", ctx)),
        }
    }

    fn keep(&mut self, bytes: &[u8], ctx: &mut Context) -> JsResult<usize> {
        self.bytes += bytes.len() as u64;
        if self.bytes > HostShared::of(ctx).budget().max_buffer_bytes {
            return Err(fail("ERR_FFI_TOO_LARGE", "the arguments are larger than the budget allows", ctx));
        }
        // Words, so that C may read numbers of any kind in it; never empty, so that the address is one.
        let mut block = vec![0u64; bytes.len() / 8 + 1];
        for (word, part) in block.iter_mut().zip(bytes.chunks(8)) {
            let mut all = [0; 8];
            all[..part.len()].copy_from_slice(part);
            *word = u64::from_ne_bytes(all);
        }
        // Taken for writing: C may fill it.
        let address = block.as_mut_ptr() as usize;
        self.blocks.push(block);
        Ok(address)
    }

    /// The blocks alone, for a call on another thread.
    pub fn split(self) -> (Vec<Vec<u64>>, Vec<(usize, ByteView)>) {
        (self.blocks, self.views)
    }

    /// Copies what C may have filled back to the script's views.
    pub fn give_back(self) {
        copy_back(&self.blocks, &self.views);
    }
}

/// Copies blocks to the views they came from; what the script shrank meanwhile gets less.
pub(super) fn copy_back(blocks: &[Vec<u64>], views: &[(usize, ByteView)]) {
    for (block, view) in views {
        let Some(block) = blocks.get(*block) else { continue };
        view.write(|bytes| {
            for (part, word) in bytes.chunks_mut(8).zip(block) {
                let length = part.len();
                part.copy_from_slice(&word.to_ne_bytes()[..length]);
            }
        });
    }
}
