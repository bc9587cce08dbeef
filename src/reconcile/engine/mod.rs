//! The comparing engine: DataFusion over the landed Parquet, and the only home of it.
//!
//! Legs are compared by adding, not by joining: each leg is summed to the unit's key, and what belongs
//! together comes side by side. The legs of a rule are folded (`fold`); those of the billing rule are
//! put one under the other and sorted. Both take any number of legs, handle 1:N and N:1, and spill to
//! disk under a memory limit. Names are resolved by
//! functions over maps in memory, so that no join is needed for them; the one join that is left (lines
//! to invoices) is a hash join while the invoices surely fit in memory, and else a sort-merge join,
//! because a hash join cannot spill.

mod account_rows;
mod billing_legs;
mod book_day;
mod columns;
mod figure_functions;
mod fold;
mod functions;
mod invoice_links;
mod landed_table;
mod named_records;
mod names;
mod plain_units;
mod query;
mod row_counts;
mod rule_fold;
mod rule_query;
mod rule_records;
mod rule_shape;
mod rule_units;
mod session;
mod tables;
mod taxed_invoices;
mod unit_records;
mod unit_sort;

pub(crate) use billing_legs::{BillingScope, instant};
pub(crate) use plain_units::{Plain, PlainTotals, PlainUnits};
pub use query::{LandingQuestion, QueryResult, query, tables_named};
pub(crate) use rule_query::{LegQuery, LegShape, MeasureQuery, ORIGIN, RuleQuery};
pub(crate) use rule_records::{LegRow, UnitName};
pub(crate) use rule_shape::LegFault;
pub(crate) use rule_units::{LegSums, Measured, RuleUnit};
pub(crate) use session::Session;
pub(crate) use unit_sort::{SortedUnits, UnitSort};
