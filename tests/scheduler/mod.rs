//! Stories of the planner, of the daemon and of operations.
#![cfg(test)]

mod cron_oracle;
mod daemon;
mod fake_store;
mod ops;
mod period_laws;
mod planner;
mod recorder;
mod resume;
mod signals;
mod units;
