//! 4 chase: what is owed, how old it is, and which step comes next.
//!
//! Everything here is computed from the cash book of one day; nothing is fetched and nothing is
//! sent. A step of a case is a change of its level: in this version no letter goes out with it.

mod aging;
mod business_day;
mod cases;
mod convert;
mod countback;
mod error;
mod lines;
mod promises;
mod receivables;

pub use aging::{age, days_past_due};
pub use business_day::is_business_day;
pub use cases::{EvaluateInput, evaluate_cases};
pub use countback::{Countback, MonthSales, count_back};
pub use error::CollectionsError;
pub use lines::{case_lines, open_invoice_lines};
pub use promises::{PromiseInput, promise_figures};
pub use receivables::{Receivables, ReceivablesInput, receivables};
