//! A folder with a configuration, a server on loopback, and a pull that collects what comes.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use crossfoot::canonical::{Entity, Record, Reject};
use crossfoot::clock::Clock;
use crossfoot::config::{HumanDuration, SourceConfig};
use crossfoot::fault::Failure;
use crossfoot::sources::{
    BudgetKeeper, Gone, KeptBudget, MappedPage, OpenSource, PullReport, PullRequest, Seen, Source,
    TokenKeeper, Whole, open,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio::sync::mpsc;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Keeps sealed tokens in memory, and every one that was ever kept.
#[derive(Default)]
pub(super) struct MemoryKeeper {
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(super) saved: Mutex<Vec<Vec<u8>>>,
}

#[async_trait]
impl TokenKeeper for MemoryKeeper {
    async fn load(&self, source: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.kept.lock().unwrap().get(source).cloned())
    }

    async fn save(&self, source: &str, sealed: &[u8]) -> Result<(), Failure> {
        self.saved.lock().unwrap().push(sealed.to_vec());
        self.kept
            .lock()
            .unwrap()
            .insert(source.to_owned(), sealed.to_vec());
        Ok(())
    }
}

/// Keeps budgets in memory.
#[derive(Default)]
pub(super) struct MemoryBudgets {
    pub(super) kept: Mutex<BTreeMap<String, KeptBudget>>,
}

#[async_trait]
impl BudgetKeeper for MemoryBudgets {
    async fn load(&self, budget: &str) -> Result<Option<KeptBudget>, Failure> {
        Ok(self.kept.lock().unwrap().get(budget).cloned())
    }

    async fn save(&self, budget: &str, kept: &KeptBudget) -> Result<(), Failure> {
        let mut budgets = self.kept.lock().unwrap();
        budgets.insert(budget.to_owned(), kept.clone());
        Ok(())
    }
}

/// The folder that a configuration lies in.
pub(super) struct Desk {
    pub(super) folder: TempDir,
    pub(super) keeper: Arc<MemoryKeeper>,
    pub(super) budgets: Arc<MemoryBudgets>,
    pub(super) clock: Clock,
    pub(super) zone: TimeZone,
}

