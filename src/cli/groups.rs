//! Many differences told shortly, by what they have in common.

use super::output::{self, Table};
use crate::fault::Failure;
use crate::money::money_text;
use crate::reconcile::FindingGroup;

/// How many groups are shown.
const GROUPS_SHOWN: usize = 20;

/// The groups as a table, each with the first of its differences below it.
pub(super) fn print_groups(groups: &[FindingGroup]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "kind",
        "field",
        "sign",
        ">count",
        ">impact",
        "currency",
        "first of them",
    ]);
    for group in groups.iter().take(GROUPS_SHOWN) {
        let impact = group.impact.map_or_else(
            || "n/a".to_owned(),
            |impact| money_text(impact, group.currency),
        );
        table.row(vec![
            group.kind.to_string(),
            group.field.clone(),
            group.sign.to_owned(),
            group.count.to_string(),
            impact,
            group.currency.to_string(),
            group.examples.first().cloned().unwrap_or_default(),
        ]);
    }
    table.print("nothing differs")?;
    if groups.len() > GROUPS_SHOWN {
        output::line(format!("{} more groups", groups.len() - GROUPS_SHOWN))?;
    }
    Ok(())
}
