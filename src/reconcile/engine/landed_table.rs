//! Landed files as a table. The list of files comes from the snapshot, and with each file the rows
//! that count: what is superseded or was not known yet is skipped where it stands, and its values are
//! never decoded.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::config::{EncryptionFactoryOptions, TableParquetOptions};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::TableProvider;
use datafusion::datasource::listing::{ListingTableUrl, PartitionedFile};
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::parquet_encryption::EncryptionFactory;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::object_store::path::Path as ObjectPath;
use datafusion::parquet::encryption::decrypt::FileDecryptionProperties;
use datafusion::parquet::encryption::encrypt::FileEncryptionProperties;
use datafusion::physical_plan::ExecutionPlan;
use url::Url;

use crate::landing::{LandedRows, RowSet};
use crate::reconcile::error::ReconcileError;

use super::session::engine_error;

/// Which rows of each file a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Every known version.
    Known,
    /// The newest version of each record, tombstones among them.
    Newest,
}

/// Some rows of some files.
#[derive(Debug)]
pub(super) struct LandedTable {
    schema: SchemaRef,
    files: Vec<PartitionedFile>,
    decryption: Arc<Decryption>,
}

impl LandedTable {
    /// The rows of `files`; a file of which none counts is not opened.
    pub(super) fn new(
        schema: SchemaRef,
        files: &[LandedRows],
        which: Which,
    ) -> std::result::Result<Self, ReconcileError> {
        let mut decryption = Decryption::default();
        let mut wanted = Vec::with_capacity(files.len());
        for file in files {
            let rows = match which {
                Which::Known => &file.known,
                Which::Newest => &file.newest,
            };
            if rows.is_empty() {
                continue;
            }
            let place = place_of(file)?;
            let mut partitioned = PartitionedFile::new(String::new(), file.size_bytes);
            partitioned.object_meta.location = place.clone();
            if !rows.is_all() {
                let selection = ParquetRowSelection::new(rows.selection());
                partitioned = partitioned.with_extension(selection);
            }
            let statistics = Arc::new(statistics_of(&schema, file, rows));
            wanted.push(partitioned.with_statistics(statistics));
            if let Some(properties) = &file.decryption {
                decryption.files.insert(place, Arc::clone(properties));
            }
        }
        Ok(Self {
            schema,
            files: wanted,
            decryption: Arc::new(decryption),
        })
    }
}

fn place_of(file: &LandedRows) -> std::result::Result<ObjectPath, ReconcileError> {
    let unusable = || ReconcileError::Path(file.path.display().to_string());
    if !file.path.is_file() {
        return Err(unusable());
    }
    let url = Url::from_file_path(&file.path).map_err(|()| unusable())?;
    let url = ListingTableUrl::try_new(url, None)
        .map_err(|error| engine_error("opening the landed files", error))?;
    Ok(url.prefix().clone())
}

/// What is known of a file without opening it, so that a question about other sources need not.
fn statistics_of(schema: &SchemaRef, file: &LandedRows, rows: &RowSet) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    let row_count = usize::try_from(rows.count()).unwrap_or(usize::MAX);
    statistics.num_rows = Precision::Exact(row_count);
    if let Ok(at) = schema.index_of("source") {
        let name = Some(file.source.clone());
        let source = Precision::Exact(match schema.field(at).data_type() {
            DataType::Utf8View => ScalarValue::Utf8View(name),
            _ => ScalarValue::Utf8(name),
        });
        statistics.column_statistics[at] = ColumnStatistics {
            null_count: Precision::Exact(0),
            min_value: source.clone(),
            max_value: source,
            ..ColumnStatistics::new_unknown()
        };
    }
    statistics
}

#[async_trait]
impl TableProvider for LandedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let mut source =
            ParquetSource::new(Arc::clone(&self.schema)).with_table_parquet_options(options);
        if !self.decryption.files.is_empty() {
            source = source.with_encryption_factory(Arc::clone(&self.decryption) as _);
        }
        let threads = state.config().target_partitions();
        let groups = FileGroup::new(self.files.clone()).split_files(threads.max(1));
        let place = ObjectStoreUrl::local_filesystem();
        let config = FileScanConfigBuilder::new(place, Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// What it takes to decrypt the files that are encrypted, by place.
#[derive(Default)]
struct Decryption {
    files: HashMap<ObjectPath, Arc<FileDecryptionProperties>>,
}

impl std::fmt::Debug for Decryption {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Decryption of {} files", self.files.len())
    }
}

#[async_trait]
impl EncryptionFactory for Decryption {
    async fn get_file_encryption_properties(
        &self,
        _: &EncryptionFactoryOptions,
        _: &SchemaRef,
        _: &ObjectPath,
    ) -> Result<Option<Arc<FileEncryptionProperties>>> {
        Err(DataFusionError::NotImplemented(
            "the landing is not written to here".to_owned(),
        ))
    }

    async fn get_file_decryption_properties(
        &self,
        _: &EncryptionFactoryOptions,
        place: &ObjectPath,
    ) -> Result<Option<Arc<FileDecryptionProperties>>> {
        Ok(self.files.get(place).cloned())
    }
}
