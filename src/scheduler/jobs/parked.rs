//! Sources that their vendor lets wait: noted in the store, so that the daemon pulls them in time.

use jiff::{SignedDuration, Timestamp};

use super::sync_sources::SyncSummary;
use crate::env::Env;
use crate::fault::Failure;
use crate::sources::SourceError;
use crate::store::{ParkedSource, PullState};

/// A vendor that asks for a longer wait than this talks nonsense.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Notes whether the source waits for its vendor, so that the daemon pulls it again then.
pub(super) async fn note_parked(
    env: &Env,
    name: &str,
    summaries: &[SyncSummary],
) -> Result<(), Failure> {
    let waiting = summaries.iter().filter(|one| one.parked_until.is_some());
    if let Some(last) = waiting.max_by_key(|one| one.parked_until)
        && let Some(until) = last.parked_until
    {
        let parked = ParkedSource {
            source: name.to_owned(),
            until,
            reason: last.reason.clone().unwrap_or_default(),
            noted_at: env.clock.now(),
        };
        return env.store.park_source(&parked).await;
    }
    // A source that fails in another way may still have to wait.
    let answers = summaries
        .iter()
        .any(|one| one.state != PullState::Failed.name());
    let parked = env.store.parked_sources().await?;
    if answers && parked.iter().any(|parked| parked.source == name) {
        env.store.unpark_source(name).await?;
    }
    Ok(())
}

/// When a vendor that asked for nothing more may be asked again.
pub(super) fn parked_until(failure: &Failure, now: Timestamp) -> Option<Timestamp> {
    match failure.fault::<SourceError>()? {
        SourceError::Parked { until, .. } => Some(*until),
        SourceError::Throttled { seconds, .. } => {
            let wait = SignedDuration::from_secs(i64::try_from(*seconds).ok()?);
            now.checked_add(wait).ok().filter(|_| wait <= WAIT_MAX)
        }
        _ => None,
    }
}
