//! What has changed: the picture in cells of 32 x 32, each with a hash, and changed cells joined into rectangles.

/// Width and height of a cell.
pub(crate) const CELL: u16 = 32;

/// Most pixels of what becomes one packet. Noise in the best quality can take more than five bytes for a pixel, and an
/// encrypted session takes messages of up to 4 MiB.
pub(crate) const STRIP_PIXELS: u32 = 1 << 19;

/// A rectangle of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Area {
    /// The smallest rectangle with both in it.
    pub fn join(self, other: Area) -> Area {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = (self.x + self.width).max(other.x + other.width);
        let bottom = (self.y + self.height).max(other.y + other.height);
        Area { x, y, width: right - x, height: bottom - y }
    }

    /// Grown to whole cells of a picture of this size; `None` when it lies outside.
    pub fn to_cells(self, width: u16, height: u16) -> Option<Area> {
        let right = u32::from(self.x) + u32::from(self.width);
        let bottom = u32::from(self.y) + u32::from(self.height);
        let grown =
            |edge: u32, most: u16| (edge.div_ceil(CELL.into()) * u32::from(CELL)).min(most.into()) as u16;
        let (x, y) = (self.x / CELL * CELL, self.y / CELL * CELL);
        let (right, bottom) = (grown(right, width), grown(bottom, height));
        (x < right && y < bottom).then(|| Area { x, y, width: right - x, height: bottom - y })
    }

    /// Cut into strips of at most [`STRIP_PIXELS`], all but the lowest a number of whole cells high.
    pub fn strips(self) -> Vec<Area> {
        // Of what is wider, one row of cells would be too much.
        let widest = (STRIP_PIXELS / u32::from(CELL)) as u16;
        let mut strips = Vec::new();
        let mut left = 0;
        while left < self.width {
            let width = widest.min(self.width - left);
            let rows = (STRIP_PIXELS / u32::from(width)).min(u16::MAX.into()) as u16 / CELL * CELL;
            let mut top = 0;
            while top < self.height {
                let height = rows.min(self.height - top);
                strips.push(Area { x: self.x + left, y: self.y + top, width, height });
                top += height;
            }
            left += width;
        }
        strips
    }
}

/// Pixels of an area, 4 bytes each: blue, green, red, unused.
#[derive(Clone, Copy)]
pub(crate) struct Pixels<'a> {
    pub data: &'a [u8],
    /// The place of the first pixel in the picture, and how many there are.
    pub area: Area,
}

impl<'a> Pixels<'a> {
    /// Pixels of one line of `part`, which lies inside.
    pub fn line(&self, part: Area, line: u16) -> &'a [u8] {
        let row = usize::from(part.y - self.area.y + line) * usize::from(self.area.width);
        let from = (row + usize::from(part.x - self.area.x)) * 4;
        &self.data[from..from + usize::from(part.width) * 4]
    }
}

/// The hashes of a picture's cells.
#[derive(Debug)]
pub(crate) struct Grid {
    width: u16,
    height: u16,
    columns: usize,
    hashes: Vec<u64>,
}

impl Grid {
    pub fn new(width: u16, height: u16) -> Self {
        let columns = usize::from(width.div_ceil(CELL));
        // No hash is 0, so that everything counts as changed.
        Grid { width, height, columns, hashes: vec![0; columns * usize::from(height.div_ceil(CELL))] }
    }

    /// Takes note of the pixels of an area of whole cells, and gives the rectangles that differ from before.
    pub fn changed(&mut self, pixels: Pixels<'_>) -> Vec<Area> {
        let area = pixels.area;
        let (mut done, mut open): (Vec<Area>, Vec<Area>) = Default::default();
        for y in (area.y..area.y + area.height).step_by(CELL.into()) {
            let height = CELL.min(self.height - y);
            let mut runs: Vec<Area> = Vec::new();
            for x in (area.x..area.x + area.width).step_by(CELL.into()) {
                let cell = Area { x, y, width: CELL.min(self.width - x), height };
                if !self.note(pixels, cell) {
                    continue;
                }
                match runs.last_mut() {
                    Some(run) if run.x + run.width == x => run.width += cell.width,
                    _ => runs.push(cell),
                }
            }
            // A run that stands right below one of the same width makes it higher.
            let mut kept = Vec::with_capacity(runs.len());
            for run in runs {
                let above =
                    open.iter().position(|a| a.x == run.x && a.width == run.width && a.y + a.height == y);
                kept.push(match above {
                    Some(at) => Area { height: open[at].height + height, ..open.swap_remove(at) },
                    None => run,
                });
            }
            done.append(&mut open);
            open = kept;
        }
        done.append(&mut open);
        done
    }

    fn note(&mut self, pixels: Pixels<'_>, cell: Area) -> bool {
        let mut hash = 0x9E37_79B9_7F4A_7C15_u64;
        for line in 0..cell.height {
            hash = mix(hash, pixels.line(cell, line));
        }
        let hash = hash.max(1);
        let at = usize::from(cell.y / CELL) * self.columns + usize::from(cell.x / CELL);
        std::mem::replace(&mut self.hashes[at], hash) != hash
    }
}

