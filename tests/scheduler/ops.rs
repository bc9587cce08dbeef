//! The operations endpoint, over real sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use crossfoot::fault::{Failure, Fault as _};
use crossfoot::ops::{Counts, OpsHandle, OpsServer, Probe, serve};
use crossfoot::scheduler::{EndedRun, Observer as _, RunTicket};
use crossfoot::store::RunState;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::fake_store::Away;
use super::planner::at;

#[derive(Default)]
pub(super) struct FakeProbe {
    away: AtomicBool,
    asked: AtomicUsize,
}

#[async_trait]
impl Probe for FakeProbe {
    async fn answers(&self) -> Result<(), Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(Away.into());
        }
        Ok(())
    }

    async fn counts(&self) -> Result<Counts, Failure> {
        self.answers().await?;
        Ok(Counts {
            open_discrepancies: 12,
            outbox_pending: 3,
        })
    }

    async fn rows_landed(&self, run_id: &str) -> Result<BTreeMap<String, u64>, Failure> {
        let count = if run_id == "r1" { 400 } else { 0 };
        Ok(BTreeMap::from([("crm".to_owned(), count)]))
    }
}

async fn server(handle: &OpsHandle) -> OpsServer {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    serve(any_port, handle.clone(), CancellationToken::new())
        .await
        .unwrap()
}

