//! From a page's columns to the landed ones.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::compute::take;
use arrow::error::ArrowError;

use super::candidate::Candidate;
use super::pull::PullContext;
use crate::canonical::{DIGEST_COLUMN, Entity};

/// Rows of a page in the landed schema: their columns, and those that the landing adds.
pub(super) fn landed_batch(
    context: &PullContext,
    entity: Entity,
    page: &RecordBatch,
    candidates: &[Candidate],
) -> Result<RecordBatch, ArrowError> {
    let schema = entity.file_schema();
    let row_count = candidates.len();
    let indices: UInt32Array = candidates.iter().map(|candidate| candidate.row).collect();
    // A page that lands as a whole needs no copy.
    let in_order = indices.values().iter().copied().eq((0..).take(row_count));
    let is_whole = in_order && row_count == page.num_rows();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column: ArrayRef = match field.name().as_str() {
            "extracted_at" => {
                let instant = context.extracted_at.as_microsecond();
                let instants = TimestampMicrosecondArray::from_value(instant, row_count);
                Arc::new(instants.with_timezone("UTC"))
            }
            "run_id" => {
                let run_id = context.run_id.as_str();
                Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                    run_id, row_count,
                )))
            }
            DIGEST_COLUMN => {
                let digests = candidates
                    .iter()
                    .map(|candidate| candidate.content.said.rank.digest);
                Arc::new(FixedSizeBinaryArray::try_from_iter(digests)?)
            }
            name => {
                let column = page.column_by_name(name).ok_or_else(|| {
                    ArrowError::SchemaError(format!("the page has no column `{name}`"))
                })?;
                if is_whole {
                    Arc::clone(column)
                } else {
                    take(column, &indices, None)?
                }
            }
        };
        columns.push(column);
    }
    RecordBatch::try_new(schema, columns)
}
