//! The `Retry-After` and `Date` headers.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How long the server asks to wait: seconds, or a date, which is measured against the server's own
/// `Date`. Nonsense and the past ask for nothing; more seconds than fit ask for ever.
pub(super) fn wait_of(retry_after: &str, server_now: Timestamp) -> Option<Duration> {
    let text = retry_after.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let until = http_date(text)?;
    Duration::try_from(until.duration_since(server_now))
        .ok()
        .filter(|wait| !wait.is_zero())
}

/// An HTTP date: `Fri, 20 Nov 2026 23:45:00 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let local = DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?;
    local
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// An instant as an HTTP date.
pub(super) fn as_http_date(instant: Timestamp) -> String {
    instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nonsense_is_not() {
        let now = http_date("Fri, 20 Nov 2026 23:45:00 GMT").unwrap();
        assert_eq!(as_http_date(now), "Fri, 20 Nov 2026 23:45:00 GMT");
        for (text, expected) in [
            ("7", Some(Duration::from_secs(7))),
            (" 0 ", Some(Duration::ZERO)),
            (
                "Fri, 20 Nov 2026 23:45:09 GMT",
                Some(Duration::from_secs(9)),
            ),
            ("Fri, 20 Nov 2026 23:44:00 GMT", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("99999999999999999999", Some(Duration::MAX)),
        ] {
            assert_eq!(wait_of(text, now), expected, "{text}");
        }
    }
}
