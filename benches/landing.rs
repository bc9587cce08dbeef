//! How fast invoices come from an API into the landing.
//!
//! The page server is a process of its own (this program, started again with `--serve`), so that
//! only the pull's own time and memory are counted. The pull is the real one: the built-in Stripe
//! connector, the job that syncs sources, a landing in Parquet and a commit in SQLite.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark speaks to its reader and has nobody to hand an error to"
)]

#[path = "pages/mod.rs"]
mod pages;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossfoot::clock::Clock;
use crossfoot::config::Config;
use crossfoot::env::{Env, Quiet};
use crossfoot::scheduler::jobs::{SyncSummary, sync_sources, with_run};
use crossfoot::store::{Access, OpenStore, RunState};

/// What is asked for on the command line.
struct Options {
    invoices: u64,
    latency: Duration,
    concurrent: u32,
    pulls: u32,
    threads: usize,
    /// Whether the year is cut into slices, which are read side by side.
    sliced: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, otherwise: u64| -> u64 {
        let at = arguments.iter().position(|argument| argument == name);
        at.map_or(otherwise, |at| arguments[at + 1].parse().unwrap())
    };
    let options = Options {
        invoices: number("--invoices", 200_000),
        latency: Duration::from_millis(number("--latency-ms", 0)),
        concurrent: u32::try_from(number("--concurrent", 4)).unwrap(),
        pulls: u32::try_from(number("--pulls", 1)).unwrap(),
        threads: usize::try_from(number("--threads", 2)).unwrap(),
        sliced: arguments.iter().any(|argument| argument == "--sliced"),
    };
    if arguments.iter().any(|argument| argument == "--serve") {
        let port = u16::try_from(number("--port", 0)).unwrap();
        pages::serve(port, options.invoices, options.latency);
        return;
    }
    let server = PageServer::start(&options);
    drain(&server.url, options.invoices);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(&server, &options));
}

/// The page server, ended when it is dropped.
struct PageServer {
    child: Child,
    url: String,
}

impl PageServer {
    fn start(options: &Options) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--serve", "--invoices", &options.invoices.to_string()])
            .args(["--latency-ms", &options.latency.as_millis().to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut url).unwrap();
        Self {
            child,
            url: url.trim().to_owned(),
        }
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Only reads the pages, by nothing but sockets: below this nobody comes.
fn drain(url: &str, invoices: u64) {
    let (started, cpu) = (Instant::now(), cpu_ms());
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let mut buffer = vec![0; 1 << 18];
    let mut sent = 0;
    for first in (0..invoices).step_by(100) {
        // The server looks at the number of the last record alone.
        let after = match first.checked_sub(1) {
            Some(last) => format!("?starting_after=in_{last:09}"),
            None => String::new(),
        };
        let request = format!("GET /v1/invoices{after} HTTP/1.1\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let read = stream.read(&mut buffer).unwrap();
        let head = buffer[..read].windows(4).position(|end| end == b"\r\n\r\n");
        let head = str::from_utf8(&buffer[..head.unwrap()]).unwrap();
        let (_, length) = head.split_once("Content-Length: ").unwrap();
        let mut left = head.len() + 4 + length.parse::<usize>().unwrap() - read;
        sent += head.len() + 4 + length.parse::<usize>().unwrap();
        while left > 0 {
            left -= stream.read(&mut buffer).unwrap();
        }
    }
    let (wall, cpu) = (started.elapsed(), cpu_ms() - cpu);
    println!(
        "drain: {} MB; wall {}.{:03} s, cpu {}.{:03} s",
        sent / 1_000_000,
        wall.as_secs(),
        wall.subsec_millis(),
        cpu / 1_000,
        cpu % 1_000,
    );
}

async fn measure(server: &PageServer, options: &Options) {
    let folder = tempfile::tempdir().unwrap();
    let env = open(folder.path(), &server.url, options).await;
    for pull in 1..=options.pulls {
        let (started, cpu) = (Instant::now(), cpu_ms());
        let summaries: Vec<SyncSummary> = with_run(&env, "pull", None, async |run_id| {
            let summaries = sync_sources(&env, &run_id, &[], None, false).await?;
            Ok((summaries, RunState::Done))
        })
        .await
        .unwrap();
        let (wall, cpu) = (started.elapsed(), cpu_ms() - cpu);
        let count = |of: fn(&SyncSummary) -> u64| -> u64 { summaries.iter().map(of).sum() };
        let landed_bytes = folder_bytes(&folder.path().join("landing"));
        println!(
            "pull {pull}: {} rows, {} landed, {} unchanged, state {}; wall {}.{:03} s, cpu {}.{:03} s, peak {} MB, {} MB sent, {} MB landed",
            count(|summary| summary.rows),
            count(|summary| summary.landed),
            count(|summary| summary.unchanged),
            summaries
                .iter()
                .map(|summary| summary.state)
                .collect::<Vec<_>>()
                .join(","),
            wall.as_secs(),
            wall.subsec_millis(),
            cpu / 1_000,
            cpu % 1_000,
            status_kb("VmHWM:") / 1_024,
            options.invoices * pages::invoice(options.invoices / 2).len() as u64 / 1_000_000,
            landed_bytes / 1_000_000,
        );
        for reason in summaries
            .iter()
            .filter_map(|summary| summary.reason.as_ref())
        {
            println!("  {reason}");
        }
    }
}

async fn open(folder: &Path, url: &str, options: &Options) -> Env {
    let text = format!(
        "[company]\nname = 'Bench'\ntimezone = 'America/New_York'\ncurrency = 'USD'\n\
         [store]\nurl = 'sqlite:crossfoot.db'\n\
         [landing]\nurl = 'file:landing'\n\
         [source.billing]\nconnector = 'stripe'\nbase_url = '{url}'\n\
         api_key = {{ file = 'key' }}\nstreams = ['invoices', 'invoice_lines']\n\
         rate = {{ requests = 1000000, concurrent = {} }}\n{}",
        options.concurrent,
        // A list with a start is read in slices of a month.
        if options.sliced {
            "start = '2025-10-01'\n"
        } else {
            ""
        }
    );
    let path = folder.join("crossfoot.toml");
    std::fs::write(&path, text).unwrap();
    write_secret(&folder.join("key"));
    let config = Config::load(&path).unwrap();
    let store = crossfoot::store::open(OpenStore {
        url: &config.store.url,
        password: None,
        base: folder,
        access: Access::Write,
    })
    .await
    .unwrap();
    Env {
        config: Arc::new(config),
        clock: Clock::System,
        store,
        landing_root: folder.join("landing"),
        spill_dir: folder.join("spill"),
        owner: "bench".into(),
        progress: Arc::new(Quiet),
    }
}

fn write_secret(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, "rk_bench").unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// User and system time of this process and its threads, from `/proc/self/stat`, in milliseconds.
/// The server is a child and is not in it.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, behind_name) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = behind_name.split_ascii_whitespace().collect();
    let ticks: u64 = fields[11..13]
        .iter()
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    ticks * 10
}

fn status_kb(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_ascii_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                folder_bytes(&entry.path())
            } else {
                metadata.len()
            }
        })
        .sum()
}
