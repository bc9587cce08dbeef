//! The columns of the quarantine: rejects as Parquet, and back.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::error::LandingError;
use super::file::LandedFile;
use super::parts::PullStamp;
use super::shelf::Shelf;
use crate::canonical::{Entity, Reject};

/// Name and whether it may be null, of the text columns in their order.
const TEXT_COLUMNS: [(&str, bool); 10] = [
    ("entity", false),
    ("source", false),
    ("id", true),
    ("origin", false),
    ("field", false),
    ("text", true),
    ("reason", false),
    ("raw", false),
    ("run_id", false),
    ("pull_id", false),
];

/// The schema of a quarantine's file, which is the same for every entity.
pub(super) fn schema() -> SchemaRef {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let texts = TEXT_COLUMNS
        .iter()
        .map(|(name, nullable)| Field::new(*name, DataType::Utf8, *nullable));
    let fields: Vec<Field> = texts
        .chain([Field::new("extracted_at", instant, false)])
        .collect();
    Arc::new(Schema::new(fields))
}

/// Rejects of one entity as columns.
pub(super) fn to_batch(rejects: &[&Reject], stamp: &PullStamp) -> Result<RecordBatch, ArrowError> {
    let text = |column: &dyn for<'r> Fn(&'r Reject) -> Option<&'r str>| -> ArrayRef {
        let values: StringArray = rejects.iter().map(|reject| column(reject)).collect();
        Arc::new(values)
    };
    let same = |value: &str| -> ArrayRef {
        let values = std::iter::repeat_n(value, rejects.len());
        Arc::new(StringArray::from_iter_values(values))
    };
    let instant = stamp.extracted_at.as_microsecond();
    let extracted_at =
        TimestampMicrosecondArray::from_value(instant, rejects.len()).with_timezone("UTC");
    RecordBatch::try_new(
        schema(),
        vec![
            text(&|reject| Some(reject.entity.name())),
            text(&|reject| Some(&reject.source)),
            text(&|reject| reject.id.as_deref()),
            text(&|reject| Some(&reject.origin)),
            text(&|reject| Some(&reject.field)),
            text(&|reject| reject.text.as_deref()),
            text(&|reject| Some(&reject.reason)),
            text(&|reject| Some(&reject.raw)),
            same(&stamp.run_id),
            same(&stamp.pull_id),
            Arc::new(extracted_at),
        ],
    )
}

/// The rejects of one checked file.
pub(super) fn read(shelf: &Shelf, file: &LandedFile) -> Result<Vec<Reject>, LandingError> {
    let mut rejects = Vec::new();
    for batch in shelf.open(file)?.batches(None, None)? {
        let read = batch.and_then(|batch| from_batch(&batch));
        rejects.extend(read.map_err(|error| LandingError::columns(&file.path, error))?);
    }
    Ok(rejects)
}

fn from_batch(batch: &RecordBatch) -> Result<Vec<Reject>, ArrowError> {
    let mistyped = |name: &str| {
        ArrowError::SchemaError(format!("column `{name}` is none of a quarantine's file"))
    };
    let column = |name: &'static str| {
        batch
            .column_by_name(name)
            .and_then(|array| array.as_string_opt::<i32>())
            .ok_or_else(|| mistyped(name))
    };
    let (entity, source, id) = (column("entity")?, column("source")?, column("id")?);
    let (origin, field, text) = (column("origin")?, column("field")?, column("text")?);
    let (reason, raw) = (column("reason")?, column("raw")?);
    let optional = |values: &StringArray, row: usize| {
        values.is_valid(row).then(|| values.value(row).to_owned())
    };
    (0..batch.num_rows())
        .map(|row| {
            let entity: Entity = entity.value(row).parse().map_err(|_| mistyped("entity"))?;
            Ok(Reject {
                entity,
                source: source.value(row).to_owned(),
                id: optional(id, row),
                origin: origin.value(row).to_owned(),
                field: field.value(row).to_owned(),
                text: optional(text, row),
                reason: reason.value(row).to_owned(),
                raw: raw.value(row).to_owned(),
            })
        })
        .collect()
}
