//! What is particular to SQLite: the file, its one writer, its readers and its backup.

use std::io::BufRead;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crossfoot::fault::Exit;
use crossfoot::reconcile::DiscrepancyState;
use crossfoot::store::{Access, ChangeParts, DiscrepancyFilter, OpenStore, backup};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use super::sample::{change, reconciliation, run};
use super::suite::audit::entry as suite_entry;
use crate::support::store::{open_sqlite, sqlite_store};

const HELD_FOLDER: &str = "CROSSFOOT_TEST_HELD_FOLDER";

#[expect(
    clippy::disallowed_methods,
    reason = "a test tells its own child where to work"
)]
fn held_folder() -> Option<String> {
    std::env::var(HELD_FOLDER).ok()
}

async fn connect(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("crossfoot.db"));
    options.connect().await.unwrap()
}

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn request(folder: &Path) -> OpenStore<'_> {
    OpenStore {
        url: "sqlite:crossfoot.db",
        password: None,
        base: folder,
        access: Access::Read,
    }
}

/// Goal: one writer. Method: open twice; the second is refused in time, with exit code 75 and the
/// name of the first, and is let in when the first has gone.
#[tokio::test]
async fn a_second_writer_is_refused_in_time() {
    let (folder, store) = sqlite_store().await;
    let began = Instant::now();
    let error = open_sqlite(folder.path(), Access::Write)
        .await
        .err()
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(error.exit(), Exit::Held);
    let holder = format!("process {} since 2", std::process::id());
    assert!(error.line().contains(&holder), "{error}");
    // Readers work beside it and see what it wrote.
    assert!(store.begin_run(&run("1", "sync", None)).await.unwrap());
    let reader = open_sqlite(folder.path(), Access::Read).await.unwrap();
    assert_eq!(reader.runs(None, 9).await.unwrap().len(), 1);
    drop(store);
    open_sqlite(folder.path(), Access::Write).await.unwrap();
}

