//! When: the planner, the leases, and the jobs in which the stages meet.
//!
//! The store is the truth. A heartbeat of one second only asks the [`Planner`] what is due; a fire
//! is claimed by `UNIQUE(job, fire_at)`, so whatever ticks twice, and however many daemons share
//! a store, it is run once. A run is believed to be alive as long as its lease; the lease of a
//! process that is gone runs out, the run is marked lost, and its fire is run once more.

mod cron;
mod daemon;
mod desk;
mod error;
mod flight;
mod heartbeat;
pub mod jobs;
mod lost;
mod observer;
mod plan;
mod planner;
mod resume;
mod runner;
mod signals;
mod supervise;
mod tempo;

pub use cron::Cron;
pub use daemon::{DaemonOptions, Leaving, Periodic, daemon, drive};
pub use error::SchedulerError;
pub use heartbeat::Heartbeat;
pub use observer::{EndedRun, Observer};
pub use plan::{Plan, next_fires, plans};
pub use planner::{DueFire, Planner, Tick};
pub use resume::{resume_job, resumed_source};
pub use runner::{JobEnd, JobRunner, RunTicket};
pub use signals::Signals;
pub use tempo::Tempo;
