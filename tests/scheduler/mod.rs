//! Stories of the planner, of the daemon and of operations.

mod cron_oracle;
mod daemon;
mod fake_store;
mod ops;
mod planner;
mod recorder;
mod units;
