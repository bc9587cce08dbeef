//! The living records that are named by their source and id.

use std::collections::BTreeSet;

use datafusion::error::DataFusionError;

use crate::canonical::{Entity, Record, read_records};
use crate::reconcile::error::ReconcileError;

use super::session::{Session, engine_error, literal};

const DOING: &str = "reading the records of an item";

impl Session {
    /// The living records of an entity with these sources and ids, in their order.
    pub(crate) async fn records_named(
        &self,
        entity: Entity,
        keys: &BTreeSet<(String, String)>,
    ) -> Result<Vec<Record>, ReconcileError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let named: Vec<String> = keys
            .iter()
            .map(|(source, id)| format!("(source = {} and id = {})", literal(source), literal(id)))
            .collect();
        let sql = format!(
            "select * from {} where {} order by source, id",
            entity.name(),
            named.join(" or ")
        );
        let mut records = Vec::new();
        for batch in self.collect(&sql, DOING).await? {
            records.extend(
                read_records(entity, &batch)
                    .map_err(|error| engine_error(DOING, DataFusionError::from(error)))?,
            );
        }
        Ok(records)
    }
}