/// Goal: a holder that was killed leaves no lock and no damage. Method: this test starts itself as
/// a second process that writes and holds the store; it is killed, and the store opens at once.
#[tokio::test]
async fn a_killed_holder_leaves_no_lock() {
    if let Some(folder) = held_folder() {
        let store = open_sqlite(Path::new(&folder), Access::Write)
            .await
            .unwrap();
        store.begin_run(&run("1", "sync", None)).await.unwrap();
        println!("\nheld");
        loop {
            store.append_audit(&[suite_entry("again")]).await.unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::sqlite::a_killed_holder_leaves_no_lock"])
        .arg("--nocapture")
        .env(HELD_FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(holder.stdout.take().unwrap());
    let held = output.lines().any(|line| line.unwrap() == "held");
    assert!(held, "the holder ended early");
    let error = open_sqlite(folder.path(), Access::Write)
        .await
        .err()
        .unwrap();
    assert!(error.line().contains(&holder.id().to_string()), "{error}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    let store = open_sqlite(folder.path(), Access::Write).await.unwrap();
    assert_eq!(store.runs(None, 9).await.unwrap().len(), 1);
    let (count, fault) = store.verify_audit().await.unwrap();
    assert!(count > 0 && fault.is_none(), "{count} {fault:?}");
}

/// Goal: nobody else reads the book. Method: look at the modes of what is made, and open a file
/// that others can read.
#[tokio::test]
async fn the_file_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let open = |access| {
        crossfoot::store::open(OpenStore {
            url: "sqlite:var/deep/book.db",
            password: None,
            base: folder.path(),
            access,
        })
    };
    let missing = open(Access::Read).await.err().unwrap();
    assert_eq!(missing.code(), "XF-D005");
    assert!(
        !folder.path().join("var").exists(),
        "a reader makes nothing"
    );
    let store = open(Access::Write).await.unwrap();
    store.begin_run(&run("1", "sync", None)).await.unwrap();
    let made = folder.path().join("var/deep");
    assert_eq!(mode_of(&made), 0o700);
    for name in ["book.db", "book.db-wal", "book.db-shm", "book.db.lock"] {
        assert_eq!(mode_of(&made.join(name)), 0o600, "{name}");
    }
    drop(store);
    let file = made.join("book.db");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    for access in [Access::Write, Access::Read] {
        let error = open(access).await.err().unwrap();
        assert_eq!(error.code(), "XF-D009");
        assert!(error.report().contains("chmod 600"));
    }
}

/// Goal: a reader changes nothing. Method: write through one.
#[tokio::test]
async fn a_reader_cannot_write() {
    let (folder, store) = sqlite_store().await;
    let reader = open_sqlite(folder.path(), Access::Read).await.unwrap();
    let error = reader.begin_run(&run("1", "sync", None)).await.unwrap_err();
    assert_eq!(error.code(), "XF-D022");
    assert!(store.runs(None, 9).await.unwrap().is_empty());
}

/// Goal: a damaged file is told, not used. Method: a file of other bytes, and a sound file whose
/// pages were overwritten.
#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crossfoot.db");
    std::fs::write(
        &path,
        "this was never a database, it is a letter".repeat(99),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    for access in [Access::Write, Access::Read] {
        let error = open_sqlite(folder.path(), access).await.err().unwrap();
        assert_eq!(error.code(), "XF-D008", "{error}");
    }
    let (folder, store) = sqlite_store().await;
    let entries = vec![suite_entry("one"); 500];
    store.append_audit(&entries).await.unwrap();
    drop(store);
    let target = folder.path().join("copy");
    backup(request(folder.path()), &target.join("crossfoot.db"))
        .await
        .unwrap();
    let path = target.join("crossfoot.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let error = open_sqlite(&target, Access::Write).await.err().unwrap();
    assert_eq!(error.code(), "XF-D008", "{error}");
}

/// Goal: a backup is a whole store of one instant. Method: back up beside the writer, open the
/// copy, write to it; an existing file is never overwritten.
#[tokio::test]
async fn a_backup_is_a_store() {
    let (folder, store) = sqlite_store().await;
    store.append_audit(&[suite_entry("one")]).await.unwrap();
    store.begin_run(&run("1", "sync", None)).await.unwrap();
    let target = folder.path().join("copies");
    let copy = target.join("crossfoot.db");
    backup(request(folder.path()), &copy).await.unwrap();
    assert_eq!(mode_of(&copy), 0o600);
    let names: Vec<_> = std::fs::read_dir(&target).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside the copy: {names:?}");
    let again = backup(request(folder.path()), &copy).await.unwrap_err();
    assert_eq!(again.code(), "XF-D026");
    store.append_audit(&[suite_entry("two")]).await.unwrap();
    let restored = open_sqlite(&target, Access::Write).await.unwrap();
    assert_eq!(restored.verify_audit().await.unwrap(), (1, None));
    assert_eq!(restored.runs(None, 9).await.unwrap().len(), 1);
    restored.append_audit(&[suite_entry("own")]).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), (2, None));
}

/// Goal: the trail and the histories cannot be rewritten, and if somebody does it all the same, it
/// shows. Method: update and delete are refused; with the triggers dropped, each way to forge is
/// found at its place.
#[tokio::test]
async fn a_forged_trail_shows() {
    for (forgery, place) in [
        ("update audit set actor = 'Bo' where sequence = 2", 2),
        ("update audit set before = null where sequence = 3", 3),
        ("delete from audit where sequence = 2", 3),
        ("update audit set sequence = 9 where sequence = 4", 9),
        (
            "update audit set hash = previous_hash where sequence = 1",
            1,
        ),
    ] {
        let (folder, store) = sqlite_store().await;
        let entries = ["1", "2", "3", "4"].map(suite_entry);
        store.append_audit(&entries).await.unwrap();
        let mut connection = connect(folder.path()).await;
        let refused = sqlx::query(forgery).execute(&mut connection).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"));
        for trigger in ["audit_no_update", "audit_no_delete"] {
            let drop = format!("drop trigger {trigger}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        sqlx::query(forgery).execute(&mut connection).await.unwrap();
        let (_, fault) = store.verify_audit().await.unwrap();
        assert_eq!(fault.map(|(found, _)| found), Some(place), "{forgery}");
    }
}

/// Goal: a url that names nothing usable is told as wrong usage. Method: several.
#[tokio::test]
async fn wrong_urls_are_usage_errors() {
    for url in [
        "",
        "mysql://db/book",
        "sqlite:",
        "sqlite::memory:",
        "book.db",
        "postgres://ann:hunter2@db.example/book",
        "pg://ann:hunter2@db.example/book",
    ] {
        let error = crossfoot::store::open(OpenStore {
            url,
            password: None,
            base: Path::new("/"),
            access: Access::Read,
        })
        .await
        .err()
        .unwrap();
        assert_eq!(error.exit(), Exit::Usage, "{url}");
        assert!(!error.report().contains("hunter2"), "{error}");
    }
}

/// The statements that made the book's indexes.
async fn indexes(folder: &Path) -> Vec<(String, String)> {
    let text = "select name, sql from sqlite_master where type = 'index' and sql is not null order by name";
    let mut connection = connect(folder).await;
    sqlx::query_as(text)
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

/// Goal: a night that opens more items than the book had leaves every index in its place, with all
/// items in it, whether it ends or is broken off. Method: some standing items, then very many in parts,
/// first without an end; compare the schema, let the database check itself, and ask by an account.
#[tokio::test]
async fn very_many_new_items_leave_all_indexes() {
    let (folder, store) = sqlite_store().await;
    let before = indexes(folder.path()).await;
    assert!(
        before
            .iter()
            .any(|(name, _)| name == "discrepancies_account")
    );
    let standing = [change(
        "first",
        None,
        DiscrepancyState::Open,
        "crossfoot",
        10,
    )];
    let made = reconciliation("r1", 10);
    store.record_reconciliation(&made, &standing).await.unwrap();
    let part = |part: usize| {
        (0..6_000)
            .map(|place| {
                let id = format!("d{part}-{place}");
                let mut one = change(&id, None, DiscrepancyState::Open, "crossfoot", 10);
                one.discrepancy.account = format!("account {}", place * 7_919 % 6_000);
                one
            })
            .collect::<Vec<_>>()
    };
    for is_whole in [false, true] {
        let made = reconciliation("r2", 11);
        let (sender, parts) = ChangeParts::channel();
        let written = store.record_reconciliation_parts(&made, parts);
        let sent = async {
            for place in 0..4 {
                assert!(sender.send(part(place)).await);
            }
            if is_whole {
                sender.finish().await;
            }
        };
        let (written, ()) = futures::join!(written, sent);
        assert_eq!(written.is_ok(), is_whole);
        assert_eq!(indexes(folder.path()).await, before);
        let filter = DiscrepancyFilter {
            account: Some("account 4711".into()),
            ..DiscrepancyFilter::default()
        };
        let found = store.discrepancies(&filter).await.unwrap();
        assert_eq!(found.len(), if is_whole { 4 } else { 0 });
    }
    drop(store);
    let mut connection = connect(folder.path()).await;
    let check: String = sqlx::query_scalar("pragma integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(check, "ok");
}
