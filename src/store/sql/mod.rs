//! The store's contract over SQL. The statements are shared by both databases, so there is one
//! body of code; what differs between them stands in `database`, `session` and `row`.

mod audit;
mod cases;
mod cash;
mod crosswalk;
mod database;
mod discrepancies;
mod events;
mod manifest;
mod outbox;
mod periods;
mod queries;
mod reconciliations;
mod record;
mod row;
mod runs;
mod scattered;
mod session;
mod snapshots;
mod store;
mod stored_side;
mod value;

pub(super) use database::Database;
pub(super) use store::SqlStore;
