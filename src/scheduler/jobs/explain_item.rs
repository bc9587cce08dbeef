//! Tells an item in full, from the records as they were known when it was last seen to differ.

use jiff::Timestamp;

use super::ledger::load_ledger;
use super::reconcile_periods::{Question, find_rule, input_of};
use crate::env::Env;
use crate::fault::Failure;
use crate::reconcile::{
    ACCOUNT_RULE, BILLING_RULE, Discrepancy, Explanation, PeriodHistory, WhichRule,
    explain_accounts, explain_billing, explain_rule,
};

/// Tells an item in full. Nothing is written.
pub async fn explain_item(env: &Env, item: &Discrepancy) -> Result<Explanation, Failure> {
    let as_of = seen_at(env, item).await?;
    let ledger = load_ledger(env, as_of, false).await?;
    let file = match item.rule.as_str() {
        BILLING_RULE | ACCOUNT_RULE => None,
        name => Some(find_rule(&env.config, name)?),
    };
    let rule = match &file {
        Some(file) => WhichRule::File(file),
        None if item.rule == ACCOUNT_RULE => WhichRule::Accounts,
        None => WhichRule::Billing,
    };
    let question = Question {
        period: item.period,
        now: as_of,
        rule,
        standing: &[],
        // How often it came before changes no side of it.
        history: PeriodHistory::default(),
    };
    let input = input_of(env, &item.last_run, &ledger, &question)?;
    match rule {
        WhichRule::Billing => explain_billing(&input, item).await,
        WhichRule::Accounts => explain_accounts(&input, item).await,
        WhichRule::File(rule) => explain_rule(&input, rule, item).await,
    }
}

/// What the newest comparison knew; of an item that has ended, the newest one before its end.
async fn seen_at(env: &Env, item: &Discrepancy) -> Result<Timestamp, Failure> {
    let now = env.clock.now();
    let before = |end: Timestamp| Timestamp::from_microsecond(end.as_microsecond() - 1).ok();
    let asked_at = item.ended_at.and_then(before).unwrap_or(now);
    let mut periods = vec![item.period];
    if item.rule == ACCOUNT_RULE {
        // Its items stand over all periods.
        periods = env.store.reconciled_periods(&item.rule).await?;
    }
    let mut newest = None;
    for period in periods {
        let found = env
            .store
            .reconciliation(&item.rule, period, asked_at)
            .await?;
        newest = newest.max(found.map(|found| found.as_of));
    }
    Ok(newest.unwrap_or(asked_at))
}
