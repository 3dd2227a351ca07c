//! Core bodies: the four-byte prefix, their hash, and their compressed form (agent-channel spec 4.1).

use std::fmt;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::CoreHash;
use crate::id::sha384;

/// Bytes in front of the JavaScript; a server sends zeros and an agent skips them.
pub const PREFIX_LEN: usize = 4;

/// The hash of a core body, prefix included and not compressed.
pub fn core_hash(prefixed_body: &[u8]) -> CoreHash {
    CoreHash(sha384(prefixed_body))
}

/// The body that carries a JavaScript program.
pub fn frame_core(javascript: &str) -> Vec<u8> {
    [&[0; PREFIX_LEN], javascript.as_bytes()].concat()
}

/// The JavaScript program in a body.
///
/// # Errors
/// [`CoreError`] if the prefix is cut off or the text is not UTF-8.
pub fn core_text(prefixed_body: &[u8]) -> Result<&str, CoreError> {
    let text = prefixed_body.get(PREFIX_LEN..).ok_or(CoreError::NoPrefix { got: prefixed_body.len() })?;
    std::str::from_utf8(text).map_err(|error| CoreError::NotText { at: PREFIX_LEN + error.valid_up_to() })
}

/// Inflates raw DEFLATE, as command 20 carries it, to at most `cap` bytes. Bytes behind the end are ignored.
///
/// # Errors
/// [`CoreError::Inflated`] over the cap (no more than it is ever held), [`CoreError::Corrupt`] or
/// [`CoreError::Incomplete`] for damaged data.
pub fn inflate_raw(deflated: &[u8], cap: usize) -> Result<Vec<u8>, CoreError> {
    let mut inflate = Decompress::new(false);
    let mut out = Vec::new();
    loop {
        if out.len() == out.capacity() {
            // One byte over the cap is enough to know that it is exceeded.
            let room = (cap + 1).saturating_sub(out.len());
            let step = out.len().max(deflated.len().saturating_mul(2)).max(256);
            out.reserve_exact(step.min(room));
        }
        // Both totals grow with slices in memory, so they fit.
        let rest = &deflated[inflate.total_in() as usize..];
        let before = (inflate.total_in(), out.len());
        let status =
            inflate.decompress_vec(rest, &mut out, FlushDecompress::None).map_err(|_| CoreError::Corrupt)?;
        if out.len() > cap {
            return Err(CoreError::Inflated { cap });
        }
        match status {
            Status::StreamEnd => return Ok(out),
            _ if out.len() < out.capacity() && before == (inflate.total_in(), out.len()) => {
                return Err(CoreError::Incomplete);
            }
            _ => {}
        }
    }
}

/// Compresses to raw DEFLATE, for command 20.
pub fn deflate_raw(body: &[u8]) -> Vec<u8> {
    let mut deflate = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(body.len() / 2 + 64);
    loop {
        let rest = &body[deflate.total_in() as usize..];
        match deflate.compress_vec(rest, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => return out,
            // Compressing fails only after a wrong call; the one way on is more room.
            Ok(_) | Err(_) => out.reserve(out.capacity().max(1024)),
        }
    }
}

/// Why a core body cannot be used.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoreError {
    /// The four leading bytes are cut off.
    NoPrefix { got: usize },
    /// The text is not UTF-8 from this byte of the body on.
    NotText { at: usize },
    /// The data is not raw DEFLATE. Usual cause: a zlib head in front of it.
    Corrupt,
    /// The compressed data ends too early.
    Incomplete,
    /// The inflated body exceeds the cap, in bytes.
    Inflated { cap: usize },
}

impl fmt::Display for CoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CoreError::NoPrefix { got } => {
                write!(f, "a core of {got} bytes has no room for its prefix of {PREFIX_LEN}")
            }
            CoreError::NotText { at } => {
                write!(f, "the core is not UTF-8 text at byte {at}; save it as UTF-8")
            }
            CoreError::Corrupt => {
                f.write_str("the compressed core is not raw DEFLATE; send it without a zlib or gzip head")
            }
            CoreError::Incomplete => f.write_str("the compressed core ends too early; send it again"),
            CoreError::Inflated { cap } => {
                write!(f, "the core inflates to more than {cap} bytes; make it smaller")
            }
        }
    }
}

impl std::error::Error for CoreError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_core_is_framed_and_found_again() {
        let body = frame_core("var a = 'é';");
        assert_eq!(body[..4], [0; 4]);
        assert_eq!(core_text(&body), Ok("var a = 'é';"));
        assert_eq!(core_text(&[0; 3]), Err(CoreError::NoPrefix { got: 3 }));
        assert_eq!(core_text(b"\0\0\0\0a\xFF"), Err(CoreError::NotText { at: 5 }));
    }

    #[test]
    fn a_bomb_stops_at_the_cap_and_holds_no_more() {
        let bomb = deflate_raw(&vec![0; 64 * 1024 * 1024]);
        assert!(bomb.len() < 128 * 1024);
        assert_eq!(inflate_raw(&bomb, 100_000), Err(CoreError::Inflated { cap: 100_000 }));
        let body = vec![7; 100_000];
        assert_eq!(inflate_raw(&deflate_raw(&body), 100_000).unwrap(), body);
        assert_eq!(inflate_raw(&deflate_raw(&body), 99_999), Err(CoreError::Inflated { cap: 99_999 }));
    }

    #[test]
    fn damaged_data_is_told_from_cut_data() {
        let deflated = deflate_raw(b"var a = 1; var b = 2; var c = 3;");
        for len in 0..deflated.len() {
            assert_eq!(inflate_raw(&deflated[..len], 1000), Err(CoreError::Incomplete), "cut at {len}");
        }
        assert_eq!(inflate_raw(&[0xFF; 20], 1000), Err(CoreError::Corrupt));
        // A zlib head, which real agents reject too.
        let zlib = [&[0x78, 0x9C][..], &deflated].concat();
        assert!(inflate_raw(&zlib, 1000).is_err());
    }

    proptest! {
        #[test]
        fn inflate_is_the_inverse_of_deflate(body in proptest::collection::vec(any::<u8>(), 0..5000), repeat in 1usize..20) {
            let body = body.repeat(repeat);
            prop_assert_eq!(inflate_raw(&deflate_raw(&body), body.len()), Ok(body));
        }

        #[test]
        fn no_data_panics_or_exceeds_the_cap(data in proptest::collection::vec(any::<u8>(), 0..300), cap in 0usize..2000) {
            if let Ok(body) = inflate_raw(&data, cap) {
                prop_assert!(body.len() <= cap);
            }
        }
    }
}
