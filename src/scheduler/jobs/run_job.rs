//! A run from its beginning to its end, and a configured job as the steps that it is made of.

use std::future::Future;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::compute_kpi::keep_kpis;
use super::deliver_mails::{DeliverySummary, deliver_mails};
use super::evaluate_collections::{CollectionsSummary, evaluate_collections};
use super::owner::is_gone;
use super::period_book::PeriodBook;
use super::reconcile_periods::{PeriodSummary, open_periods, reconcile_periods};
use super::send_reports::{ReportSummary, send_report};
use super::sync_sources::{SyncSummary, sync_sources};
use super::tend_landing::{TendSummary, tend_landing};
use crate::config::{JobConfig, ReconcileScope, ReportPeriod, SyncScope, nearest_name};
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::period::Period;
use crate::reconcile::PeriodState;
use crate::store::{NewRun, RunState};

/// How long a run is believed to be alive without a sign of life.
const LEASE: SignedDuration = SignedDuration::from_mins(1);
/// How often it gives one.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// How many runs are searched for one whose process is gone.
const RUNS_SEARCHED_MAX: u32 = 20;

/// What a job did, step by step.
#[derive(Debug, Clone, Default, Serialize)]
pub struct JobSummary {
    /// The pulls.
    pub sync: Vec<SyncSummary>,
    /// The periods that were compared.
    pub reconcile: Vec<PeriodSummary>,
    /// The cases that were evaluated.
    pub collections: Option<CollectionsSummary>,
    /// The reports that were made.
    pub reports: Vec<ReportSummary>,
    /// The mails that left.
    pub mails: Option<DeliverySummary>,
    /// What was done to keep the landing in order.
    pub landing: Option<TendSummary>,
}

impl JobSummary {
    /// Whether some source was failed, partial or stale.
    pub fn is_incomplete(&self) -> bool {
        self.sync.iter().any(|pull| pull.state != "ok")
            || self.reconcile.iter().any(PeriodSummary::is_incomplete)
            || self.reports.iter().any(|report| report.incomplete)
            || self
                .collections
                .as_ref()
                .is_some_and(|summary| summary.hold_reason.is_some())
    }

    /// The first thing that was given up, if any.
    pub fn given_up(&self) -> Option<String> {
        let mails = self.mails.as_ref().filter(|mails| mails.failed > 0)?;
        Some(format!("{} mails were refused for good", mails.failed))
    }
}

/// Why a job or a run did not begin, or not end well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// No such job.
    #[error("there is no job `{name}`")]
    NoJob {
        /// What was asked for.
        name: String,
        /// The nearest one that is there.
        near: Option<String>,
    },
    /// The same work is under way.
    #[error("a run of `{0}` is under way")]
    UnderWay(String),
    /// It was asked to stop.
    #[error("asked to stop in or before the step `{0}`")]
    Stopped(&'static str),
}

impl Fault for JobError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoJob { .. } => "XF-J103",
            Self::UnderWay(_) => "XF-J104",
            Self::Stopped(_) => "XF-J105",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::NoJob { .. } => Retry::Never,
            Self::UnderWay(_) | Self::Stopped(_) => Retry::NextRun,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoJob {
                near: Some(near), ..
            } => Some(format!("did you mean `{near}`?")),
            Self::NoJob { .. } => Some("`crossfoot schedule` lists the jobs".into()),
            Self::UnderWay(_) => Some("wait for it; `crossfoot status` shows it".into()),
            Self::Stopped(_) => Some("what was committed counts; run it again".into()),
        }
    }

    fn effect(&self) -> Option<String> {
        match self {
            Self::Stopped(_) => {
                Some("the steps before it are complete, nothing is half done".into())
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoJob { .. } => Exit::Usage,
            Self::UnderWay(_) | Self::Stopped(_) => Exit::Failed,
        }
    }
}

/// Records a run around a piece of work, so that `status` and the audit know of it: `label` names
/// it, and its answer says whether it was incomplete and what its summary is.
pub async fn with_run<T, W, F>(
    env: &Env,
    label: &str,
    fire_at: Option<Timestamp>,
    work: W,
) -> Result<T, Failure>
where
    T: Serialize,
    W: FnOnce(String) -> F,
    F: Future<Output = Result<(T, RunState), Failure>>,
{
    let run_id = env.new_id();
    let started_at = env.clock.now();
    env.store.reap_runs(started_at).await?;
    end_orphaned_runs(env, label).await?;
    let run = NewRun {
        run_id: run_id.clone(),
        job: label.to_owned(),
        fire_at,
        started_at,
        owner: env.owner.clone(),
        lease_until: started_at + LEASE,
    };
    if !env.store.begin_run(&run).await? {
        return Err(JobError::UnderWay(label.to_owned()).into());
    }
    let alive = tokio::spawn(stay_alive(env.clone(), run_id.clone()));
    let worked = work(run_id.clone()).await;
    alive.abort();
    match worked {
        Ok((answer, state)) => {
            let summary = serde_json::to_string(&answer).ok();
            let at = env.clock.now();
            env.store
                .finish_run(&run_id, state, at, summary.as_deref(), None)
                .await?;
            Ok(answer)
        }
        Err(failure) => {
            let (at, line) = (env.clock.now(), failure.line());
            let ended = env
                .store
                .finish_run(&run_id, RunState::Failed, at, None, Some(&line));
            if let Err(unrecorded) = ended.await {
                tracing::error!(
                    run.id = run_id,
                    "the end of the run was not recorded: {unrecorded}"
                );
            }
            Err(failure)
        }
    }
}

