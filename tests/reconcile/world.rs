//! A small landing for the tests of this stage: records as a landing leaves them, in Parquet files
//! that `ArrowWriter` wrote, and a reconcile over them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use crossfoot::canonical::{BatchBuilder, Entity, Kind, Record, Value};
use crossfoot::config::{Config, Role};
use crossfoot::fault::Failure;
use crossfoot::landing::{LandedFile, Landing};
use crossfoot::period::Period;
use crossfoot::reconcile::{
    AccountDirectory, BlindSource, EntityFiles, Finding, Outcome, PeriodHistory, ReconcileInput,
    RuleFile, UnitTotals, check_rule, reconcile_billing, reconcile_rule, resolve_identity,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;
use rust_decimal::Decimal;
use tempfile::TempDir;

/// Long after every period of the tests: nothing is waiting to become due.
pub(super) const TODAY: &str = "2026-12-31";

/// Everything that a reconcile reads.
#[derive(Clone)]
pub(super) struct World {
    pub(super) records: Vec<(Record, Timestamp)>,
    pub(super) config: String,
    pub(super) roles: BTreeMap<String, Vec<Role>>,
    pub(super) today: Date,
    pub(super) blind: Vec<BlindSource>,
    pub(super) rejected: Vec<(String, Entity, u64)>,
    pub(super) as_of: Timestamp,
    pub(super) history: PeriodHistory,
    /// Into how many files the records of an entity are spread.
    pub(super) file_count: usize,
    /// Whether the book has an item of every unit.
    pub(super) is_watched: bool,
}

impl World {
    /// A CRM, a billing system, a source of usage and a vendor, and one customer in both systems:
    /// `c1` in the CRM, `b1` in billing.
    pub(super) fn new() -> Self {
        let role = |name: &str, role| (name.to_owned(), vec![role]);
        let mut world = Self {
            records: Vec::new(),
            config: "[company]\nname = \"Test\"\ntimezone = \"America/New_York\"\n\
                     currency = \"USD\"\n"
                .into(),
            roles: BTreeMap::from([
                role("crm", Role::Crm),
                role("billing", Role::Billing),
                role("seats", Role::Usage),
                role("vendor", Role::Vendor),
            ]),
            today: TODAY.parse().unwrap(),
            blind: Vec::new(),
            rejected: Vec::new(),
            as_of: "2027-01-01T00:00:00Z".parse().unwrap(),
            history: PeriodHistory::default(),
            file_count: 2,
            is_watched: true,
        };
        world.account("crm", "c1", "Acme", "billing:b1");
        world.account("billing", "b1", "Acme", "");
        world
    }

    /// Adds a record from `column=value` texts; dates stand for instants too.
    pub(super) fn add(&mut self, entity: Entity, text: &str) -> &mut Self {
        self.add_at("2026-11-01T00:00:00Z", entity, text)
    }

    /// Adds a version that was extracted at an instant.
    pub(super) fn add_at(&mut self, at: &str, entity: Entity, text: &str) -> &mut Self {
        let mut record = Record::empty(entity);
        let extracted_at: Timestamp = at.parse().unwrap();
        record.set("deleted", Some(Value::Bool(false)));
        record.set("updated_at", Some(Value::Instant(extracted_at)));
        for pair in text.split(", ") {
            let (column, value) = pair.split_once('=').unwrap();
            record.set(column, Some(typed(entity, column, value)));
        }
        record.extracted_at = Some(extracted_at);
        self.records.push((record, extracted_at));
        self
    }

    pub(super) fn account(&mut self, source: &str, id: &str, name: &str, link: &str) -> &mut Self {
        let links = if link.is_empty() {
            String::new()
        } else {
            format!(", linked_ids={link}")
        };
        self.add(
            Entity::Accounts,
            &format!("source={source}, id={id}, name={name}{links}"),
        )
    }

    /// A contract of `c1` from 2025 on; `more` are further columns.
    pub(super) fn contract(
        &mut self,
        id: &str,
        sku: &str,
        quantity: &str,
        price: &str,
        more: &str,
    ) -> &mut Self {
        let mut text = format!(
            "source=crm, id={id}, account_id=c1, sku={sku}, quantity={quantity}, \
             unit_price={price}, currency=USD, starts_on=2025-01-01"
        );
        if !more.is_empty() {
            text.push_str(", ");
            text.push_str(more);
        }
        self.add(Entity::Contracts, &text)
    }

    /// An invoice of `b1` with one line, issued and served from `day` on.
    pub(super) fn bill(
        &mut self,
        id: &str,
        day: &str,
        sku: &str,
        quantity: &str,
        price: &str,
    ) -> &mut Self {
        let net = number(quantity) * number(price);
        self.invoice(id, day, &net.to_string(), "");
        self.line(
            id,
            id,
            &format!(
                "sku={sku}, quantity={quantity}, unit_price={price}, net={net}, service_from={day}"
            ),
        )
    }

    pub(super) fn invoice(&mut self, id: &str, day: &str, total: &str, more: &str) -> &mut Self {
        let mut text = format!(
            "source=billing, id={id}, number=N-{id}, account_id=b1, issued_on={day}, \
             currency=USD, total={total}, status=open"
        );
        if !more.is_empty() {
            text.push_str(", ");
            text.push_str(more);
        }
        self.add(Entity::Invoices, &text)
    }

    pub(super) fn line(&mut self, id: &str, invoice: &str, more: &str) -> &mut Self {
        let text = format!("source=billing, id={id}, invoice_id={invoice}, currency=USD, {more}");
        self.add(Entity::InvoiceLines, &text)
    }

    pub(super) fn usage(&mut self, id: &str, sku: &str, day: &str, quantity: &str) -> &mut Self {
        self.add(
            Entity::Usage,
            &format!("source=seats, id={id}, account_id=c1, sku={sku}, quantity={quantity}, starts_on={day}"),
        )
    }

    pub(super) fn blind(&mut self, source: &str) -> &mut Self {
        self.blind.push(BlindSource {
            source: source.into(),
            entities: Vec::new(),
            reason: "failed".into(),
        });
        self
    }

    pub(super) fn config(&self) -> Config {
        toml::from_str(&self.config).unwrap()
    }

    pub(super) fn directory(&self) -> AccountDirectory {
        let accounts: Vec<Record> = self
            .records
            .iter()
            .filter(|(record, _)| record.entity == Entity::Accounts)
            .map(|(record, _)| record.clone())
            .collect();
        resolve_identity(&accounts, &self.roles, &[], Timestamp::UNIX_EPOCH).0
    }

    /// The golden id of an account.
    pub(super) fn golden(&self, spelled: &str) -> String {
        self.directory().find(spelled).unwrap().id.clone()
    }

    /// Writes the files, and chooses what was known at an instant; the folder lives as long as the
    /// returned guard.
    pub(super) fn land(&self, as_of: Timestamp) -> (TempDir, EntityFiles) {
        let folder = TempDir::new().unwrap();
        let mut landed = Vec::new();
        for entity in Entity::ALL.iter().copied() {
            let mut of_entity: Vec<&(Record, Timestamp)> = self
                .records
                .iter()
                .filter(|(record, _)| record.entity == entity)
                .collect();
            of_entity.sort_by(|base, peer| base.0.source().cmp(peer.0.source()));
            let each = of_entity.len().div_ceil(self.file_count).max(1);
            let of_sources = of_entity.chunk_by(|base, peer| base.0.source() == peer.0.source());
            for (at, chunk) in of_sources.flat_map(|rows| rows.chunks(each)).enumerate() {
                let path = format!("{entity}/source=a b [x]/{at}.parquet");
                landed.push(write(entity, chunk, folder.path(), &path));
            }
        }
        let landing = Landing::open_for_reading(folder.path()).unwrap();
        let snapshot = landing.snapshot(landed, as_of).unwrap();
        let files = Entity::ALL
            .iter()
            .map(|entity| (*entity, snapshot.rows(*entity).unwrap()));
        (folder, EntityFiles(files.collect()))
    }

    /// Reconciles a period.
    pub(super) fn try_reconcile(&self, period: &str) -> Result<Outcome, Failure> {
        self.with_input(period, |input, runtime| {
            runtime.block_on(reconcile_billing(input))
        })
    }

    pub(super) fn reconcile(&self, period: &str) -> Outcome {
        self.try_reconcile(period)
            .unwrap_or_else(|failure| panic!("{}", failure.report()))
    }

    pub(super) fn reconcile_rule(&self, period: &str, rule: &RuleFile) -> Result<Outcome, Failure> {
        self.with_input(period, |input, runtime| {
            runtime.block_on(reconcile_rule(input, rule))
        })
    }

    /// Whether a rule could be asked.
    pub(super) fn check_rule(&self, rule: &RuleFile) -> Result<(), Failure> {
        self.with_input("2026-03", |input, runtime| {
            runtime.block_on(check_rule(input.config, rule, input.spill_dir))
        })
    }

    /// Every product of every customer, as if the book had an item of each.
    fn watched(&self, directory: &AccountDirectory) -> BTreeSet<(String, String)> {
        let accounts: BTreeSet<&str> = ["crm:c1", "billing:b1"]
            .into_iter()
            .filter_map(|spelled| Some(directory.find(spelled)?.id.as_str()))
            .collect();
        let products: BTreeSet<&str> = self
            .records
            .iter()
            .filter_map(|(record, _)| record.text("sku"))
            .collect();
        accounts
            .iter()
            .flat_map(|account| products.iter().map(move |sku| (account, sku)))
            .map(|(account, sku)| ((*account).to_owned(), (*sku).to_owned()))
            .collect()
    }

    fn with_input<T>(
        &self,
        period: &str,
        ask: impl FnOnce(&ReconcileInput<'_>, &tokio::runtime::Runtime) -> T,
    ) -> T {
        let (folder, files) = self.land(self.as_of);
        let config = self.config();
        let directory = self.directory();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        let period: Period = period.parse().unwrap();
        ask(
            &ReconcileInput {
                run_id: "run-1",
                period,
                today: self.today,
                as_of: self.as_of,
                config: &config,
                roles: &self.roles,
                files,
                input_digest: "digest".into(),
                directory: &directory,
                blind_sources: self.blind.clone(),
                rejected: self.rejected.clone(),
                watched: if self.is_watched {
                    self.watched(&directory)
                } else {
                    BTreeSet::new()
                },
                watched_records: None,
                history: self.history.clone(),
                spill_dir: &folder.path().join("spill"),
                zone: TimeZone::get("America/New_York").unwrap(),
            },
            &runtime,
        )
    }
}

/// The one total of an outcome that has one.
pub(super) fn only(outcome: &Outcome) -> &UnitTotals {
    assert_eq!(outcome.totals.len(), 1, "{:?}", outcome.totals);
    &outcome.totals[0]
}

/// `KIND impact` of every finding, in order.
pub(super) fn told(outcome: &Outcome) -> Vec<String> {
    outcome
        .findings
        .iter()
        .map(|finding| format!("{} {}", finding.kind, finding.impact.normalize()))
        .collect()
}

/// The one finding of an outcome that has one.
pub(super) fn only_finding(outcome: &Outcome) -> &Finding {
    assert_eq!(outcome.findings.len(), 1, "{:?}", told(outcome));
    &outcome.findings[0]
}

pub(super) fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn typed(entity: Entity, column: &str, text: &str) -> Value {
    let zone = TimeZone::get("America/New_York").unwrap();
    let column = entity
        .columns()
        .find(|candidate| candidate.name == column)
        .unwrap_or_else(|| panic!("{entity} has no column {column}"));
    match column.kind {
        Kind::Text | Kind::Currency => Value::Text(text.into()),
        Kind::List => Value::List(text.split(';').map(str::to_owned).collect()),
        Kind::Decimal => Value::Decimal(number(text)),
        Kind::Date => Value::Date(text.parse().unwrap()),
        Kind::Instant => {
            Value::Instant(crossfoot::canonical::parse_instant(text, None, &zone).unwrap())
        }
        Kind::Bool => Value::Bool(text == "true"),
    }
}

fn write(
    entity: Entity,
    records: &[&(Record, Timestamp)],
    root: &std::path::Path,
    relative: &str,
) -> LandedFile {
    let path = root.join(relative);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut builder = BatchBuilder::new(entity);
    for (record, _) in records {
        builder.push(record).unwrap();
    }
    let page = builder.finish().unwrap();
    let schema = entity.landed_schema();
    let extracted: TimestampMicrosecondArray = records
        .iter()
        .map(|(_, at)| Some(at.as_microsecond()))
        .collect::<TimestampMicrosecondArray>()
        .with_timezone("UTC");
    let runs: StringArray = records.iter().map(|_| Some("run-0")).collect();
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "extracted_at" => Arc::new(extracted.clone()) as ArrayRef,
            "run_id" => Arc::new(runs.clone()) as ArrayRef,
            name => page.batch().column_by_name(name).unwrap().clone(),
        })
        .collect();
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let instants = || records.iter().map(|(_, at)| *at);
    LandedFile {
        path: relative.into(),
        pull_id: relative.into(),
        source: records[0].0.source().into(),
        entity,
        period: "2026-11".parse().unwrap(),
        quarantine: false,
        size_bytes: bytes.len() as u64,
        digest: blake3::hash(&bytes).to_hex().to_string(),
        totals: page.totals().clone(),
        extracted_at: instants().max().unwrap(),
        first_extracted_at: instants().min().unwrap(),
        key_id: None,
    }
}
