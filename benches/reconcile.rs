//! The two sides of a comparison, as a landing leaves them: writes them, and nothing more.
//! `benches/reconcile.sh` compares them by crossfoot and by others.
//!
//! Each account has a line for each product and month on both sides, in another order on each. Of a
//! thousand lines five are missing in billing, five are only in billing, five have another quantity
//! and five another price.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark speaks to its reader and has nobody to hand an error to"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::DataType;
use crossfoot::canonical::Entity;
use crossfoot::landing::LandedFile;
use crossfoot::period::Period;
use crossfoot::store::{Access, OpenStore, Pull, PullState};
use crossfoot::totals::ControlTotals;
use jiff::Timestamp;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// As the landing has it.
const ROW_GROUP_ROWS: usize = 131_072;
const PRODUCTS: u64 = 25;
const MONTHS: u64 = 8;
const DAY_MICROSECONDS: i64 = 86_400_000_000;
const UNIT: i128 = 10_000_000_000;

/// One side.
#[derive(Clone, Copy)]
struct Side {
    source: &'static str,
    entity: Entity,
    is_billing: bool,
    /// Steps through a month's lines; it has no factor in common with their number.
    stride: u64,
}

const SIDES: [Side; 2] = [
    Side {
        source: "crm",
        entity: Entity::Contracts,
        is_billing: false,
        stride: 2_654_435_761,
    },
    Side {
        source: "billing",
        entity: Entity::InvoiceLines,
        is_billing: true,
        stride: 4_093_082_899,
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.map(|at| arguments[at + 1].clone())
    };
    let Some(folder) = text("--generate") else {
        println!("benches/reconcile.sh runs this benchmark");
        return;
    };
    let lines: u64 = text("--lines").map_or(1_000_000, |lines| lines.parse().unwrap());
    let is_foreign = arguments.iter().any(|argument| argument == "--mismatch");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(generate(Path::new(&folder), lines, is_foreign));
}

async fn generate(folder: &Path, lines: u64, is_foreign: bool) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("crossfoot.toml"), CONFIG).unwrap();
    std::fs::write(folder.join("sold_vs_billed.toml"), RULE).unwrap();
    let store = crossfoot::store::open(OpenStore {
        url: "sqlite:crossfoot.db",
        password: None,
        base: folder,
        access: Access::Write,
    })
    .await
    .unwrap();
    let at: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    for side in SIDES {
        let mut files = Vec::new();
        for month in 0..MONTHS {
            files.push(write_month(folder, side, month, lines, is_foreign, at));
        }
        let row_count = files.iter().map(|file| file.totals.rows).sum();
        let pull = Pull {
            pull_id: side.source.to_owned(),
            run_id: "bench".to_owned(),
            source: side.source.to_owned(),
            stream: side.entity.name().to_owned(),
            entities: vec![side.entity],
            started_at: at,
            finished_at: at,
            state: PullState::Ok,
            sealed: true,
            row_count,
            landed_count: row_count,
            rejected_count: 0,
            reported_count: None,
            listed_count: None,
            reason: None,
        };
        store.commit_pull(&pull, &files, None).await.unwrap();
        println!("{}: {row_count} rows", side.source);
    }
    store.close().await;
}

/// Writes the file of one month; what the side lacks is left out.
fn write_month(
    folder: &Path,
    side: Side,
    month: u64,
    lines: u64,
    is_foreign: bool,
    at: Timestamp,
) -> LandedFile {
    let period = Period::of(jiff::civil::date(2026, i8::try_from(month + 1).unwrap(), 1));
    let relative = format!(
        "{}/source={}/period={period}/0000-{}-0000.parquet",
        side.entity, side.source, side.source
    );
    let path: PathBuf = folder.join("landing").join(&relative);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut builder = WriterProperties::builder();
    for field in side.entity.landed_schema().fields() {
        let is_distinct = matches!(
            field.name().as_str(),
            "id" | "raw" | "number" | "invoice_id"
        ) || matches!(field.data_type(), DataType::Decimal128(..));
        if is_distinct {
            builder = builder.set_column_dictionary_enabled(field.name().as_str().into(), false);
        }
    }
    let properties = builder
        .set_column_statistics_enabled("raw".into(), EnabledStatistics::None)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    let mut writer = ArrowWriter::try_new(
        File::create(&path).unwrap(),
        side.entity.landed_schema(),
        Some(properties),
    )
    .unwrap();
    let of_month = lines / MONTHS;
    let mut waiting: Vec<Line> = Vec::with_capacity(ROW_GROUP_ROWS);
    let mut totals = ControlTotals::default();
    for step in 0..of_month {
        let number = (step.wrapping_mul(side.stride) + 17) % of_month;
        waiting.extend(Line::of(side, month, number, is_foreign));
        if waiting.len() == ROW_GROUP_ROWS || step + 1 == of_month {
            totals.rows += waiting.len() as u64;
            writer.write(&batch(side, at, &waiting)).unwrap();
            waiting.clear();
        }
    }
    writer.close().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    LandedFile {
        path: relative,
        pull_id: side.source.to_owned(),
        source: side.source.to_owned(),
        entity: side.entity,
        period,
        quarantine: false,
        size_bytes: bytes.len() as u64,
        digest: blake3::hash(&bytes).to_hex().to_string(),
        totals,
        extracted_at: at,
        first_extracted_at: at,
        key_id: None,
    }
}

