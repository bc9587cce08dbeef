//! The landed entities as tables. The file list comes from the snapshot; folders are never listed.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::datasource::{MemTable, TableProvider};
use datafusion::prelude::SessionContext;

use crate::canonical::Entity;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::EntityFiles;

use super::landed_table::{LandedTable, Which};
use super::session::engine_error;

/// The newest version of every record that is not deleted. A placeholder is a word in braces.
const LIVING_VIEW: &str = include_str!("sql/living_view.sql");

const DOING: &str = "opening the landed files";

/// How texts are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextType {
    /// One behind the other, a copy for each row.
    Copied,
    /// As views of what was read.
    Viewed,
}

impl TextType {
    fn schema_of(self, entity: Entity) -> SchemaRef {
        let landed = entity.landed_schema();
        if self == Self::Copied {
            return landed;
        }
        let fields = landed.fields().iter().map(|field| match field.data_type() {
            DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
            _ => Arc::clone(field),
        });
        Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>()))
    }
}

/// Registers `<entity>_versions` and `<entity>` for each of the entities.
pub(super) async fn register_entities(
    context: &SessionContext,
    entities: &[Entity],
    files: &EntityFiles,
    texts: TextType,
) -> Result<(), ReconcileError> {
    for entity in entities.iter().copied() {
        register(context, entity, files, texts, Which::Known)?;
        register(context, entity, files, texts, Which::Newest)?;
        let columns: Vec<String> = entity
            .landed_schema()
            .fields()
            .iter()
            .map(|field| format!("\"{}\"", field.name()))
            .collect();
        let view = LIVING_VIEW
            .replace("{entity}", entity.name())
            .replace("{columns}", &columns.join(", "));
        context
            .sql(&view)
            .await
            .map_err(|error| engine_error(DOING, error))?;
    }
    Ok(())
}

fn register(
    context: &SessionContext,
    entity: Entity,
    files: &EntityFiles,
    texts: TextType,
    which: Which,
) -> Result<(), ReconcileError> {
    let schema = texts.schema_of(entity);
    let ending = match which {
        Which::Known => "versions",
        Which::Newest => "newest",
    };
    let failed = |error| engine_error(DOING, error);
    let table: Arc<dyn TableProvider> = if files.of(entity).is_empty() {
        let empty = RecordBatch::new_empty(schema.clone());
        Arc::new(MemTable::try_new(schema, vec![vec![empty]]).map_err(failed)?)
    } else {
        Arc::new(LandedTable::new(schema, files.of(entity), which)?)
    };
    context
        .register_table(format!("{}_{ending}", entity.name()), table)
        .map_err(failed)?;
    Ok(())
}
