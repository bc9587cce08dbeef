//! One run from its begin to its end in the store: lease, time limit, panic, stop.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::desk::Desk;
use super::flight::Flight;
use super::observer::EndedRun;
use super::planner::DueFire;
use super::runner::JobEnd;
use crate::config::HumanDuration;
use crate::store::RunState;

/// How often the end of a run is written until the store takes it. When it does not, the lease runs
/// out and the run counts as lost.
const FINISH_TRIES: u32 = 6;

/// What is kept of a panic's text.
const PANIC_CHARACTERS_MAX: usize = 300;

/// How the watch over a run ended.
enum Watched {
    /// The run ended; whether its time was up before.
    Ended(Result<JobEnd, JoinError>, TimeUp),
    /// Asked to stop, it did not within the grace.
    Stuck,
}

/// Whether the time of a run is up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TimeUp {
    No,
    Yes,
}

/// Runs a claimed fire and records how it ended. Ends when the run itself has ended.
pub(super) async fn supervise(desk: Arc<Desk>, due: DueFire) {
    let run_id = due.ticket.run_id.clone();
    let job = due.ticket.job.clone();
    let cancel = desk.stop.child_token();
    desk.flights.begin(
        &run_id,
        Flight {
            job: job.clone(),
            lease_until: due.lease_until,
            cancel: cancel.clone(),
        },
    );
    desk.observer.run_began(&due.ticket);
    let began = Instant::now();
    let mut work = {
        let (desk, ticket, cancel) = (Arc::clone(&desk), due.ticket.clone(), cancel.clone());
        let span = tracing::info_span!("run", run.id = %run_id, job.name = %job);
        tokio::spawn(
            async move { desk.runner.run(&ticket.job, &ticket, cancel).await }.instrument(span),
        )
    };
    tracing::info!(run.id = %run_id, job.name = %job, "job `{job}` begins");
    let watched = watch(&desk, &run_id, &mut work, due.timeout, &cancel).await;
    let stuck = matches!(watched, Watched::Stuck);
    let end = verdict(watched, due.timeout, &desk);
    finish(&desk, &run_id, &job, &end).await;
    let ended = EndedRun {
        run_id: run_id.clone(),
        job,
        state: end.state,
        at: desk.clock.now(),
        elapsed: began.elapsed(),
    };
    desk.observer.run_ended(&ended).await;
    if stuck {
        // It may be in the middle of a write: it is left to end by itself, and until then the
        // job is not begun again by this process.
        let _ = work.await;
    }
    desk.flights.end(&run_id);
}

/// Waits for the run's end, keeps its lease, and asks it to stop when its time is up.
async fn watch(
    desk: &Desk,
    run_id: &str,
    work: &mut JoinHandle<JobEnd>,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Watched {
    let every = desk.tempo.renew_every;
    let mut renewals = interval_at(Instant::now() + every, every);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let time_limit = sleep(timeout);
    tokio::pin!(time_limit);
    let mut time_up = TimeUp::No;
    loop {
        tokio::select! {
            biased;
            joined = &mut *work => return Watched::Ended(joined, time_up),
            () = &mut time_limit => {
                if time_up == TimeUp::Yes {
                    return Watched::Stuck;
                }
                time_up = TimeUp::Yes;
                cancel.cancel();
                time_limit.as_mut().reset(Instant::now() + desk.tempo.stop_grace);
            }
            _ = renewals.tick() => desk.renew(run_id).await,
        }
    }
}

/// What is recorded of an end. A run that the daemon's own end interrupted is lost rather than
/// failed, so that the next start runs its fire once more.
fn verdict(watched: Watched, timeout: Duration, desk: &Desk) -> JobEnd {
    let ended = |state, summary, error: String| JobEnd {
        state,
        summary,
        error: Some(error),
    };
    let limit = HumanDuration(timeout);
    match watched {
        Watched::Stuck => ended(
            RunState::Failed,
            None,
            format!(
                "its time was up after {limit}, and it did not stop within {}",
                HumanDuration(desk.tempo.stop_grace)
            ),
        ),
        Watched::Ended(Err(panic), _) => ended(
            RunState::Failed,
            None,
            format!("it panicked: {}", panic_text(panic)),
        ),
        Watched::Ended(Ok(end), _) if end.state == RunState::Done => end,
        Watched::Ended(Ok(end), TimeUp::Yes) => {
            let cause = end
                .error
                .map(|error| format!(": {error}"))
                .unwrap_or_default();
            ended(
                RunState::Failed,
                end.summary,
                format!("its time was up after {limit}{cause}"),
            )
        }
        Watched::Ended(Ok(end), TimeUp::No) if desk.stop.is_cancelled() => {
            let cause = end
                .error
                .map(|error| format!(": {error}"))
                .unwrap_or_default();
            ended(
                RunState::Lost,
                end.summary,
                format!("the daemon was stopped, the next start runs it once more{cause}"),
            )
        }
        Watched::Ended(Ok(end), TimeUp::No) => end,
    }
}

/// A panic's own words, on one line.
fn panic_text(error: JoinError) -> String {
    let payload: Box<dyn Any + Send> = match error.try_into_panic() {
        Ok(payload) => payload,
        Err(error) => return error.to_string(),
    };
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".into());
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(PANIC_CHARACTERS_MAX)
        .collect()
}

async fn finish(desk: &Desk, run_id: &str, job: &str, end: &JobEnd) {
    match (&end.error, end.state) {
        (Some(error), state) => tracing::warn!(
            run.id = %run_id, job.name = %job, run.state = state.name(),
            "job `{job}` ended as {}: {error}", state.name()
        ),
        (None, state) => tracing::info!(
            run.id = %run_id, job.name = %job, run.state = state.name(),
            "job `{job}` ended as {}", state.name()
        ),
    }
    let mut wait = desk.tempo.finish_wait;
    for _ in 0..FINISH_TRIES {
        let (summary, error) = (end.summary.as_deref(), end.error.as_deref());
        let written = desk
            .store
            .finish_run(run_id, end.state, desk.clock.now(), summary, error)
            .await;
        match written {
            Ok(()) => return,
            Err(failure) => {
                tracing::warn!(run.id = %run_id, "the end of run {run_id} is not written: {failure}");
            }
        }
        sleep(wait).await;
        wait = wait.saturating_mul(2);
    }
    tracing::error!(run.id = %run_id, "the end of run {run_id} is given up: it will count as lost");
}
