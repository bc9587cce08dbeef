//! One Parquet file of a pull, from its first row to its final name.

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;

use super::durable::DigestingFile;
use super::error::LandingError;
use super::key::FileKey;
use super::quarantine;
use super::raw_column::Press;
use super::row_group::RowGroup;
use crate::canonical::{DIGEST_COLUMN, Entity};
use crate::period::Period;
use crate::totals::ControlTotals;

/// Rows of one row group at the most.
const ROW_GROUP_ROWS_MAX: usize = 131_072;
/// Zstandard's level. The raw records are most of what is written, and so alike that more effort
/// gains a few percent and takes twice the time.
const ZSTD_LEVEL: i32 = 1;
/// The column that holds the record as the source gave it.
const RAW: &str = "raw";

/// How hard columns are compressed.
pub(super) fn level() -> ZstdLevel {
    ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default()
}

/// Which partition a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Partition {
    /// Whether it holds rejects.
    pub(super) quarantine: bool,
    /// What its rows are records of.
    pub(super) entity: Entity,
    /// Its month.
    pub(super) period: Period,
}

/// Where a file is written, and where it goes.
#[derive(Debug, Clone)]
pub(super) struct PartNames {
    /// The number of the file within the pull.
    pub(super) number: u32,
    /// The final path relative to the root.
    pub(super) relative: String,
    /// The final path.
    pub(super) path: PathBuf,
    /// The path while it is written.
    pub(super) temporary: PathBuf,
}

/// A file that takes rows.
pub(super) struct Part {
    pub(super) partition: Partition,
    pub(super) names: PartNames,
    totals: ControlTotals,
    schema: SchemaRef,
    writer: SerializedFileWriter<DigestingFile>,
    columns: ArrowRowGroupWriterFactory,
    group: Option<RowGroup>,
    group_count: usize,
    is_encrypted: bool,
}

/// A file that is complete and durable under its temporary name.
#[derive(Debug)]
pub(super) struct ClosedPart {
    pub(super) partition: Partition,
    pub(super) names: PartNames,
    pub(super) totals: ControlTotals,
    pub(super) size_bytes: u64,
    pub(super) digest: String,
}

