//! Rows out of landed files, in the order in which they stand there.

use arrow::array::{AsArray, RecordBatch, RecordBatchReader};
use arrow::error::ArrowError;

use super::content::Digest;
use super::error::LandingError;
use super::file::LandedFile;
use super::row_set::RowSet;
use super::shelf::Shelf;
use crate::canonical::{Absorbed, DIGEST_COLUMN, Entity, Record, Rows, read_records};
use crate::totals::{ControlTotals, TotalsError};

/// Gives the chosen records of a checked file to `visit`.
pub(super) fn visit_records(
    shelf: &Shelf,
    file: &LandedFile,
    chosen: &RowSet,
    mut visit: impl FnMut(Record),
) -> Result<(), LandingError> {
    visit_batches(shelf, file, chosen, |batch, _| {
        let records = read_records(file.entity, batch)?;
        records.into_iter().for_each(&mut visit);
        Ok(())
    })
}

/// As [`visit_records`], with the rows as they stand in their columns.
pub(super) fn visit_rows(
    shelf: &Shelf,
    file: &LandedFile,
    chosen: &RowSet,
    mut visit: impl FnMut(&Rows<'_>, usize),
) -> Result<(), LandingError> {
    visit_batches(shelf, file, chosen, |_, rows| {
        (0..rows.len()).for_each(|row| visit(rows, row));
        Ok(())
    })
}

/// Gives the chosen rows of a checked file with the digests of their versions to `visit`. Where the
/// file tells the digests, only ids, links and what is deleted are there beside them; the file's own
/// digest stands for the rest.
pub(super) fn visit_versions(
    shelf: &Shelf,
    file: &LandedFile,
    chosen: &RowSet,
    absorbed: &mut Absorbed,
    mut visit: impl FnMut(&Rows<'_>, usize, Digest),
) -> Result<(), LandingError> {
    if chosen.is_empty() && file.totals.rows > 0 {
        return Ok(());
    }
    let names = ["source", "id", "deleted", "linked_ids", DIGEST_COLUMN];
    let batches = shelf.open(file)?.batches(Some(&names), Some(chosen))?;
    if batches.schema().index_of(DIGEST_COLUMN).is_err() {
        return visit_rows(shelf, file, chosen, |rows, row| {
            let version = rows.marks(row, absorbed).version;
            visit(rows, row, version);
        });
    }
    let mut row_count = 0;
    let columns = |error| LandingError::columns(&file.path, error);
    for batch in batches {
        let batch = batch.map_err(columns)?;
        let rows = Rows::new(file.entity, &batch).map_err(columns)?;
        let digests = batch.column_by_name(DIGEST_COLUMN);
        let digests = digests.and_then(|column| column.as_fixed_size_binary_opt());
        for (row, bytes) in digests.into_iter().flatten().enumerate() {
            let digest = bytes.and_then(|bytes| Digest::try_from(bytes).ok());
            let digest = digest.ok_or_else(|| {
                let detail = format!("row {row} has no digest in column `{DIGEST_COLUMN}`");
                columns(ArrowError::SchemaError(detail))
            })?;
            visit(&rows, row, digest);
            row_count += 1;
        }
    }
    if row_count == chosen.count() {
        return Ok(());
    }
    let untied = TotalsError::Untied(format!("{row_count} rows against {}", chosen.count()));
    Err(LandingError::totals(&file.path, untied))
}

/// Gives the chosen rows to `visit`, batch by batch. Where they are the whole file, its totals are
/// tied with the committed ones at the end, else the count of rows.
pub(super) fn visit_batches(
    shelf: &Shelf,
    file: &LandedFile,
    chosen: &RowSet,
    mut visit: impl FnMut(&RecordBatch, &Rows<'_>) -> Result<(), ArrowError>,
) -> Result<(), LandingError> {
    if chosen.is_empty() && file.totals.rows > 0 {
        return Ok(());
    }
    let is_whole = chosen.is_all();
    let mut totals = ControlTotals::default();
    let columns = |error| LandingError::columns(&file.path, error);
    for batch in shelf.open(file)?.batches(None, Some(chosen))? {
        let batch = batch.map_err(columns)?;
        let rows = Rows::new(file.entity, &batch).map_err(columns)?;
        if is_whole {
            rows.totals(0..rows.len())
                .and_then(|counted| totals.merge(&counted))
                .map_err(|error| LandingError::totals(&file.path, error))?;
        } else {
            totals.rows += rows.len() as u64;
        }
        visit(&batch, &rows).map_err(columns)?;
    }
    let tied = if is_whole {
        file.totals.tie(&totals)
    } else if totals.rows == chosen.count() {
        Ok(())
    } else {
        let (found, wanted) = (totals.rows, chosen.count());
        Err(TotalsError::Untied(format!(
            "{found} rows against {wanted}"
        )))
    };
    tied.map_err(|error| LandingError::totals(&file.path, error))
}

/// Gives the texts of two columns of the chosen rows to `visit`; the first one is never absent.
pub(super) fn visit_pairs(
    shelf: &Shelf,
    file: &LandedFile,
    chosen: &RowSet,
    columns: [&str; 2],
    mut visit: impl FnMut(&str, Option<&str>),
) -> Result<(), LandingError> {
    for batch in shelf.open(file)?.batches(Some(&columns), Some(chosen))? {
        let batch = batch.map_err(|error| LandingError::columns(&file.path, error))?;
        let [firsts, seconds] = columns.map(|name| batch.column_by_name(name));
        if let (Some(firsts), Some(seconds)) = (firsts, seconds) {
            let firsts = firsts.as_string::<i32>().iter();
            let pairs = firsts.zip(seconds.as_string::<i32>().iter());
            for (first, second) in pairs {
                if let Some(first) = first {
                    visit(first, second);
                }
            }
        }
    }
    Ok(())
}

/// The totals of a batch in an entity's landed schema.
pub(super) fn totals_of(
    entity: Entity,
    batch: &RecordBatch,
    place: &str,
) -> Result<ControlTotals, LandingError> {
    let rows = Rows::new(entity, batch).map_err(|error| LandingError::columns(place, error))?;
    rows.totals(0..rows.len())
        .map_err(|error| LandingError::totals(place, error))
}
