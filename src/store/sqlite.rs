//! SQLite: one file, one writer, readers beside it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use super::error::StoreError;
use super::lock::WriterLock;
use super::migrations;
use super::sql::Database;

/// What of the file the writer keeps at hand, as SQLite spells KiB: enough that a reconcile's many
/// entries of the indexes find their pages. It is taken only as it is used.
const WRITER_CACHE: &str = "-32768";
/// Bytes of a page of a new file: an item and its history are about as long as a page of 4 KiB has room
/// for three of, and every page is written twice.
const PAGE_BYTES: u32 = 8_192;
/// How long a statement waits for another connection's lock.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// How long a write waits for the writes before it, of which one may record a whole month.
const WRITER_WAIT: Duration = Duration::from_mins(5);

/// How many reads go on at once.
const READER_COUNT: u32 = 4;

/// The file that a `sqlite:` url names, relative to the configuration's folder.
pub(super) fn path_of(rest: &str, base: &Path) -> Option<PathBuf> {
    let text = rest.strip_prefix("//").unwrap_or(rest);
    if text.is_empty() || text.contains(['?', '\0']) || text.starts_with(":memory:") {
        return None;
    }
    Some(base.join(text))
}

/// Opens the store for writing: takes the lock, makes the file where there is none, checks it and
/// brings it up to date.
pub(super) async fn open_writer(path: &Path) -> Result<Database, StoreError> {
    make_folder(path)?;
    let lock = WriterLock::take(path).await?;
    make_file(path)?;
    check_mode(path)?;
    let options = options_of(path)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", WRITER_CACHE);
    let mut connection = connect(&options, path).await?;
    check_sound(&mut connection, path).await?;
    let found = version_of(&mut connection).await?;
    refuse_newer(found, path)?;
    migrations::sqlite()
        .run(&mut connection)
        .await
        .map_err(|cause| StoreError::Migration {
            store: path.display().to_string(),
            cause,
        })?;
    close(connection).await?;
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(WRITER_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options);
    Ok(Database::Sqlite {
        writer: Some((writer, lock)),
        reader: reader_pool(path),
    })
}

/// Opens the store for reading: without the lock, and without changing anything.
pub(super) async fn open_reader(path: &Path) -> Result<Database, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing(path.display().to_string()));
    }
    check_mode(path)?;
    let mut connection = connect(&options_of(path).read_only(true), path).await?;
    let found = version_of(&mut connection).await?;
    close(connection).await?;
    refuse_newer(found, path)?;
    if found < migrations::newest_version() {
        return Err(StoreError::Outdated {
            store: path.display().to_string(),
            found,
            needed: migrations::newest_version(),
        });
    }
    Ok(Database::Sqlite {
        writer: None,
        reader: reader_pool(path),
    })
}

/// Writes a copy of the store as it is at one instant, beside a daemon if need be. The copy has
/// its name only when it is whole, on the disk and found sound.
pub(super) async fn back_up(path: &Path, to: &Path) -> Result<(), StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing(path.display().to_string()));
    }
    if to.exists() {
        return Err(StoreError::BackupExists(to.to_owned()));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let copied = copy_into(path, &partial, to).await;
    if copied.is_err() {
        // What is left of a copy that failed is of no use; that it failed is told already.
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

async fn copy_into(path: &Path, partial: &Path, to: &Path) -> Result<(), StoreError> {
    make_folder(to)?;
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(partial)
        .map_err(file_error("create", partial))?;
    let mut connection = connect(&options_of(path).read_only(true), path).await?;
    sqlx::query("vacuum into $1")
        .bind(partial.display().to_string())
        .execute(&mut connection)
        .await
        .map_err(|cause| StoreError::of_query("vacuum into", cause))?;
    close(connection).await?;
    let mut copy = connect(&options_of(partial), partial).await?;
    check_sound(&mut copy, partial).await?;
    close(copy).await?;
    File::open(partial)
        .and_then(|file| file.sync_all())
        .map_err(file_error("sync", partial))?;
    // A hard link refuses a name that is taken meanwhile; a rename would overwrite it.
    std::fs::hard_link(partial, to).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::BackupExists(to.to_owned()),
        _ => file_error("link", to)(cause),
    })?;
    std::fs::remove_file(partial).map_err(file_error("remove", partial))?;
    let folder = folder_of(to);
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(file_error("sync", folder))
}

fn options_of(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT)
        .disable_statement_logging()
}

fn reader_pool(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READER_COUNT)
        .acquire_timeout(BUSY_WAIT)
        .connect_lazy_with(options_of(path).read_only(true))
}

async fn connect(
    options: &SqliteConnectOptions,
    path: &Path,
) -> Result<SqliteConnection, StoreError> {
    options
        .connect()
        .await
        .map_err(|cause| match StoreError::of_query("connect", cause) {
            StoreError::Query { cause, .. } => StoreError::Unreachable {
                what: path.display().to_string(),
                cause,
            },
            StoreError::Damaged(said) => StoreError::Damaged(format!("{}: {said}", path.display())),
            other => other,
        })
}

async fn close(connection: SqliteConnection) -> Result<(), StoreError> {
    connection
        .close()
        .await
        .map_err(|cause| StoreError::of_query("close", cause))
}

async fn check_sound(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let found: String = sqlx::query_scalar("pragma quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(|cause| StoreError::of_query("quick_check", cause))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged(format!("{}: {found}", path.display())))
}

/// The newest migration that the file has; 0 for an empty file.
async fn version_of(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let failed = |cause| StoreError::of_query("schema version", cause);
    let tables: i64 =
        sqlx::query_scalar("select count(*) from sqlite_master where name = '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    if tables == 0 {
        return Ok(0);
    }
    sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(failed)
}

fn refuse_newer(found: i64, path: &Path) -> Result<(), StoreError> {
    let known = migrations::newest_version();
    if found <= known {
        return Ok(());
    }
    Err(StoreError::Newer {
        store: path.display().to_string(),
        found,
        known,
    })
}

fn file_error(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |cause| StoreError::File {
        action,
        path,
        cause,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(file_error("create", folder))
}

/// SQLite would make the file readable by all; its `-wal` and `-shm` take the mode of the file.
fn make_file(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(cause) => Err(file_error("create", path)(cause)),
    }
}

fn check_mode(path: &Path) -> Result<(), StoreError> {
    let metadata = std::fs::metadata(path).map_err(file_error("read", path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_files() {
        let base = Path::new("/etc/crossfoot");
        assert_eq!(
            path_of("var/x.db", base).unwrap(),
            Path::new("/etc/crossfoot/var/x.db")
        );
        assert_eq!(
            path_of("///srv/x.db", base).unwrap(),
            Path::new("/srv/x.db")
        );
        assert_eq!(path_of("/srv/x.db", base).unwrap(), Path::new("/srv/x.db"));
        for wrong in ["", "//", ":memory:", "x.db?mode=rw"] {
            assert_eq!(path_of(wrong, base), None, "{wrong}");
        }
    }
}
