//! Bank statements of ISO 20022: the report of the day (camt.052), the statement (camt.053) and the
//! notification (camt.054), in all versions, since only the namespace and a few wrappers differ.
//!
//! An entry that gives money is a payment; one that takes such a payment back is a payment with a
//! negative amount. Other outgoing entries, and those that are for information only, are nothing
//! that crossfoot keeps. A payment is one booked entry of the account: a batch of several transfers
//! that the bank books as one stays one, and its transfers are told by their remittances.
//!
//! The id of a payment is the account and the bank's own reference of the entry, which is the same
//! in every message that tells it. Where the bank gives none, it is the account, the booking day,
//! the amount and the payer's reference, and a second entry of the same kind in one statement
//! is counted: `...#2`.

mod entry;
mod reader;
mod remittance;
mod totals;

pub(super) use reader::CamtReader;
