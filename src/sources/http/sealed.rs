//! Rotated refresh tokens at rest: sealed under a key that only the client's secret gives, so that
//! a stolen store holds nothing to log in with.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::Secret;

/// Never changes: with another text, no token sealed before could be opened.
const CONTEXT: &str = "crossfoot 2026-11 refresh token of a source";
/// The first byte, should the form ever change.
const VERSION: u8 = 1;

/// Seals a token for one source; nothing where the system gives no randomness.
pub(super) fn seal(source_name: &str, client_secret: &Secret, token: &Secret) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).ok()?;
    let mut text = token.expose().as_bytes().to_vec();
    key(client_secret)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(source_name.as_bytes()),
            &mut text,
        )
        .ok()?;
    let mut sealed = vec![VERSION];
    sealed.extend_from_slice(&nonce);
    sealed.append(&mut text);
    Some(sealed)
}

/// Opens a sealed token; nothing where it was sealed for another source or under another secret,
/// or was changed.
pub(super) fn open(source_name: &str, client_secret: &Secret, sealed: &[u8]) -> Option<Secret> {
    let (version, rest) = sealed.split_first()?;
    if *version != VERSION || rest.len() < NONCE_LEN {
        return None;
    }
    let (nonce, text) = rest.split_at(NONCE_LEN);
    let mut text = text.to_vec();
    let opened = key(client_secret)?
        .open_in_place(
            Nonce::try_assume_unique_for_key(nonce).ok()?,
            Aad::from(source_name.as_bytes()),
            &mut text,
        )
        .ok()?;
    String::from_utf8(opened.to_vec()).ok().map(Secret::new)
}

fn key(client_secret: &Secret) -> Option<LessSafeKey> {
    let bytes = blake3::derive_key(CONTEXT, client_secret.expose().as_bytes());
    UnboundKey::new(&CHACHA20_POLY1305, &bytes)
        .ok()
        .map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_source_and_secret_open_it() {
        let secret = Secret::new("client secret".into());
        let sealed = seal("books", &secret, &Secret::new("refresh-1".into())).unwrap();
        assert!(!sealed.windows(9).any(|window| window == b"refresh-1"));
        assert_eq!(
            open("books", &secret, &sealed).unwrap().expose(),
            "refresh-1"
        );
        assert!(open("other", &secret, &sealed).is_none());
        assert!(open("books", &Secret::new("another".into()), &sealed).is_none());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(open("books", &secret, &changed).is_none());
        assert!(open("books", &secret, &[]).is_none());
        assert!(open("books", &secret, &[VERSION, 1, 2]).is_none());
    }
}