/// Multiplies to twice the width and folds the halves: quick, and no pattern of pixels survives it. Not for security.
fn mix(mut hash: u64, line: &[u8]) -> u64 {
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    let (words, rest) = line.as_chunks::<8>();
    for word in words {
        hash = fold(hash ^ u64::from_le_bytes(*word), 0xA076_1D64_78BD_642F) ^ hash.rotate_left(23);
    }
    for byte in rest {
        hash = fold(hash ^ u64::from(*byte), 0xE703_7ED1_A0B4_28DB) ^ hash.rotate_left(23);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(width: u16, height: u16) -> Area {
        Area { x: 0, y: 0, width, height }
    }

    struct Picture(u16, u16, Vec<u8>);

    impl Picture {
        fn new(width: u16, height: u16) -> Self {
            Picture(width, height, vec![0x40; usize::from(width) * usize::from(height) * 4])
        }

        fn set(&mut self, x: u16, y: u16) {
            self.2[(usize::from(y) * usize::from(self.0) + usize::from(x)) * 4] ^= 1;
        }

        fn pixels(&self) -> Pixels<'_> {
            Pixels { data: &self.2, area: all(self.0, self.1) }
        }
    }

    #[test]
    fn the_first_picture_is_one_rectangle_and_the_same_one_none() {
        let picture = Picture::new(100, 70);
        let mut grid = Grid::new(100, 70);
        assert_eq!(grid.changed(picture.pixels()), [all(100, 70)]);
        assert_eq!(grid.changed(picture.pixels()), []);
    }

    #[test]
    fn one_bit_of_one_pixel_changes_one_cell() {
        let mut picture = Picture::new(100, 70);
        let mut grid = Grid::new(100, 70);
        grid.changed(picture.pixels());
        for (x, y) in [(0, 0), (31, 31), (32, 31), (99, 69), (64, 63)] {
            picture.set(x, y);
            let (left, top) = (x / 32 * 32, y / 32 * 32);
            let cell = Area { x: left, y: top, width: 32.min(100 - left), height: 32.min(70 - top) };
            assert_eq!(grid.changed(picture.pixels()), [cell], "{x},{y}");
        }
    }

    #[test]
    fn neighbours_are_joined_to_the_right_and_then_down() {
        let mut picture = Picture::new(160, 128);
        let mut grid = Grid::new(160, 128);
        grid.changed(picture.pixels());
        for (x, y) in [(32, 32), (64, 32), (32, 64), (64, 64), (128, 64)] {
            picture.set(x, y);
        }
        let mut changed = grid.changed(picture.pixels());
        changed.sort_by_key(|a| (a.x, a.y));
        assert_eq!(
            changed,
            [Area { x: 32, y: 32, width: 64, height: 64 }, Area { x: 128, y: 64, width: 32, height: 32 }]
        );
    }

    #[test]
    fn a_part_of_the_picture_is_compared_in_its_place() {
        let mut picture = Picture::new(96, 96);
        let mut grid = Grid::new(96, 96);
        grid.changed(picture.pixels());
        picture.set(70, 40);
        let part = Area { x: 60, y: 39, width: 12, height: 5 }.to_cells(96, 96).unwrap();
        assert_eq!(part, Area { x: 32, y: 32, width: 64, height: 32 });
        let data: Vec<u8> =
            (0..part.height).flat_map(|line| picture.pixels().line(part, line).to_vec()).collect();
        let changed = grid.changed(Pixels { data: &data, area: part });
        assert_eq!(changed, [Area { x: 64, y: 32, width: 32, height: 32 }]);
    }

    #[test]
    fn strips_cover_an_area_exactly() {
        assert_eq!(all(800, 600).strips(), [all(800, 600)]);
        assert_eq!(all(0, 600).strips(), []);
        let top = Area { x: 32, y: 64, width: 1024, height: 512 };
        assert_eq!(
            Area { height: 600, ..top }.strips(),
            [top, Area { x: 32, y: 576, width: 1024, height: 88 }]
        );
        for (width, height) in [(3840, 2160), (7680, 4320), (32_767, 1023), (16_385, 40), (1, 65_000)] {
            let area = Area { x: 96, y: 32, width, height };
            let edges = |a: &Area| {
                let (x, y) = (u32::from(a.x), u32::from(a.y));
                (x, y, x + u32::from(a.width), y + u32::from(a.height))
            };
            let whole = edges(&area);
            let strips = area.strips();
            let mut pixels = 0;
            for (at, strip) in strips.iter().enumerate() {
                let (left, top, right, bottom) = edges(strip);
                assert!(left >= whole.0 && top >= whole.1 && right <= whole.2 && bottom <= whole.3);
                assert!(strip.height.is_multiple_of(CELL) || bottom == whole.3, "{strip:?}");
                let size = u32::from(strip.width) * u32::from(strip.height);
                assert!((1..=STRIP_PIXELS).contains(&size), "{strip:?}");
                pixels += u64::from(size);
                for other in &strips[..at] {
                    let (l, t, r, b) = edges(other);
                    assert!(right <= l || r <= left || bottom <= t || b <= top, "{strip:?} {other:?}");
                }
            }
            assert_eq!(pixels, u64::from(width) * u64::from(height));
        }
    }

    #[test]
    fn areas_outside_are_none_and_large_ones_are_cut() {
        assert_eq!(Area { x: 200, y: 0, width: 10, height: 10 }.to_cells(100, 70), None);
        assert_eq!(Area { x: 1, y: 1, width: 65_535, height: 65_535 }.to_cells(100, 70), Some(all(100, 70)));
        assert_eq!(all(10, 10).join(Area { x: 50, y: 5, width: 1, height: 40 }), all(51, 45));
    }
}
