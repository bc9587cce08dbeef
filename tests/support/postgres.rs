//! A Postgres for tests: the server that `CROSSFOOT_TEST_POSTGRES` names, or a private one that is
//! started once per test process from the installed binaries and ends with the process.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossfoot::secret::Secret;
use crossfoot::store::{Access, OpenStore, Store, open};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

/// How long the server may take to start.
const START_WAIT: Duration = Duration::from_mins(1);

/// A database of its own for one test.
pub(crate) struct TestDatabase {
    /// Its url, without a password.
    pub(crate) url: String,
    password: Option<String>,
}

impl TestDatabase {
    /// Opens it as a store.
    pub(crate) async fn open(&self, access: Access) -> Arc<dyn Store> {
        open(self.request(access)).await.unwrap()
    }

    /// What opens it.
    pub(crate) fn request(&self, access: Access) -> OpenStore<'_> {
        OpenStore {
            url: &self.url,
            password: self.password.clone().map(Secret::new),
            base: Path::new("/"),
            access,
        }
    }

    /// A connection beside the store.
    pub(crate) async fn connect(&self) -> PgConnection {
        let mut options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
        if let Some(password) = &self.password {
            options = options.password(password);
        }
        options.connect().await.unwrap()
    }
}

/// Tells a story on Postgres, where there is one: it is given the store's part of the configuration.
pub(crate) fn told(story: impl FnOnce(&str)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(database) = runtime.block_on(database()) else {
        return;
    };
    story(&format!("[store]\nurl = {:?}", database.url));
}

/// A new, empty database; `None`, with a loud message, where there is no Postgres.
pub(crate) async fn database() -> Option<TestDatabase> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = match SERVER.get_or_init(find_server) {
        Ok(server) => server,
        Err(reason) => {
            eprintln!("\n*** NOT TESTED ON POSTGRES: {reason} ***\n");
            assert!(!is_required(), "Postgres is required here: {reason}");
            return None;
        }
    };
    let name = format!(
        "crossfoot_test_{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::SeqCst)
    );
    let admin = TestDatabase {
        url: server.url_of(&server.admin_database),
        password: server.password.clone(),
    };
    let mut connection = admin.connect().await;
    let statement = format!("create database {name}");
    connection
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(statement)))
        .await
        .unwrap();
    connection.close().await.unwrap();
    Some(TestDatabase {
        url: server.url_of(&name),
        password: server.password.clone(),
    })
}

static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();

struct Server {
    url: url::Url,
    password: Option<String>,
    admin_database: String,
    // Its standard input is the thread that the server hangs by: it closes with this process.
    _watch: Option<Child>,
}

impl Server {
    fn url_of(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.to_string()
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told where to run")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn is_required() -> bool {
    setting("CI").as_deref() == Some("true")
        || setting("CROSSFOOT_TESTS_REQUIRE_POSTGRES").as_deref() == Some("1")
}

fn find_server() -> Result<Server, String> {
    let Some(given) = setting("CROSSFOOT_TEST_POSTGRES") else {
        return start_server();
    };
    let mut url: url::Url = given
        .parse()
        .map_err(|_| "CROSSFOOT_TEST_POSTGRES is no url".to_owned())?;
    let password = url.password().map(str::to_owned);
    if password.is_some() {
        url.set_password(None)
            .map_err(|()| "CROSSFOOT_TEST_POSTGRES names no server".to_owned())?;
    }
    let admin_database = url.path().trim_start_matches('/').to_owned();
    Ok(Server {
        url,
        password,
        admin_database,
        _watch: None,
    })
}

fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    folders.sort();
    folders.reverse();
    let path = setting("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders.push("/usr/local/bin".into());
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Runs in a shell that outlives nothing: it waits for its standard input to close, which the end
/// of the test process does, however that ends, and then stops the server and removes its folder.
/// `$1` is the binaries' folder, `$2` the data's, and the rest is what drops root's rights.
const WATCH: &str = r#"
trap : INT TERM HUP
bin=$1; data=$2; shift 2
cd "$data" || exit 1
"$@" "$bin/initdb" -D "$data/base" -U crossfoot -A trust -E UTF8 --locale=C --no-sync >"$data/log" 2>&1 || { echo failed; exit 1; }
"$@" "$bin/postgres" -D "$data/base" -c listen_addresses= -c unix_socket_directories="$data" \
    -c fsync=off -c full_page_writes=off -c max_connections=300 >>"$data/log" 2>&1 </dev/null &
server=$!
echo started
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$data"
"#;

fn start_server() -> Result<Server, String> {
    let bin = binaries().ok_or("no initdb and postgres are installed")?;
    let folder = tempfile::Builder::new()
        .prefix("crossfoot-pg-")
        .tempdir()
        .map_err(|cause| cause.to_string())?
        .keep();
    let dropping = rights_to_drop(&folder)?;
    let mut watch = Command::new("sh")
        .arg("-c")
        .arg(WATCH)
        .arg("watch")
        .arg(&bin)
        .arg(&folder)
        .args(dropping)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| cause.to_string())?;
    let socket = folder.join(".s.PGSQL.5432");
    wait_for(&mut watch, &socket, &folder)?;
    let host = folder.display().to_string();
    let url = url::Url::parse_with_params(
        "postgres:///postgres",
        [
            ("host", host.as_str()),
            ("user", "crossfoot"),
            ("sslmode", "disable"),
        ],
    );
    Ok(Server {
        url: url.map_err(|cause| cause.to_string())?,
        password: None,
        admin_database: "postgres".to_owned(),
        _watch: Some(watch),
    })
}

/// `initdb` refuses to work for root; another user must then own the folder.
fn rights_to_drop(folder: &Path) -> Result<Vec<String>, String> {
    let owner = std::fs::metadata(folder).map_err(|cause| cause.to_string())?;
    if owner.uid() != 0 {
        return Ok(Vec::new());
    }
    let number = |flag: &str| -> Result<u32, String> {
        let answer = Command::new("id")
            .args([flag, "nobody"])
            .output()
            .map_err(|cause| cause.to_string())?;
        String::from_utf8_lossy(&answer.stdout)
            .trim()
            .parse()
            .map_err(|_| "there is no user `nobody` to run Postgres as".to_owned())
    };
    let (user, group) = (number("-u")?, number("-g")?);
    std::os::unix::fs::chown(folder, Some(user), Some(group)).map_err(|cause| cause.to_string())?;
    Ok(vec![
        "setpriv".to_owned(),
        format!("--reuid={user}"),
        format!("--regid={group}"),
        "--clear-groups".to_owned(),
    ])
}

fn wait_for(watch: &mut Child, socket: &Path, folder: &Path) -> Result<(), String> {
    let pause = Duration::from_millis(50);
    let mut waited = Duration::ZERO;
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    loop {
        // The socket is there before the server takes anybody; its log says when it does.
        if socket.exists() && log().contains("ready to accept connections") {
            return Ok(());
        }
        let ended = watch.try_wait().map_err(|cause| cause.to_string())?;
        if ended.is_some() || waited > START_WAIT {
            if let Some(input) = watch.stdin.as_mut() {
                let _ = input.write_all(b"\n");
            }
            return Err(format!("Postgres did not start: {}", log()));
        }
        std::thread::sleep(pause);
        waited += pause;
    }
}
