//! The rate budget of one credential at one origin: how many requests in an interval, how many at
//! once, the pause that a server asked for, and whether anything is asked for at all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::RateConfig;
use crate::sources::registry::KeptBudget;

/// A source without a budget in its connector or configuration gets this one.
const DEFAULT_REQUESTS: u32 = 10;
const DEFAULT_CONCURRENT: u32 = 4;

/// Until when nothing is asked for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parked {
    pub(super) until: Timestamp,
    pub(super) reason: String,
}

/// Shared by all streams of a source, and by all sources with one origin and one credential.
#[derive(Debug)]
pub(super) struct Throttle {
    state: Mutex<State>,
    permits: Semaphore,
}

#[derive(Debug)]
struct State {
    /// How much time one request uses up.
    cost: Duration,
    /// How far ahead of the steady rate a burst may run.
    burst: Duration,
    /// When the requests so far are paid for, at the steady rate.
    paid_at: Option<Instant>,
    frozen_until: Option<Instant>,
    parked: Option<Parked>,
}

/// The time that one request uses up, and how far a burst may run.
fn pace_of(rate: Option<&RateConfig>) -> (Duration, Duration) {
    let (requests, per) = rate.map_or((DEFAULT_REQUESTS, Duration::from_secs(1)), |rate| {
        (rate.requests, rate.per.0)
    });
    let cost = per / requests.max(1);
    (cost, per.saturating_sub(cost))
}

impl Throttle {
    pub(super) fn new(rate: Option<&RateConfig>) -> Self {
        let (cost, burst) = pace_of(rate);
        let concurrent = rate
            .and_then(|rate| rate.concurrent)
            .unwrap_or(DEFAULT_CONCURRENT)
            .max(1);
        Self {
            state: Mutex::new(State {
                cost,
                burst,
                paid_at: None,
                frozen_until: None,
                parked: None,
            }),
            permits: Semaphore::new(concurrent as usize),
        }
    }

    /// Another source shares the budget: the slower of the two paces holds for both.
    pub(super) fn join(&self, rate: Option<&RateConfig>) {
        let (cost, burst) = pace_of(rate);
        let mut state = self.state();
        if cost > state.cost {
            state.cost = cost;
            state.burst = burst;
        }
    }

