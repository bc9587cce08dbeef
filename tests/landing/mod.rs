//! The landing on a real file system: what lands, what does not, and what is noticed.

mod absences;
mod compaction;
mod crash;
mod dedupe;
mod durability;
mod encryption;
mod integrity;
mod laws;
mod newest;
mod orphans;
mod quarantine;
mod sweeps;
mod world;
