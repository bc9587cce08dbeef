//! One engine session: its limits, its tables, and how its failures are told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures::StreamExt;

use crate::canonical::{Entity, Record, read_records};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::EntityFiles;

use super::figure_functions::{FigureError, register_figure_functions};
use super::tables::{TextType, register_entities};

/// How much memory one thread of the engine wants at least; with less, fewer threads run. Each
/// thread holds a merge buffer for every sort under way, which cannot be spilled.
const MEMORY_PER_THREAD: u64 = 128 << 20;
/// Below this limit rows travel in smaller batches, so that merging spilled runs needs less.
const MEMORY_FOR_LARGE_BATCHES: u64 = 1 << 30;
const SMALL_BATCH_ROWS: usize = 1024;
/// How many of the largest consumers an out-of-memory message names.
const CONSUMERS_TOLD: usize = 5;

/// An engine session over the files of one snapshot.
pub(crate) struct Session {
    pub(super) context: SessionContext,
    pub(super) memory_limit: u64,
    /// Where rows go that have no room in memory.
    pub(super) spill_dir: PathBuf,
}

impl Session {
    /// Opens a session: each of the entities is a table of its living newest versions, and
    /// `<entity>_versions` has all versions that were known.
    pub(crate) async fn open(
        entities: &[Entity],
        files: &EntityFiles,
        memory_limit: u64,
        spill_dir: &Path,
    ) -> Result<Self, ReconcileError> {
        Self::open_with(entities, files, memory_limit, spill_dir, TextType::Copied).await
    }

    /// The same with texts as views: a text that many rows have is read once.
    pub(crate) async fn open_viewed(
        entities: &[Entity],
        files: &EntityFiles,
        memory_limit: u64,
        spill_dir: &Path,
    ) -> Result<Self, ReconcileError> {
        Self::open_with(entities, files, memory_limit, spill_dir, TextType::Viewed).await
    }

    async fn open_with(
        entities: &[Entity],
        files: &EntityFiles,
        memory_limit: u64,
        spill_dir: &Path,
        texts: TextType,
    ) -> Result<Self, ReconcileError> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let affordable = usize::try_from(memory_limit / MEMORY_PER_THREAD).unwrap_or(usize::MAX);
        let mut config = SessionConfig::new()
            .with_target_partitions(threads.min(affordable).max(1))
            .with_information_schema(false);
        if memory_limit < MEMORY_FOR_LARGE_BATCHES {
            config = config.with_batch_size(SMALL_BATCH_ROWS);
        }
        let options = config.options_mut();
        // A literal such as 0.01 is a decimal; as a float it would make floats of all it meets.
        options.sql_parser.parse_float_as_decimal = true;
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.schema_force_view_types = false;
        if memory_limit < MEMORY_FOR_LARGE_BATCHES {
            options.execution.sort_spill_reservation_bytes =
                usize::try_from(memory_limit / 32).unwrap_or(usize::MAX);
        }
        let pool = FairSpillPool::new(usize::try_from(memory_limit).unwrap_or(usize::MAX));
        let told =
            std::num::NonZero::new(CONSUMERS_TOLD).unwrap_or(std::num::NonZero::<usize>::MIN);
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![spill_dir.to_owned()]));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(TrackConsumersPool::new(pool, told)))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(|error| engine_error("opening its spill folder", error))?;
        let state = SessionStateBuilder::new()
            .with_default_features()
            .with_config(config)
            .with_runtime_env(runtime)
            .build();
        let context = SessionContext::new_with_state(state);
        register_figure_functions(&context);
        register_entities(&context, entities, files, texts).await?;
        Ok(Self {
            context,
            memory_limit,
            spill_dir: spill_dir.to_owned(),
        })
    }

    /// All living records of a small entity, in the order of source and id.
    pub(crate) async fn records(&self, entity: Entity) -> Result<Vec<Record>, ReconcileError> {
        let doing = "reading a catalogue";
        let sql = format!("select * from {} order by source, id", entity.name());
        let mut records = Vec::new();
        for batch in self.collect(&sql, doing).await? {
            let batch = landed_batch(entity, &batch).map_err(|error| engine_error(doing, error))?;
            records.extend(
                read_records(entity, &batch)
                    .map_err(|error| engine_error(doing, DataFusionError::from(error)))?,
            );
        }
        Ok(records)
    }

    pub(super) async fn frame(
        &self,
        sql: &str,
        doing: &'static str,
    ) -> Result<DataFrame, ReconcileError> {
        self.context
            .sql(sql)
            .await
            .map_err(|error| engine_error(doing, error))
    }

    pub(super) async fn collect(
        &self,
        sql: &str,
        doing: &'static str,
    ) -> Result<Vec<RecordBatch>, ReconcileError> {
        self.frame(sql, doing)
            .await?
            .collect()
            .await
            .map_err(|error| engine_error(doing, error))
    }

    pub(super) async fn stream(
        &self,
        sql: &str,
        doing: &'static str,
    ) -> Result<SendableRecordBatchStream, ReconcileError> {
        self.frame(sql, doing)
            .await?
            .execute_stream()
            .await
            .map_err(|error| engine_error(doing, error))
    }
}

/// The columns of an entity's rows in the types in which they landed.
fn landed_batch(entity: Entity, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let schema = entity.landed_schema();
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    let columns = columns.collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// The next batch of a stream.
pub(super) async fn next_batch(
    stream: &mut SendableRecordBatchStream,
    doing: &'static str,
) -> Result<Option<RecordBatch>, ReconcileError> {
    stream
        .next()
        .await
        .transpose()
        .map_err(|error| engine_error(doing, error))
}

/// Tells memory from the other ways in which the engine fails.
pub(super) fn engine_error(doing: &'static str, error: DataFusionError) -> ReconcileError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => ReconcileError::Memory {
            doing,
            source: Box::new(error),
        },
        DataFusionError::External(cause) if cause.is::<FigureError>() => {
            ReconcileError::Figure(cause.to_string())
        }
        _ => ReconcileError::Engine {
            doing,
            source: Box::new(error),
        },
    }
}

/// A text as an SQL literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A condition that takes the rows of the named sources, and none where there are none.
pub(super) fn is_of(sources: &[&str]) -> String {
    if sources.is_empty() {
        return "false".to_owned();
    }
    let names: Vec<String> = sources.iter().map(|name| literal(name)).collect();
    format!("source in ({})", names.join(", "))
}
