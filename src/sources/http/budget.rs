//! Budgets that outlive a source: shared by all sources of the process that speak to one origin
//! with one credential, and kept for the process after this one.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OnceCell, SemaphorePermit};
use tokio::time::Instant;

use super::origin::Origin;
use super::throttle::{Parked, Throttle};
use crate::clock::Clock;
use crate::config::RateConfig;
use crate::fault::Failure;
use crate::secret::Secret;
use crate::sources::registry::BudgetKeeper;

/// Never changes: with another text, no budget kept before would be found.
const CONTEXT: &str = "crossfoot 2026-11 rate budget of a credential";
/// So many bytes of the digest tell budgets apart, and too few to confirm a guessed secret by.
const KEY_BYTES: usize = 6;
/// A smaller debt, or one noted less long ago, is not worth a write.
const NOTED_EVERY: Duration = Duration::from_secs(5);

/// The budgets in use. A vendor counts by credential, so two sources that share one must share the
/// budget, and nothing but the process itself knows both.
static SHARED: LazyLock<Mutex<HashMap<String, Weak<Budget>>>> = LazyLock::new(Mutex::default);

/// The budget of one credential at one origin.
pub(super) struct Budget {
    key: String,
    throttle: Throttle,
    keeper: Arc<dyn BudgetKeeper>,
    restored: OnceCell<()>,
    noted_at: Mutex<Option<Instant>>,
}

impl fmt::Debug for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Budget").finish_non_exhaustive()
    }
}

impl Budget {
    /// The budget of these secrets at this origin, which others may have already.
    pub(super) fn shared(
        origin: &Origin,
        secrets: &[Secret],
        rate: Option<&RateConfig>,
        keeper: Arc<dyn BudgetKeeper>,
    ) -> Arc<Self> {
        let key = key_of(origin, secrets);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|_, budget| budget.strong_count() > 0);
        if let Some(budget) = shared.get(&key).and_then(Weak::upgrade) {
            budget.throttle.join(rate);
            return budget;
        }
        let budget = Arc::new(Self {
            key: key.clone(),
            throttle: Throttle::new(rate),
            keeper,
            restored: OnceCell::new(),
            noted_at: Mutex::default(),
        });
        shared.insert(key, Arc::downgrade(&budget));
        budget
    }

    /// Takes over what was kept, once.
    pub(super) async fn restore(&self, clock: &Clock) -> Result<(), Failure> {
        let restoring = || async {
            if let Some(kept) = self.keeper.load(&self.key).await? {
                self.throttle.restore(kept, clock.now());
            }
            Ok::<(), Failure>(())
        };
        self.restored.get_or_try_init(restoring).await.copied()
    }

    /// Waits until one more request may be made.
    pub(super) async fn admit(&self, clock: &Clock) -> Result<Option<SemaphorePermit<'_>>, Parked> {
        let permit = self.throttle.admit(clock).await?;
        // A clock that stands makes no debt smaller, so there none is kept.
        if !clock.is_set() && self.is_worth_noting() {
            self.keep(clock).await;
        }
        Ok(permit)
    }

    fn is_worth_noting(&self) -> bool {
        if self.throttle.debt() < NOTED_EVERY {
            return false;
        }
        let mut noted_at = self.noted_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = noted_at.is_none_or(|at| at.elapsed() >= NOTED_EVERY);
        if is_due {
            *noted_at = Some(Instant::now());
        }
        is_due
    }

    /// Lets no request go for a while.
    pub(super) async fn freeze(&self, wait: Duration, clock: &Clock) {
        self.throttle.freeze(Instant::now() + wait);
        if !clock.is_set() && wait >= Duration::from_secs(1) {
            self.keep(clock).await;
        }
    }

    /// Asks for nothing for a long while, also in the next process. Gives the end of it.
    pub(super) async fn park(&self, wait: Duration, reason: String, clock: &Clock) -> Timestamp {
        let now = clock.now();
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        self.throttle.park(Parked { until, reason });
        self.keep(clock).await;
        until
    }

    async fn keep(&self, clock: &Clock) {
        let kept = self.throttle.kept(clock.now());
        if let Err(failure) = self.keeper.save(&self.key, &kept).await {
            // This process still knows it; the next one may ask once more than it should.
            tracing::warn!("the rate budget of a source could not be kept: {failure}");
        }
    }
}

fn key_of(origin: &Origin, secrets: &[Secret]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(origin.text().as_bytes());
    for secret in secrets {
        hasher.update(&[0]);
        hasher.update(secret.expose().as_bytes());
    }
    let digest = hasher.finalize();
    let start = digest.as_bytes().iter().take(KEY_BYTES);
    start.fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
