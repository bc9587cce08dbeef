//! The second's beat that asks the planner what is due. It holds no truth: a beat more, a beat
//! less or none for a while changes nothing but the moment.

use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler};

use super::error::SchedulerError;

/// How long a heart may be silent before it is started anew. Its scheduler sleeps towards an
/// instant of the wall clock, and so falls silent when the clock is set back.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// What came of waiting for a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulse {
    /// A beat.
    Beat,
    /// Nothing for too long.
    Silence,
}

/// A source of beats.
pub struct Heartbeat {
    beats: mpsc::Receiver<()>,
    scheduler: Option<JobScheduler>,
}

impl Heartbeat {
    /// Beats once a second.
    pub async fn every_second() -> Result<Self, SchedulerError> {
        let (sender, beats) = mpsc::channel(1);
        let failed = |source| SchedulerError::Heartbeat { source };
        let scheduler = JobScheduler::new().await.map_err(failed)?;
        let beat = Job::new("* * * * * *", move |_, _| {
            // A full channel means that the last beat still waits: one is enough.
            let _ = sender.try_send(());
        })
        .map_err(failed)?;
        scheduler.add(beat).await.map_err(failed)?;
        scheduler.start().await.map_err(failed)?;
        Ok(Self {
            beats,
            scheduler: Some(scheduler),
        })
    }

    /// Beats when the caller says so.
    pub const fn driven(beats: mpsc::Receiver<()>) -> Self {
        Self {
            beats,
            scheduler: None,
        }
    }

    /// Waits for the next beat. Loses none when it is dropped before.
    pub(super) async fn next(&mut self) -> Pulse {
        if self.scheduler.is_none() {
            return match self.beats.recv().await {
                Some(()) => Pulse::Beat,
                None => pending().await,
            };
        }
        match tokio::time::timeout(SILENCE_MAX, self.beats.recv()).await {
            Ok(Some(())) => Pulse::Beat,
            Ok(None) | Err(_) => Pulse::Silence,
        }
    }

    /// Stops for good.
    pub(super) async fn stop(&mut self) {
        if let Some(mut scheduler) = self.scheduler.take()
            && let Err(error) = scheduler.shutdown().await
        {
            tracing::debug!(%error, "the heartbeat did not stop: {error}");
        }
        self.beats.close();
    }

    /// Starts anew after a silence.
    pub(super) async fn restart(&mut self) -> Result<(), SchedulerError> {
        self.stop().await;
        *self = Self::every_second().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the heart beats by itself, and again after it was started anew.
    /// Method: wait for a beat of the real scheduler, twice (a second each, by the machine's clock).
    #[tokio::test]
    async fn the_heart_beats_and_starts_anew() {
        let mut heartbeat = Heartbeat::every_second().await.unwrap();
        assert_eq!(heartbeat.next().await, Pulse::Beat);
        heartbeat.restart().await.unwrap();
        assert_eq!(heartbeat.next().await, Pulse::Beat);
        heartbeat.stop().await;
    }
}
