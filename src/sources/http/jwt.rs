//! A claim signed with a private key (RFC 7523): who asks for a token, without a secret that
//! travels.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use crate::secret::Secret;
use crate::sources::json::Tree;

/// Vendors accept no claim that is good for longer.
const LIFE: SignedDuration = SignedDuration::from_secs(180);

/// The key that signs.
pub(super) struct SigningKey(RsaKeyPair);

impl SigningKey {
    /// Reads a PEM text, PKCS#8 or PKCS#1. The error says what it should be, never what it is.
    pub(super) fn read(pem: &Secret) -> Result<Self, &'static str> {
        // A variable of the environment often has its line ends spelled out.
        let text = pem.expose().replace("\\n", "\n");
        let (_, rest) = text
            .split_once("-----BEGIN ")
            .ok_or("it is no PEM text (`-----BEGIN PRIVATE KEY-----`)")?;
        let (label, rest) = rest.split_once("-----").ok_or("its PEM text is cut off")?;
        let (body, _) = rest
            .split_once("-----END")
            .ok_or("its PEM text is cut off")?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD
            .decode(body)
            .map_err(|_| "its PEM text is damaged")?;
        let key = match label {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
            _ => return Err("it is neither `PRIVATE KEY` nor `RSA PRIVATE KEY`, or is encrypted"),
        };
        key.map(Self)
            .map_err(|_| "it is no RSA key of 2048 to 4096 bits")
    }

    /// The signed claim that `issuer` may speak for `subject` to `audience`.
    pub(super) fn claim(
        &self,
        issuer: &str,
        subject: &str,
        audience: &str,
        now: Timestamp,
    ) -> Option<Secret> {
        let text = |text: &str| Tree::Text(text.to_owned());
        let expires = now.checked_add(LIFE).ok()?.as_second();
        let claims = Tree::Object(vec![
            ("iss".to_owned(), text(issuer)),
            ("sub".to_owned(), text(subject)),
            ("aud".to_owned(), text(audience)),
            ("exp".to_owned(), Tree::Number(expires.to_string())),
        ]);
        let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
        let message = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_text()));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(Secret::new(format!(
            "{message}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    const PKCS8: &str = include_str!("../../../tests/fixtures/sources/signing-key.pem");
    const PKCS1: &str = include_str!("../../../tests/fixtures/sources/signing-key-pkcs1.pem");

    /// Goal: the vendor can check the claim. Method: both forms of one key; the signature is
    /// verified and the claims are read back.
    #[test]
    fn a_claim_is_signed_by_the_key_in_both_forms() {
        let escaped = PKCS8.replace('\n', "\\n");
        for pem in [PKCS8, PKCS1, &escaped] {
            let key =
                SigningKey::read(&Secret::new(pem.to_owned())).unwrap_or_else(|e| panic!("{e}"));
            let now: Timestamp = "2026-11-21T01:00:00Z".parse().unwrap();
            let claim = key
                .claim("c1", "ops@x.example", "https://login.example", now)
                .unwrap();
            let parts: Vec<&str> = claim.expose().split('.').collect();
            let [head, claims, signature] = parts[..] else {
                panic!("three parts are expected")
            };
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.0.public());
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let message = format!("{head}.{claims}");
            assert!(public.verify(message.as_bytes(), &signature).is_ok());
            let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
            assert_eq!(
                String::from_utf8(claims).unwrap(),
                r#"{"iss":"c1","sub":"ops@x.example","aud":"https://login.example","exp":1795222980}"#
            );
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_its_text() {
        let cut = &PKCS8[..200];
        let encrypted = PKCS8.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        for pem in [
            "sk_live_1",
            cut,
            &encrypted,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END",
        ] {
            let told = SigningKey::read(&Secret::new(pem.to_owned()))
                .err()
                .unwrap();
            assert!(
                !told.contains("sk_live") && !told.contains("AAAA"),
                "{told}"
            );
        }
    }
}
