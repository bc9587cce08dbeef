//! Writing landed files again: many small ones as one, or without what need not be kept. Nothing
//! counts before the store has committed the new files in place of the old ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, RecordBatch, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::error::LandingError;
use super::file::LandedFile;
use super::names;
use super::part::Partition;
use super::parts::{Parts, PullStamp};
use super::quarantine;
use super::row_set::RowSet;
use super::rows;
use super::shelf::Shelf;
use super::verify;
use crate::canonical::{Absorbed, DIGEST_COLUMN, Entity, Rows};
use crate::totals::{ControlTotals, TotalsError};

/// A file that is written again, and which of its rows.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) file: LandedFile,
    /// The rows that are kept.
    pub(super) rows: RowSet,
    /// The rows that keep the record as the source gave it.
    pub(super) raw: RowSet,
}

impl Kept {
    /// All of a file.
    pub(super) fn whole(file: LandedFile) -> Self {
        let rows = RowSet::all(file.totals.rows);
        Self {
            file,
            raw: rows.clone(),
            rows,
        }
    }
}

/// Writes files of one partition as one, or as few as their rows fill, under names that `id` makes
/// unique. Every file is read whole and its totals are tied; so are those of the new files, which are
/// read once more from the disk. No file comes of it where no row is kept.
pub(super) fn rewrite(
    shelf: &Shelf,
    mut kept: Vec<Kept>,
    id: &str,
) -> Result<Vec<LandedFile>, LandingError> {
    kept.sort_by(|base, peer| {
        names::version_order(&base.file).cmp(&names::version_order(&peer.file))
    });
    let Some(last) = kept.last().map(|kept| kept.file.clone()) else {
        return Ok(Vec::new());
    };
    let first_extracted_at = kept.iter().map(|kept| kept.file.first_extracted_at).min();
    let stamp = PullStamp {
        name: id.to_owned(),
        pull_id: last.pull_id.clone(),
        run_id: id.to_owned(),
        source: last.source.clone(),
        extracted_at: kept
            .iter()
            .map(|kept| kept.file.extracted_at)
            .max()
            .unwrap_or(last.extracted_at),
        first_extracted_at: first_extracted_at.unwrap_or(last.first_extracted_at),
        replaces: kept
            .iter()
            .map(|kept| kept.file.path.as_str())
            .collect::<Vec<_>>()
            .join("\n"),
        generation: 0,
    };
    let partition = Partition {
        quarantine: last.quarantine,
        entity: last.entity,
        period: last.period,
    };
    let mut parts = Parts::new(shelf.root().to_owned(), stamp, shelf.key().cloned());
    let mut expected = ControlTotals::default();
    for one in &kept {
        let totals = copy(shelf, one, partition, &mut parts)?;
        expected
            .merge(&totals)
            .map_err(|error| LandingError::totals(&one.file.path, error))?;
    }
    parts.close_all()?;
    let files = parts.publish()?;
    match prove(shelf, &files, &expected) {
        Ok(()) => Ok(files),
        Err(error) => {
            discard(shelf, &files);
            Err(error)
        }
    }
}

/// Removes files that were written and do not count. One that stays in spite of it is an orphan.
pub(super) fn discard(shelf: &Shelf, files: &[LandedFile]) {
    for file in files {
        if let Ok(path) = shelf.path(file)
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(path = %path.display(), %error, "a file that does not count stays behind");
        }
    }
}

/// Reads the new files as anybody would, and ties their totals with those of the rows that went in.
fn prove(
    shelf: &Shelf,
    files: &[LandedFile],
    expected: &ControlTotals,
) -> Result<(), LandingError> {
    let mut written = ControlTotals::default();
    for file in files {
        verify::verify_file(shelf, file)?;
        written
            .merge(&file.totals)
            .map_err(|error| LandingError::totals(&file.path, error))?;
    }
    expected
        .tie(&written)
        .map_err(|error| LandingError::totals("the new files", error))
}