struct Line {
    id: String,
    account: String,
    sku: String,
    day: i32,
    quantity: i128,
    price: i128,
}

impl Line {
    fn of(side: Side, month: u64, number: u64, is_foreign: bool) -> Option<Self> {
        let place = number * MONTHS + month;
        let fate = scattered(place) % 1_000;
        let is_left_out = if side.is_billing { 0..5 } else { 5..10 };
        if is_left_out.contains(&fate) {
            return None;
        }
        let (account, product) = (number / PRODUCTS, number % PRODUCTS);
        let mut quantity = i128::from(scattered(place ^ 1) % 97 + 1) * UNIT;
        let mut price = i128::from(scattered(place ^ 2) % 99_999 + 1) * (UNIT / 100);
        if side.is_billing && (10..15).contains(&fate) {
            quantity += UNIT;
        }
        if side.is_billing && (15..20).contains(&fate) {
            price += UNIT / 10;
        }
        let is_renamed = is_foreign && side.is_billing && fate < 980;
        Some(Self {
            id: format!("{}-{place:010}", side.source),
            account: if is_renamed {
                format!("ACCT-{account:09}")
            } else {
                format!("acc_{account:09}")
            },
            sku: format!("SKU-{product:04}"),
            day: 20_454 + i32::try_from(month * 31).unwrap(),
            quantity,
            price,
        })
    }
}

/// A number without a pattern.
fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn batch(side: Side, at: Timestamp, lines: &[Line]) -> RecordBatch {
    let schema = side.entity.landed_schema();
    let texts = |of: &dyn Fn(&Line) -> &str| -> ArrayRef {
        Arc::new(
            lines
                .iter()
                .map(|line| Some(of(line)))
                .collect::<StringArray>(),
        )
    };
    let instants = |of: &dyn Fn(&Line) -> i64| -> ArrayRef {
        let values = lines.iter().map(of);
        Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
    };
    let decimals = |of: &dyn Fn(&Line) -> i128| -> ArrayRef {
        let values = Decimal128Array::from_iter_values(lines.iter().map(of));
        Arc::new(values.with_precision_and_scale(28, 10).unwrap())
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "source" => texts(&|_| side.source),
            "id" => texts(&|line| &line.id),
            "invoice_id" => texts(&|line| &line.account),
            "updated_at" | "extracted_at" => instants(&|_| at.as_microsecond()),
            "deleted" => Arc::new(BooleanArray::from(vec![false; lines.len()])) as ArrayRef,
            "run_id" => texts(&|_| "bench"),
            "account_id" => texts(&|line| &line.account),
            "sku" => texts(&|line| &line.sku),
            "quantity" => decimals(&|line| line.quantity),
            "unit_price" => decimals(&|line| line.price),
            "net" => decimals(&|line| line.quantity / UNIT * line.price),
            "currency" => texts(&|_| "USD"),
            "starts_on" => instants(&|line| i64::from(line.day) * DAY_MICROSECONDS),
            "service_from" => Arc::new(Date32Array::from_iter_values(
                lines.iter().map(|line| line.day),
            )),
            _ => new_null_array(field.data_type(), lines.len()),
        });
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

const CONFIG: &str = r#"
[company]
name = "Bench"
timezone = "UTC"
currency = "USD"
[store]
url = "sqlite:crossfoot.db"
[landing]
url = "file:landing"
[source.crm]
connector = "files"
role = "crm"
files = { contracts = "none/*.csv" }
[source.billing]
connector = "files"
role = "billing"
files = { invoice_lines = "none/*.csv" }
"#;

const RULE: &str = r#"
name = "sold_vs_billed"
key = ["period"]

[measure.quantity]
[measure.unit_price]

[kinds]
base_only = "MISSING_IN_BILLING"
peer_only = "MISSING_IN_CRM"
quantity = "QUANTITY"
unit_price = "UNIT_PRICE"

[base]
entities = ["contracts"]
sql = """
select account_id as account, sku, currency, book_day(starts_on) as period, quantity, unit_price
from contracts
"""

[peer]
entities = ["invoice_lines"]
sql = """
select account_id as account, sku, currency, service_from as period, quantity, unit_price
from invoice_lines
"""
"#;
