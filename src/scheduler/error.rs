//! What can go wrong with schedules and with the daemon itself.

use croner::errors::CronError;
use thiserror::Error;
use tokio_cron_scheduler::JobSchedulerError;

use crate::fault::{Exit, Fault, Retry};

/// The errors of the scheduler. The jobs have codes of their own.
#[derive(Debug, Error)]
pub enum SchedulerError {
    /// A cron text of the wrong length.
    #[error("the schedule of job `{job}` has {count} fields: `{text}`")]
    FieldCount {
        /// The job's name.
        job: String,
        /// How many fields there are.
        count: usize,
        /// The schedule as written.
        text: String,
    },
    /// A cron text that cannot be read.
    #[error("the schedule of job `{job}` is no cron pattern: `{text}`")]
    Pattern {
        /// The job's name.
        job: String,
        /// The schedule as written.
        text: String,
        /// What the parser says.
        #[source]
        source: CronError,
    },
    /// A cron text that no day fits, as the 30th of February.
    #[error("the schedule of job `{job}` names a time that never comes: `{text}`")]
    NeverFires {
        /// The job's name.
        job: String,
        /// The schedule as written.
        text: String,
    },
    /// The heartbeat could not be set up.
    #[error("the scheduler's heartbeat does not start")]
    Heartbeat {
        /// What the scheduler says.
        #[source]
        source: JobSchedulerError,
    },
    /// The process may not listen for signals.
    #[error("cannot listen for SIGTERM and SIGINT")]
    Signals {
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl Fault for SchedulerError {
    fn code(&self) -> &'static str {
        match self {
            Self::FieldCount { .. } => "XF-J001",
            Self::Pattern { .. } => "XF-J002",
            Self::NeverFires { .. } => "XF-J003",
            Self::Heartbeat { .. } => "XF-J004",
            Self::Signals { .. } => "XF-J005",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::FieldCount { .. } | Self::Pattern { .. } => {
                "write minute, hour, day of month, month and day of week, as in `30 1 * * *`; \
                 a sixth field in front is the second"
                    .into()
            }
            Self::NeverFires { .. } => "name a day that exists in one of the months".into(),
            Self::Heartbeat { .. } | Self::Signals { .. } => {
                "start crossfoot again; if it stays so, look at the limits of the process".into()
            }
        })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::FieldCount { .. } | Self::Pattern { .. } | Self::NeverFires { .. } => Exit::Usage,
            Self::Heartbeat { .. } | Self::Signals { .. } => Exit::Failed,
        }
    }
}
