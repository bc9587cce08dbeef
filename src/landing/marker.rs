//! To which store a landing belongs: a file in its root says so, since files without their list, or a
//! list without its files, are worth nothing.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::durable;
use super::error::LandingError;

/// The marker's name; tools that read Parquet pass over what begins with an underscore.
const NAME: &str = "_crossfoot.json";
/// A marker is one short line.
const LENGTH_MAX: u64 = 4_096;

#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    store_id: String,
}

/// The id of the store that the landing belongs to, if it says one.
pub(super) fn read(root: &Path) -> Result<Option<String>, LandingError> {
    let path = root.join(NAME);
    let length = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LandingError::io("read", &path, error)),
    };
    let unreadable = || LandingError::Marker { path: path.clone() };
    if length > LENGTH_MAX {
        return Err(unreadable());
    }
    let text = fs::read(&path).map_err(|error| LandingError::io("read", &path, error))?;
    let marker: Marker = serde_json::from_slice(&text).map_err(|_| unreadable())?;
    Ok(Some(marker.store_id))
}

/// Writes the marker, whole or not at all.
pub(super) fn write(root: &Path, store_id: &str) -> Result<(), LandingError> {
    let path = root.join(NAME);
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            LandingError::io("written", &path, source)
        }
        _ => LandingError::Unwritable {
            path: root.to_owned(),
            source,
        },
    };
    let marker = Marker {
        store_id: store_id.to_owned(),
    };
    let text = serde_json::to_vec(&marker).map_err(|error| refused(error.into()))?;
    durable::create_root(root).map_err(refused)?;
    let mut file = tempfile::Builder::new()
        .prefix("_crossfoot-")
        .tempfile_in(root)
        .map_err(refused)?;
    file.write_all(&text)
        .and_then(|()| file.as_file().sync_all())
        .map_err(refused)?;
    file.persist(&path).map_err(|error| refused(error.error))?;
    durable::sync_folder(root)
}
