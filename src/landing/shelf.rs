//! The landed files of one root, opened only when they are what was committed.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::encryption::decrypt::FileDecryptionProperties;

use super::error::LandingError;
use super::file::LandedFile;
use super::key::{FileKey, KeyRing};
use super::names;
use super::opened::Opened;

/// Read at once while a digest is taken.
const DIGEST_BUFFER_BYTES: usize = 1 << 18;

/// What tells that a file was not touched since its digest was checked: its inode, length, and
/// the times of its last change in seconds and nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    digest: String,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    fn of(metadata: &Metadata, digest: &str) -> Self {
        Self {
            digest: digest.to_owned(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The files below one root, and which of them this process has checked already.
#[derive(Debug)]
pub(super) struct Shelf {
    root: PathBuf,
    keys: KeyRing,
    checked: Mutex<HashMap<PathBuf, Mark>>,
}

impl Shelf {
    pub(super) fn new(root: PathBuf, keys: KeyRing) -> Self {
        Self {
            root,
            keys,
            checked: Mutex::default(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The key of new files, if they are encrypted.
    pub(super) fn key(&self) -> Option<&FileKey> {
        self.keys.newest()
    }

    /// Every key that is configured.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &FileKey> {
        self.keys.all()
    }

    /// What it takes to decrypt a file.
    pub(super) fn decryption(
        &self,
        file: &LandedFile,
    ) -> Result<Option<Arc<FileDecryptionProperties>>, LandingError> {
        let Some(id) = &file.key_id else {
            return Ok(None);
        };
        let path = self.path(file)?;
        let Some(key) = self.keys.get(id) else {
            let key = id.clone();
            return Err(LandingError::NoKey { path, key });
        };
        key.decryption()
            .map(Some)
            .map_err(|source| LandingError::Parquet { path, source })
    }

    /// The absolute path of a file.
    pub(super) fn path(&self, file: &LandedFile) -> Result<PathBuf, LandingError> {
        names::absolute(&self.root, &file.path)
    }

    /// Opens a file whose length and digest are those that were committed. The digest is taken once
    /// per process, and again when the file was touched.
    pub(super) fn open(&self, file: &LandedFile) -> Result<Opened, LandingError> {
        let path = self.path(file)?;
        let decryption = self.decryption(file)?;
        let (opened, metadata) = open_committed(file, &path)?;
        let mark = Mark::of(&metadata, &file.digest);
        let known = self.marks().get(&path) == Some(&mark);
        if !known {
            check_digest(file, &path, &opened)?;
            self.marks().insert(path.clone(), mark);
        }
        Ok(Opened {
            file: opened,
            path,
            decryption,
        })
    }

    /// Checks a file's length and digest, whether it was checked before or not.
    pub(super) fn check_afresh(&self, file: &LandedFile) -> Result<(), LandingError> {
        let path = self.path(file)?;
        let (opened, metadata) = open_committed(file, &path)?;
        check_digest(file, &path, &opened)?;
        self.marks().insert(path, Mark::of(&metadata, &file.digest));
        Ok(())
    }

    fn marks(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Mark>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_committed(file: &LandedFile, path: &Path) -> Result<(File, Metadata), LandingError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => LandingError::Missing {
            path: path.to_owned(),
        },
        _ => LandingError::io("read", path, error),
    };
    let opened = File::open(path).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if metadata.len() != file.size_bytes {
        return Err(LandingError::Length {
            path: path.to_owned(),
            expected: file.size_bytes,
            actual: metadata.len(),
        });
    }
    Ok((opened, metadata))
}

fn check_digest(file: &LandedFile, path: &Path, mut opened: &File) -> Result<(), LandingError> {
    let digest = digest_of(&mut opened).map_err(|error| LandingError::io("read", path, error))?;
    if digest != file.digest {
        return Err(LandingError::Digest {
            path: path.to_owned(),
        });
    }
    opened
        .rewind()
        .map_err(|error| LandingError::io("read", path, error))
}

/// Length and digest of a file as it is.
pub(super) fn length_and_digest(path: &Path) -> io::Result<(u64, String)> {
    let mut opened = File::open(path)?;
    let digest = digest_of(&mut opened)?;
    Ok((opened.metadata()?.len(), digest))
}

fn digest_of(bytes: &mut impl Read) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; DIGEST_BUFFER_BYTES];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().to_hex().to_string()),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
    }
}
