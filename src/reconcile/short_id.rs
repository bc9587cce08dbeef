//! Short ids that people can read out: a letter and ten characters of a digest.

/// Letters and digits without those that are mistaken for others.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// How many characters follow the prefix: 50 bits.
const LENGTH: usize = 10;

/// `<prefix>-` and ten characters that depend on every part and on the borders between them.
pub(crate) fn short_id(prefix: &str, parts: &[&str]) -> String {
    let mut id = format!("{prefix}-");
    let digest = digest(parts);
    id.extend(
        digest
            .as_bytes()
            .iter()
            .take(LENGTH)
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)])),
    );
    id
}

/// The digest of all parts in hex: 32 characters.
pub(crate) fn fingerprint(parts: &[&str]) -> String {
    digest(parts).to_hex()[..32].to_owned()
}

fn digest(parts: &[&str]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}
