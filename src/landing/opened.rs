//! An open Parquet file, and the batches of rows in it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::encryption::decrypt::FileDecryptionProperties;
use parquet::errors::ParquetError;

use super::error::LandingError;
use super::row_set::RowSet;

/// Rows that are held at once while a file is read.
const BATCH_ROWS: usize = 8_192;

/// An open Parquet file, with what it takes to decrypt it.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) decryption: Option<Arc<FileDecryptionProperties>>,
}

impl Opened {
    /// Opens a file that is still being worked on, of which no manifest knows.
    pub(super) fn unchecked(
        path: &Path,
        decryption: Option<Arc<FileDecryptionProperties>>,
    ) -> Result<Self, LandingError> {
        let file = File::open(path).map_err(|error| LandingError::io("read", path, error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            decryption,
        })
    }

    /// The rows of the file; with `columns`, of those columns alone, and with `rows`, those rows.
    pub(super) fn batches(
        self,
        columns: Option<&[&str]>,
        rows: Option<&RowSet>,
    ) -> Result<ParquetRecordBatchReader, LandingError> {
        let path = self.path.clone();
        let unreadable = |source: ParquetError| LandingError::Parquet {
            path: path.clone(),
            source,
        };
        let mut builder = self.builder()?.with_batch_size(BATCH_ROWS);
        if let Some(columns) = columns {
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            builder = builder.with_projection(mask);
        }
        if let Some(rows) = rows.filter(|rows| !rows.is_all()) {
            builder = builder.with_row_selection(rows.selection());
        }
        builder.build().map_err(unreadable)
    }

    fn builder(self) -> Result<ParquetRecordBatchReaderBuilder<File>, LandingError> {
        let mut options = ArrowReaderOptions::new();
        if let Some(decryption) = self.decryption {
            options = options.with_file_decryption_properties(decryption);
        }
        ParquetRecordBatchReaderBuilder::try_new_with_options(self.file, options).map_err(
            |source| LandingError::Parquet {
                path: self.path,
                source,
            },
        )
    }
}
