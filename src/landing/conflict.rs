//! Two contents of one id of which nothing says which is right: the one that does not count, as a
//! reject with its raw record.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use parquet::encryption::decrypt::FileDecryptionProperties;

use super::error::LandingError;
use super::opened::Opened;
use super::versions::Place;
use crate::canonical::{Entity, Record, Reject, read_records};

/// A closed file of the pull.
pub(super) struct WrittenFile {
    /// Its number within the pull.
    pub(super) number: u32,
    /// What its rows are records of.
    pub(super) entity: Entity,
    /// Where it stands while the pull is under way.
    pub(super) path: PathBuf,
    /// What it takes to decrypt it.
    pub(super) decryption: Option<Arc<FileDecryptionProperties>>,
}

impl WrittenFile {
    /// The records that stand at some places, a batch at a time.
    pub(super) fn records_at(
        &self,
        places: &BTreeSet<Place>,
    ) -> Result<impl Iterator<Item = Result<Vec<Record>, LandingError>>, LandingError> {
        let opened = Opened::unchecked(&self.path, self.decryption.clone())?;
        let mut row = 0;
        let part = self.number;
        let batches = records_of(opened, self.entity)?;
        Ok(batches.map(move |batch| {
            let standing = (row..).zip(batch?);
            let mut count = 0;
            let mut wanted = Vec::new();
            for (row, record) in standing {
                count += 1;
                if places.contains(&Place { part, row }) {
                    wanted.push(record);
                }
            }
            row += count;
            Ok(wanted)
        }))
    }
}

/// The records of an open file, a batch at a time.
pub(super) fn records_of(
    opened: Opened,
    entity: Entity,
) -> Result<impl Iterator<Item = Result<Vec<Record>, LandingError>> + use<>, LandingError> {
    let place = opened.path.display().to_string();
    let batches = opened.batches(None, None)?;
    Ok(batches.map(move |batch| {
        batch
            .and_then(|batch| read_records(entity, &batch))
            .map_err(|error| LandingError::columns(&place, error))
    }))
}

/// The reject that a record becomes whose id came with another content.
pub(super) fn reject_of(record: &Record) -> Reject {
    Reject {
        entity: record.entity,
        source: record.source().to_owned(),
        id: Some(record.id().to_owned()),
        origin: "another row of the same pull".into(),
        field: "id".into(),
        text: Some(record.id().to_owned()),
        reason: "comes twice with different content; the other one landed".into(),
        raw: record.raw.clone().unwrap_or_default(),
    }
}
