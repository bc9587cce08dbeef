//! A vendor on loopback with a memory, and the nights in which its connector lands what it holds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use crossfoot::canonical::{Entity, Record};
use crossfoot::clock::Clock;
use crossfoot::config::SourceConfig;
use crossfoot::fault::Failure;
use crossfoot::landing::{LandedFile, Landing, PullContext};
use crossfoot::sources::{MappedPage, OpenSource, PullReport, PullRequest, Seal, open};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use tokio::sync::mpsc;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::sources::harness::Desk;

type Memory<S> = Arc<Mutex<S>>;

/// Answers that are given in place of the next ones, by the start of the path and after so many good
/// ones.
type Faults = Arc<Mutex<VecDeque<(String, usize, ResponseTemplate)>>>;

/// A vendor's API: what it holds, and its clock.
pub(super) struct Vendor<S> {
    pub(super) server: MockServer,
    memory: Memory<S>,
    clock: Arc<Mutex<Timestamp>>,
    faults: Faults,
}

impl<S: Send + 'static> Vendor<S> {
    /// Starts an API that answers by one function of what it holds.
    pub(super) async fn start(holds: S, answer: fn(&mut S, &Request) -> ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        let memory = Arc::new(Mutex::new(holds));
        let clock = Arc::new(Mutex::new(night(1)));
        let faults = Faults::default();
        let (held, at, due) = (memory.clone(), clock.clone(), faults.clone());
        Mock::given(any())
            .respond_with(move |request: &Request| {
                let now = *at.lock().unwrap();
                let mut due = due.lock().unwrap();
                let path = request.url.path();
                let fault = due
                    .iter()
                    .position(|(front, _, _)| path.starts_with(front.as_str()));
                let is_due = fault.filter(|at| {
                    let left = &mut due[*at].1;
                    let is_due = *left == 0;
                    *left = left.saturating_sub(1);
                    is_due
                });
                let answered = match is_due.and_then(|at| due.remove(at)) {
                    Some((_, _, fault)) => fault,
                    None => answer(&mut held.lock().unwrap(), request),
                };
                answered.insert_header("Date", http_date(now))
            })
            .mount(&server)
            .await;
        Self {
            server,
            memory,
            clock,
            faults,
        }
    }

    /// Changes what it holds.
    pub(super) fn change(&self, how: impl FnOnce(&mut S)) {
        how(&mut self.memory.lock().unwrap());
    }

    /// Gives this answer once, to the next request below a path.
    pub(super) fn fail(&self, front: &str, answer: ResponseTemplate) {
        self.fail_after(0, front, answer);
    }

    /// The same, after so many requests that are answered well.
    pub(super) fn fail_after(&self, good: usize, front: &str, answer: ResponseTemplate) {
        let mut faults = self.faults.lock().unwrap();
        faults.push_back((front.into(), good, answer));
    }

    /// What it was asked, as method, path, query and body.
    pub(super) async fn asked(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().map(shown).collect()
    }
}

fn shown(request: &Request) -> String {
    let pairs = request.url.query_pairs();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut text = format!("{} {}", request.method, request.url.path());
    if !pairs.is_empty() {
        text = format!("{text}?{}", pairs.join("&"));
    }
    if !request.body.is_empty() {
        text = format!("{text} {}", String::from_utf8_lossy(&request.body));
    }
    text
}

/// One o'clock in the night of a number; the first one is that of 21 November 2026.
pub(super) fn night(number: i8) -> Timestamp {
    let first: Timestamp = "2026-11-21T01:00:00Z".parse().unwrap();
    first
        .checked_add(jiff::SignedDuration::from_hours(24 * i64::from(number - 1)))
        .unwrap()
}

fn http_date(at: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap()
}

/// A source of a connector, and its landing.
pub(super) struct Bench {
    pub(super) desk: Desk,
    pub(super) config: SourceConfig,
    landing: Landing,
    files: Vec<LandedFile>,
    cursors: BTreeMap<String, String>,
    at: Timestamp,
    pull_count: u32,
    asked_count: usize,
}

