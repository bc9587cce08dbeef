//! The rate budget of one source: how many requests in an interval, how many at once, and the
//! pause that a server asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::config::RateConfig;

/// A source without a budget in its connector or configuration gets this one.
const DEFAULT_REQUESTS: u32 = 10;
const DEFAULT_CONCURRENT: u32 = 4;

/// Shared by all streams of a source.
#[derive(Debug)]
pub(super) struct Throttle {
    /// How much time one request uses up.
    cost: Duration,
    /// How far ahead of the steady rate a burst may run.
    burst: Duration,
    state: Mutex<State>,
    permits: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    /// When the requests so far are paid for, at the steady rate.
    paid_at: Option<Instant>,
    frozen_until: Option<Instant>,
}

impl Throttle {
    pub(super) fn new(rate: Option<&RateConfig>) -> Self {
        let (requests, per) = rate.map_or((DEFAULT_REQUESTS, Duration::from_secs(1)), |rate| {
            (rate.requests, rate.per.0)
        });
        let cost = per / requests.max(1);
        let concurrent = rate
            .and_then(|rate| rate.concurrent)
            .unwrap_or(DEFAULT_CONCURRENT)
            .max(1);
        Self {
            cost,
            burst: per.saturating_sub(cost),
            state: Mutex::default(),
            permits: Semaphore::new(concurrent as usize),
        }
    }

    /// Waits until one more request may be made; it is under way while the permit is held.
    pub(super) async fn admit(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.permits.acquire().await.ok();
        while let Err(wait) = self.take(Instant::now()) {
            tokio::time::sleep(wait).await;
        }
        permit
    }

    /// Lets no request go before `until`.
    pub(super) fn freeze(&self, until: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.frozen_until = state.frozen_until.max(Some(until));
    }

    /// Takes one request's budget, or says how long there is none.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.frozen_until
            && until > now
        {
            return Err(until - now);
        }
        let paid_at = state.paid_at.map_or(now, |paid_at| paid_at.max(now));
        let too_far = (paid_at - now).saturating_sub(self.burst);
        if !too_far.is_zero() {
            return Err(too_far);
        }
        state.paid_at = Some(paid_at + self.cost);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HumanDuration;

    #[test]
    fn a_burst_is_followed_by_the_steady_rate() {
        let rate = RateConfig {
            requests: 4,
            per: HumanDuration(Duration::from_secs(1)),
            concurrent: None,
        };
        let throttle = Throttle::new(Some(&rate));
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
}
