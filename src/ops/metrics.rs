//! The figures of the process, in the OpenMetrics format. Labels are names from the configuration,
//! never names of customers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::probe::Counts;
use crate::store::RunState;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabel {
    job: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    job: String,
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: String,
}

/// A gauge that is not shown while it is not known: absent is not 0.
#[derive(Debug, Clone, Default)]
struct Known(Arc<Mutex<Option<i64>>>);

impl Known {
    fn set(&self, value: Option<i64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

impl EncodeMetric for Known {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let value = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        value.map_or(Ok(()), |value| encoder.encode_gauge(&value))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// All figures.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    run_durations: Family<JobLabel, Histogram>,
    last_successes: Family<JobLabel, Gauge>,
    runs: Family<RunLabels, Counter>,
    runs_under_way: Family<JobLabel, Gauge>,
    rows_landed: Family<SourceLabel, Counter>,
    open_discrepancies: Known,
    outbox_pending: Known,
    heartbeat: Known,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::default(),
            run_durations: Family::new_with_constructor(run_duration_buckets),
            last_successes: Family::default(),
            runs: Family::default(),
            runs_under_way: Family::default(),
            rows_landed: Family::default(),
            open_discrepancies: Known::default(),
            outbox_pending: Known::default(),
            heartbeat: Known::default(),
        };
        metrics.registered()
    }
}

/// From a second to four hours, the default time limit of a job.
fn run_duration_buckets() -> Histogram {
    Histogram::new([
        1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0,
    ])
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register_with_unit(
            "crossfoot_run_duration",
            "How long runs took, by job",
            Unit::Seconds,
            self.run_durations.clone(),
        );
        registry.register_with_unit(
            "crossfoot_last_success_timestamp",
            "When a job last ended with all well, in Unix time; alert on its age",
            Unit::Seconds,
            self.last_successes.clone(),
        );
        registry.register(
            "crossfoot_runs",
            "Runs that ended, by job and state, since this process began",
            self.runs.clone(),
        );
        registry.register(
            "crossfoot_runs_under_way",
            "Runs that this process is at, by job",
            self.runs_under_way.clone(),
        );
        registry.register(
            "crossfoot_rows_landed",
            "Rows that landed, by source, since this process began",
            self.rows_landed.clone(),
        );
        registry.register(
            "crossfoot_open_discrepancies",
            "Discrepancies that are not yet claimed fixed",
            self.open_discrepancies.clone(),
        );
        registry.register(
            "crossfoot_outbox_pending",
            "Mails that wait for delivery",
            self.outbox_pending.clone(),
        );
        registry.register_with_unit(
            "crossfoot_heartbeat_timestamp",
            "When the scheduler's heart last beat, in Unix time",
            Unit::Seconds,
            self.heartbeat.clone(),
        );
        self
    }

    /// A job's last success.
    pub fn succeeded(&self, job: &str, at: Timestamp) {
        self.last_successes
            .get_or_create_owned(&JobLabel { job: job.into() })
            .set(at.as_second());
    }

    /// A run began.
    pub fn run_began(&self, job: &str) {
        self.runs_under_way
            .get_or_create_owned(&JobLabel { job: job.into() })
            .inc();
    }

    /// A run ended.
    pub fn run_ended(&self, job: &str, state: RunState, at: Timestamp, elapsed: Duration) {
        let job_label = JobLabel { job: job.into() };
        self.runs_under_way.get_or_create_owned(&job_label).dec();
        self.run_durations
            .get_or_create_owned(&job_label)
            .observe(elapsed.as_secs_f64());
        let labels = RunLabels {
            job: job.into(),
            state: state.name().into(),
        };
        self.runs.get_or_create_owned(&labels).inc();
        if state == RunState::Done {
            self.succeeded(job, at);
        }
    }

    /// Rows of a source landed.
    pub fn rows_landed(&self, source: &str, count: u64) {
        let label = SourceLabel {
            source: source.into(),
        };
        self.rows_landed.get_or_create_owned(&label).inc_by(count);
    }

    /// The heart beat.
    pub fn beat(&self, at: Timestamp) {
        self.heartbeat.set(Some(at.as_second()));
    }

    /// What the store counts; `None` when it does not answer, and then nothing is shown.
    pub fn counted(&self, counts: Option<Counts>) {
        let shown = |count: u64| i64::try_from(count).ok();
        self.open_discrepancies
            .set(counts.and_then(|counts| shown(counts.open_discrepancies)));
        self.outbox_pending
            .set(counts.and_then(|counts| shown(counts.outbox_pending)));
    }

    /// All figures as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail; were a figure not to encode, the rest still counts.
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("a metric does not encode");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the names that dashboards rely on, with units and counter endings in place.
    /// Method: one of each event, then the text.
    #[test]
    fn names_are_as_documented() {
        let metrics = Metrics::default();
        let at: Timestamp = "2026-11-21T01:30:00Z".parse().unwrap();
        metrics.run_began("nightly");
        metrics.run_ended("nightly", RunState::Done, at, Duration::from_secs(90));
        metrics.rows_landed("crm", 41);
        metrics.beat(at);
        metrics.counted(Some(Counts {
            open_discrepancies: 7,
            outbox_pending: 2,
        }));
        let text = metrics.text();
        for line in [
            "crossfoot_run_duration_seconds_count{job=\"nightly\"} 1",
            "crossfoot_run_duration_seconds_bucket{le=\"300.0\",job=\"nightly\"} 1",
            "crossfoot_last_success_timestamp_seconds{job=\"nightly\"} 1795224600",
            "crossfoot_runs_total{job=\"nightly\",state=\"done\"} 1",
            "crossfoot_runs_under_way{job=\"nightly\"} 0",
            "crossfoot_rows_landed_total{source=\"crm\"} 41",
            "crossfoot_open_discrepancies 7",
            "crossfoot_outbox_pending 2",
            "crossfoot_heartbeat_timestamp_seconds 1795224600",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    /// Goal: what is not known is not shown as 0.
    /// Method: counts that were known once and then are not.
    #[test]
    fn unknown_is_absent() {
        let metrics = Metrics::default();
        assert!(!metrics.text().contains("\ncrossfoot_open_discrepancies "));
        metrics.counted(Some(Counts {
            open_discrepancies: 7,
            outbox_pending: 2,
        }));
        metrics.counted(None);
        assert!(!metrics.text().contains("\ncrossfoot_open_discrepancies "));
        assert!(!metrics.text().contains("\ncrossfoot_outbox_pending "));
    }
}
