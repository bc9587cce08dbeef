//! 2 land: immutable Parquet files, and the list of those that count.
//!
//! A pull writes its rows under temporary names, syncs the files, renames them and syncs their
//! folders; only then does the store commit the list of files together with the cursor. A crash at
//! any point therefore loses nothing and leaves at most orphans. Readers are given the list, never a
//! folder, and check each file's length and digest before they read it.

mod absent;
mod candidate;
mod conflict;
mod content;
mod durable;
mod error;
mod file;
mod landed_batch;
mod merges;
mod names;
mod orphans;
mod part;
mod parts;
mod pull;
mod quarantine;
mod raw_column;
mod root;
mod rows;
mod shelf;
mod snapshot;
mod tally;
mod verify;
mod versions;

pub use error::LandingError;
pub use file::{LandedFile, LandedPull};
pub use pull::{PullContext, PullWriter};
pub use root::Landing;
pub use snapshot::Snapshot;
pub use verify::VerifyFault;
