//! What the planner knows of a job.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cron::Cron;
use crate::config::{CatchUp, JobConfig};
use crate::fault::Failure;

/// A job's schedule, read and checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The job's name.
    pub job: String,
    /// When it fires.
    pub cron: Cron,
    /// What is done about missed fires.
    pub catch_up: CatchUp,
    /// How long a run may take.
    pub timeout: Duration,
}

impl Plan {
    /// Reads the schedule of `job`, in its own zone or else in `default_zone`.
    pub fn read(job: &str, config: &JobConfig, default_zone: &TimeZone) -> Result<Self, Failure> {
        let zone = config
            .timezone
            .as_ref()
            .map_or(default_zone, |zone| &zone.0);
        Ok(Self {
            job: job.into(),
            cron: Cron::parse(job, &config.schedule, zone)?,
            catch_up: config.catch_up,
            timeout: config.timeout.0,
        })
    }
}

/// The plans of all jobs, by name; the first wrong schedule is the error.
pub fn plans(
    jobs: &BTreeMap<String, JobConfig>,
    default_zone: &TimeZone,
) -> Result<Vec<Plan>, Failure> {
    jobs.iter()
        .map(|(job, config)| Plan::read(job, config, default_zone))
        .collect()
}

/// The next `count` fires of a job, strictly after `now`; fewer when there are no more.
pub fn next_fires(
    job: &str,
    config: &JobConfig,
    default_zone: &TimeZone,
    now: Timestamp,
    count: usize,
) -> Result<Vec<Timestamp>, Failure> {
    let cron = Plan::read(job, config, default_zone)?.cron;
    let mut fires = Vec::with_capacity(count);
    let mut last = now;
    while fires.len() < count
        && let Some(fire) = cron.next_after(last)
    {
        fires.push(fire);
        last = fire;
    }
    Ok(fires)
}
