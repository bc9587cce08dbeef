//! The `files` connector: the files that a glob names, in any mix of CSV, JSONL, Parquet, XLSX, the
//! bank statements of ISO 20022 (camt) and the remittance advice of X12 (820). Every pull reads
//! every matched file in full, so what is in none of them is gone.

mod bounded;
mod camt;
mod csv;
mod deliveries;
mod encoding;
mod glob;
mod header;
mod jsonl;
mod open;
mod parquet;
mod pull;
mod row;
mod rows;
mod some_rows;
mod source;
mod status;
mod x12;
mod xlsx;
mod xml;

pub(super) use row::Fault as RowsFault;
pub(super) use rows::{RowFormat, Rows};
pub(super) use source::open;
