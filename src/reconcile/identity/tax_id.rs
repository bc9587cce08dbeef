//! Tax ids, compacted so that two spellings of one id are equal.

/// The shortest compacted text that can stand for one taxpayer; shorter ones are placeholders.
const LENGTH_MIN: usize = 6;

/// The comparable form of a tax id: without blanks, dots, hyphens and slashes, in upper case,
/// Greece's `GR` as `EL`, and a number without a country prefixed with the account's country.
/// `None` for what can identify nobody: too short, without digits, or one digit repeated.
pub(crate) fn normalise(text: &str, country: Option<&str>) -> Option<String> {
    let mut compact: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let digits: Vec<char> = compact.chars().filter(char::is_ascii_digit).collect();
    let first_digit = digits.first()?;
    let is_filler = digits.iter().all(|digit| digit == first_digit);
    if compact.len() < LENGTH_MIN || is_filler {
        return None;
    }
    let has_prefix = compact
        .bytes()
        .take(2)
        .all(|letter| letter.is_ascii_alphabetic());
    if !has_prefix && let Some(country) = country.filter(|code| code.trim().len() == 2) {
        compact.insert_str(0, &country.trim().to_ascii_uppercase());
    }
    if let Some(rest) = compact.strip_prefix("GR") {
        compact = format!("EL{rest}");
    }
    Some(compact)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: spellings of one id meet, and placeholders identify nobody. Method: a table.
    #[test]
    fn spellings_meet_and_placeholders_do_not_count() {
        for (text, country, expected) in [
            ("DE 123.456.789", None, Some("DE123456789")),
            ("123456789", Some("de"), Some("DE123456789")),
            ("gr-094259216", None, Some("EL094259216")),
            ("12-3456789", None, Some("123456789")),
            ("000000000", None, None),
            ("n/a", None, None),
            ("DE1", None, None),
        ] {
            assert_eq!(normalise(text, country).as_deref(), expected, "{text}");
        }
    }
}
