//! A landing in a temporary folder, and the list that a store would keep of it.

use crossfoot::canonical::{BatchBuilder, Entity, Record, Reject, Value};
use crossfoot::fault::Failure;
use crossfoot::landing::{
    CompactScope, LandedFile, LandedPull, Landing, PullContext, PullWriter, Snapshot,
};
use crossfoot::sources::MappedPage;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use tempfile::TempDir;

/// A landing and its manifest.
pub(super) struct World {
    /// Removed with everything in it when the test ends.
    _folder: TempDir,
    pub(super) landing: Landing,
    pub(super) files: Vec<LandedFile>,
    pulls: u32,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let landing = Landing::open(&folder.path().join("landing")).unwrap();
        Self {
            _folder: folder,
            landing,
            files: Vec::new(),
            pulls: 0,
        }
    }

    /// The landing as another process sees it: nothing is checked yet.
    pub(super) fn reopened(&self) -> Landing {
        Landing::open(self.landing.root()).unwrap()
    }

    pub(super) fn begin(&mut self, source: &str, at: Timestamp) -> PullWriter {
        self.pulls += 1;
        let context = PullContext {
            pull_id: format!("pull{}", self.pulls),
            run_id: format!("run{:04}", self.pulls),
            source: source.to_owned(),
            extracted_at: at,
            zone: TimeZone::get("America/New_York").unwrap(),
        };
        self.landing.begin(context, &self.files).unwrap()
    }

    /// Merges what a scope takes, as the job and the store would; the bytes of the old files stay.
    pub(super) fn compact(&mut self, scope: &CompactScope) {
        for group in self.landing.plan_compaction(&self.files, scope) {
            self.pulls += 1;
            let id = format!("merge{}", self.pulls);
            let merged = self.landing.merge(&group, &id).unwrap();
            self.files.retain(|file| !group.contains(file));
            self.files.extend(merged);
        }
    }

    /// Pulls the pages and commits what landed.
    pub(super) fn pull(
        &mut self,
        source: &str,
        at: Timestamp,
        pages: &[MappedPage],
        full_sweeps: &[Entity],
    ) -> LandedPull {
        let mut writer = self.begin(source, at);
        for page in pages {
            writer.write(page).unwrap();
        }
        let landed = writer.finish(full_sweeps).unwrap();
        self.files.extend(landed.files.iter().cloned());
        landed
    }

    pub(super) fn snapshot(&self, as_of: Timestamp) -> Snapshot {
        self.landing.snapshot(self.files.clone(), as_of).unwrap()
    }

    pub(super) fn records(&self, entity: Entity, as_of: Timestamp) -> Vec<Record> {
        self.snapshot(as_of).records(entity).unwrap()
    }
}

/// The first seconds of a night in November 2026, by number.
pub(super) fn night(number: i64) -> Timestamp {
    let first: Timestamp = "2026-11-20T06:30:00Z".parse().unwrap();
    first
        .checked_add(jiff::SignedDuration::from_hours(24 * number))
        .unwrap()
}

/// A record of `source` with nothing but its key and the given columns.
pub(super) fn record(entity: Entity, source: &str, id: &str, values: &[(&str, Value)]) -> Record {
    let mut record = Record::empty(entity);
    record.set("source", Some(Value::Text(source.into())));
    record.set("id", Some(Value::Text(id.into())));
    record.set("deleted", Some(Value::Bool(false)));
    record.set("updated_at", Some(Value::Instant(night(0))));
    for (column, value) in values {
        assert!(entity.index_of(column).is_some(), "{entity} has {column}");
        record.set(column, Some(value.clone()));
    }
    record
}

/// An invoice of the source `billing` over so many cents.
pub(super) fn invoice(id: &str, issued_on: &str, cents: i64) -> Record {
    let values = [
        ("number", Value::Text(format!("No {id}"))),
        ("issued_on", Value::Date(issued_on.parse().unwrap())),
        ("currency", Value::Text("USD".into())),
        ("total", Value::Decimal(Decimal::new(cents, 2))),
    ];
    let mut record = record(Entity::Invoices, "billing", id, &values);
    record.raw = Some(format!("{{\"id\":\"{id}\",\"cents\":{cents}}}"));
    record
}

/// The same record, changed at another second.
pub(super) fn updated(mut record: Record, second: i64) -> Record {
    let at = Timestamp::from_second(second).unwrap();
    record.set("updated_at", Some(Value::Instant(at)));
    record
}

/// A page of records, which may be of several entities.
pub(super) fn page(records: &[Record]) -> MappedPage {
    let mut page = MappedPage::default();
    for entity in Entity::ALL {
        let mut builder = BatchBuilder::new(*entity);
        for record in records.iter().filter(|record| record.entity == *entity) {
            builder.push(record).unwrap();
        }
        if !builder.is_empty() {
            page.batches.push(builder.finish().unwrap());
        }
    }
    page
}

/// A page with one reject.
pub(super) fn rejected(entity: Entity, source: &str, id: Option<&str>) -> MappedPage {
    MappedPage {
        batches: Vec::new(),
        rejects: vec![Reject {
            entity,
            source: source.into(),
            id: id.map(str::to_owned),
            origin: "drop/x.csv:7".into(),
            field: "total".into(),
            text: Some("12,50".into()),
            reason: "is no decimal number".into(),
            raw: "{\"total\":\"12,50\"}".into(),
        }],
        ..MappedPage::default()
    }
}

/// `id total` of each record, for short comparisons.
pub(super) fn totals(records: &[Record]) -> Vec<String> {
    records
        .iter()
        .map(|record| {
            let total = record.decimal("total").map(|total| total.to_string());
            format!("{} {}", record.id(), total.unwrap_or_default())
        })
        .collect()
}

/// The code of a refusal.
pub(super) fn code<T>(outcome: Result<T, Failure>) -> &'static str {
    match outcome {
        Ok(_) => "no failure",
        Err(failure) => failure.code(),
    }
}
