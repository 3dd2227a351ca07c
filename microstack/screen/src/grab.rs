//! Pixels of the screen: through shared memory where the server can, over the socket where not.

use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ParseError, ReplyError};
use x11rb::protocol::shm::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, ImageOrder, Window};
use x11rb::rust_connection::RustConnection;

use crate::shared::SharedMemory;
use crate::tiles::Area;

/// The largest screen that is shown, in pixels; its picture has four bytes for each.
const MOST_PIXELS: u32 = 1 << 25;

/// How the server keeps a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Four bytes: blue, green, red, unused.
    Bgrx,
    /// Two bytes: 5 bits red, 6 green, 5 blue.
    Rgb565,
}

impl Format {
    /// Bytes of a line: they are padded to four.
    fn line(self, width: u16) -> usize {
        match self {
            Format::Bgrx => usize::from(width) * 4,
            Format::Rgb565 => (usize::from(width) * 2).next_multiple_of(4),
        }
    }
}

/// Takes pictures of one window.
pub(crate) struct Grabber {
    root: Window,
    format: Format,
    memory: Option<(shm::Seg, SharedMemory)>,
    /// What does not lie in shared memory, or had to be made wider.
    pixels: Vec<u8>,
}

impl Grabber {
    /// For a screen of this size.
    ///
    /// # Errors
    /// When the screen's colours are none that we know, or it is too large.
    pub fn new(x: &RustConnection, screen: usize, width: u16, height: u16) -> Result<Grabber, String> {
        let format = format(x, screen)?;
        if u32::from(width) * u32::from(height) > MOST_PIXELS {
            return Err(format!("the screen has {width} x {height} pixels; up to 32 million can be shown"));
        }
        let bytes = format.line(width) * usize::from(height);
        let memory = if has_descriptors(x) { share(x, bytes) } else { None };
        Ok(Grabber { root: x.setup().roots[screen].root, format, memory, pixels: Vec::new() })
    }

    /// The pixels of an area, blue, green, red and an unused byte each, line after line.
    pub fn take(&mut self, x: &RustConnection, area: Area) -> Result<&[u8], ReplyError> {
        let (left, top) = (area.x.cast_signed(), area.y.cast_signed());
        let line = self.format.line(area.width);
        let bytes = line * usize::from(area.height);
        let kind = ImageFormat::Z_PIXMAP;
        match &self.memory {
            Some((segment, memory)) => {
                x.shm_get_image(self.root, left, top, area.width, area.height, !0, kind.into(), *segment, 0)?
                    .reply()?;
                if self.format == Format::Bgrx {
                    return Ok(memory.bytes(bytes));
                }
                self.pixels = widen(memory.bytes(bytes), area, line);
            }
            None => {
                let image = x.get_image(kind, self.root, left, top, area.width, area.height, !0)?.reply()?;
                if image.data.len() < bytes {
                    return Err(ParseError::InsufficientData.into());
                }
                self.pixels = image.data;
                if self.format == Format::Rgb565 {
                    self.pixels = widen(&self.pixels, area, line);
                }
            }
        }
        Ok(&self.pixels)
    }

    /// Tells the server that its memory is not used any more.
    pub fn release(&mut self, x: &RustConnection) {
        if let Some((segment, _)) = self.memory.take() {
            // The connection may be gone, and the segment with it.
            let _ = x.shm_detach(segment);
        }
    }
}

fn widen(taken: &[u8], area: Area, line: usize) -> Vec<u8> {
    let mut wide = Vec::with_capacity(usize::from(area.width) * usize::from(area.height) * 4);
    for row in taken.chunks(line).take(area.height.into()) {
        for pixel in row[..row.len().min(usize::from(area.width) * 2)].as_chunks::<2>().0 {
            let value = u16::from_le_bytes(*pixel);
            let (red, green, blue) = ((value >> 11) as u8, (value >> 5 & 63) as u8, (value & 31) as u8);
            wide.extend([blue << 3 | blue >> 2, green << 2 | green >> 4, red << 3 | red >> 2, 0]);
        }
    }
    wide
}

fn format(x: &RustConnection, screen: usize) -> Result<Format, String> {
    let setup = x.setup();
    let root = &setup.roots[screen];
    let bits =
        setup.pixmap_formats.iter().find(|f| f.depth == root.root_depth).map_or(0, |f| f.bits_per_pixel);
    let visuals = root.allowed_depths.iter().flat_map(|depth| &depth.visuals);
    let red = visuals.clone().find(|v| v.visual_id == root.root_visual).map_or(0, |v| v.red_mask);
    match (bits, red, setup.image_byte_order) {
        (32, 0x00FF_0000, ImageOrder::LSB_FIRST) => Ok(Format::Bgrx),
        (16, 0xF800, ImageOrder::LSB_FIRST) => Ok(Format::Rgb565),
        _ => Err(format!(
            "pixels of {bits} bits with red in {red:#x} cannot be shown; use a depth of 24 or 16"
        )),
    }
}

/// Version 1.2 of MIT-SHM takes memory by a descriptor, which needs no System V segment.
fn has_descriptors(x: &RustConnection) -> bool {
    let known = matches!(x.extension_information(shm::X11_EXTENSION_NAME), Ok(Some(_)));
    let version = || x.shm_query_version().ok()?.reply().ok();
    known && version().is_some_and(|v| (v.major_version, v.minor_version) >= (1, 2))
}

fn share(x: &RustConnection, bytes: usize) -> Option<(shm::Seg, SharedMemory)> {
    let (memory, file) = SharedMemory::new(bytes).ok()?;
    let segment = x.generate_id().ok()?;
    // Refused by a server of another user or container.
    x.shm_attach_fd(segment, file, false).ok()?.check().ok()?;
    Some((segment, memory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_byte_pixels_become_four() {
        let area = Area { x: 0, y: 0, width: 3, height: 2 };
        // Red, green, blue, then two bytes of padding; white, black, grey.
        let taken = [0, 0xF8, 0xE0, 0x07, 0x1F, 0, 9, 9, 0xFF, 0xFF, 0, 0, 0x10, 0x84, 9, 9];
        assert_eq!(
            widen(&taken, area, Format::Rgb565.line(3)),
            [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 132, 130, 132, 0]
        );
    }
}
