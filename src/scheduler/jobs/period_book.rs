//! Where every period stands: open, closed or locked, as far as that was known at an instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::env::Env;
use crate::fault::Failure;
use crate::period::Period;
use crate::reconcile::{PeriodError, PeriodState};
use crate::store::PeriodMove;

/// The moves of all periods.
#[derive(Debug, Clone, Default)]
pub struct PeriodBook {
    moves: BTreeMap<Period, Vec<PeriodMove>>,
}

impl PeriodBook {
    /// Reads the moves that were made by `as_of`.
    pub async fn read(env: &Env, as_of: Timestamp) -> Result<Self, Failure> {
        let mut moves: BTreeMap<Period, Vec<PeriodMove>> = BTreeMap::new();
        for one in env.store.period_moves().await? {
            if one.at <= as_of {
                moves.entry(one.period).or_default().push(one);
            }
        }
        Ok(Self { moves })
    }

    /// The periods that were ever moved, in order.
    pub fn periods(&self) -> impl Iterator<Item = Period> {
        self.moves.keys().copied()
    }

    /// The moves of a period, in order.
    pub fn moves(&self, period: Period) -> &[PeriodMove] {
        self.moves.get(&period).map_or(&[], Vec::as_slice)
    }

    /// Where a period stands.
    pub fn state(&self, period: Period) -> PeriodState {
        self.moves(period)
            .last()
            .map_or(PeriodState::Open, |last| last.to)
    }

    /// What stands as the snapshot of a period that is closed or locked.
    pub fn close_id(&self, period: Period) -> Option<&str> {
        let last = self.moves(period).last()?;
        last.close_id.as_deref().filter(|_| last.to.is_kept())
    }

    /// The move by which a closed or locked period was last closed.
    pub fn closing(&self, period: Period) -> Option<&PeriodMove> {
        let moves = self.moves(period);
        moves
            .iter()
            .rev()
            .find(|one| one.from == PeriodState::Open && one.to == PeriodState::Closed)
            .filter(|_| self.state(period).is_kept())
    }

    /// How often a period was closed.
    pub fn close_count(&self, period: Period) -> usize {
        self.moves(period)
            .iter()
            .filter(|one| one.from == PeriodState::Open)
            .count()
    }

    /// Whether the tax return of a period was ever filed: a reopening does not take it back.
    pub fn is_tax_filed(&self, period: Period) -> bool {
        self.moves(period).iter().any(|one| one.tax_filed)
    }

    /// The periods that are closed or locked.
    pub fn kept(&self) -> BTreeSet<Period> {
        self.periods()
            .filter(|period| self.state(*period).is_kept())
            .collect()
    }
}

/// Refuses to write something that is dated into a period whose figures are kept: a move of a
/// person at an instant of it, cash that was received in it. What the system finds later is no such
/// write: it stands beside the kept figures as an adjustment.
pub async fn refuse_kept(env: &Env, at: Timestamp, what: &str) -> Result<(), Failure> {
    let period = Period::at(at, &env.config.zone(None));
    refuse_kept_period(env, period, what).await
}

/// The same for what is dated by its day.
pub async fn refuse_kept_period(env: &Env, period: Period, what: &str) -> Result<(), Failure> {
    // Where it stands by everything that is known, whatever the clock says.
    let state = PeriodBook::read(env, Timestamp::MAX).await?.state(period);
    if state.is_kept() {
        return Err(PeriodError::Kept {
            what: what.to_owned(),
            period,
            state,
        }
        .into());
    }
    Ok(())
}
