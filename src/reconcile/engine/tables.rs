//! The landed entities as tables. The file list comes from the snapshot; folders are never listed.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::prelude::SessionContext;
use jiff::Timestamp;
use url::Url;

use crate::canonical::Entity;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::EntityFiles;

use super::newest::{Newest, find_newest};
use super::session::engine_error;

/// The newest version of every record that is not deleted. A placeholder is a word in braces.
const LIVING_VIEW: &str = include_str!("sql/living_view.sql");
const LIVING_VIEW_SORTED: &str = include_str!("sql/living_view_sorted.sql");

const DOING: &str = "opening the landed files";

/// Registers `<entity>_versions` and `<entity>` for each of the entities. Of one entity at most
/// `repeated_max` records with several versions are held in memory.
pub(super) async fn register_entities(
    context: &SessionContext,
    entities: &[Entity],
    files: &EntityFiles,
    as_of: Option<Timestamp>,
    repeated_max: usize,
) -> Result<(), ReconcileError> {
    for entity in entities.iter().copied() {
        register_versions(context, entity, files)?;
        if files.of(entity).is_empty() {
            register_empty(context, entity, entity.name())?;
            continue;
        }
        let columns: Vec<String> = entity
            .landed_schema()
            .fields()
            .iter()
            .map(|field| format!("\"{}\"", field.name()))
            .collect();
        let known_by = as_of.map_or_else(
            || "true".to_owned(),
            |instant| {
                let microseconds = instant.as_microsecond();
                format!(
                    "extracted_at <= arrow_cast({microseconds}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
                )
            },
        );
        let (view, is_newest) = match find_newest(context, entity, &known_by, repeated_max).await? {
            Newest::Only => (LIVING_VIEW, "true".to_owned()),
            Newest::Condition(condition) => (LIVING_VIEW, condition),
            Newest::Sorted => (LIVING_VIEW_SORTED, String::new()),
        };
        let view = view
            .replace("{is_newest}", &is_newest)
            .replace("{entity}", entity.name())
            .replace("{columns}", &columns.join(", "))
            .replace("{known_by}", &known_by);
        context
            .sql(&view)
            .await
            .map_err(|error| engine_error(DOING, error))?;
    }
    Ok(())
}

fn register_versions(
    context: &SessionContext,
    entity: Entity,
    files: &EntityFiles,
) -> Result<(), ReconcileError> {
    let name = format!("{}_versions", entity.name());
    let schema = entity.landed_schema();
    let paths = files.of(entity);
    if paths.is_empty() {
        return register_empty(context, entity, &name);
    }
    let mut urls = Vec::with_capacity(paths.len());
    for path in paths {
        // A file that is gone would be read as an empty folder.
        if !path.is_file() {
            return Err(ReconcileError::Path(path.display().to_string()));
        }
        let url = Url::from_file_path(path)
            .map_err(|()| ReconcileError::Path(path.display().to_string()))?;
        urls.push(ListingTableUrl::try_new(url, None).map_err(|error| engine_error(DOING, error))?);
    }
    let format = ParquetFormat::default().with_force_view_types(false);
    let options = ListingOptions::new(Arc::new(format)).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(schema);
    let table = ListingTable::try_new(config).map_err(|error| engine_error(DOING, error))?;
    context
        .register_table(name, Arc::new(table))
        .map_err(|error| engine_error(DOING, error))?;
    Ok(())
}

fn register_empty(
    context: &SessionContext,
    entity: Entity,
    name: &str,
) -> Result<(), ReconcileError> {
    let schema = entity.landed_schema();
    let empty = RecordBatch::new_empty(schema.clone());
    let table =
        MemTable::try_new(schema, vec![vec![empty]]).map_err(|error| engine_error(DOING, error))?;
    context
        .register_table(name, Arc::new(table))
        .map_err(|error| engine_error(DOING, error))?;
    Ok(())
}
