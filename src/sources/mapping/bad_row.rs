//! Rows of a file or an export that cannot be taken apart, for the quarantine.

use super::columns::{Mapping, cut};
use crate::canonical::Reject;
use crate::sources::json::{Document, Scope, Tree};

/// A row that cannot be read as a record.
#[derive(Debug)]
pub(in crate::sources) struct BadRow {
    /// The line that it begins at.
    pub(in crate::sources) line: u64,
    /// The column at fault with what stands in it, where it is one alone.
    pub(in crate::sources) cell: Option<(String, String)>,
    /// Why it is no record. The words complete `the row`.
    pub(in crate::sources) reason: String,
    /// The row as it came.
    pub(in crate::sources) raw: String,
    /// The record without the column at fault, where the rest of it is sound.
    pub(in crate::sources) rest: Option<Document>,
}

impl BadRow {
    /// A row of which nothing is known but that it is none.
    pub(in crate::sources) fn whole(line: u64, reason: String, raw: String) -> Self {
        Self {
            line,
            cell: None,
            reason,
            raw,
            rest: None,
        }
    }
}

impl Mapping {
    /// The rejection of a row. Its field is the one that is read from the column at fault, or `row`.
    pub(in crate::sources) fn refuse_row(
        &self,
        row: &BadRow,
        origin: String,
    ) -> Result<Reject, String> {
        let nothing = Tree::Null.to_document()?;
        let rest = row.rest.as_ref().unwrap_or(&nothing);
        let field = match &row.cell {
            Some((column, _)) => self.field_of(column).unwrap_or(column),
            None => "row",
        };
        let mut reject = self.refuse(Scope::of(rest.root()), origin, field, &row.reason);
        reject.raw.clone_from(&row.raw);
        if let Some((column, text)) = &row.cell {
            reject.text = Some(cut(text));
            // Without it, what is left is no id, or the id of another record.
            if self.reads("id", column) {
                reject.id = None;
            }
        }
        Ok(reject)
    }

    /// The field that is read from a column of the source.
    fn field_of(&self, column: &str) -> Option<&'static str> {
        let names = self.tables().map(|(name, _)| name);
        let mut reading = names.filter(|name| self.reads(name, column));
        reading.next()
    }

    fn reads(&self, field: &str, column: &str) -> bool {
        let is_below = |path: &str| {
            path.strip_prefix(column)
                .is_some_and(|it| it.starts_with('.'))
        };
        self.tables()
            .filter(|(name, _)| *name == field)
            .flat_map(|(_, table)| table.all_paths())
            .any(|path| path == column || is_below(path))
    }
}
