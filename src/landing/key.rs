//! The keys by which the files of the landing are encrypted.
//!
//! Parquet's own modular encryption is used (AES-GCM, footer and columns under one key), so that any
//! tool that has the key can read the files. The key's id stands in the manifest and in the file, so
//! that a new key takes nothing away: files keep the key that they were written with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use parquet::encryption::decrypt::FileDecryptionProperties;
use parquet::encryption::encrypt::FileEncryptionProperties;

use super::error::LandingError;
use crate::secret::Secret;

/// Lengths of AES keys that Parquet's encryption takes here, in bytes.
const KEY_LENGTHS: [usize; 2] = [16, 32];
/// What a key's id is derived under.
const ID_CONTEXT: &str = "crossfoot 2026 landing key id";
/// Hex digits of a key's id.
const ID_LENGTH: usize = 16;

/// One key. `Debug` tells its id alone.
#[derive(Clone)]
pub(super) struct FileKey {
    id: String,
    bytes: Vec<u8>,
}

impl fmt::Debug for FileKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FileKey({})", self.id)
    }
}

impl FileKey {
    /// The key of a text: 16 or 32 bytes in hex or base64.
    fn parse(text: &Secret) -> Result<Self, LandingError> {
        let text = text.expose();
        let of_hex = || {
            let digits = text.as_bytes();
            let is_hex = digits.iter().all(u8::is_ascii_hexdigit) && digits.len().is_multiple_of(2);
            let pairs = digits.chunks_exact(2).map(|pair| {
                let pair = std::str::from_utf8(pair).ok()?;
                u8::from_str_radix(pair, 16).ok()
            });
            is_hex.then(|| pairs.collect::<Option<Vec<u8>>>()).flatten()
        };
        let fits = |bytes: &Vec<u8>| KEY_LENGTHS.contains(&bytes.len());
        let of_base64 = || base64::engine::general_purpose::STANDARD.decode(text).ok();
        let bytes = of_hex()
            .filter(fits)
            .or_else(|| of_base64().filter(fits))
            .ok_or(LandingError::KeyLength)?;
        let derived = blake3::derive_key(ID_CONTEXT, &bytes);
        let id = blake3::Hash::from_bytes(derived).to_hex()[..ID_LENGTH].to_owned();
        Ok(Self { id, bytes })
    }

    /// How a file is written under it.
    pub(super) fn encryption(
        &self,
    ) -> Result<Arc<FileEncryptionProperties>, parquet::errors::ParquetError> {
        FileEncryptionProperties::builder(self.bytes.clone())
            .with_footer_key_metadata(self.id.as_bytes().to_vec())
            .build()
    }

    /// How a file that was written under it is read.
    pub(super) fn decryption(
        &self,
    ) -> Result<Arc<FileDecryptionProperties>, parquet::errors::ParquetError> {
        FileDecryptionProperties::builder(self.bytes.clone()).build()
    }

    /// Its id, which tells nothing of it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// All keys that are configured.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    newest: Option<FileKey>,
    all: BTreeMap<String, FileKey>,
}

impl KeyRing {
    /// The key that new files are written with, if any, and those that older files were.
    pub fn new(newest: Option<&Secret>, older: &[Secret]) -> Result<Self, crate::fault::Failure> {
        let newest = newest.map(FileKey::parse).transpose()?;
        let mut all = BTreeMap::new();
        for key in older {
            let key = FileKey::parse(key)?;
            all.insert(key.id.clone(), key);
        }
        all.extend(newest.clone().map(|key| (key.id.clone(), key)));
        Ok(Self { newest, all })
    }

    /// The key of new files.
    pub(super) fn newest(&self) -> Option<&FileKey> {
        self.newest.as_ref()
    }

    /// The key of an id.
    pub(super) fn get(&self, id: &str) -> Option<&FileKey> {
        self.all.get(id)
    }

    /// All of them, in the order of their ids.
    pub(super) fn all(&self) -> impl Iterator<Item = &FileKey> {
        self.all.values()
    }

    /// The id of the key of new files.
    pub fn newest_id(&self) -> Option<&str> {
        self.newest().map(FileKey::id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: a key is known by its id however it is spelled, a wrong length is refused, and nothing
    // prints it. Method: one key in hex and in base64, and texts that are none.
    #[test]
    fn keys_are_hex_or_base64_of_the_right_length() {
        let hex = Secret::new("00112233445566778899aabbccddeeff".into());
        let base64 = Secret::new("ABEiM0RVZneImaq7zN3u/w==".into());
        let key = FileKey::parse(&hex).unwrap();
        assert_eq!(key.id(), FileKey::parse(&base64).unwrap().id());
        assert_eq!(key.id().len(), ID_LENGTH);
        assert!(!format!("{key:?}").contains("0011"));
        for wrong in ["", "0011", "a sixteen bytes!", &"00".repeat(24), "ABEiM0RV"] {
            let refused = FileKey::parse(&Secret::new(wrong.into())).unwrap_err();
            assert!(matches!(refused, LandingError::KeyLength), "{wrong}");
        }
        let ring = KeyRing::new(Some(&hex), &[Secret::new("11".repeat(32))]).unwrap();
        assert_eq!(ring.newest_id(), Some(key.id()));
        assert_eq!(ring.all.len(), 2);
    }
}
