//! The counts of a pull, kept true to the end.

use super::error::LandingError;
use super::file::LandedPull;
use super::versions::{Former, Place};
use crate::totals::TotalsError;

impl LandedPull {
    /// Takes back what a version that gave way was counted as: it is one that came more than once.
    /// Gives the place where it was written, if it was.
    pub(super) fn withdraw(&mut self, former: Former) -> Option<Place> {
        match former {
            Former::None => None,
            Former::Unchanged => {
                self.unchanged_count -= 1;
                self.repeated_count += 1;
                None
            }
            Former::Written(place) => {
                self.new_count -= 1;
                self.repeated_count += 1;
                Some(place)
            }
        }
    }

    /// Every row that came is accounted for, and every row that counts is in a file.
    pub(super) fn tie(&self) -> Result<(), LandingError> {
        let rows_in = |quarantine: bool| -> u64 {
            let files = self
                .files
                .iter()
                .filter(|file| file.quarantine == quarantine);
            files.map(|file| file.totals.rows).sum()
        };
        let accounted =
            self.new_count + self.unchanged_count + self.repeated_count + self.rejected_count;
        let sides = [
            ("rows that came", self.row_count, accounted),
            (
                "rows in files",
                rows_in(false),
                self.new_count + self.tombstone_count,
            ),
            ("rows in the quarantine", rows_in(true), self.rejected_count),
        ];
        for (what, base, peer) in sides {
            if base != peer {
                let untied = TotalsError::Untied(format!("{what}: {base} against {peer}"));
                return Err(LandingError::totals("the pull", untied));
            }
        }
        Ok(())
    }
}
