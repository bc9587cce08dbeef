//! The canonical entities: what every source is turned into, and the Arrow schemas they land in.
//! Names are the contract with users: they are the header of a CSV file and the columns of the
//! landed Parquet.

mod batch;
mod entity;
mod limits;
mod parse;
mod record;
mod reject;

pub(crate) use batch::count;
pub use batch::{BatchBuilder, CanonicalBatch, read_records};
pub use entity::{COMMON_COLUMNS, Column, Entity, Kind, LANDING_COLUMNS};
pub use parse::{ParseError, parse_date, parse_decimal, parse_instant};
pub use record::{Record, Value};
pub use reject::Reject;
