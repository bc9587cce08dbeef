//! The rule that compares what two systems keep of one customer: where bills go, its tax id, its
//! terms. Such an item has no money and no service period: it is opened in the newest period that is
//! compared, and stands there under one id until both systems agree, however many months pass.

mod agree;
mod compare;
mod explain;
mod row;
mod run;

pub use explain::explain_accounts;
pub(crate) use row::{AccountRow, StatedTerms, UnlikeRhythm};
pub use run::{ACCOUNT_RULE, reconcile_accounts};
pub(crate) use run::{READ, account_rule_text};
