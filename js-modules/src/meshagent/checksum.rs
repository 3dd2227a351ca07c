//! CRC-32, CRC-32C and MD5: what scripts compute and no dependency of ours offers.

/// CRC-32 (IEEE 802.3) of `bytes`, continuing from `seed`; start with 0.
pub(super) fn crc32(bytes: &[u8], seed: u32) -> u32 {
    crc(&IEEE, bytes, seed)
}

/// CRC-32C (Castagnoli) of `bytes`, continuing from `seed`; start with 0.
pub(super) fn crc32c(bytes: &[u8], seed: u32) -> u32 {
    crc(&CASTAGNOLI, bytes, seed)
}

fn crc(table: &[u32; 256], bytes: &[u8], seed: u32) -> u32 {
    !bytes.iter().fold(!seed, |crc, byte| table[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8))
}

const IEEE: [u32; 256] = table(0xedb8_8320);
const CASTAGNOLI: [u32; 256] = table(0x82f6_3b78);

const fn table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ polynomial } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// MD5 (RFC 1321), for HTTP digest authentication only: it protects nothing else.
#[derive(Clone)]
pub(super) struct Md5 {
    state: [u32; 4],
    length: u64,
    block: [u8; 64],
}

impl Md5 {
    pub fn new() -> Self {
        Md5 { state: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476], length: 0, block: [0; 64] }
    }

    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let at = (self.length % 64) as usize;
            let taken = bytes.len().min(64 - at);
            self.block[at..at + taken].copy_from_slice(&bytes[..taken]);
            self.length += taken as u64;
            bytes = &bytes[taken..];
            if at + taken == 64 {
                self.compress();
            }
        }
    }

    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8);
        self.update(&[0x80]);
        while self.length % 64 != 56 {
            self.update(&[0]);
        }
        self.update(&bits.to_le_bytes());
        let mut out = [0; 16];
        for (word, bytes) in self.state.iter().zip(out.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        out
    }

    fn compress(&mut self) {
        let mut words = [0u32; 16];
        for (word, bytes) in words.iter_mut().zip(self.block.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        let [mut a, mut b, mut c, mut d] = self.state;
        for i in 0..64 {
            let (f, g) = match i / 16 {
                0 => ((b & c) | (!b & d), i),
                1 => ((d & b) | (!d & c), (5 * i + 1) % 16),
                2 => (b ^ c ^ d, (3 * i + 5) % 16),
                _ => (c ^ (b | !d), (7 * i) % 16),
            };
            // RFC 1321, 3.4: the i-th constant is the integer part of 2^32 * |sin(i + 1)|.
            let constant = (((i + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
            let sum = a.wrapping_add(f).wrapping_add(constant).wrapping_add(words[g]);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[i / 16][i % 4]));
        }
        for (word, add) in self.state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(add);
        }
    }
}

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_agree_with_the_real_agent() {
        // Js-host specification 4.
        assert_eq!(crc32(b"abc", 0), 891_568_578);
        assert_eq!(crc32c(b"abc", 0), 910_901_175);
        assert_eq!(crc32(b"c", crc32(b"ab", 0)), 891_568_578);
        assert_eq!(crc32(b"abc", 5), 871_334_697);
    }

    #[test]
    fn md5_gives_the_vectors_of_rfc_1321() {
        let hex = |text: &str| {
            let mut md5 = Md5::new();
            // In pieces, to cross block boundaries.
            for piece in text.as_bytes().chunks(7) {
                md5.update(piece);
            }
            md5.finish().iter().map(|b| format!("{b:02x}")).collect::<String>()
        };
        assert_eq!(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a"
        );
    }
}
