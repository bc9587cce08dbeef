//! Which store a url names, and how it is opened.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Store;
use super::error::StoreError;
#[cfg(feature = "postgres")]
use super::postgres;
use super::sql::SqlStore;
use super::sqlite;
use crate::fault::Failure;
use crate::secret::Secret;

/// What the store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To write. SQLite has one writer at a time: a second one gets `XF-D004` and exit code 75
    /// within five seconds. A store that is not there is made, an older one is migrated.
    Write,
    /// To read only, beside a daemon if there is one. Never writes and never migrates.
    Read,
}

/// Which store to open, and for what.
#[derive(Debug, Clone)]
pub struct OpenStore<'a> {
    /// `sqlite:<path>` or `postgres://<user>@<host>/<database>`; never with a password in it.
    pub url: &'a str,
    /// The password of the Postgres user.
    pub password: Option<Secret>,
    /// The folder that a relative path is relative to: that of the configuration.
    pub base: &'a Path,
    /// What for.
    pub access: Access,
}

enum Place {
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(String),
}

fn place_of(url: &str, base: &Path) -> Result<Place, StoreError> {
    if let Some(rest) = url.strip_prefix("sqlite:") {
        return sqlite::path_of(rest, base)
            .map(Place::Sqlite)
            .ok_or_else(|| StoreError::Url(url.to_owned()));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        #[cfg(feature = "postgres")]
        return Ok(Place::Postgres(url.to_owned()));
        #[cfg(not(feature = "postgres"))]
        return Err(StoreError::NoPostgres("postgres://".to_owned()));
    }
    // The text may be anything, a password with a wrong scheme among it, so only its start is told.
    let scheme: String = url
        .chars()
        .take_while(|sign| *sign != ':')
        .take(20)
        .collect();
    Err(StoreError::Url(format!("it begins with `{scheme}`")))
}

/// The folder of a SQLite store, where anybody on the machine could put another file in the place of
/// the store's: one that all may write to, without the sticky bit. A volume of a container often is
/// such a folder, and nobody else is in there; so this is for a warning, not for a refusal.
pub fn open_folder(url: &str, base: &Path) -> Option<PathBuf> {
    const WRITABLE_BY_ALL: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let Ok(Place::Sqlite(path)) = place_of(url, base) else {
        return None;
    };
    let folder = path.parent()?.to_owned();
    let mode = std::fs::metadata(&folder).ok()?.permissions().mode();
    (mode & WRITABLE_BY_ALL != 0 && mode & STICKY == 0).then_some(folder)
}

/// Opens the store.
pub async fn open(request: OpenStore<'_>) -> Result<Arc<dyn Store>, Failure> {
    let database = match (place_of(request.url, request.base)?, request.access) {
        (Place::Sqlite(path), Access::Write) => sqlite::open_writer(&path).await?,
        (Place::Sqlite(path), Access::Read) => sqlite::open_reader(&path).await?,
        #[cfg(feature = "postgres")]
        (Place::Postgres(url), Access::Write) => {
            postgres::open_writer(&url, request.password.as_ref()).await?
        }
        #[cfg(feature = "postgres")]
        (Place::Postgres(url), Access::Read) => {
            postgres::open_reader(&url, request.password.as_ref()).await?
        }
    };
    Ok(Arc::new(SqlStore::new(database)))
}

/// Writes a copy of the store to a new file, readable by its owner only. SQLite only; it works
/// beside a daemon, whatever `access` says.
pub async fn backup(request: OpenStore<'_>, to: &Path) -> Result<(), Failure> {
    match place_of(request.url, request.base)? {
        Place::Sqlite(path) => sqlite::back_up(&path, to).await?,
        #[cfg(feature = "postgres")]
        Place::Postgres(url) => return Err(postgres::back_up(&url, to).into()),
    }
    Ok(())
}
