//! Bytes between Rust and script: views without copying, buffers made from Rust vectors.

use boa_engine::object::builtins::{JsArrayBuffer, JsDataView, JsTypedArray, JsUint8Array};
use boa_engine::{Context, JsObject, JsResult, JsString, JsValue};

use super::native::{ErrorClass, invalid_type, node_error};
use super::{HostShared, loader, memory};

/// A range of an array buffer that a script gave. Valid until script runs again: it may shrink the buffer.
#[derive(Clone)]
pub struct ByteView {
    buffer: JsArrayBuffer,
    offset: usize,
    length: usize,
}

impl ByteView {
    /// The bytes behind a Buffer, any typed array, a `DataView` or an `ArrayBuffer`; `None` for anything else.
    pub fn of(value: &JsValue, ctx: &mut Context) -> JsResult<Option<ByteView>> {
        let Some(object) = value.as_object() else {
            return Ok(None);
        };
        let (buffer, offset, length) = if let Ok(array) = JsTypedArray::from_object(object.clone()) {
            (array.buffer(ctx)?, array.byte_offset(ctx)?, array.byte_length(ctx)?)
        } else if let Ok(buffer) = JsArrayBuffer::from_object(object.clone()) {
            let length = buffer.byte_length();
            return Ok(Some(ByteView { buffer, offset: 0, length }));
        } else if let Ok(view) = JsDataView::from_object(object) {
            (view.buffer(ctx)?, view.byte_offset(ctx)? as usize, view.byte_length(ctx)? as usize)
        } else {
            return Ok(None);
        };
        // A view over a SharedArrayBuffer is none of ours: there are no other threads.
        let Some(Ok(buffer)) = buffer.as_object().map(JsArrayBuffer::from_object) else {
            return Ok(None);
        };
        Ok(Some(ByteView { buffer, offset, length }))
    }

    /// As [`ByteView::of`], or `ERR_INVALID_ARG_TYPE` naming the argument.
    pub fn expect(value: &JsValue, name: &str, ctx: &mut Context) -> JsResult<ByteView> {
        match Self::of(value, ctx)? {
            Some(view) => Ok(view),
            None => Err(invalid_type(name, "an instance of Buffer, TypedArray, or DataView", value, ctx)),
        }
    }

    /// Bytes in the view.
    pub fn len(&self) -> usize {
        self.length
    }

    /// True when there is no byte.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// True when both views lie in the same array buffer.
    pub fn same_buffer(&self, other: &ByteView) -> bool {
        let (a, b): (JsObject, JsObject) = (self.buffer.clone().into(), other.buffer.clone().into());
        JsObject::equals(&a, &b)
    }

    /// The array buffer that the view is of.
    pub fn array_buffer(&self) -> &JsArrayBuffer {
        &self.buffer
    }

    /// Where the view begins in its array buffer.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Reads the bytes. `body` must not call script. A detached buffer reads as empty.
    pub fn read<T>(&self, body: impl FnOnce(&[u8]) -> T) -> T {
        match self.buffer.data() {
            Some(all) => body(self.range(&all)),
            None => body(&[]),
        }
    }

    /// Changes the bytes. `body` must not call script. A detached buffer is empty.
    pub fn write<T>(&self, body: impl FnOnce(&mut [u8]) -> T) -> T {
        match self.buffer.data_mut() {
            Some(mut all) => {
                let end = (self.offset + self.length).min(all.len());
                let start = self.offset.min(end);
                body(&mut all[start..end])
            }
            None => body(&mut []),
        }
    }

    /// A copy of the bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.read(<[u8]>::to_vec)
    }

    fn range<'a>(&self, all: &'a [u8]) -> &'a [u8] {
        let end = (self.offset + self.length).min(all.len());
        &all[self.offset.min(end)..end]
    }
}

/// Bytes of a value: views are copied, anything else is its text in UTF-8.
pub fn bytes_of(value: &JsValue, ctx: &mut Context) -> JsResult<Vec<u8>> {
    if let Some(view) = ByteView::of(value, ctx)? {
        return Ok(view.to_vec());
    }
    Ok(value.to_string(ctx)?.to_std_string_lossy().into_bytes())
}

/// Makes a `Buffer` that holds a copy of `bytes`.
///
/// # Errors
/// `ERR_BUFFER_TOO_LARGE` beyond the budget.
pub fn buffer(bytes: &[u8], ctx: &mut Context) -> JsResult<JsObject> {
    let limit = HostShared::of(ctx).budget().max_buffer_bytes;
    if bytes.len() as u64 > limit {
        let text = format!("Cannot create a Buffer larger than {limit} bytes");
        return Err(node_error(ErrorClass::Range, "ERR_BUFFER_TOO_LARGE", &text, ctx));
    }
    memory::charge(ctx, bytes.len());
    let block = JsArrayBuffer::new(bytes.len(), ctx)?;
    if let Some(mut data) = block.data_mut() {
        data.copy_from_slice(bytes);
    }
    let array = JsUint8Array::from_array_buffer(block, ctx)?;
    let object: JsObject = array.as_ref_object();
    object.set_prototype(Some(buffer_prototype(ctx)?));
    Ok(object)
}

trait AsObject {
    fn as_ref_object(&self) -> JsObject;
}

impl AsObject for JsUint8Array {
    fn as_ref_object(&self) -> JsObject {
        let array: &JsTypedArray = self;
        let object: &JsObject = array;
        object.clone()
    }
}

/// `Buffer.prototype`, loading the module when no script did.
pub fn buffer_prototype(ctx: &mut Context) -> JsResult<JsObject> {
    let shared = HostShared::of(ctx);
    if let Some(prototype) = shared.buffer_prototype.borrow().clone() {
        return Ok(prototype);
    }
    loader::require(ctx, "node:buffer")?;
    let prototype = shared.buffer_prototype.borrow().clone();
    match prototype {
        Some(prototype) => Ok(prototype),
        None => Err(node_error(
            ErrorClass::Error,
            "ERR_INTERNAL",
            "the buffer module did not register itself",
            ctx,
        )),
    }
}

/// Text for script from bytes that should be UTF-8; wrong ones become U+FFFD.
pub fn lossy_text(bytes: &[u8]) -> JsString {
    JsString::from(String::from_utf8_lossy(bytes).as_ref())
}
