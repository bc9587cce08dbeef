//! 6 say: KPIs, charts, and the three reports as HTML, text and spreadsheet.

pub mod kpi;
mod rendered;

pub use rendered::{ChartImage, Rendered, Sheet};
