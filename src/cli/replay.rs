//! `crossfoot reconcile --dry-run`: what other rules would find, as a table.

use super::output::{self, Table};
use crate::fault::Failure;
use crate::money::money_text;
use crate::scheduler::jobs::{ReplayChange, ReplayItem, ReplayMoney, ReplayPeriod};

/// How many differences of each sort are shown.
const ITEMS_SHOWN: usize = 10;

/// The replayed periods with what would be gained, lost and changed.
pub(super) fn print_replays(replays: &[ReplayPeriod]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "period",
        "rule",
        ">found",
        ">would find",
        ">gained",
        ">gained money",
        ">lost",
        ">lost money",
        ">changed",
        ">by money",
        ">net before",
        ">net after",
    ]);
    for one in replays {
        table.row(vec![
            one.period.to_string(),
            one.rule.clone(),
            one.before.count.to_string(),
            one.after.count.to_string(),
            one.gained.count.to_string(),
            gross(&one.gained.money),
            one.lost.count.to_string(),
            gross(&one.lost.money),
            one.changed.count.to_string(),
            gross(&one.changed.money),
            net(&one.before.money),
            net(&one.after.money),
        ]);
    }
    table.print("there is no period to compare")?;
    for one in replays {
        for (what, change) in [
            ("gained", &one.gained),
            ("lost", &one.lost),
            ("changed", &one.changed),
        ] {
            print_change(one, what, change)?;
        }
    }
    output::line("nothing was written: `crossfoot reconcile` goes on with the rules in force")
}

fn print_change(replay: &ReplayPeriod, what: &str, change: &ReplayChange) -> Result<(), Failure> {
    if change.items.is_empty() {
        return Ok(());
    }
    output::line("")?;
    output::line(output::bold(&format!(
        "{} {}: {} {what}",
        replay.period, replay.rule, change.count
    )))?;
    let mut table = Table::new(&[
        "account", "product", "record", "before", ">impact", "after", ">impact", "currency",
    ]);
    for item in change.items.iter().take(ITEMS_SHOWN) {
        table.row(row(item));
    }
    table.print("none")?;
    let left = change.items.len().saturating_sub(ITEMS_SHOWN);
    if left > 0 {
        output::line(format!("{left} more: --json lists all"))?;
    }
    Ok(())
}

fn row(item: &ReplayItem) -> Vec<String> {
    let seen = |sight: &Option<crate::scheduler::jobs::ReplaySight>| match sight {
        Some(sight) => (
            format!("{} {}", sight.kind, sight.field),
            sight.impact.clone(),
        ),
        None => (String::new(), String::new()),
    };
    let (before, before_impact) = seen(&item.before);
    let (after, after_impact) = seen(&item.after);
    vec![
        item.account_name.clone(),
        item.sku.clone(),
        item.record.clone().unwrap_or_default(),
        before,
        before_impact,
        after,
        after_impact,
        item.currency.to_string(),
    ]
}

fn gross(money: &[ReplayMoney]) -> String {
    told(money, |one| one.gross)
}

fn net(money: &[ReplayMoney]) -> String {
    told(money, |one| one.net)
}

fn told(money: &[ReplayMoney], of: fn(&ReplayMoney) -> rust_decimal::Decimal) -> String {
    let texts: Vec<String> = money
        .iter()
        .map(|one| format!("{} {}", money_text(of(one), one.currency), one.currency))
        .collect();
    if texts.is_empty() {
        "0".to_owned()
    } else {
        texts.join(" + ")
    }
}
