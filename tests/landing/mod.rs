//! The landing on a real file system: what lands, what does not, and what is noticed.

mod absences;
mod crash;
mod dedupe;
mod durability;
mod integrity;
mod laws;
mod orphans;
mod quarantine;
mod sweeps;
mod world;
