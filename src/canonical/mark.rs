//! A mark of bytes: it tells apart what differs by chance, at a small part of a digest's price. What
//! somebody might want to look alike needs a digest.

/// Equal for equal bytes, on every machine.
pub(crate) type Mark = u128;

/// Odd numbers without a pattern, one for each lane.
const FACTORS: [u64; 4] = [
    0x9e37_79b9_7f4a_7c15,
    0xbf58_476d_1ce4_e5b9,
    0x94d0_49bb_1331_11eb,
    0xd6e8_feb8_6659_fd93,
];
/// Bytes that the lanes take at once.
const BLOCK_BYTES: usize = 32;

/// The mark of some bytes.
pub(crate) fn mark_of(bytes: &[u8]) -> Mark {
    let mut lanes = FACTORS;
    lanes[0] ^= bytes.len() as u64;
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        absorb(&mut lanes, block);
    }
    let mut last = [0; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    absorb(&mut lanes, &last);
    let [one, two, three, four] = lanes;
    let high = fold(
        fold(one, two ^ FACTORS[3]),
        fold(three, four ^ FACTORS[2]) ^ FACTORS[1],
    );
    let low = fold(
        fold(one ^ FACTORS[2], four),
        fold(two ^ FACTORS[0], three) ^ FACTORS[3],
    );
    (u128::from(high) << 64) | u128::from(low)
}

#[inline]
fn absorb(lanes: &mut [u64; 4], block: &[u8; BLOCK_BYTES]) {
    let (words, _) = block.as_chunks::<8>();
    for ((lane, factor), word) in lanes.iter_mut().zip(FACTORS).zip(words) {
        // Added before and after, so that no word makes a lane forget what it was.
        let word = u64::from_le_bytes(*word);
        *lane = fold(*lane ^ word, factor).wrapping_add(word.rotate_left(32));
    }
}

/// Both halves of a product, one over the other.
#[inline]
fn fold(base: u64, factor: u64) -> u64 {
    let (low, high) = base.carrying_mul(factor, 0);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: bytes that differ have other marks. Method: texts of every length around the blocks,
    // each with one letter changed at every place.
    #[test]
    fn a_mark_tells_bytes_apart() {
        let mut marks = std::collections::HashSet::new();
        for length in 0..100 {
            let mut bytes = vec![b'x'; length];
            assert!(marks.insert(mark_of(&bytes)), "{length}");
            for at in 0..length {
                for letter in [0, b'y', 0xff] {
                    bytes[at] = letter;
                    assert!(marks.insert(mark_of(&bytes)), "{length} {at} {letter}");
                    bytes[at] = b'x';
                }
            }
        }
    }
}