/// What the streams said of themselves.
pub(super) type Reports = BTreeMap<String, Result<PullReport, Failure>>;

impl Bench {
    /// The source `crm` or `billing`, whatever the connector is, with the keys given.
    pub(super) fn new<S>(connector: &str, vendor: &Vendor<S>, keys: &str) -> Self {
        let keys = format!("rate = {{ requests = 1000 }}\n{keys}");
        Self::with(connector, vendor, &keys)
    }

    /// The same, with a rate among the keys.
    pub(super) fn with<S>(connector: &str, vendor: &Vendor<S>, keys: &str) -> Self {
        let desk = Desk::new();
        let landing = Landing::open(&desk.folder.path().join("landing")).unwrap();
        let mut config: SourceConfig = toml::from_str(&format!(
            "connector = '{connector}'\nbase_url = '{}'\n{keys}",
            vendor.server.uri()
        ))
        .unwrap();
        let patience = std::time::Duration::from_millis(1_500);
        config.limits.retry_for = crossfoot::config::HumanDuration(patience);
        Self {
            desk,
            config,
            landing,
            files: Vec::new(),
            cursors: BTreeMap::new(),
            at: night(1),
            pull_count: 0,
            asked_count: 0,
        }
    }

    /// Pulls and lands every stream in the night of a number. What failed lands nothing.
    pub(super) async fn night<S: Send + 'static>(
        &mut self,
        vendor: &Vendor<S>,
        number: i8,
    ) -> Reports {
        self.at = night(number);
        *vendor.clock.lock().unwrap() = self.at;
        let source = open(OpenSource {
            name: "crm",
            config: &self.config,
            base: self.desk.path(),
            zone: TimeZone::get("America/New_York").unwrap(),
            currency: "USD".parse().unwrap(),
            clock: Clock::set_at(self.at),
            tokens: self.desk.keeper.clone(),
            budgets: self.desk.budgets.clone(),
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
        let mut reports = Reports::new();
        for stream in source.streams() {
            let request = PullRequest {
                stream: stream.name.clone(),
                cursor: self.cursors.get(&stream.name).cloned(),
                full: false,
                now: self.at,
            };
            let (sender, receiver) = mpsc::channel(2);
            let (report, pages) = tokio::join!(source.pull(request, sender), collect(receiver));
            if let Ok(report) = &report {
                self.land(&stream.name, &pages, report);
            }
            reports.insert(stream.name, report);
        }
        reports
    }

    /// As [`Self::night`], where every stream comes whole.
    pub(super) async fn whole_night<S: Send + 'static>(&mut self, vendor: &Vendor<S>, number: i8) {
        for (stream, report) in self.night(vendor, number).await {
            let report = report.unwrap_or_else(|failure| panic!("{stream}: {failure}"));
            assert_eq!(report.seal, Seal::Sealed, "{stream}");
            assert_eq!(report.gaps, Vec::<String>::new(), "{stream}");
        }
    }

    /// A night in which every stream comes whole although these answers are given first, each once to
    /// what is below its path.
    pub(super) async fn overcomes<S: Send + 'static>(
        &mut self,
        vendor: &Vendor<S>,
        number: i8,
        faults: impl IntoIterator<Item = (&str, ResponseTemplate)>,
    ) {
        for (front, answer) in faults {
            vendor.fail(front, answer);
        }
        self.whole_night(vendor, number).await;
    }

    /// A night in which a stream fails with words like these.
    pub(super) async fn refuses<S: Send + 'static>(
        &mut self,
        vendor: &Vendor<S>,
        number: i8,
        (stream, words): (&str, &str),
    ) {
        let told = failed(&self.night(vendor, number).await, stream);
        assert!(told.contains(words), "{told}");
    }

    /// The sums of some columns, without trailing zeros.
    #[track_caller]
    pub(super) fn sums(&self, expected: &[(Entity, &str, &str)]) {
        for (entity, column, sum) in expected {
            assert_eq!(self.sum(*entity, column), *sum, "{entity} {column}");
        }
    }

    fn land(&mut self, stream: &str, pages: &[MappedPage], report: &PullReport) {
        self.pull_count += 1;
        let context = PullContext {
            pull_id: format!("pull{}", self.pull_count),
            run_id: format!("run{}", self.pull_count),
            source: "crm".into(),
            extracted_at: self.at,
            zone: TimeZone::get("America/New_York").unwrap(),
        };
        let mut writer = self.landing.begin(context, &self.files).unwrap();
        for page in pages {
            let rejects: Vec<_> = page
                .rejects
                .iter()
                .map(|one| format!("{} {:?}: {} {}", one.entity, one.id, one.field, one.reason))
                .collect();
            assert_eq!(rejects, Vec::<String>::new(), "{stream}");
            writer.write(page).unwrap();
        }
        let landed = writer.finish(&report.full_sweeps).unwrap();
        self.files.extend(landed.files);
        match &report.cursor {
            Some(cursor) => self.cursors.insert(stream.to_owned(), cursor.clone()),
            None => self.cursors.remove(stream),
        };
    }

    /// The living records of an entity.
    pub(super) fn records(&self, entity: Entity) -> Vec<Record> {
        let snapshot = self.landing.snapshot(self.files.clone(), self.at).unwrap();
        snapshot.records(entity).unwrap()
    }

    /// Their ids, sorted.
    pub(super) fn ids(&self, entity: Entity) -> Vec<String> {
        let records = self.records(entity);
        records
            .iter()
            .map(|record| record.id().to_owned())
            .collect()
    }

    /// One of them.
    pub(super) fn one(&self, entity: Entity, id: &str) -> Record {
        let records = self.records(entity);
        let found = records.into_iter().find(|record| record.id() == id);
        found.unwrap_or_else(|| panic!("no {id} among the {entity}"))
    }

    /// The sum of a column, without trailing zeros.
    pub(super) fn sum(&self, entity: Entity, column: &str) -> String {
        let numbers = self.records(entity);
        let numbers = numbers.iter().filter_map(|record| record.decimal(column));
        numbers.sum::<Decimal>().normalize().to_string()
    }

    /// What the vendor was asked since this was last looked at.
    pub(super) async fn asked<S: Send + 'static>(&mut self, vendor: &Vendor<S>) -> Vec<String> {
        let all = vendor.asked().await;
        let new = all.iter().skip(self.asked_count).cloned().collect();
        self.asked_count = all.len();
        new
    }

    /// Where a stream stands.
    pub(super) fn cursor(&self, stream: &str) -> Option<&str> {
        self.cursors.get(stream).map(String::as_str)
    }
}

