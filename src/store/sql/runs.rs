//! Runs, leases and schedules.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::queries::{
    PARKED_DELETE, PARKED_LIST, PARKED_SAVE, RUN_BEGIN, RUN_FINISH, RUN_LIST, RUN_REAP, RUN_RENEW,
    SCHEDULE_DELETE, SCHEDULE_LIST, SCHEDULE_SAVE,
};
use super::row::Row;
use super::store::SqlStore;
use crate::fault::Failure;
use crate::store::error::StoreError;
use crate::store::{NewRun, ParkedSource, Run, RunState, RunStore, Schedule};

fn run_of(row: &Row) -> Result<Run, StoreError> {
    Ok(Run {
        run_id: row.text("run_id")?,
        job: row.text("job")?,
        fire_at: row.instant_option("fire_at")?,
        started_at: row.instant("started_at")?,
        finished_at: row.instant_option("finished_at")?,
        state: row.named("state", RunState::from_name)?,
        owner: row.text("owner")?,
        lease_until: row.instant("lease_until")?,
        summary: row.text_option("summary")?,
        error: row.text_option("error")?,
    })
}

#[async_trait]
impl RunStore for SqlStore {
    async fn begin_run(&self, run: &NewRun) -> Result<bool, Failure> {
        let values = vec![
            (&run.run_id).into(),
            (&run.job).into(),
            run.fire_at.into(),
            run.started_at.into(),
            RunState::Running.name().into(),
            (&run.owner).into(),
            run.lease_until.into(),
        ];
        Ok(self.write_one(RUN_BEGIN, values).await? == 1)
    }

    async fn renew_lease(&self, run_id: &str, until: Timestamp) -> Result<bool, Failure> {
        let values = vec![run_id.into(), until.into()];
        Ok(self.write_one(RUN_RENEW, values).await? == 1)
    }

    async fn finish_run(
        &self,
        run_id: &str,
        state: RunState,
        at: Timestamp,
        summary: Option<&str>,
        error: Option<&str>,
    ) -> Result<(), Failure> {
        let values = vec![
            run_id.into(),
            state.name().into(),
            at.into(),
            summary.into(),
            error.into(),
        ];
        self.write_one(RUN_FINISH, values).await?;
        Ok(())
    }

    async fn reap_runs(&self, now: Timestamp) -> Result<Vec<Run>, Failure> {
        let rows = self
            .write(move |session| Box::pin(session.rows(RUN_REAP, vec![now.into()])))
            .await?;
        let mut lost = rows.iter().map(run_of).collect::<Result<Vec<_>, _>>()?;
        lost.sort_by(|one, other| {
            (one.started_at, &one.run_id).cmp(&(other.started_at, &other.run_id))
        });
        Ok(lost)
    }

    async fn runs(&self, job: Option<&str>, limit: u32) -> Result<Vec<Run>, Failure> {
        let rows = self.rows(RUN_LIST, vec![job.into(), limit.into()]).await?;
        Ok(rows.iter().map(run_of).collect::<Result<_, _>>()?)
    }

    async fn schedules(&self) -> Result<Vec<Schedule>, Failure> {
        let rows = self.rows(SCHEDULE_LIST, Vec::new()).await?;
        Ok(rows.iter().map(schedule_of).collect::<Result<_, _>>()?)
    }

    async fn save_schedule(&self, schedule: &Schedule) -> Result<(), Failure> {
        let values = vec![
            (&schedule.job).into(),
            (&schedule.cron).into(),
            (&schedule.timezone).into(),
            schedule.next_fire_at.into(),
            schedule.last_fire_at.into(),
        ];
        self.write_one(SCHEDULE_SAVE, values).await?;
        Ok(())
    }

    async fn keep_schedules(&self, jobs: &[String]) -> Result<(), Failure> {
        let kept: BTreeSet<String> = jobs.iter().cloned().collect();
        self.write(move |session| {
            Box::pin(async move {
                for row in session.rows(SCHEDULE_LIST, Vec::new()).await? {
                    let job = row.text("job")?;
                    if !kept.contains(&job) {
                        session
                            .execute(SCHEDULE_DELETE, vec![(&job).into()])
                            .await?;
                    }
                }
                Ok(())
            })
        })
        .await?;
        Ok(())
    }

    async fn parked_sources(&self) -> Result<Vec<ParkedSource>, Failure> {
        let rows = self.rows(PARKED_LIST, Vec::new()).await?;
        let parked = rows.iter().map(|row| {
            Ok(ParkedSource {
                source: row.text("source")?,
                until: row.instant("until")?,
                reason: row.text("reason")?,
                noted_at: row.instant("noted_at")?,
            })
        });
        Ok(parked.collect::<Result<_, StoreError>>()?)
    }

    async fn park_source(&self, parked: &ParkedSource) -> Result<(), Failure> {
        let values = vec![
            (&parked.source).into(),
            parked.until.into(),
            (&parked.reason).into(),
            parked.noted_at.into(),
        ];
        self.write_one(PARKED_SAVE, values).await?;
        Ok(())
    }

    async fn unpark_source(&self, source: &str) -> Result<(), Failure> {
        self.write_one(PARKED_DELETE, vec![source.into()]).await?;
        Ok(())
    }
}

fn schedule_of(row: &Row) -> Result<Schedule, StoreError> {
    Ok(Schedule {
        job: row.text("job")?,
        cron: row.text("cron")?,
        timezone: row.text("timezone")?,
        next_fire_at: row.instant_option("next_fire_at")?,
        last_fire_at: row.instant_option("last_fire_at")?,
    })
}
