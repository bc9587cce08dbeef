//! Many differences told shortly, by what they have in common.

use super::output::{self, Table};
use crate::env::Env;
use crate::fault::{Exit, Failure};
use crate::money::money_text;
use crate::reconcile::{Discrepancy, FindingGroup, Glance, group_findings, likely_cause_of_items};
use crate::scheduler::jobs::load_ledger;

/// How many groups are shown.
const GROUPS_SHOWN: usize = 20;

/// How many differences of a group are shown with it.
const EXAMPLES_SHOWN: usize = 2;

/// The groups as a table, and the first differences of each below it.
pub(super) fn print_groups(groups: &[FindingGroup]) -> Result<(), Failure> {
    let mut table = Table::new(&["kind", "field", "sign", ">count", ">impact", "currency"]);
    let shown = &groups[..groups.len().min(GROUPS_SHOWN)];
    for group in shown {
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
        ]);
    }
    table.print("nothing differs")?;
    if groups.len() > GROUPS_SHOWN {
        output::line(format!("{} more groups", groups.len() - GROUPS_SHOWN))?;
    }
    for group in shown {
        let first: Vec<String> = group
            .examples
            .iter()
            .take(EXAMPLES_SHOWN)
            .map(|example| output::without_controls(example))
            .collect();
        output::line(format!(
            "  {} {} {} e.g. {}",
            group.kind,
            group.field,
            group.sign,
            first.join("; ")
        ))?;
    }
    Ok(())
}

/// Many items by what they have in common, with a cause that explains nearly all of them.
pub(super) async fn print_overview(env: &Env, items: &[Discrepancy]) -> Result<Exit, Failure> {
    output::line(output::bold(&format!("{} items", items.len())))?;
    print_groups(&group_findings(items.iter().map(Glance::from)))?;
    let ledger = load_ledger(env, env.clock.now(), false).await?;
    if let Some(cause) = likely_cause_of_items(items, &ledger.directory) {
        output::line(format!(
            "likely cause: {}",
            output::without_controls(&cause)
        ))?;
    }
    output::line(
        "too many to read: narrow them with --period, --kind, --account, list them all with --full \
         or --json, or write them to a file with `discrepancies export`",
    )?;
    Ok(Exit::Done)
}
