//! Writing so that a power cut loses nothing that was said to be written: files that digest what
//! goes through them, folders and renames that are synced, and a guard that removes what an
//! unfinished pull leaves.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::LandingError;

/// Only the owner reads what was landed: it holds customers' names and amounts.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A new file that takes length and BLAKE3 digest of all that is written to it.
pub(super) struct DigestingFile<W = File> {
    inner: W,
    hasher: blake3::Hasher,
    length: u64,
    /// The first refusal, since the Parquet library may turn it into text on its way.
    refusal: Option<i32>,
}

impl DigestingFile<File> {
    /// Creates the file, which must not exist.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(path)?;
        Ok(Self::over(file))
    }

    /// Makes the contents durable. A failed sync is never tried again: what it did is unknown.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.inner.sync_all()
    }
}

impl<W> DigestingFile<W> {
    fn over(inner: W) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
            length: 0,
            refusal: None,
        }
    }

    /// Bytes written.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// BLAKE3 of the bytes written, in hex.
    pub(super) fn digest(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }

    /// The system's first refusal of a write.
    pub(super) fn refusal(&self) -> Option<io::Error> {
        self.refusal.map(io::Error::from_raw_os_error)
    }
}

impl<W: Write> Write for DigestingFile<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.inner.write(bytes) {
            Ok(written) => {
                self.hasher.update(&bytes[..written]);
                self.length += written as u64;
                Ok(written)
            }
            Err(error) => {
                self.refusal = self.refusal.or(error.raw_os_error());
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Creates a folder and those above it, for the owner only.
pub(super) fn create_root(root: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(root)
}

/// Creates the missing folders of `relative` below `root`, each durable before the next.
pub(super) fn create_folder(root: &Path, relative: &str) -> Result<(), LandingError> {
    let mut folder = root.to_owned();
    for name in Path::new(relative) {
        let next = folder.join(name);
        match DirBuilder::new().mode(FOLDER_MODE).create(&next) {
            Ok(()) => sync_folder(&folder)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(LandingError::io("written", &next, error)),
        }
        folder = next;
    }
    Ok(())
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), LandingError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| LandingError::io("written", folder, error))
}

/// Removes the files of a pull that does not come to its end; a file that is left in spite of it is
/// an orphan, which is harmless.
#[derive(Debug, Default)]
pub(super) struct Cleanup {
    paths: Vec<PathBuf>,
}

impl Cleanup {
    /// Adds a file to be removed.
    pub(super) fn add(&mut self, path: &Path) {
        self.paths.push(path.to_owned());
    }

    /// Keeps all files: the pull came to its end.
    pub(super) fn keep_all(&mut self) {
        self.paths.clear();
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        for path in &self.paths {
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "an unfinished file stays behind");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Goal: the digest is that of the bytes that arrived. Method: compare with a digest in one go.
    #[test]
    fn the_digest_is_of_what_was_written() {
        let mut file = DigestingFile::over(Vec::new());
        file.write_all(b"one").unwrap();
        file.write_all(b"two").unwrap();
        assert_eq!(file.length(), 6);
        assert_eq!(file.digest(), blake3::hash(b"onetwo").to_hex().to_string());
        assert!(file.refusal().is_none());
    }

    // Goal: a full disk is remembered as such. Method: the device that is always full.
    #[test]
    fn a_full_device_is_remembered() {
        let device = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut file = DigestingFile::over(device);
        assert!(file.write_all(b"x").is_err());
        let refusal = file.refusal().unwrap();
        assert_eq!(refusal.kind(), io::ErrorKind::StorageFull);
    }
}
