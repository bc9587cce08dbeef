//! What a pull says of records that it does not bring: which are gone, which are merely still
//! there, and of which parents all children came.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::content::{DigestSet, id_digest};
use crate::canonical::Entity;
use crate::sources::MappedPage;

/// Everything of that kind that the pages of one pull said.
#[derive(Debug, Default)]
pub(super) struct Absences {
    gone: BTreeMap<Entity, HashMap<String, Option<Timestamp>>>,
    seen: BTreeMap<Entity, DigestSet>,
    whole: BTreeMap<(Entity, &'static str), DigestSet>,
}

impl Absences {
    /// Notes what a page says.
    pub(super) fn note(&mut self, page: &MappedPage) {
        for gone in &page.gone {
            let ids = self.gone.entry(gone.entity).or_default();
            let at = ids.entry(gone.id.clone()).or_insert(gone.at);
            // Of two stamps the one that counts more: none at all, then the later one.
            *at = at.zip(gone.at).map(|(base, peer)| base.max(peer));
        }
        for seen in &page.seen {
            let ids = self.seen.entry(seen.entity).or_default();
            ids.extend(seen.ids.iter().map(|id| id_digest(id)));
        }
        for whole in &page.whole {
            let parents = self.whole.entry((whole.entity, whole.column)).or_default();
            parents.insert(id_digest(&whole.parent));
        }
    }

    /// Notes that records are gone, and so no child of theirs is left.
    pub(super) fn note_gone_above(&mut self, entity: Entity, gone: &[String]) {
        if let Some(family) = entity.children().filter(|_| !gone.is_empty()) {
            let parents = self.whole.entry(family).or_default();
            parents.extend(gone.iter().map(|id| id_digest(id)));
        }
    }

    /// The entities that something is said of.
    pub(super) fn entities(&self) -> Vec<Entity> {
        let of_children = self.whole.keys().map(|(entity, _)| *entity);
        let mut entities: Vec<Entity> = self
            .gone
            .keys()
            .chain(self.seen.keys())
            .copied()
            .chain(of_children)
            .collect();
        entities.sort_unstable();
        entities.dedup();
        entities
    }

    /// The records that are gone, by id, with the instant at which they went.
    pub(super) fn gone(&self, entity: Entity) -> Vec<(&str, Option<Timestamp>)> {
        let ids = self.gone.get(&entity).into_iter().flatten();
        let mut gone: Vec<_> = ids.map(|(id, at)| (id.as_str(), *at)).collect();
        gone.sort_unstable();
        gone
    }

    /// The living records that a sweep named.
    pub(super) fn seen(&self, entity: Entity) -> Option<&DigestSet> {
        self.seen.get(&entity)
    }

    /// The columns that name the parents of children, with the parents of which all came.
    pub(super) fn whole(&self, entity: Entity) -> impl Iterator<Item = (&'static str, &DigestSet)> {
        let of_entity = self
            .whole
            .iter()
            .filter(move |((one, _), _)| *one == entity);
        of_entity.map(|((_, column), parents)| (*column, parents))
    }
}
