//! Which fields of a record a mapping looks at.

use super::columns::Mapping;

impl Mapping {
    /// Every path that a rule looks at, as it is written.
    pub(in crate::sources) fn paths(&self) -> impl Iterator<Item = &str> {
        self.tables().flat_map(|(_, table)| table.all_paths())
    }

    /// Every column with each path that its own value is read from.
    pub(in crate::sources) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.tables().flat_map(|(column, table)| {
            let paths = table.paths().iter();
            paths.map(move |path| (column, path.as_str()))
        })
    }
}
