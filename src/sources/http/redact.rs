//! What a server said, without the secrets that it may have said back, in whatever spelling.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::secret::Secret;

/// Shorter texts are no secrets, and would redact half of a message.
const SECRET_BYTES_MIN: usize = 4;

/// The text with every spelling of every secret replaced: plain, percent-encoded, hex, base64, and
/// as a user or a password of basic authentication.
pub(super) fn redacted(text: &str, secrets: &[Secret]) -> String {
    let mut plain = text.to_owned();
    for secret in secrets {
        if secret.expose().len() < SECRET_BYTES_MIN {
            continue;
        }
        for spelling in spellings(secret.expose()) {
            plain = plain.replace(&spelling, "[secret]");
        }
    }
    plain
}

fn spellings(secret: &str) -> Vec<String> {
    let hex = secret
        .bytes()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut spellings = vec![secret.to_owned(), percent, hex.to_uppercase(), hex];
    for around in [
        secret.to_owned(),
        format!("{secret}:"),
        format!("Bearer {secret}"),
    ] {
        spellings.push(STANDARD_NO_PAD.encode(&around));
        spellings.push(URL_SAFE_NO_PAD.encode(&around));
    }
    // As a password, whose user is not known: whatever stands in front shifts the letters by 0 to 2
    // places, and all but the first and last of each shift stay the same.
    for shift in 1..=2 {
        let shifted = STANDARD_NO_PAD.encode(format!("{}{secret}", "x".repeat(shift)));
        let inner = shifted.get(shift + 1..shifted.len().saturating_sub(2));
        spellings.extend(inner.filter(|inner| inner.len() >= 8).map(str::to_owned));
    }
    spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no spelling of a secret is told on. Method: a message with all of them.
    #[test]
    fn no_spelling_of_a_secret_is_told_on() {
        let secret = "sk_live_a/b+c=9f2";
        let basic = STANDARD_NO_PAD.encode(format!("user:{secret}"));
        let message = format!(
            "no: {secret} {} {} {} {basic}",
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(format!("{secret}:")),
            "sk_live_a%2Fb%2Bc%3D9f2",
        );
        let told = redacted(&message, &[Secret::new(secret.to_owned())]);
        assert!(!told.contains("live") && !told.contains("%2Fb"), "{told}");
        assert!(
            !told.contains(&STANDARD_NO_PAD.encode(secret)[..10]),
            "{told}"
        );
        assert!(!told.contains(&basic), "{told}");
    }
}
