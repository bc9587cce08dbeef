//! Which payments rules placed at the first attempt: those that no comparison saw and left over.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::blind_sources::stale_cash;
use super::evaluate_collections::cash_book;
use super::ledger::Ledger;
use super::open_landing::read_landing;
use crate::canonical::{Entity, Record};
use crate::env::Env;
use crate::fault::Failure;
use crate::period::local_day;
use crate::reconcile::BILLING_RULE;
use crate::reconcile::cash::CashPass;
use crate::report::kpi::FirstPasses;
use crate::store::{CASH_PASSED_AT, CASH_PASSES_SINCE, CashWait, FileFilter, KEPT_SINCE};

/// Keeps what this comparison could not place, and ends the waits of what it could. A comparison
/// over cash that is stale or incomplete is no attempt.
///
/// The landmark of the first one says from when on this is known; of a store that compared nothing
/// before, it is known of everything.
pub(super) async fn keep_first_passes(env: &Env, ledger: &Ledger) -> Result<(), Failure> {
    let now = ledger.as_of;
    if ledger.snapshot.files(Entity::Payments).is_empty() || stale_cash(env, ledger).is_some() {
        return Ok(());
    }
    let book = cash_book(env, ledger)?;
    let known: BTreeMap<String, CashWait> = env
        .store
        .cash_waits(now)
        .await?
        .into_iter()
        .map(|wait| (wait.payment.clone(), wait))
        .collect();
    let mut changed = Vec::new();
    let mut ended: Vec<(CashPass<'_>, &CashWait)> = Vec::new();
    for pass in book.passes(local_day(now, &env.config.zone(None))) {
        if pass.is_manual {
            continue;
        }
        match known.get(pass.payment) {
            None if !pass.is_placed => changed.push(CashWait {
                payment: pass.payment.to_owned(),
                since: now,
                ended_at: None,
                is_first_pass: false,
            }),
            Some(wait) if pass.is_placed && wait.ended_at.is_none() => ended.push((pass, wait)),
            // It was placed and lost its place again: that was no lasting match.
            Some(wait) if !pass.is_placed && wait.ended_at.is_some() => changed.push(CashWait {
                ended_at: None,
                is_first_pass: false,
                ..wait.clone()
            }),
            _ => {}
        }
    }
    let earlier = match env.store.landmark(CASH_PASSED_AT).await? {
        Some(at) if !ended.is_empty() => invoices_known(env, &at).await?,
        _ => None,
    };
    for (pass, wait) in ended {
        let is_first_pass = earlier
            .as_ref()
            .is_some_and(|earlier| pass.invoices.iter().any(|key| !earlier.contains(*key)));
        changed.push(CashWait {
            ended_at: Some(now),
            is_first_pass,
            ..wait.clone()
        });
    }
    let mut landmarks = vec![(CASH_PASSED_AT, now.to_string())];
    if env.store.landmark(CASH_PASSES_SINCE).await?.is_none() {
        let is_new = env.store.reconciled_periods(BILLING_RULE).await?.is_empty();
        let since = if is_new { Timestamp::UNIX_EPOCH } else { now };
        landmarks.push((CASH_PASSES_SINCE, since.to_string()));
    }
    env.store.save_cash_waits(&changed, landmarks).await
}

/// The invoices that the comparison of an instant saw: `source:id`. `None` where not every version
/// of then is kept any more.
async fn invoices_known(env: &Env, at: &str) -> Result<Option<BTreeSet<String>>, Failure> {
    let Ok(at) = at.parse::<Timestamp>() else {
        return Ok(None);
    };
    let kept_since = env.store.landmark(KEPT_SINCE).await?;
    if kept_since.is_some_and(|since| since.parse().is_ok_and(|since: Timestamp| at < since)) {
        return Ok(None);
    }
    let filter = FileFilter {
        entity: Some(Entity::Invoices),
        as_of: Some(at),
        ..FileFilter::default()
    };
    let files = env.store.files(&filter).await?;
    let landing = read_landing(env)?;
    let invoices =
        tokio::task::block_in_place(|| landing.snapshot(files, at)?.records(Entity::Invoices))?;
    Ok(Some(invoices.iter().map(Record::key).collect()))
}

/// What is known of first attempts at an instant.
pub(super) async fn first_passes(env: &Env, as_of: Timestamp) -> Result<FirstPasses, Failure> {
    let since = env.store.landmark(CASH_PASSES_SINCE).await?;
    Ok(FirstPasses {
        waits: env.store.cash_waits(as_of).await?,
        kept_since: since.and_then(|since| since.parse().ok()),
    })
}
