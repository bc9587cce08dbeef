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

use super::session::engine_error;

/// The newest version of every record that is not deleted. A placeholder is a word in braces.
const LIVING_VIEW: &str = include_str!("sql/living_view.sql");

const DOING: &str = "opening the landed files";

/// Registers `<entity>_versions` and `<entity>` for every entity.
pub(super) async fn register_entities(
    context: &SessionContext,
    files: &EntityFiles,
    as_of: Option<Timestamp>,
) -> Result<(), ReconcileError> {
    for entity in Entity::ALL.iter().copied() {
        register_versions(context, entity, files)?;
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
        let view = LIVING_VIEW
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
        let empty = RecordBatch::new_empty(schema.clone());
        let table = MemTable::try_new(schema, vec![vec![empty]])
            .map_err(|error| engine_error(DOING, error))?;
        context
            .register_table(name, Arc::new(table))
            .map_err(|error| engine_error(DOING, error))?;
        return Ok(());
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
