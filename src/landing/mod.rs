//! 2 land: immutable Parquet files, and the list of those that count.
//!
//! A pull writes its rows under temporary names, syncs the files, renames them and syncs their
//! folders; only then does the store commit the list of files together with the cursor. A crash at
//! any point therefore loses nothing and leaves at most orphans. Readers are given the list, never a
//! folder, and check each file's length and digest before they read it.

mod absent;
mod adopt;
mod candidate;
mod compact;
mod conflict;
mod content;
mod durable;
mod error;
mod file;
mod key;
mod landed_batch;
mod landed_rows;
mod marker;
mod merges;
mod names;
mod newest;
mod opened;
mod orphans;
mod part;
mod parts;
mod pull;
mod quarantine;
mod raw_column;
mod retention;
mod rewrite;
mod root;
mod row_group;
mod row_set;
mod rows;
mod shelf;
mod snapshot;
mod tally;
mod verify;
mod versions;

pub use adopt::AdoptedFile;
pub use compact::CompactScope;
pub use error::LandingError;
pub use file::{LandedFile, LandedPull};
pub use key::KeyRing;
pub use landed_rows::LandedRows;
pub use pull::{PullContext, PullWriter};
pub use retention::{Horizon, LetGo};
pub use root::{Landing, RetentionPlan};
pub use row_set::RowSet;
pub use snapshot::Snapshot;
pub use verify::VerifyFault;
