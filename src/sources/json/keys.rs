//! Seeing a key that stands twice in one object while the object is read.

/// Marks of one object's keys; a power of two.
const MARKS: usize = 2_048;
/// An object with more keys is looked through once, at its end.
const MARKED_KEYS_MAX: u32 = 512;

/// The keys of one object so far, as marks: a key whose mark is not set was not there yet.
pub(super) struct KeyMarks {
    marks: [u64; MARKS / 64],
    count: u32,
}

impl KeyMarks {
    pub(super) fn new() -> Self {
        Self {
            marks: [0; MARKS / 64],
            count: 0,
        }
    }

    /// Whether the key may have been there, which its siblings can tell. `word` holds the first
    /// eight letters of the key.
    pub(super) fn may_repeat(&mut self, word: u64, length: usize, last: u8) -> bool {
        self.count += 1;
        if self.is_over() {
            return false;
        }
        let mixed = (word ^ ((length as u64) << 56) ^ (u64::from(last) << 48))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mark = usize::try_from(mixed >> 53).unwrap_or_default() % MARKS;
        let (cell, bit) = (mark / 64, 1_u64 << (mark % 64));
        let is_set = self.marks[cell] & bit != 0;
        self.marks[cell] |= bit;
        is_set
    }

    /// Whether there are so many keys that they must be looked through at the end.
    pub(super) fn is_over(&self) -> bool {
        self.count > MARKED_KEYS_MAX
    }
}

/// The first key, by its letters, that is there twice.
pub(super) fn first_repeated<'k>(keys: &mut [&'k str]) -> Option<&'k str> {
    keys.sort_unstable();
    keys.windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;

    #[test]
    fn a_key_that_comes_twice_is_seen_wherever_it_stands() {
        let tree = parse(br#"{"a":[{"b":1,"amount":1,"amount":2}]}"#).unwrap();
        assert_eq!(tree.root().repeated_key(), Some("amount"));
        assert_eq!(
            parse(br#"{"a":{"x":1},"b":{"x":2}}"#)
                .unwrap()
                .root()
                .repeated_key(),
            None
        );
    }

    // Goal: a repeated key is seen however many keys there are and however it is spelled. Method:
    // objects of growing size with one key twice, once in an escaped spelling, and without.
    #[test]
    fn a_repeated_key_is_seen_among_many() {
        for count in [1, 2, 7, 100, 511, 512, 513, 2_000] {
            let keys: Vec<String> = (0..count).map(|at| format!("\"key_{at}\":{at}")).collect();
            let distinct = format!("{{{}}}", keys.join(","));
            assert_eq!(parse(distinct).unwrap().root().repeated_key(), None);
            for (spelled, key) in [("\"key_0\"", "key_0"), ("\"\\u006bey_0\"", "key_0")] {
                let twice = format!("[{{{},{spelled}:0}}]", keys.join(","));
                assert_eq!(
                    parse(twice).unwrap().root().repeated_key(),
                    Some(key),
                    "{count}"
                );
            }
        }
    }
}