impl Part {
    /// Creates the file, encrypted under `key` where there is one. `stamps` stand in its metadata, for whoever finds it without a manifest.
    pub(super) fn create(
        partition: Partition,
        names: PartNames,
        stamps: &[(&str, &str)],
        key: Option<&FileKey>,
    ) -> Result<Self, LandingError> {
        let schema = if partition.quarantine {
            quarantine::schema()
        } else {
            partition.entity.file_schema()
        };
        let unwritable = |source| LandingError::Parquet {
            path: names.temporary.clone(),
            source,
        };
        let mut builder = WriterProperties::builder();
        for field in schema.fields().iter().filter(|field| is_distinct(field)) {
            let column = field.name().as_str().into();
            builder = builder.set_column_dictionary_enabled(column, false);
        }
        if let Some(key) = key {
            let encryption = key.encryption().map_err(unwritable)?;
            builder = builder.with_file_encryption_properties(encryption);
        }
        // No bloom filters: they would be written in the clear beside encrypted columns.
        let properties = builder
            // Nobody asks between which records a record stands.
            .set_column_statistics_enabled(RAW.into(), EnabledStatistics::None)
            .set_column_statistics_enabled(DIGEST_COLUMN.into(), EnabledStatistics::None)
            .set_compression(Compression::ZSTD(level()))
            // Nothing makes a digest shorter.
            .set_column_compression(DIGEST_COLUMN.into(), Compression::UNCOMPRESSED)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
            .set_created_by(format!("crossfoot {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(Some(key_values(partition, stamps)))
            .build();
        let file = DigestingFile::create(&names.temporary)
            .map_err(|error| LandingError::io("written", &names.temporary, error))?;
        let (writer, columns) =
            ArrowWriter::try_new(file, SchemaRef::clone(&schema), Some(properties))
                .and_then(ArrowWriter::into_serialized_writer)
                .map_err(unwritable)?;
        Ok(Self {
            partition,
            names,
            totals: ControlTotals::default(),
            schema,
            writer,
            columns,
            group: None,
            group_count: 0,
            is_encrypted: key.is_some(),
        })
    }

    /// How many rows it has.
    pub(super) fn row_count(&self) -> u64 {
        self.totals.rows
    }

    /// Bytes that wait in memory for the end of a row group.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.group.as_ref().map_or(0, RowGroup::waiting_bytes)
    }

    /// Appends rows whose totals were counted already.
    pub(super) fn append(
        &mut self,
        batch: &RecordBatch,
        totals: &ControlTotals,
        press: &mut Press,
    ) -> Result<(), LandingError> {
        let written = self.write(batch, press);
        self.checked(written)?;
        self.totals
            .merge(totals)
            .map_err(|error| LandingError::totals(&self.names.relative, error))
    }

    fn write(&mut self, batch: &RecordBatch, press: &mut Press) -> Result<(), ParquetError> {
        let mut start = 0;
        while start < batch.num_rows() {
            let mut group = match self.group.take() {
                Some(group) => group,
                None => self.open_group()?,
            };
            let count = (ROW_GROUP_ROWS_MAX - group.row_count()).min(batch.num_rows() - start);
            group.append(&batch.slice(start, count), press)?;
            let is_full = group.row_count() >= ROW_GROUP_ROWS_MAX;
            self.group = Some(group);
            if is_full {
                self.end_group(press)?;
            }
            start += count;
        }
        Ok(())
    }

    fn open_group(&self) -> Result<RowGroup, ParquetError> {
        let writers = self.columns.create_column_writers(self.group_count)?;
        let columns = self.writer.schema_descr().columns();
        // Only the library itself encrypts what it writes.
        let own = if self.is_encrypted { None } else { Some(RAW) };
        let schema = SchemaRef::clone(&self.schema);
        Ok(RowGroup::new(schema, writers, columns, own))
    }

    fn end_group(&mut self, press: &mut Press) -> Result<(), ParquetError> {
        if let Some(group) = self.group.take() {
            group.finish(self.writer.next_row_group()?, press)?;
            self.group_count += 1;
        }
        Ok(())
    }

    /// Ends the row group, so that its memory is free.
    pub(super) fn flush(&mut self, press: &mut Press) -> Result<(), LandingError> {
        let flushed = self.end_group(press);
        self.checked(flushed)
    }

    /// Completes the file and makes its contents durable.
    pub(super) fn close(mut self, press: &mut Press) -> Result<ClosedPart, LandingError> {
        self.flush(press)?;
        let finished = self.writer.finish();
        let metadata = self.checked(finished)?;
        let file = self.writer.inner();
        file.sync()
            .map_err(|error| LandingError::io("written", &self.names.temporary, error))?;
        let landed_rows = ControlTotals {
            rows: u64::try_from(metadata.file_metadata().num_rows()).unwrap_or_default(),
            sums: self.totals.sums.clone(),
        };
        self.totals
            .tie(&landed_rows)
            .map_err(|error| LandingError::totals(&self.names.relative, error))?;
        Ok(ClosedPart {
            size_bytes: file.length(),
            digest: file.digest(),
            partition: self.partition,
            names: self.names,
            totals: self.totals,
        })
    }

    /// Tells a full disk from any other refusal, which the library's error may have lost.
    fn checked<T>(&self, outcome: Result<T, ParquetError>) -> Result<T, LandingError> {
        let path = self.names.temporary.as_path();
        outcome.map_err(|source| match self.writer.inner().refusal() {
            Some(refusal) => LandingError::io("written", path, refusal),
            None => LandingError::Parquet {
                path: path.to_owned(),
                source,
            },
        })
    }
}

impl ClosedPart {
    /// Gives the file its final name, which nothing has yet.
    pub(super) fn rename(&self) -> Result<(), LandingError> {
        let path = self.names.path.as_path();
        if fs::symlink_metadata(path).is_ok() {
            return Err(LandingError::Taken {
                path: path.to_owned(),
            });
        }
        fs::rename(&self.names.temporary, path)
            .map_err(|error| LandingError::io("written", path, error))
    }

    /// The folder that it stands in.
    pub(super) fn folder(&self) -> &Path {
        self.names.path.parent().unwrap_or(Path::new("."))
    }
}

/// Whether hardly a value of a column comes twice, so that a dictionary of them only costs.
fn is_distinct(field: &Field) -> bool {
    matches!(
        field.name().as_str(),
        "id" | "updated_at" | "raw" | "digest" | "number" | "invoice_id" | "description"
    ) || matches!(field.data_type(), DataType::Decimal128(..))
}

fn key_values(partition: Partition, stamps: &[(&str, &str)]) -> Vec<KeyValue> {
    let entry =
        |name: &str, value: &str| KeyValue::new(format!("crossfoot.{name}"), value.to_owned());
    let mut entries = vec![
        entry("version", env!("CARGO_PKG_VERSION")),
        entry("entity", partition.entity.name()),
        entry("period", &partition.period.to_string()),
    ];
    entries.extend(stamps.iter().map(|(name, value)| entry(name, value)));
    entries
}
