//! Tells an item in full, from the records as they were known when it was last seen to differ.

use jiff::Timestamp;

use super::ledger::load_ledger;
use super::reconcile_periods::{Question, find_rule, input_of};
use crate::env::Env;
use crate::fault::Failure;
use crate::reconcile::{
    BILLING_RULE, Discrepancy, Explanation, PeriodHistory, explain_billing, explain_rule,
};

/// Tells an item in full. Nothing is written.
pub async fn explain_item(env: &Env, item: &Discrepancy) -> Result<Explanation, Failure> {
    let as_of = seen_at(env, item).await?;
    let ledger = load_ledger(env, as_of, false).await?;
    let rule = if item.rule == BILLING_RULE {
        None
    } else {
        Some(find_rule(&env.config, &item.rule)?)
    };
    let question = Question {
        period: item.period,
        now: as_of,
        rule: rule.as_ref(),
        standing: &[],
        // How often it came before changes no side of it.
        history: PeriodHistory::default(),
    };
    let input = input_of(env, &item.last_run, &ledger, &question)?;
    match &rule {
        None => explain_billing(&input, item).await,
        Some(rule) => explain_rule(&input, rule, item).await,
    }
}

/// What the newest comparison knew; of an item that has ended, the newest one before its end.
async fn seen_at(env: &Env, item: &Discrepancy) -> Result<Timestamp, Failure> {
    let now = env.clock.now();
    let before = |end: Timestamp| Timestamp::from_microsecond(end.as_microsecond() - 1).ok();
    let asked_at = item.ended_at.and_then(before).unwrap_or(now);
    let newest = env
        .store
        .reconciliation(&item.rule, item.period, asked_at)
        .await?;
    Ok(newest.map_or(asked_at, |found| found.as_of))
}
