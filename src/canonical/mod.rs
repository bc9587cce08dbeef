//! The canonical entities: what every source is turned into, and the Arrow schemas they land in.
//! Names are the contract with users: they are the header of a CSV file and the columns of the
//! landed Parquet.

mod batch;
mod cell;
mod digest;
mod entity;
mod limits;
mod mark;
mod parse;
mod record;
mod reject;
mod rows;
mod sums;

pub use batch::{BatchBuilder, CanonicalBatch, read_records};
pub use cell::Cell;
pub(crate) use digest::{Absorbed, Digest};
pub use entity::{COMMON_COLUMNS, Column, DIGEST_COLUMN, Entity, Kind, LANDING_COLUMNS};
pub(crate) use limits::misfit_of;
pub(crate) use mark::{Mark, mark_of};
pub(crate) use parse::exact;
pub use parse::{ParseError, parse_date, parse_decimal, parse_instant};
pub use record::{Record, Value};
pub use reject::Reject;
pub(crate) use rows::{Dated, RowMarks, Rows};
