//! The daemon as a process: its own heart, the machine's clock, and signals.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crossfoot::clock::Clock;
use crossfoot::ops::OpsHandle;
use crossfoot::scheduler::{DaemonOptions, EndedRun, Observer, RunTicket, Tempo, daemon};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::fake_store::FakeStore;
use super::ops::FakeProbe;
use super::planner::job;
use super::recorder::{Behaviour, Recorder};

/// Set in the child: how its job behaves.
const CHILD: &str = "CROSSFOOT_TEST_DAEMON";

/// Tells the parent by lines of standard output, and operations as a daemon does.
struct Teller(OpsHandle);

#[async_trait]
impl Observer for Teller {
    fn started(&self, job_count: usize, last_success_at: &BTreeMap<String, Timestamp>) {
        self.0.started(job_count, last_success_at);
    }

    fn beat(&self, at: Timestamp) {
        self.0.beat(at);
    }

    fn run_began(&self, ticket: &RunTicket) {
        self.0.run_began(ticket);
        println!("\ntold: began");
    }

    async fn run_ended(&self, ended: &EndedRun) {
        self.0.run_ended(ended).await;
        println!("\ntold: {}", ended.state.name());
    }

    fn stopping(&self) {
        self.0.stopping();
        println!("\ntold: stopping");
    }
}

/// A daemon whose job fires every second.
async fn be_the_daemon(behaviour: Behaviour) {
    let recorder = Recorder::new(behaviour);
    daemon(DaemonOptions {
        store: Arc::new(FakeStore::default()),
        clock: Clock::System,
        jobs: BTreeMap::from([("often".to_owned(), job("* * * * * *", "last"))]),
        default_zone: TimeZone::UTC,
        runner: Arc::new(recorder),
        observer: Arc::new(Teller(OpsHandle::new(Arc::new(FakeProbe::default())))),
        cancel: CancellationToken::new(),
        owner: "child".into(),
        drain: Duration::from_mins(1),
        deliver_mail: None,
        tempo: Tempo::default(),
    })
    .await
    .unwrap();
}

/// The child, and the lines that it tells.
struct Told {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Told {
    fn start(behaviour: &str) -> Self {
        Self::start_under(behaviour, Path::new("/nonexistent"))
    }

    /// Starts it with the socket of a service manager that wants a word every second.
    fn start_under(behaviour: &str, notify_socket: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "scheduler::signals::a_signal_ends_the_daemon",
                "--nocapture",
            ])
            .env(CHILD, behaviour)
            .env("NOTIFY_SOCKET", notify_socket)
            .env("WATCHDOG_USEC", "1000000")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let lines = output
            .lines()
            .map(Result::unwrap)
            .filter_map(|line| line.strip_prefix("told: ").map(str::to_owned));
        Self {
            child,
            lines: Box::new(lines),
        }
    }

    fn wait_for(&mut self, line: &str) {
        assert!(self.lines.any(|told| told == line), "never told: {line}");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    fn exit_code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

/// Goal: the heart beats by itself; a signal ends the daemon in good order with 0; a second signal
/// ends it at once with the shell's code for it.
/// Method: this test as a process of its own, told to be a daemon; real signals.
#[test]
fn a_signal_ends_the_daemon() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how the child learns that it is one"
    )]
    let child = std::env::var(CHILD).ok();
    if let Some(behaviour) = child {
        let behaviour = match behaviour.as_str() {
            "listens" => Behaviour::UntilAsked,
            _ => Behaviour::Deaf,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(be_the_daemon(behaviour));
        return;
    }
    for name in ["TERM", "INT"] {
        let mut told = Told::start("listens");
        told.wait_for("began");
        told.signal(name);
        told.wait_for("stopping");
        told.wait_for("lost");
        assert_eq!(told.exit_code(), Some(0), "{name}");
    }
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let mut told = Told::start("deaf");
        told.wait_for("began");
        told.signal("TERM");
        told.wait_for("stopping");
        told.signal(name);
        assert_eq!(told.exit_code(), Some(code), "{name}");
    }
}

/// Goal: systemd hears that the daemon is ready, alive, at work, and stopping.
/// Method: a socket in systemd's place, and what comes over it from begin to end.
#[test]
fn systemd_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    let mut told = Told::start_under("listens", &path);
    let wait_for = |wanted: &str| {
        let mut buffer = [0_u8; 4096];
        loop {
            let length = socket.recv(&mut buffer).unwrap();
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if message.contains(wanted) {
                return message;
            }
        }
    };
    assert_eq!(
        wait_for("READY=1"),
        "READY=1\nSTATUS=idle, 1 jobs scheduled\n"
    );
    wait_for("WATCHDOG=1");
    wait_for("STATUS=running often");
    wait_for("WATCHDOG=1");
    told.wait_for("began");
    told.signal("TERM");
    wait_for("STOPPING=1");
    told.wait_for("lost");
    assert_eq!(told.exit_code(), Some(0));
}
