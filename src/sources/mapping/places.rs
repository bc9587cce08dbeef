//! Where the columns stand that every record has, and which ones it must have.

use crate::canonical::{Cell, Entity};

/// The places of an entity's columns.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) source: usize,
    pub(super) id: usize,
    pub(super) updated_at: usize,
    pub(super) deleted: usize,
    /// The columns that every record must have.
    required: Vec<(usize, &'static str)>,
}

impl Places {
    pub(super) fn of(entity: Entity) -> Self {
        let place = |name: &str| entity.index_of(name).unwrap_or_default();
        let columns = entity.columns().enumerate();
        let required = columns.filter(|(_, column)| column.required);
        Self {
            source: place("source"),
            id: place("id"),
            updated_at: place("updated_at"),
            deleted: place("deleted"),
            required: required.map(|(at, column)| (at, column.name)).collect(),
        }
    }

    /// The first column that a record must have and has not; a tombstone needs only its id.
    pub(super) fn missing(&self, cells: &[Option<Cell<'_>>]) -> Option<&'static str> {
        let deleted = cells.get(self.deleted).and_then(Option::as_ref);
        let is_tombstone = matches!(deleted, Some(Cell::Bool(true)));
        let is_asked = |at: usize| !is_tombstone || at == self.id;
        let is_missing = |at: usize| cells.get(at).is_none_or(Option::is_none);
        let mut required = self.required.iter();
        required.find_map(|(at, name)| (is_asked(*at) && is_missing(*at)).then_some(*name))
    }
}
