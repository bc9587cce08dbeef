//! Stores for tests.

use std::path::Path;
use std::sync::Arc;

use crossfoot::fault::Failure;
use crossfoot::store::{Access, OpenStore, Store, open};

/// A new SQLite store in a folder of its own, which is removed when the first part is dropped.
pub(crate) async fn sqlite_store() -> (tempfile::TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let store = open_sqlite(folder.path(), Access::Write).await.unwrap();
    (folder, store)
}

/// Opens the store `crossfoot.db` of a folder.
pub(crate) async fn open_sqlite(folder: &Path, access: Access) -> Result<Arc<dyn Store>, Failure> {
    open(OpenStore {
        url: "sqlite:crossfoot.db",
        password: None,
        base: folder,
        access,
    })
    .await
}
