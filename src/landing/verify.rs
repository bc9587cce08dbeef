//! Whether the landed files are still what was committed: `crossfoot landing verify`.

use std::fmt;

use super::error::LandingError;
use super::file::LandedFile;
use super::quarantine;
use super::row_set::RowSet;
use super::rows;
use super::shelf::Shelf;
use crate::totals::{ControlTotals, TotalsError};

/// A file that is not what was committed.
#[derive(Debug)]
pub struct VerifyFault {
    /// The file's path, relative to the landing's root.
    pub path: String,
    /// What does not tie.
    pub error: LandingError,
}

impl fmt::Display for VerifyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.error)?;
        let mut cause = std::error::Error::source(&self.error);
        while let Some(inner) = cause {
            write!(formatter, ": {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

/// Checks every file: length, digest, row count and control totals.
pub(super) fn verify(shelf: &Shelf, files: &[LandedFile]) -> Vec<VerifyFault> {
    files
        .iter()
        .filter_map(|file| {
            let error = verify_file(shelf, file).err()?;
            Some(VerifyFault {
                path: file.path.clone(),
                error,
            })
        })
        .collect()
}

pub(super) fn verify_file(shelf: &Shelf, file: &LandedFile) -> Result<(), LandingError> {
    shelf.check_afresh(file)?;
    if !file.quarantine {
        return rows::visit_rows(shelf, file, &RowSet::all(file.totals.rows), |_, _| ());
    }
    let rejects = ControlTotals {
        rows: quarantine::read(shelf, file)?.len() as u64,
        ..ControlTotals::default()
    };
    file.totals
        .tie(&rejects)
        .map_err(|error: TotalsError| LandingError::totals(&file.path, error))
}