    /// Waits until one more request may be made; it is under way while the permit is held. An
    /// error where nothing may be asked for until a later day.
    pub(super) async fn admit(&self, clock: &Clock) -> Result<Option<SemaphorePermit<'_>>, Parked> {
        let permit = self.permits.acquire().await.ok();
        loop {
            if let Some(parked) = self.parked(clock.now()) {
                return Err(parked);
            }
            match self.take(Instant::now()) {
                Ok(()) => return Ok(permit),
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Whether nothing is asked for now.
    pub(super) fn parked(&self, now: Timestamp) -> Option<Parked> {
        let parked = self.state().parked.clone();
        parked.filter(|parked| parked.until > now)
    }

    /// Lets no request go before `until`.
    pub(super) fn freeze(&self, until: Instant) {
        let mut state = self.state();
        state.frozen_until = state.frozen_until.max(Some(until));
    }

    /// Asks for nothing until a later time.
    pub(super) fn park(&self, parked: Parked) {
        let mut state = self.state();
        if state
            .parked
            .as_ref()
            .is_none_or(|before| before.until < parked.until)
        {
            state.parked = Some(parked);
        }
    }

    /// Takes one request's budget, or says how long there is none.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state();
        if let Some(until) = state.frozen_until
            && until > now
        {
            return Err(until - now);
        }
        let paid_at = state.paid_at.map_or(now, |paid_at| paid_at.max(now));
        let too_far = (paid_at - now).saturating_sub(state.burst);
        if !too_far.is_zero() {
            return Err(too_far);
        }
        state.paid_at = Some(paid_at + state.cost);
        Ok(())
    }

    /// How far ahead of the steady rate the requests are.
    pub(super) fn debt(&self) -> Duration {
        let paid_at = self.state().paid_at;
        paid_at.map_or(Duration::ZERO, |paid_at| {
            paid_at.saturating_duration_since(Instant::now())
        })
    }

    /// What the next process has to know, by the clock on the wall.
    pub(super) fn kept(&self, now: Timestamp) -> KeptBudget {
        let state = self.state();
        let on_wall = |at: Instant| {
            let ahead = at.saturating_duration_since(Instant::now());
            let ahead = SignedDuration::try_from(ahead)
                .ok()
                .filter(|one| !one.is_zero())?;
            now.checked_add(ahead).ok()
        };
        let parked = state.parked.as_ref().filter(|parked| parked.until > now);
        KeptBudget {
            paid_at: state.paid_at.and_then(on_wall),
            not_before: match parked {
                Some(parked) => Some(parked.until),
                None => state.frozen_until.and_then(on_wall),
            },
            reason: parked.map(|parked| parked.reason.clone()),
        }
    }

    /// Takes over what the last process knew.
    pub(super) fn restore(&self, kept: KeptBudget, now: Timestamp) {
        let mut state = self.state();
        let in_here = |at: Timestamp| {
            let ahead = Duration::try_from(at.duration_since(now)).ok()?;
            Some(Instant::now() + ahead)
        };
        let paid_at = kept.paid_at.and_then(in_here);
        // A clock that was set back must not stop everything: more than a whole burst is no debt.
        let most = Instant::now() + state.burst + state.cost;
        state.paid_at = state.paid_at.max(paid_at.map(|paid_at| paid_at.min(most)));
        match (kept.not_before, kept.reason) {
            (Some(until), Some(reason)) if state.parked.is_none() => {
                state.parked = Some(Parked { until, reason });
            }
            (Some(until), None) => {
                state.frozen_until = state.frozen_until.max(in_here(until));
            }
            _ => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HumanDuration;

    fn rate(requests: u32) -> RateConfig {
        RateConfig {
            requests,
            per: HumanDuration(Duration::from_secs(1)),
            concurrent: None,
        }
    }

    #[test]
    fn a_burst_is_followed_by_the_steady_rate() {
        let throttle = Throttle::new(Some(&rate(4)));
        let start = Instant::now();
        for _ in 0..4 {
            assert_eq!(throttle.take(start), Ok(()));
        }
        assert_eq!(throttle.take(start), Err(Duration::from_millis(250)));
        assert_eq!(throttle.take(start + Duration::from_millis(250)), Ok(()));
        throttle.freeze(start + Duration::from_secs(9));
        let later = start + Duration::from_secs(5);
        assert_eq!(throttle.take(later), Err(Duration::from_secs(4)));
    }

    #[test]
    fn what_one_process_used_up_the_next_one_does_not_have() {
        let now: Timestamp = "2026-11-21T01:00:00Z".parse().unwrap();
        let hourly = RateConfig {
            requests: 4,
            per: HumanDuration::hours(1),
            concurrent: None,
        };
        let before = Throttle::new(Some(&hourly));
        for _ in 0..4 {
            assert_eq!(before.take(Instant::now()), Ok(()));
        }
        let after = Throttle::new(Some(&hourly));
        after.restore(before.kept(now), now);
        assert!(after.take(Instant::now()).is_err());
        before.park(Parked {
            until: now + SignedDuration::from_hours(2),
            reason: "the daily quota is used up".to_owned(),
        });
        let parked = Throttle::new(Some(&hourly));
        parked.restore(before.kept(now), now);
        assert!(parked.parked(now + SignedDuration::from_hours(1)).is_some());
        assert!(parked.parked(now + SignedDuration::from_hours(3)).is_none());
    }

    #[test]
    fn the_slower_of_two_paces_holds_for_both() {
        let throttle = Throttle::new(Some(&rate(4)));
        throttle.join(Some(&rate(1)));
        throttle.join(Some(&rate(100)));
        let start = Instant::now();
        assert_eq!(throttle.take(start), Ok(()));
        assert_eq!(throttle.take(start), Err(Duration::from_secs(1)));
    }
}
