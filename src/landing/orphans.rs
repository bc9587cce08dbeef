//! Files that no manifest names: what a crash between rename and commit leaves behind.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::error::LandingError;
use super::names;

/// How deep the landing's folders go: quarantine, entity, source, period.
const FOLDER_DEPTH_MAX: usize = 4;

/// The landing's files that are not among `known` and are at least `grace` old, sorted. Only what
/// is named as the landing names its own files is looked at; links are not followed.
pub(super) fn find<'f>(
    root: &Path,
    known: impl IntoIterator<Item = &'f str>,
    now: Timestamp,
    grace: Duration,
) -> Result<Vec<PathBuf>, LandingError> {
    let mut committed = HashSet::new();
    for path in known {
        committed.insert(names::absolute(root, path)?);
    }
    let mut orphans = Vec::new();
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unreadable = |error: io::Error| LandingError::io("read", &folder, error);
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
                folders.push((path, depth + 1));
            } else if kind.is_file()
                && is_ours(&path)
                && !committed.contains(&path)
                && is_older(&path, now, grace)?
            {
                orphans.push(path);
            }
        }
    }
    orphans.sort_unstable();
    Ok(orphans)
}

/// All finished files of the landing's own, sorted.
pub(super) fn finished(root: &Path) -> Result<Vec<PathBuf>, LandingError> {
    let mut found = Vec::new();
    if !root.exists() {
        return Ok(found);
    }
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unreadable = |error: io::Error| LandingError::io("read", &folder, error);
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let name = entry.file_name();
            if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() && name.to_string_lossy().ends_with(names::FINISHED) {
                found.push(entry.path());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Removes files; one that is gone meanwhile is no fault.
pub(super) fn remove(orphans: &[PathBuf]) -> Result<(), LandingError> {
    for orphan in orphans {
        match fs::remove_file(orphan) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(LandingError::io("removed", orphan, error)),
        }
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(names::FINISHED) || name.ends_with(names::TEMPORARY)
}

/// A file that vanishes meanwhile, or whose age cannot be told, is not old.
fn is_older(path: &Path, now: Timestamp, grace: Duration) -> Result<bool, LandingError> {
    let modified = match fs::symlink_metadata(path).and_then(|metadata| metadata.modified()) {
        Ok(modified) => modified,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(LandingError::io("read", path, error)),
    };
    let age = Timestamp::try_from(modified)
        .ok()
        .and_then(|modified| Duration::try_from(now.duration_since(modified)).ok());
    Ok(age.is_some_and(|age| age >= grace))
}