/// Copies what is kept of a file; gives its totals. The file is tied as a whole.
fn copy(
    shelf: &Shelf,
    kept: &Kept,
    partition: Partition,
    parts: &mut Parts,
) -> Result<ControlTotals, LandingError> {
    let file = &kept.file;
    let schema = if partition.quarantine {
        quarantine::schema()
    } else {
        partition.entity.file_schema()
    };
    let untied = |error: TotalsError| LandingError::totals(&file.path, error);
    let unfit = |error: ArrowError| LandingError::columns(&file.path, error);
    let count = |batch: &RecordBatch| -> Result<ControlTotals, LandingError> {
        if partition.quarantine {
            return Ok(ControlTotals {
                rows: batch.num_rows() as u64,
                ..ControlTotals::default()
            });
        }
        rows::totals_of(partition.entity, batch, &file.path)
    };
    let mut came = ControlTotals::default();
    let mut went = ControlTotals::default();
    let mut row = 0;
    let mut absorbed = Absorbed::default();
    for batch in shelf.open(file)?.batches(None, None)? {
        let mut batch = batch.map_err(unfit)?;
        if !partition.quarantine {
            batch = with_digests(partition.entity, batch, &mut absorbed).map_err(unfit)?;
        }
        let batch = conform(&batch, &schema).map_err(unfit)?;
        let counted = count(&batch)?;
        came.merge(&counted).map_err(untied)?;
        let mut left = without_raw(&batch, row, &kept.raw).map_err(unfit)?;
        let mut totals = counted;
        if !kept.rows.is_all() {
            let is_kept: BooleanArray = (row..)
                .take(batch.num_rows())
                .map(|row| Some(kept.rows.contains(row)))
                .collect();
            left = filter_record_batch(&left, &is_kept).map_err(unfit)?;
            totals = count(&left)?;
        }
        row += batch.num_rows() as u64;
        if left.num_rows() > 0 {
            parts.append(partition, &left, &totals)?;
            went.merge(&totals).map_err(untied)?;
        }
    }
    file.totals.tie(&came).map_err(untied)?;
    Ok(went)
}

/// The batch with the digests of its versions, which it may have lacked.
fn with_digests(
    entity: Entity,
    batch: RecordBatch,
    absorbed: &mut Absorbed,
) -> Result<RecordBatch, ArrowError> {
    if batch.column_by_name(DIGEST_COLUMN).is_some() || batch.num_rows() == 0 {
        return Ok(batch);
    }
    let rows = Rows::new(entity, &batch)?;
    let digests = (0..rows.len()).map(|row| rows.marks(row, absorbed).version);
    let digests: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_iter(digests)?);
    let field = Field::new(DIGEST_COLUMN, digests.data_type().clone(), false);
    let fields = batch.schema_ref().fields().iter().cloned();
    let fields: Vec<_> = fields.chain([Arc::new(field)]).collect();
    let columns = batch.columns().iter().cloned().chain([digests]);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.collect())
}

/// A batch in the present schema: a column that the file was written before is absent in every row.
/// A column that this version does not know is never dropped silently.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.schema_ref().fields() == schema.fields() {
        return Ok(batch.clone());
    }
    let mut left: BTreeMap<&str, &ArrayRef> = batch
        .schema_ref()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| (field.name().as_str(), column))
        .collect();
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match left.remove(field.name().as_str()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
        .collect();
    if let Some((name, _)) = left.pop_first() {
        return Err(ArrowError::SchemaError(format!(
            "column `{name}` is none that this version of crossfoot knows"
        )));
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The batch without the raw records of the rows that are not to keep them.
fn without_raw(batch: &RecordBatch, first: u64, raw: &RowSet) -> Result<RecordBatch, ArrowError> {
    let rows = first..first + batch.num_rows() as u64;
    if raw.is_all() || rows.clone().all(|row| raw.contains(row)) {
        return Ok(batch.clone());
    }
    let is_gone: BooleanArray = rows.map(|row| Some(!raw.contains(row))).collect();
    let place = batch.schema_ref().index_of("raw")?;
    let mut columns = batch.columns().to_vec();
    columns[place] = arrow::compute::nullif(&columns[place], &is_gone)?;
    RecordBatch::try_new(batch.schema(), columns)
}
