//! The daemon as a process of its own: it runs its schedule, answers, shares the store with readers,
//! keeps other writers out, and leaves when it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::cli::Workspace;

const CONFIG: &str = r#"
[company]
name = "Northwind"
timezone = "UTC"
currency = "USD"

[source.billing]
connector = "files"
role = "billing"
files = { invoices = "invoices.csv" }

[job.often]
schedule = "* * * * * *"
sync = "all"

[ops]
listen = "127.0.0.1:0"
log = "json"
"#;

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A daemon that does not outlive its test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Asks until the answer is the wanted one.
#[track_caller]
fn until(what: &str, mut asked: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !asked() {
        assert!(begun.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn get(address: &str, path: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        drop(stream.read_to_string(&mut answer));
    }
    answer
}

/// Goal: the promises of a running daemon hold for the real program. Method: a job that is due every
/// second, watched over its endpoint and by other processes on the same store.
#[test]
fn a_daemon_runs_answers_shares_and_leaves() {
    let workspace = Workspace::new(CONFIG, "2026-10-10T06:00:00Z");
    workspace.write(
        "invoices.csv",
        "id,number,account_id,issued_on,currency,total\ni1,1,a1,2026-10-01,USD,5.00\n",
    );
    // By the machine's own clock: its schedule is real.
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_crossfoot"))
        .current_dir(workspace.path())
        .env_remove("CROSSFOOT_NOW")
        .env_remove("NOTIFY_SOCKET")
        .arg("daemon")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let mut daemon = Daemon(child);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
            let message = entry["message"].as_str().unwrap_or_default().to_owned();
            if let Some(address) = message.strip_prefix("the operations endpoint listens on ") {
                drop(tell.send(address.to_owned()));
            }
        }
    });
    let address = told.recv_timeout(PATIENCE).unwrap();
    until("healthy", || {
        get(&address, "/healthz").starts_with("HTTP/1.1 200")
    });
    until("ready", || {
        get(&address, "/readyz").starts_with("HTTP/1.1 200")
    });

    // A reader works beside it, and sees its runs.
    let run_is_done = || {
        let status = workspace.run(&["status", "--json"]).expect(0).json();
        let runs = status["runs"].as_array().unwrap().clone();
        runs.iter()
            .any(|run| run["job"] == "often" && run["state"] == "done")
    };
    until("a run that is done", run_is_done);
    let metrics = get(&address, "/metrics");
    assert!(metrics.contains("crossfoot_runs_total"), "{metrics}");

    // A second writer is refused soon, and told who holds the store.
    let begun = Instant::now();
    let refused = workspace.run(&["sync"]).expect(75);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(
        refused.stderr.contains(&daemon.0.id().to_string()),
        "{}",
        refused.stderr
    );

    // SIGTERM ends it in order, and the store is free again.
    let kill = std::process::Command::new("kill")
        .arg(daemon.0.id().to_string())
        .status();
    assert!(kill.unwrap().success());
    let mut left = None;
    until("the end", || {
        left = daemon.0.try_wait().unwrap();
        left.is_some()
    });
    assert_eq!(left.unwrap().code(), Some(0));
    workspace.run(&["landing", "verify"]).expect(0);
    let again = std::process::Command::new(env!("CARGO_BIN_EXE_crossfoot"))
        .current_dir(workspace.path())
        .args(["sync", "--quiet"])
        .output()
        .unwrap();
    assert_eq!(
        again.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
}
