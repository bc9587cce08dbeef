//! The rows of one row group, column by column.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, compute_leaves};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescPtr;

use super::raw_column::{Press, RawColumn};

/// Rows that are handed to the columns' writers together: pages of an API are small, and each call
/// has its price.
const TOGETHER_ROWS: usize = 2_048;

/// Rows that wait for the end of their row group.
pub(super) struct RowGroup {
    schema: SchemaRef,
    /// The writers of the columns in their order, without the one that is written by ourselves.
    writers: Vec<ArrowColumnWriter>,
    own: Option<OwnColumn>,
    /// By column, what no writer has been given yet.
    waiting: Vec<Vec<ArrayRef>>,
    waiting_rows: usize,
    waiting_bytes: usize,
    row_count: usize,
}

/// The column that is written by ourselves, and its place among all.
struct OwnColumn {
    place: usize,
    column: RawColumn,
}

impl RowGroup {
    /// An empty one. The column named `own` is written by ourselves.
    pub(super) fn new(
        schema: SchemaRef,
        mut writers: Vec<ArrowColumnWriter>,
        columns: &[ColumnDescPtr],
        own: Option<&str>,
    ) -> Self {
        let field_count = schema.fields().len();
        let mut described = columns.iter().enumerate();
        let place = described.find(|(_, column)| Some(column.name()) == own);
        // Every field is one column, so that its place is the same in both.
        let own = place.filter(|_| writers.len() == field_count);
        let own = own.map(|(place, column)| {
            writers.remove(place);
            OwnColumn {
                place,
                column: RawColumn::new(Arc::clone(column)),
            }
        });
        Self {
            schema,
            writers,
            own,
            waiting: vec![Vec::new(); field_count],
            waiting_rows: 0,
            waiting_bytes: 0,
            row_count: 0,
        }
    }

    /// How many rows it has.
    pub(super) fn row_count(&self) -> usize {
        self.row_count
    }

    /// Bytes that it holds in memory.
    pub(super) fn waiting_bytes(&self) -> usize {
        let written = self.writers.iter().map(ArrowColumnWriter::memory_size);
        let own = self.own.iter().map(|own| own.column.waiting_bytes());
        self.waiting_bytes + written.chain(own).sum::<usize>()
    }

    pub(super) fn append(
        &mut self,
        batch: &RecordBatch,
        press: &mut Press,
    ) -> Result<(), ParquetError> {
        let columns = batch.columns().iter().zip(&mut self.waiting);
        for (place, (array, waiting)) in columns.enumerate() {
            if let Some(own) = self.own.as_mut().filter(|own| own.place == place) {
                let texts = array.as_string_opt().ok_or_else(|| {
                    ParquetError::General(format!("column {place} of the batch is no text"))
                })?;
                own.column.append(texts, press)?;
            } else {
                self.waiting_bytes += array.get_array_memory_size();
                waiting.push(Arc::clone(array));
            }
        }
        self.waiting_rows += batch.num_rows();
        self.row_count += batch.num_rows();
        if self.waiting_rows >= TOGETHER_ROWS {
            self.write_waiting()?;
        }
        Ok(())
    }

    /// Gives the writers what they have not been given yet.
    fn write_waiting(&mut self) -> Result<(), ParquetError> {
        let mut writers = self.writers.iter_mut();
        for (field, waiting) in self.schema.fields().iter().zip(&mut self.waiting) {
            if waiting.is_empty() {
                continue;
            }
            let arrays: Vec<&dyn Array> = waiting.iter().map(AsRef::as_ref).collect();
            let together = concat(&arrays)?;
            waiting.clear();
            for leaf in compute_leaves(field, &together)? {
                if let Some(writer) = writers.next() {
                    writer.write(&leaf)?;
                }
            }
        }
        self.waiting_rows = 0;
        self.waiting_bytes = 0;
        Ok(())
    }

    /// Writes the row group.
    pub(super) fn finish<W: Write + Send>(
        mut self,
        mut written: SerializedRowGroupWriter<'_, W>,
        press: &mut Press,
    ) -> Result<(), ParquetError> {
        self.write_waiting()?;
        let mut own = self.own;
        for (place, writer) in self.writers.into_iter().enumerate() {
            if let Some(own) = own.take_if(|own| own.place == place) {
                append_own(own, &mut written, press)?;
            }
            writer.close()?.append_to_row_group(&mut written)?;
        }
        if let Some(own) = own {
            append_own(own, &mut written, press)?;
        }
        written.close()?;
        Ok(())
    }
}

fn append_own<W: Write + Send>(
    own: OwnColumn,
    written: &mut SerializedRowGroupWriter<'_, W>,
    press: &mut Press,
) -> Result<(), ParquetError> {
    let (chunk, close) = own.column.finish(press)?;
    written.append_column(&chunk, close)?;
    Ok(())
}
