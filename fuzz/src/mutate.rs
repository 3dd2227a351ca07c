//! A small deterministic mutator: the same seed gives the same inputs on every machine.

/// Pseudo-random numbers (SplitMix64). Good enough to shuffle test inputs, and for nothing else.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts the sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number of the sequence.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.number() % bound as u64) as usize }
    }
}

/// A new input made from one of `seeds` by one to eight changes, at most [`MAX_INPUT`] bytes long.
pub fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds.get(random.below(seeds.len())).cloned().unwrap_or_default();
    for _ in 0..=random.below(8) {
        change(&mut input, seeds, random);
    }
    input.truncate(MAX_INPUT);
    input
}

/// One change: of a bit, a byte, a number, a length, or a whole range.
fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let to = at + random.below((input.len() - at).min(64) + 1);
    match random.below(12) {
        0 | 1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 | 3 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = BYTES[random.below(BYTES.len())];
            }
        }
        4 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = random.number() as u8;
            }
        }
        // Numbers near a limit or near the length of the rest are what length checks get wrong.
        5 => {
            let near = (input.len() - at) as u64;
            let value = [near, near.wrapping_sub(2), near + 1, 0, 1, 0x7FFF, 0xFFFF, u64::from(u32::MAX)]
                [random.below(8)];
            let width = [1, 2, 4][random.below(3)];
            let end = (at + width).min(input.len());
            let bytes = value.to_be_bytes();
            let count = end - at;
            input[at..end].copy_from_slice(&bytes[8 - width..8 - width + count]);
        }
        6 => drop(input.drain(at..to)),
        7 => input.truncate(at),
        8 => {
            let copy = input[at..to].to_vec();
            input.splice(at..at, copy);
        }
        9 => {
            let byte = BYTES[random.below(BYTES.len())];
            let count = 1 + random.below(40);
            input.splice(at..at, std::iter::repeat_n(byte, count));
        }
        10 => input.extend((0..=random.below(32)).map(|_| random.number() as u8)),
        _ => {
            if let Some(other) = seeds.get(random.below(seeds.len())) {
                input.truncate(at);
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
        }
    }
}

/// Cap on a mutated input, in bytes: longer ones only take longer.
pub const MAX_INPUT: usize = 8 * 1024;

/// Bytes that mean something to some parser.
const BYTES: &[u8] = b"\0\x01\x7F\x80\xFF\n\r =#,|%/:?@[]{}\"\\0x-.\xC3\xA9";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_inputs() {
        let seeds = [b"seed".to_vec(), b"another".to_vec()];
        let run = |seed| {
            let mut random = Random::new(seed);
            (0..500).map(|_| mutated(&seeds, &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let distinct: std::collections::BTreeSet<_> = run(1).into_iter().collect();
        assert!(distinct.len() > 400, "{} of 500 are distinct", distinct.len());
    }

    #[test]
    fn empty_seeds_still_grow() {
        let mut random = Random::new(3);
        assert!((0..100).any(|_| !mutated(&[Vec::new()], &mut random).is_empty()));
        assert!((0..100).any(|_| !mutated(&[], &mut random).is_empty()));
    }

    #[test]
    fn inputs_stay_within_the_cap() {
        let seeds = [vec![1; MAX_INPUT]];
        let mut random = Random::new(4);
        assert!((0..200).all(|_| mutated(&seeds, &mut random).len() <= MAX_INPUT));
    }
}
