//! Looking at eight letters of a text at once.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The bytes of a word that are zero, by their high bit; exact up to the first of them.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH_BITS
}

/// Where the plain letters of a text end: at a quote, a backslash or a control character. Eight
/// letters are looked at together. With `DOTS`, `has_dot` is set where a dot is among them.
#[inline]
pub(super) fn plain_end<const DOTS: bool>(bytes: &[u8], start: usize, has_dot: &mut bool) -> usize {
    let mut at = start;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        // With its second bit turned, a quote is the only letter that lies just above the controls.
        let turned = word ^ (ONES * 0x02);
        let controls = turned.wrapping_sub(ONES * 0x21) & !turned & HIGH_BITS;
        let backslashes = zero_bytes(word ^ (ONES * 0x5c));
        let dots = if DOTS {
            zero_bytes(word ^ (ONES * 0x2e))
        } else {
            0
        };
        let ends = backslashes | controls;
        if ends != 0 {
            let first = ends.trailing_zeros();
            *has_dot |= dots & ((1 << first) - 1) != 0;
            return at + first as usize / 8;
        }
        *has_dot |= dots != 0;
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if *byte == b'"' || *byte == b'\\' || *byte < 0x20 {
            break;
        }
        *has_dot |= *byte == b'.';
        at += 1;
    }
    at
}

/// The first eight letters of a text as one number; a shorter one is filled up with zeros.
pub(super) fn first_word(bytes: &[u8], start: usize, end: usize) -> u64 {
    match bytes.get(start..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(chunk) => {
            let word = u64::from_le_bytes(*chunk);
            match end - start {
                0 => 0,
                length @ 1..8 => word & (u64::MAX >> (64 - 8 * length)),
                _ => word,
            }
        }
        None => bytes[start..end]
            .iter()
            .rev()
            .fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    }
}

/// Whether two short texts are the same; up to eight letters are looked at together.
#[inline]
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        0 => true,
        1 => one[0] == other[0],
        2..4 => ends::<2>(one) == ends::<2>(other),
        4..8 => ends::<4>(one) == ends::<4>(other),
        8..=16 => ends::<8>(one) == ends::<8>(other),
        _ => one == other,
    }
}

/// The first letters and the last ones, which may lap over each other.
#[inline]
fn ends<const COUNT: usize>(text: &[u8]) -> Option<(&[u8; COUNT], &[u8; COUNT])> {
    text.first_chunk::<COUNT>().zip(text.last_chunk::<COUNT>())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: texts are the same when all letters are. Method: texts of every length, each changed at
    // every place, and cut.
    #[test]
    fn texts_are_the_same_when_all_letters_are() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).collect();
            assert!(is_same(&text, &text.clone()));
            for place in 0..text.len() {
                let mut other = text.clone();
                other[place] ^= 1;
                assert!(!is_same(&text, &other), "{length} {place}");
                assert!(!is_same(&text, &text[..place]));
            }
        }
    }

    // Goal: eight letters at once find the same end as one by one. Method: every special letter at
    // every place of texts of every length around eight, beside letters of several bytes.
    #[test]
    fn plain_letters_end_at_the_first_special_one() {
        for length in 0..20 {
            for special in ['"', '\\', '\u{1f}', '\u{0}'] {
                for place in 0..=length {
                    for filler in ['a', '.', '\u{7f}', '!', ']'] {
                        let mut text: String = std::iter::repeat_n(filler, length).collect();
                        text.insert(place, special);
                        let mut has_dot = false;
                        assert_eq!(plain_end::<true>(text.as_bytes(), 0, &mut has_dot), place);
                        assert_eq!(has_dot, filler == '.' && place > 0);
                    }
                }
            }
        }
        let wide = "é€😀\u{80}";
        assert_eq!(
            plain_end::<false>(wide.as_bytes(), 0, &mut false),
            wide.len()
        );
    }
}
