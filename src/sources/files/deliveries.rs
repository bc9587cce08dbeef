//! One record out of its deliveries: a bank tells a payment in the notification of the day and
//! again in the statement. A first reading finds the most final delivery of each; the second one
//! lands it, so that nothing but ids is held in memory.

use std::collections::HashMap;
use std::path::PathBuf;

use super::open::open;
use super::row::{Delivery, Row};
use super::source::FileSet;
use crate::canonical::Entity;
use crate::sources::error::SourceError;

/// Where a row stands: the file's place in the list, and the row's in the file.
pub(super) type Place = (usize, u64);

/// The deliveries that count.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    final_ones: HashMap<String, (u8, Place)>,
    /// The payment that a payer's reference names.
    originals: HashMap<String, String>,
}

impl Deliveries {
    /// Reads the bank's files among `paths`.
    pub(super) fn of(
        files: &FileSet,
        entity: Entity,
        paths: &[PathBuf],
    ) -> Result<Self, SourceError> {
        let mut found = Self::default();
        for (file, path) in paths.iter().enumerate() {
            let mut opened = open(files, entity, path)?;
            if !opened.reader.brings_deliveries() {
                continue;
            }
            // Past `limits.rows` the second reading fails; the first one need not go on.
            for row in 0..=files.rows_max {
                let next = opened.reader.next_row();
                match next.map_err(|fault| opened.error(fault, files, path))? {
                    None => break,
                    Some(Row::Delivered { delivery, .. }) => found.note(delivery, (file, row)),
                    Some(_) => {}
                }
            }
        }
        Ok(found)
    }

    fn note(&mut self, delivery: Delivery, place: Place) {
        if let (Some(reference), false) = (delivery.reference, delivery.is_reversal) {
            self.originals
                .entry(reference)
                .or_insert_with(|| delivery.id.clone());
        }
        let best = self
            .final_ones
            .entry(delivery.id)
            .or_insert((delivery.rank, place));
        if delivery.rank > best.0 {
            *best = (delivery.rank, place);
        }
    }

    /// Whether this delivery is the record.
    pub(super) fn is_final(&self, delivery: &Delivery, place: Place) -> bool {
        self.final_ones
            .get(&delivery.id)
            .is_some_and(|(_, best)| *best == place)
    }

    /// The payment that a reversal takes back, where the files have it.
    pub(super) fn original_of(&self, delivery: &Delivery) -> Option<&str> {
        let reference = delivery
            .reference
            .as_ref()
            .filter(|_| delivery.is_reversal)?;
        self.originals.get(reference).map(String::as_str)
    }
}
