//! Which items a verb is about.

use std::collections::BTreeMap;

use clap::Args;
use jiff::Timestamp;

use super::discrepancies::golden_id;
use crate::env::Env;
use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::{Discrepancy, DiscrepancyEvent, DiscrepancyState, Kind, as_known};
use crate::store::DiscrepancyFilter;

#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Only this period
    #[arg(long, value_name = "YYYY-MM")]
    pub(super) period: Option<Period>,
    /// Only this kind, as QUANTITY
    #[arg(long)]
    pub(super) kind: Option<Kind>,
    /// Only this state, as open
    #[arg(long)]
    pub(super) state: Option<DiscrepancyState>,
    /// Only this account: a golden id or source:id
    #[arg(long)]
    pub(super) account: Option<String>,
    /// Every state, the ended ones too
    #[arg(long)]
    pub(super) all: bool,
    /// As it was known at this instant [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub(super) as_of: Option<Timestamp>,
}

impl Filter {
    /// The instant that is asked about.
    pub(super) fn at(&self, env: &Env) -> Timestamp {
        self.as_of.unwrap_or_else(|| env.clock.now())
    }

    fn takes(&self, state: DiscrepancyState) -> bool {
        match self.state {
            Some(wanted) => state == wanted,
            None => self.all || state.is_listed(),
        }
    }
}

/// The items that a filter takes, as they were known at its instant.
pub(super) async fn select(env: &Env, filter: &Filter) -> Result<Vec<Discrepancy>, Failure> {
    let account = match &filter.account {
        Some(text) => Some(golden_id(env, text).await?),
        None => None,
    };
    let states = DiscrepancyState::ALL.iter().copied();
    let mut wanted = DiscrepancyFilter {
        periods: filter.period.into_iter().collect(),
        kind: filter.kind,
        states: states.filter(|state| filter.takes(*state)).collect(),
        account,
        ..DiscrepancyFilter::default()
    };
    let Some(as_of) = filter.as_of else {
        return env.store.discrepancies(&wanted).await;
    };
    // States and kinds were others then.
    wanted.states.clear();
    wanted.kind = None;
    let items = env.store.discrepancies(&wanted).await?;
    let events = env
        .store
        .events_between(Timestamp::MIN, Timestamp::MAX)
        .await?;
    let mut history: BTreeMap<&str, Vec<&DiscrepancyEvent>> = BTreeMap::new();
    for event in &events {
        history
            .entry(&event.discrepancy_id)
            .or_default()
            .push(event);
    }
    let known = items.iter().filter_map(|item| {
        let events = history.get(item.id.as_str()).map_or(&[][..], Vec::as_slice);
        as_known(item, events, as_of)
    });
    Ok(known
        .filter(|item| filter.takes(item.state))
        .filter(|item| filter.kind.is_none_or(|kind| item.kind == kind))
        .collect())
}
