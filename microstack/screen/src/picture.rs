//! Pictures smaller than the screen, and JPEG.

use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, rgb_to_ycbcr};

use crate::packet::FULL_SCALE;
use crate::tiles::{Area, Pixels};

/// One side of a screen at a scale; never 0.
pub(crate) fn scaled(side: u16, scale: u16) -> u16 {
    (u32::from(side) * u32::from(scale) / u32::from(FULL_SCALE)).max(1) as u16
}

/// A place of the scaled picture on the screen.
pub(crate) fn unscaled(place: u16, side: u16, scale: u16) -> u16 {
    let full = u32::from(place) * u32::from(FULL_SCALE) / u32::from(scale);
    full.min(u32::from(side).saturating_sub(1)) as u16
}

/// Makes a picture smaller: each new pixel is the mean of those it covers.
pub(crate) fn shrink(from: Pixels<'_>, width: u16, height: u16) -> Vec<u8> {
    let (w, h) = (usize::from(from.area.width), usize::from(from.area.height));
    let (to_w, to_h) = (usize::from(width), usize::from(height));
    let mut to = Vec::with_capacity(to_w * to_h * 4);
    let edges: Vec<_> =
        (0..to_w).map(|x| (x * w / to_w, ((x + 1) * w / to_w).max(x * w / to_w + 1))).collect();
    for y in 0..to_h {
        let (top, bottom) = (y * h / to_h, ((y + 1) * h / to_h).max(y * h / to_h + 1));
        for (left, right) in &edges {
            let mut sum = [0_u32; 3];
            for line in top..bottom {
                for pixel in from.data[(line * w + left) * 4..(line * w + right) * 4].as_chunks::<4>().0 {
                    for (sum, value) in sum.iter_mut().zip(pixel) {
                        *sum += u32::from(*value);
                    }
                }
            }
            let count = ((right - left) * (bottom - top)) as u32;
            to.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
            to.push(0);
        }
    }
    to
}

/// One part of a picture as JPEG. `None` when it cannot be encoded: an empty part.
pub(crate) fn jpeg(pixels: Pixels<'_>, part: Area, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4096);
    Encoder::new(&mut bytes, quality).encode_image(Part { pixels, part }).ok()?;
    Some(bytes)
}

/// Read by the encoder line by line, so that nothing is copied before.
struct Part<'a> {
    pixels: Pixels<'a>,
    part: Area,
}

impl ImageBuffer for Part<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.part.width
    }

    fn height(&self) -> u16 {
        self.part.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        for [blue, green, red, _] in self.pixels.line(self.part, y).as_chunks::<4>().0 {
            let (y, cb, cr) = rgb_to_ycbcr(*red, *green, *blue);
            buffers[0].push(y);
            buffers[1].push(cb);
            buffers[2].push(cr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles::STRIP_PIXELS;

    fn all(width: u16, height: u16) -> Area {
        Area { x: 0, y: 0, width, height }
    }

    #[test]
    fn a_half_is_the_mean_of_four() {
        let data = [10, 0, 0, 9, 20, 0, 0, 9, 30, 0, 255, 9, 40, 4, 255, 9];
        let half = shrink(Pixels { data: &data, area: all(2, 2) }, 1, 1);
        assert_eq!(half, [25, 1, 128, 0]);
        assert_eq!((scaled(801, 512), scaled(1, 64), scaled(800, 1024)), (400, 1, 800));
    }

    #[test]
    fn every_size_shrinks_to_every_smaller_one() {
        for (w, h, to_w, to_h) in [(7, 5, 3, 2), (100, 1, 33, 1), (5, 5, 5, 5), (3, 3, 1, 1)] {
            let data = vec![0x55; usize::from(w) * usize::from(h) * 4];
            let small = shrink(Pixels { data: &data, area: all(w, h) }, to_w, to_h);
            assert_eq!(small.len(), usize::from(to_w) * usize::from(to_h) * 4);
            assert!(small.as_chunks::<4>().0.iter().all(|p| *p == [0x55, 0x55, 0x55, 0]));
        }
    }

    #[test]
    fn a_place_comes_back_to_where_it_was_taken_from() {
        for x in [0, 1, 399, 798, 799] {
            assert_eq!(unscaled(x, 800, 1024), x);
            let half = scaled(x, 512).min(399);
            assert!(unscaled(half, 800, 512).abs_diff(x) <= 2, "{x}");
        }
        assert_eq!(unscaled(65_535, 800, 64), 799);
    }

    #[test]
    fn the_worst_strip_fits_one_message_of_an_encrypted_session() {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if seed >> 31 == 0 { 0 } else { 255 }
        };
        let strip = all(1024, (STRIP_PIXELS / 1024) as u16);
        let data: Vec<u8> = (0..STRIP_PIXELS * 4).map(|_| noise()).collect();
        let bytes = jpeg(Pixels { data: &data, area: strip }, strip, 100).unwrap();
        assert!(bytes.len() < (4 << 20) - 16, "{}", bytes.len());
    }

    #[test]
    fn a_part_is_a_whole_jpeg_file() {
        let data = vec![0x80; 64 * 64 * 4];
        let pixels = Pixels { data: &data, area: all(64, 64) };
        let bytes = jpeg(pixels, Area { x: 32, y: 16, width: 17, height: 9 }, 60).unwrap();
        assert_eq!(
            (&bytes[..2], &bytes[bytes.len() - 2..]),
            ([0xFF, 0xD8].as_slice(), [0xFF, 0xD9].as_slice())
        );
        // Start of frame: precision, height, width.
        let frame = bytes.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
        assert_eq!(bytes[frame + 4..frame + 9], [8, 0, 9, 0, 17]);
    }
}
