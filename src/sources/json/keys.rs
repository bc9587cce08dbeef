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
    #[inline]
    pub(super) fn new() -> Self {
        Self {
            marks: [0; MARKS / 64],
            count: 0,
        }
    }

    /// Whether the key may have been there, which its siblings can tell. `word` holds the first
    /// eight letters of the key.
    #[inline]
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
    use super::super::document::Json;
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

    // Goal: what a record looked like never hides what the next one has. Method: pairs of records
    // of which the second one leaves the course of the first in every way.
    #[test]
    fn a_repeated_key_is_seen_behind_a_record_that_looks_alike() {
        let first = r#"{"a":1,"b":{"c":2,"d":3},"e":[{"f":4}]}"#;
        for (second, repeated) in [
            (first, None),
            (r#"{"a":1,"b":{"c":2,"d":3},"a":[{"f":4}]}"#, Some("a")),
            (r#"{"a":1,"b":{"c":2,"c":3},"e":[{"f":4}]}"#, Some("c")),
            (
                r#"{"a":1,"b":{"c":2,"d":3},"e":[{"f":4},{"f":5,"f":6}]}"#,
                Some("f"),
            ),
            (
                r#"{"a":1,"b":{"c":2,"d":3,"c":4},"e":[{"f":4}]}"#,
                Some("c"),
            ),
            (r#"{"a":1,"b":5,"e":{"f":4},"b":6}"#, Some("b")),
            (r#"{"a":1,"\u0061":2}"#, Some("a")),
            (r#"{"a":1,"b":{},"e":[]}"#, None),
            (r#"{"b":{"d":3,"c":2},"a":1}"#, None),
        ] {
            let tree = parse(format!("[{first},{second},{first}]")).unwrap();
            let records: Vec<_> = tree.root().items().unwrap().collect();
            assert_eq!(records[0].repeated_key(), None);
            assert_eq!(records[1].repeated_key(), repeated, "{second}");
            assert_eq!(records[2].repeated_key(), None);
            assert_eq!(records[2].to_text(), first);
            let text = |record: Json<'_>, key| record.get(key).map(Json::to_text);
            assert_eq!(text(records[1], "a").as_deref(), Some("1"), "{second}");
        }
    }
}
