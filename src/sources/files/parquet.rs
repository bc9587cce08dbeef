//! Parquet files that others wrote. The landing is the home of Parquet; this is the one other place
//! that reads it, since a foreign file has none of the landing's guarantees.

use std::fs::File;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::row::{Fault, Row, RowReader};
use crate::sources::json::{Document, Tree};

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 8_192;

/// A Parquet file under way.
pub(super) struct ParquetReader {
    batches: ParquetRecordBatchReader,
    header: Vec<String>,
    batch: Option<RecordBatch>,
    at: usize,
    line: u64,
}

impl ParquetReader {
    /// Reads the schema.
    pub(super) fn open(file: File) -> Result<Self, Fault> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(not)?;
        let header = builder
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().to_owned())
            .collect();
        let batches = builder.with_batch_size(BATCH_ROWS).build().map_err(not)?;
        Ok(Self {
            batches,
            header,
            batch: None,
            at: 0,
            line: 0,
        })
    }

    fn record(&self, batch: &RecordBatch) -> Result<Document, Fault> {
        let mut entries = Vec::with_capacity(self.header.len());
        for (name, array) in self.header.iter().zip(batch.columns()) {
            entries.push((name.clone(), json_of(array, self.at).map_err(not)?));
        }
        Tree::Object(entries).to_document().map_err(not)
    }
}

impl RowReader for ParquetReader {
    fn header(&self) -> Option<&[String]> {
        Some(&self.header)
    }

    fn next_row(&mut self) -> Result<Option<Row>, Fault> {
        loop {
            if let Some(batch) = self
                .batch
                .as_ref()
                .filter(|batch| self.at < batch.num_rows())
            {
                let record = self.record(batch)?;
                self.at += 1;
                self.line += 1;
                return Ok(Some(Row::Good {
                    line: self.line,
                    record,
                }));
            }
            self.at = 0;
            match self.batches.next() {
                Some(batch) => self.batch = Some(batch.map_err(not)?),
                None => return Ok(None),
            }
        }
    }
}

fn not(error: impl std::fmt::Display) -> Fault {
    Fault::NotFormat(error.to_string())
}

/// A cell as JSON. Numbers keep their own digits: a decimal its scale, a float the shortest text
/// that names it.
fn json_of(array: &ArrayRef, row: usize) -> Result<Tree, arrow::error::ArrowError> {
    if array.is_null(row) {
        return Ok(Tree::Null);
    }
    let text = || -> Result<String, arrow::error::ArrowError> {
        let options = FormatOptions::default();
        ArrayFormatter::try_new(array.as_ref(), &options)?
            .value(row)
            .try_to_string()
    };
    Ok(match array.data_type() {
        DataType::Boolean => Tree::Bool(array.as_boolean().value(row)),
        DataType::List(_) => list_of(&array.as_list::<i32>().value(row))?,
        DataType::LargeList(_) => list_of(&array.as_list::<i64>().value(row))?,
        // An instant without a zone says nothing unless it is a midnight: then it is a date. Any
        // other is kept as it is, and the column's own parser refuses it.
        DataType::Timestamp(_, None) => {
            let plain = text()?;
            Tree::Text(plain.strip_suffix("T00:00:00").unwrap_or(&plain).to_owned())
        }
        kind if kind.is_numeric() => {
            let number = text()?;
            // A float that is none has a name and no digits; its column refuses it.
            if number
                .trim_start_matches('-')
                .starts_with(|first: char| first.is_ascii_digit())
            {
                Tree::Number(number)
            } else {
                Tree::Text(number)
            }
        }
        _ => Tree::Text(text()?),
    })
}

fn list_of(items: &ArrayRef) -> Result<Tree, arrow::error::ArrowError> {
    (0..items.len())
        .map(|at| json_of(items, at))
        .collect::<Result<_, _>>()
        .map(Tree::List)
}