/// A limit that is over at once.
pub(super) fn busy() -> ResponseTemplate {
    ResponseTemplate::new(429).insert_header("Retry-After", "0")
}

/// A server that is broken.
pub(super) fn broken() -> ResponseTemplate {
    ResponseTemplate::new(500)
}

/// The number in a column of a record, without trailing zeros.
#[track_caller]
pub(super) fn amount(record: &Record, column: &str) -> String {
    let number = record.decimal(column);
    let number = number.unwrap_or_else(|| panic!("{} has no {column}", record.id()));
    number.normalize().to_string()
}

async fn collect(mut receiver: mpsc::Receiver<MappedPage>) -> Vec<MappedPage> {
    let mut pages = Vec::new();
    while let Some(page) = receiver.recv().await {
        pages.push(page);
    }
    pages
}

/// The error of a stream that failed, as one line.
#[track_caller]
pub(super) fn failed(reports: &Reports, stream: &str) -> String {
    match &reports[stream] {
        Ok(report) => panic!("{stream} did not fail: {:?}", report.seal),
        Err(failure) => failure.line(),
    }
}

/// Why a stream is not sealed.
#[track_caller]
pub(super) fn unsealed(reports: &Reports, stream: &str) -> String {
    match &reports[stream] {
        Ok(report) => match &report.seal {
            Seal::Unsealed(why) => why.clone(),
            Seal::Sealed => panic!("{stream} is sealed"),
        },
        Err(failure) => panic!("{stream} failed: {failure}"),
    }
}