/// Sends a request as it is and reads to the end of the connection.
async fn send(server: &OpsServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The other side may reset what it does not want to read; what came before that counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn get(server: &OpsServer, path: &str) -> String {
    send(
        server,
        &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    )
    .await
}

fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

/// Goal: readiness follows the heart and the store, and says which is missing.
/// Method: before the first beat, after it, with the store away, with a silent heart, at the end.
#[tokio::test]
async fn readiness_has_a_reason() {
    let probe = Arc::new(FakeProbe::default());
    let handle = OpsHandle::new(Arc::<FakeProbe>::clone(&probe));
    let endpoint = server(&handle).await;
    let answer = get(&endpoint, "/readyz").await;
    assert_eq!(status_of(&answer), "503");
    assert!(
        answer.ends_with(r#"{"reason":"starting: no heartbeat yet","status":"not ready"}"#),
        "{answer}"
    );
    assert_eq!(status_of(&get(&endpoint, "/healthz").await), "200");

    handle.beat(at("2026-11-21T01:30:00Z"));
    assert_eq!(status_of(&get(&endpoint, "/readyz").await), "200");
    let asked = probe.asked.load(Ordering::SeqCst);
    get(&endpoint, "/readyz").await;
    assert_eq!(
        probe.asked.load(Ordering::SeqCst),
        asked,
        "the answer is kept for a moment"
    );
    handle.stopping();
    assert!(get(&endpoint, "/readyz").await.contains("stopping"));

    let away = Arc::new(FakeProbe::default());
    away.away.store(true, Ordering::SeqCst);
    let handle = OpsHandle::new(away);
    handle.beat(at("2026-11-21T01:30:00Z"));
    let answer = get(&server(&handle).await, "/readyz").await;
    assert!(answer.contains("the store does not answer"), "{answer}");

    let silent = OpsHandle::with_heartbeat_age(Arc::new(FakeProbe::default()), Duration::ZERO);
    silent.beat(at("2026-11-21T01:30:00Z"));
    let answer = get(&server(&silent).await, "/readyz").await;
    assert!(answer.contains("no heartbeat of the scheduler"), "{answer}");
}

/// Goal: the figures of runs, rows, mails and items are there, in the right format.
/// Method: a run through the observer, then the text.
#[tokio::test]
async fn metrics_are_open_metrics() {
    let handle = OpsHandle::new(Arc::new(FakeProbe::default()));
    let last_success_at = BTreeMap::from([("monday".to_owned(), at("2026-11-16T07:00:00Z"))]);
    handle.started(2, &last_success_at);
    let ticket = RunTicket {
        run_id: "r1".into(),
        job: "nightly".into(),
        fire_at: None,
    };
    handle.run_began(&ticket);
    let ended = EndedRun {
        run_id: "r1".into(),
        job: "nightly".into(),
        state: RunState::Incomplete,
        at: at("2026-11-21T01:40:00Z"),
        elapsed: Duration::from_mins(10),
    };
    handle.run_ended(&ended).await;
    let answer = get(&server(&handle).await, "/metrics").await;
    assert_eq!(status_of(&answer), "200");
    assert!(
        answer.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    for line in [
        "crossfoot_last_success_timestamp_seconds{job=\"monday\"} 1794812400",
        "crossfoot_runs_total{job=\"nightly\",state=\"incomplete\"} 1",
        "crossfoot_rows_landed_total{source=\"crm\"} 400",
        "crossfoot_open_discrepancies 12",
        "crossfoot_outbox_pending 3",
    ] {
        assert!(
            answer.lines().any(|shown| shown == line),
            "{line} in\n{answer}"
        );
    }
    assert!(!answer.contains("last_success_timestamp_seconds{job=\"nightly\"}"));
}

/// Goal: only GET, only known paths, only this machine's names, and no word about versions.
/// Method: other methods, paths, Host headers; the raw answers are looked through.
#[tokio::test]
async fn strangers_are_refused() {
    let handle = OpsHandle::new(Arc::new(FakeProbe::default()));
    let endpoint = server(&handle).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let request =
            format!("{method} /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(
            status_of(&send(&endpoint, &request).await),
            "405",
            "{method}"
        );
    }
    assert_eq!(status_of(&get(&endpoint, "/").await), "404");
    assert_eq!(status_of(&get(&endpoint, "/../etc/passwd").await), "404");
    for host in [
        "Host: evil.example\r\n",
        "Host: 169.254.169.254\r\n",
        "",
        "Host: localhost\r\nHost: evil.example\r\n",
    ] {
        let answer = send(&endpoint, &format!("GET /metrics HTTP/1.1\r\n{host}\r\n")).await;
        assert!(
            ["400", "421"].contains(&status_of(&answer)),
            "{host:?}: {answer}"
        );
        assert!(!answer.contains("crossfoot_"), "{host:?}");
    }
    let answer = get(&endpoint, "/healthz").await.to_lowercase();
    assert!(
        !answer.contains("server:") && !answer.contains(env!("CARGO_PKG_VERSION")),
        "{answer}"
    );
    assert!(
        answer.contains("connection: close") && answer.contains("no-store"),
        "{answer}"
    );
}

/// Goal: a client that sends without end is cut off, and others are served meanwhile.
/// Method: a header of a megabyte; then more silent connections than may be open, which give way
/// after their time. The time is the limit of a connection, not of the test.
#[tokio::test]
async fn greedy_clients_are_cut_off() {
    let handle = OpsHandle::new(Arc::new(FakeProbe::default()));
    let endpoint = server(&handle).await;
    let mut stream = TcpStream::connect(endpoint.address).await.unwrap();
    let start = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ";
    stream.write_all(start).await.unwrap();
    let mut sent = 0_usize;
    let chunk = [b'a'; 4096];
    while sent < 1 << 20 && stream.write_all(&chunk).await.is_ok() {
        sent += chunk.len();
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains(" 200 "));

    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(TcpStream::connect(endpoint.address).await.unwrap());
    }
    assert_eq!(status_of(&get(&endpoint, "/healthz").await), "200");
}

/// Goal: an address that others can reach, and one that is taken, are refused with what to do.
/// Method: 0.0.0.0, and the port of another listener.
#[tokio::test]
async fn wrong_addresses_are_refused() {
    let handle = OpsHandle::new(Arc::new(FakeProbe::default()));
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9464"] {
        let refused = serve(
            open.parse().unwrap(),
            handle.clone(),
            CancellationToken::new(),
        )
        .await;
        let error = refused.unwrap_err();
        assert_eq!((error.code(), error.exit().code()), ("XF-K081", 2));
    }
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = serve(address, handle, CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "XF-K082");
    assert!(error.to_string().ends_with(&address.to_string()));
    assert!(error.hint().unwrap().contains("daemon running already"));
}

/// Goal: the endpoint ends with its token.
/// Method: cancel, wait for the task, connect.
#[tokio::test]
async fn the_endpoint_ends() {
    let cancel = CancellationToken::new();
    let handle = OpsHandle::new(Arc::new(FakeProbe::default()));
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let endpoint = serve(any_port, handle, cancel.clone()).await.unwrap();
    assert_eq!(status_of(&get(&endpoint, "/healthz").await), "200");
    cancel.cancel();
    endpoint.task.await.unwrap();
    assert!(TcpStream::connect(endpoint.address).await.is_err());
}