/// Marks runs of a work as lost whose process was killed on this host, without waiting for their
/// lease: what they committed counts, and nothing else was done.
async fn end_orphaned_runs(env: &Env, label: &str) -> Result<(), Failure> {
    for run in env.store.runs(Some(label), RUNS_SEARCHED_MAX).await? {
        if run.state == RunState::Running && is_gone(&run.owner) {
            let at = env.clock.now();
            let reason = Some("the process that worked on it is gone");
            env.store
                .finish_run(&run.run_id, RunState::Lost, at, None, reason)
                .await?;
        }
    }
    Ok(())
}

/// Renews the lease of a run until it is told to stop.
async fn stay_alive(env: Env, run_id: String) {
    loop {
        tokio::time::sleep(SIGN_OF_LIFE).await;
        let until = env.clock.now() + LEASE;
        if let Err(failure) = env.store.renew_lease(&run_id, until).await {
            tracing::warn!(run.id = run_id, "the lease was not renewed: {failure}");
        }
    }
}

/// Runs the steps of a configured job within a run that has begun. Between two steps it stops when
/// it is asked to; what was committed before then is complete.
///
/// Pulls and comparisons are broken off where they stand: whatever they write is one transaction of
/// its own, so nothing is half done. Mails under way are not, since the server may have them.
pub async fn run_job(
    env: &Env,
    name: &str,
    run_id: &str,
    cancel: &CancellationToken,
) -> Result<JobSummary, Failure> {
    let Some(job) = env.config.job.get(name) else {
        let near = nearest_name(name, env.config.job.keys().map(String::as_str));
        return Err(JobError::NoJob {
            name: name.to_owned(),
            near,
        }
        .into());
    };
    let go_on = |step: &'static str| {
        if cancel.is_cancelled() {
            Err(JobError::Stopped(step))
        } else {
            Ok(())
        }
    };
    let mut summary = JobSummary::default();
    if let Some(scope) = &job.sync {
        go_on("sync")?;
        let names = match scope {
            SyncScope::All(_) => Vec::new(),
            SyncScope::Named(names) => names.clone(),
        };
        let pulling = sync_sources(env, run_id, &names, None, false);
        summary.sync = unless_stopped(cancel, "sync", pulling).await?;
    }
    if let Some(scope) = job.reconcile {
        go_on("reconcile")?;
        let periods = periods_of(env, scope).await?;
        let comparing = reconcile_periods(env, run_id, &periods, None);
        summary.reconcile = unless_stopped(cancel, "reconcile", comparing).await?;
    }
    if let Some(scope) = job.reconcile {
        go_on("figures")?;
        keep_kpis(env, run_id, &periods_of(env, scope).await?).await?;
    }
    if job.collections {
        go_on("collections")?;
        summary.collections = Some(evaluate_collections(env, run_id).await?);
    }
    if !job.reports.is_empty() {
        go_on("reports")?;
        let period = report_period(env, job);
        for report in &job.reports {
            summary
                .reports
                .push(send_report(env, run_id, report, period.into()).await?);
        }
        go_on("mail")?;
        summary.mails = Some(deliver_mails(env).await?);
    }
    if job.sync.is_some() {
        go_on("landing")?;
        summary.landing = Some(unless_stopped(cancel, "landing", tend_landing(env)).await?);
    }
    Ok(summary)
}

/// Does a step, or gives it up when the run is asked to stop.
pub(super) async fn unless_stopped<T>(
    cancel: &CancellationToken,
    step: &'static str,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        () = cancel.cancelled() => Err(JobError::Stopped(step).into()),
    }
}

async fn periods_of(env: &Env, scope: ReconcileScope) -> Result<Vec<Period>, Failure> {
    let current = Period::at(env.clock.now(), &env.config.zone(None));
    let named = match scope {
        ReconcileScope::OpenPeriods => return open_periods(env).await,
        ReconcileScope::CurrentPeriod => current,
        ReconcileScope::PreviousPeriod => current.previous(),
    };
    let book = PeriodBook::read(env, env.clock.now()).await?;
    let is_locked = book.state(named) == PeriodState::Locked;
    Ok(if is_locked { Vec::new() } else { vec![named] })
}

fn report_period(env: &Env, job: &JobConfig) -> Period {
    let zone = job
        .timezone
        .as_ref()
        .map_or_else(|| env.config.zone(None), |zone| zone.0.clone());
    let current = Period::at(env.clock.now(), &zone);
    match job.period {
        ReportPeriod::CurrentMonth => current,
        ReportPeriod::PreviousMonth => current.previous(),
    }
}
