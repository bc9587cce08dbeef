//! What may be let go: versions that were superseded, and records that died, before an instant.
//!
//! Whatever is asked about that instant or a later one has the same answer afterwards: of each record
//! the version that counted then is kept, however old it is, and all later ones. The raw record of a
//! version that was superseded may go earlier than its values.

use arrow::array::AsArray;
use jiff::Timestamp;

use super::error::LandingError;
use super::file::LandedFile;
use super::newest::{self, ChosenFile};
use super::rewrite::Kept;
use super::row_set::RowSet;
use super::shelf::Shelf;

/// Since when things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon {
    /// What was superseded before this instant goes.
    pub versions: Option<Timestamp>,
    /// What was superseded before this instant loses its raw record.
    pub raw: Option<Timestamp>,
    /// What was superseded before this instant has lost its raw record already.
    pub raw_before: Option<Timestamp>,
}

/// What a plan lets go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LetGo {
    /// Versions that go.
    pub rows: u64,
    /// Versions that stay without their raw record.
    pub raw: u64,
}

/// The files of one source and entity that have to be written again, with what is kept of them.
pub(super) fn plan(
    shelf: &Shelf,
    files: &[LandedFile],
    horizon: Horizon,
) -> Result<(Vec<Kept>, LetGo), LandingError> {
    let records = files.iter().filter(|file| !file.quarantine).cloned();
    let mut kept: Vec<Kept> = records.map(Kept::whole).collect();
    if let Some(instant) = horizon.versions {
        for chosen in newest::choose(shelf, files.iter().cloned(), instant)? {
            let living = living_rows(shelf, &chosen)?;
            let gone = chosen.known.without(&living);
            change(&mut kept, &chosen.file, |kept| kept.rows.subtract(&gone));
        }
    }
    if let Some(instant) = horizon.raw {
        for chosen in newest::choose(shelf, files.iter().cloned(), instant)? {
            let superseded = chosen.known.without(&chosen.newest);
            change(&mut kept, &chosen.file, |kept| {
                kept.raw.subtract(&superseded);
            });
        }
        if let Some(before) = horizon.raw_before {
            for chosen in newest::choose(shelf, files.iter().cloned(), before)? {
                let bare_already = chosen.known.without(&chosen.newest);
                change(&mut kept, &chosen.file, |kept| kept.raw.add(&bare_already));
            }
        }
    }
    let mut let_go = LetGo::default();
    kept.retain(|kept| {
        let gone = kept.file.totals.rows - kept.rows.count();
        let bare = kept.rows.without(&kept.raw).count();
        let_go.rows += gone;
        let_go.raw += bare;
        gone + bare > 0
    });
    Ok((kept, let_go))
}

fn change(kept: &mut [Kept], file: &LandedFile, change: impl FnOnce(&mut Kept)) {
    if let Some(kept) = kept.iter_mut().find(|kept| kept.file.path == file.path) {
        change(kept);
    }
}

/// The newest rows without the tombstones: what died before the instant is dead at every later one.
fn living_rows(shelf: &Shelf, chosen: &ChosenFile) -> Result<RowSet, LandingError> {
    let mut living = chosen.newest.clone();
    newest::visit(shelf, &chosen.file, &["deleted"], |batch, first| {
        let deleted = batch.column(0).as_boolean_opt();
        for (row, is_dead) in (first..).zip(deleted.into_iter().flatten()) {
            if is_dead == Some(true) {
                living.remove(row);
            }
        }
        Ok(())
    })?;
    Ok(living)
}
