//! The comparing engine: DataFusion over the landed Parquet, and the only home of it.
//!
//! Legs are compared by adding, not by joining: each leg is summed to the unit's key, the legs are put
//! one under the other, and one sort by key brings what belongs together side by side. It takes any
//! number of legs, handles 1:N and N:1, and spills to disk under a memory limit. Names are resolved by
//! functions over maps in memory, so that no join is needed for them; the one join that is left (lines
//! to invoices) is a hash join while the invoices surely fit in memory, and else a sort-merge join,
//! because a hash join cannot spill.

mod billing_legs;
mod columns;
mod figure_functions;
mod functions;
mod invoice_links;
mod landed_table;
mod query;
mod row_counts;
mod rule_query;
mod rule_shape;
mod rule_units;
mod session;
mod tables;
mod taxed_invoices;
mod unit_records;

pub(crate) use billing_legs::{BillingScope, instant};
pub use query::{LandingQuestion, QueryResult, query, tables_named};
pub(crate) use rule_query::{LegQuery, LegShape, MeasureQuery, RuleQuery};
pub(crate) use rule_shape::LegFault;
pub(crate) use rule_units::{LegSums, Measured, RuleUnit};
pub(crate) use session::Session;