impl Desk {
    pub(super) fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            keeper: Arc::default(),
            budgets: Arc::default(),
            clock: Clock::set_at(now()),
            zone: TimeZone::UTC,
        };
        desk.secret("token", "tok-secret-1");
        desk
    }

    /// A secret in a file that only its owner can read.
    pub(super) fn secret(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub(super) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A source of the connector file `api.toml`, with short retries.
    pub(super) fn api(&self, base_url: &str, connector: &str, more: &str) -> SourceConfig {
        self.file("api.toml", connector);
        let mut config: SourceConfig = toml::from_str(&format!(
            "connector = './api.toml'\nbase_url = '{base_url}'\nrate = {{ requests = 1000 }}\n{more}"
        ))
        .unwrap();
        config.limits.retry_for = HumanDuration(Duration::from_millis(1_500));
        config
    }

    pub(super) fn open(&self, config: &SourceConfig) -> Result<Arc<dyn Source>, Failure> {
        open(OpenSource {
            name: "billing",
            config,
            base: self.folder.path(),
            zone: self.zone.clone(),
            clock: self.clock.clone(),
            currency: "USD".parse().unwrap(),
            tokens: self.keeper.clone(),
            budgets: self.budgets.clone(),
        })
    }

    /// Opens and pulls one stream.
    pub(super) async fn pull(
        &self,
        config: &SourceConfig,
        stream: &str,
    ) -> Result<Pulled, Failure> {
        pull(self.open(config)?.as_ref(), stream, None, false).await
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// What a pull gave.
pub(super) struct Pulled {
    pub(super) report: PullReport,
    pub(super) records: Vec<Record>,
    pub(super) rejects: Vec<Reject>,
    pub(super) page_sizes: Vec<u64>,
    pub(super) gone: Vec<Gone>,
    pub(super) seen: Vec<Seen>,
    pub(super) whole: Vec<Whole>,
}

impl Pulled {
    /// The ids of an entity, in the order in which they came.
    pub(super) fn ids(&self, entity: Entity) -> Vec<&str> {
        self.of(entity).map(Record::id).collect()
    }

    pub(super) fn of(&self, entity: Entity) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .filter(move |record| record.entity == entity)
    }

    /// The record of an id.
    pub(super) fn one(&self, entity: Entity, id: &str) -> &Record {
        self.of(entity)
            .find(|record| record.id() == id)
            .unwrap_or_else(|| panic!("no {id}"))
    }
}

pub(super) fn now() -> Timestamp {
    "2026-11-21T01:00:00Z".parse().unwrap()
}

/// Pulls one stream to its end.
pub(super) async fn pull(
    source: &dyn Source,
    stream: &str,
    cursor: Option<String>,
    full: bool,
) -> Result<Pulled, Failure> {
    let request = PullRequest {
        stream: stream.to_owned(),
        cursor,
        full,
        now: now(),
    };
    let (sender, mut receiver) = mpsc::channel::<MappedPage>(2);
    let collecting = async {
        let mut pages = Vec::new();
        while let Some(page) = receiver.recv().await {
            pages.push(page);
        }
        pages
    };
    let (report, pages) = tokio::join!(source.pull(request, sender), collecting);
    let mut pulled = Pulled {
        report: report?,
        records: Vec::new(),
        rejects: Vec::new(),
        page_sizes: Vec::new(),
        gone: Vec::new(),
        seen: Vec::new(),
        whole: Vec::new(),
    };
    for page in pages {
        let rows = page.batches.iter().map(|batch| batch.totals().rows);
        pulled.page_sizes.push(rows.sum());
        for batch in &page.batches {
            pulled.records.extend(batch.records().unwrap());
        }
        pulled.rejects.extend(page.rejects);
        pulled.gone.extend(page.gone);
        pulled.seen.extend(page.seen);
        pulled.whole.extend(page.whole);
    }
    Ok(pulled)
}

/// The cursor of a stream that stands at an instant.
pub(super) fn cursor(at: &str, swept_at: &str, full_rows: u64) -> String {
    format!(r#"{{"at":"{at}","swept_at":"{swept_at}","full_rows":{full_rows}}}"#)
}

/// A page as a server sends it at a certain time.
pub(super) fn at(date: &str, answer: ResponseTemplate) -> ResponseTemplate {
    answer.insert_header("Date", date)
}

/// What a server was asked, as path and query with its escapes undone, in order.
pub(super) async fn asked(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let shown = requests.iter().map(|request| {
        let pairs: Vec<String> = request
            .url
            .query_pairs()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        match pairs.len() {
            0 => request.url.path().to_owned(),
            _ => format!("{}?{}", request.url.path(), pairs.join("&")),
        }
    });
    shown.collect()
}

/// A server that answers every request by one function.
pub(super) async fn server<F>(answer: F) -> MockServer
where
    F: Fn(&Request) -> ResponseTemplate + Send + Sync + 'static,
{
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// A parameter of a request's query.
pub(super) fn query(request: &Request, name: &str) -> Option<String> {
    request
        .url
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A header of a request.
pub(super) fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers.get(name)?.to_str().ok()
}

pub(super) fn json(text: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(text.into(), "application/json")
}

pub(super) fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code)
}

/// `{"id":"1","sku":"s"}` and so on, in a list.
pub(super) fn items(ids: &[u64]) -> String {
    let rows: Vec<String> = ids
        .iter()
        .map(|id| format!(r#"{{"id":"{id}","sku":"S-{id}"}}"#))
        .collect();
    format!("[{}]", rows.join(","))
}

/// A connector of products under `/items`, with the given paging.
pub(super) fn connector(paginate: &str) -> String {
    with_auth(r#"{ kind = "bearer", token = "token" }"#, paginate)
}

pub(super) fn with_auth(auth: &str, paginate: &str) -> String {
    format!(
        r#"
        base_url = "https://api.example.com"
        role = "billing"
        auth = {auth}
        error_message = ["error.message"]

        [[stream]]
        name = "items"
        full_sweep = true

        [[stream.list]]
        request = {{ path = "/items" }}
        records = "data"
        paginate = {paginate}

        [[stream.list.feed]]
        entity = "products"
        map = {{ id = "id", sku = "sku" }}
        "#
    )
}

pub(super) const SINGLE: &str = r#"{ kind = "single" }"#;
pub(super) const TOKEN: &str = "token = { file = 'token' }";
