//! Building a page from records, and counting what a person should know of the whole pull.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::columns::{Mapped, Mapping};
use super::units::Units;
use crate::canonical::{BatchBuilder, Cell, Entity, Mark, Reject, mark_of};
use crate::sources::connector::Repeats;
use crate::sources::json::Scope;
use crate::sources::page::MappedPage;

/// What was seen over all pages of a pull.
#[derive(Debug, Default)]
pub(in crate::sources) struct Tally {
    unmapped: BTreeMap<(Entity, String), u64>,
    /// Entities of which a record without a readable id was rejected: nobody can say which of the
    /// landed ids it is, so absence proves nothing.
    nameless: BTreeSet<Entity>,
    rejected: BTreeMap<Entity, u64>,
    /// How often each id came, where that means something.
    repeats: HashMap<(Entity, Mark), u32>,
}

impl Tally {
    /// Whether ids of this entity that did not come can be taken for gone.
    pub(in crate::sources) fn proves_absence(&self, entity: Entity) -> bool {
        !self.nameless.contains(&entity)
    }

    /// Whether every record landed, and is understood.
    pub(in crate::sources) fn is_clean(&self) -> bool {
        self.unmapped.is_empty() && self.rejected.is_empty()
    }

    /// Takes a record whose id may have come before: it is another record, with a number behind its
    /// id, or the same one, which is not kept.
    fn keeps(&mut self, entity: Entity, repeats: Repeats, mapped: &mut Mapped<'_>) -> bool {
        let Some(Some(id)) = mapped.cells.get_mut(mapped.id_at) else {
            return true;
        };
        let text = id.text().unwrap_or_default().to_owned();
        let count = self
            .repeats
            .entry((entity, mark_of(text.as_bytes())))
            .or_default();
        *count += 1;
        match repeats {
            Repeats::Once => *count == 1,
            Repeats::Numbered => {
                if *count > 1 {
                    *id = Cell::Text(format!("{text}#{count}").into());
                }
                true
            }
        }
    }

    /// One sentence per status that the map does not know.
    pub(in crate::sources) fn gaps(&self) -> Vec<String> {
        let unmapped = self.unmapped.iter().map(|((entity, raw), count)| {
            format!(
                "{count} {entity} landed with status `unmapped:{raw}`, which the map does not know"
            )
        });
        unmapped.collect()
    }

    /// One sentence per further thing that a person should know.
    pub(in crate::sources) fn warnings(&self) -> Vec<String> {
        let rejected = self
            .rejected
            .iter()
            .map(|(entity, count)| format!("{count} {entity} did not fit and are quarantined"));
        let nameless = self.nameless.iter().map(|entity| {
            format!("{entity} without a readable id came, so no absent id is taken for deleted")
        });
        rejected.chain(nameless).collect()
    }
}

/// A page under construction.
#[derive(Default)]
pub(in crate::sources) struct PageBuilder {
    batches: BTreeMap<Entity, BatchBuilder>,
    rejects: Vec<Reject>,
    row_count: u64,
    units: Units,
}

impl PageBuilder {
    /// Maps a record and adds it, or its rejection.
    pub(in crate::sources) fn add(
        &mut self,
        mapping: &Mapping,
        scope: Scope<'_>,
        origin: &dyn Fn() -> String,
        now: Timestamp,
        tally: &mut Tally,
    ) -> Result<(), String> {
        self.row_count += 1;
        let entity = mapping.entity();
        if let Some(key) = scope.record.repeated_key() {
            let reason = format!("the key `{key}` stands twice");
            self.reject(mapping.refuse(scope, origin(), key, &reason), tally);
            return Ok(());
        }
        match mapping.map(scope, origin, now, &mut self.units) {
            Ok(mut mapped) => {
                if let Some(repeats) = mapping.repeats
                    && !tally.keeps(entity, repeats, &mut mapped)
                {
                    return Ok(());
                }
                if let Some(raw) = mapped.unmapped {
                    *tally.unmapped.entry((entity, raw)).or_default() += 1;
                }
                self.batches
                    .entry(entity)
                    .or_insert_with(|| BatchBuilder::new(entity))
                    .push_cells(&mapped.cells, Some(&mapped.raw))
                    .map_err(|error| error.to_string())
            }
            Err(reject) => {
                self.reject(*reject, tally);
                Ok(())
            }
        }
    }

    /// Adds a rejected record.
    pub(in crate::sources) fn reject(&mut self, reject: Reject, tally: &mut Tally) {
        *tally.rejected.entry(reject.entity).or_default() += 1;
        if reject.id.is_none() {
            tally.nameless.insert(reject.entity);
        }
        self.rejects.push(reject);
    }

    /// How many records were added, rejected ones among them.
    pub(in crate::sources) fn row_count(&self) -> u64 {
        self.row_count
    }

    /// The page; the builder is empty afterwards.
    pub(in crate::sources) fn finish(&mut self) -> Result<MappedPage, String> {
        self.row_count = 0;
        let mut page = MappedPage {
            batches: Vec::new(),
            rejects: std::mem::take(&mut self.rejects),
            ..MappedPage::default()
        };
        for builder in std::mem::take(&mut self.batches).values_mut() {
            page.batches
                .push(builder.finish().map_err(|error| error.to_string())?);
        }
        Ok(page)
    }
}
