//! Rows out of Parquet files, in the order in which they stand there.

use std::fs::File;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::content::Digest;
use super::error::LandingError;
use super::file::LandedFile;
use super::shelf::Shelf;
use crate::canonical::{Absorbed, DIGEST_COLUMN, Entity, Record, Rows, read_records};
use crate::totals::ControlTotals;

/// Rows that are held at once while a file is read.
const BATCH_ROWS: usize = 8_192;

/// Gives every record of a checked file to `visit`, and ties its totals with the committed ones at
/// the end.
pub(super) fn visit_records(
    shelf: &Shelf,
    file: &LandedFile,
    mut visit: impl FnMut(Record),
) -> Result<(), LandingError> {
    visit_batches(shelf, file, |batch, _| {
        let records = read_records(file.entity, batch)?;
        records.into_iter().for_each(&mut visit);
        Ok(())
    })
}

/// Reads all rows of a checked file and ties their totals with the committed ones.
pub(super) fn tie_rows(shelf: &Shelf, file: &LandedFile) -> Result<(), LandingError> {
    visit_batches(shelf, file, |_, _| Ok(()))
}

/// Gives every row of a checked file with the digest of its version to `visit`. Where the file tells
/// the digests, only ids, links and what is deleted are there beside them; the file's own digest
/// stands for the rest.
pub(super) fn visit_versions(
    shelf: &Shelf,
    file: &LandedFile,
    absorbed: &mut Absorbed,
    mut visit: impl FnMut(&Rows<'_>, usize, Digest),
) -> Result<(), LandingError> {
    let path = shelf.path(file)?;
    let unreadable = |source: ParquetError| LandingError::Parquet {
        path: path.clone(),
        source,
    };
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(shelf.open(file)?).map_err(unreadable)?;
    if builder.schema().index_of(DIGEST_COLUMN).is_err() {
        return visit_batches(shelf, file, |_, rows| {
            for row in 0..rows.len() {
                let version = rows.marks(row, absorbed).version;
                visit(rows, row, version);
            }
            Ok(())
        });
    }
    let names = ["source", "id", "deleted", "linked_ids", DIGEST_COLUMN];
    let mask = ProjectionMask::columns(builder.parquet_schema(), names);
    let builder = builder.with_batch_size(BATCH_ROWS).with_projection(mask);
    let mut counted = ControlTotals {
        rows: 0,
        sums: file.totals.sums.clone(),
    };
    let columns = |error| LandingError::columns(&file.path, error);
    for batch in builder.build().map_err(unreadable)? {
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
            counted.rows += 1;
        }
    }
    file.totals
        .tie(&counted)
        .map_err(|error| LandingError::totals(&file.path, error))
}

fn visit_batches(
    shelf: &Shelf,
    file: &LandedFile,
    mut visit: impl FnMut(&RecordBatch, &Rows<'_>) -> Result<(), ArrowError>,
) -> Result<(), LandingError> {
    let path = shelf.path(file)?;
    let opened = shelf.open(file)?;
    let mut totals = ControlTotals::default();
    let columns = |error| LandingError::columns(&file.path, error);
    for batch in batches(opened, &path, None)? {
        let batch = batch.map_err(columns)?;
        let rows = Rows::new(file.entity, &batch).map_err(columns)?;
        rows.totals(0..rows.len())
            .and_then(|counted| totals.merge(&counted))
            .map_err(|error| LandingError::totals(&file.path, error))?;
        visit(&batch, &rows).map_err(columns)?;
    }
    file.totals
        .tie(&totals)
        .map_err(|error| LandingError::totals(&file.path, error))
}

/// Gives the texts of two columns, row by row, to `visit`; the first one is never absent.
pub(super) fn visit_pairs(
    shelf: &Shelf,
    file: &LandedFile,
    columns: [&str; 2],
    mut visit: impl FnMut(&str, Option<&str>),
) -> Result<(), LandingError> {
    let path = shelf.path(file)?;
    let unreadable = |source: ParquetError| LandingError::Parquet {
        path: path.clone(),
        source,
    };
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new(shelf.open(file)?).map_err(unreadable)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
    builder = builder.with_batch_size(BATCH_ROWS).with_projection(mask);
    for batch in builder.build().map_err(unreadable)? {
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

/// The batches of an open Parquet file; with `column`, of that column alone.
pub(super) fn batches(
    opened: File,
    path: &Path,
    column: Option<&str>,
) -> Result<ParquetRecordBatchReader, LandingError> {
    let unreadable = |source: ParquetError| LandingError::Parquet {
        path: path.to_owned(),
        source,
    };
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(opened)
        .map_err(unreadable)?
        .with_batch_size(BATCH_ROWS);
    if let Some(column) = column {
        let mask = ProjectionMask::columns(builder.parquet_schema(), [column]);
        builder = builder.with_projection(mask);
    }
    builder.build().map_err(unreadable)
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
