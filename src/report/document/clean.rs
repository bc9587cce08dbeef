//! Text from outside made harmless for a mail: one line, no control characters, no characters that
//! re-order what stands beside them, and no longer than it has room for.

/// The most characters of a name in a table.
pub(in crate::report) const NAME_MAX: usize = 60;
/// The most characters of a code, an owner or an id.
pub(in crate::report) const LABEL_MAX: usize = 40;
/// The most characters of a sentence from outside.
pub(in crate::report) const SENTENCE_MAX: usize = 300;

/// Cuts `text` to `max` characters and takes out what could hide, break or re-order it.
pub(in crate::report) fn clean(text: &str, max: usize) -> String {
    let mut cleaned = String::new();
    let mut length = 0;
    let mut is_gap_due = false;
    // A bound on what is looked at: a name of 100 kB made of blanks costs nothing.
    for letter in text.chars().take(max.saturating_mul(16)) {
        if is_dropped(letter) {
            continue;
        }
        if letter.is_whitespace() || letter.is_control() {
            is_gap_due = !cleaned.is_empty();
            continue;
        }
        let needed = usize::from(is_gap_due) + 1;
        if length + needed > max {
            // The last place is the ellipsis's.
            while cleaned.chars().count() >= max || cleaned.ends_with(' ') {
                cleaned.pop();
            }
            cleaned.push('…');
            return cleaned;
        }
        if is_gap_due {
            cleaned.push(' ');
            is_gap_due = false;
        }
        cleaned.push(letter);
        length += needed;
    }
    cleaned
}

/// The text between isolating marks when it holds letters that are written from right to left, so
/// that the figures beside it in a plain text keep their order.
pub(in crate::report) fn isolated(text: &str) -> String {
    if text.chars().any(is_right_to_left) {
        format!("\u{2068}{text}\u{2069}")
    } else {
        text.to_owned()
    }
}

fn is_right_to_left(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x0590..=0x08ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff | 0x1_0800..=0x1_0fff | 0x1_e800..=0x1_efff
    )
}

// C0 and C1 controls end as blanks; these vanish: marks of direction, zero-width blanks, the byte
// order mark, tags, variation selectors beyond emoji's own, and what is no character at all.
fn is_dropped(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x00ad
            | 0x061c
            | 0x180e
            | 0x200b
            | 0x200e..=0x200f
            | 0x202a..=0x202e
            | 0x2060..=0x206f
            | 0xfeff
            | 0xfff0..=0xffff
            | 0xe_0000..=0xe_0fff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_one_harmless_line() {
        assert_eq!(
            clean("Acme\r\nBcc: x@y.example", 60),
            "Acme Bcc: x@y.example"
        );
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200b}d", 60), "abcd");
        assert_eq!(clean("  \u{1b}[31mred\u{0085}\u{2028}x ", 60), "[31mred x");
        assert_eq!(clean("Müller & Söhne", 60), "Müller & Söhne");
    }

    #[test]
    fn long_names_end_in_an_ellipsis_within_their_room() {
        let long = clean(&"x".repeat(100_000), 10);
        assert_eq!(long.chars().count(), 10);
        assert!(long.ends_with('…'));
        assert_eq!(clean("exactly 10", 10), "exactly 10");
        assert_eq!(clean("ab cd", 4), "ab…");
    }

    #[test]
    fn only_right_to_left_names_are_isolated() {
        assert_eq!(isolated("Acme"), "Acme");
        assert_eq!(isolated("שלום"), "\u{2068}שלום\u{2069}");
    }
}
