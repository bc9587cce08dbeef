//! 6 say: KPIs, charts, and the three reports as HTML, text and spreadsheet.
//!
//! [`render`] is pure: the same input gives the same bytes. It goes by way of a `Document`, in which
//! every figure is printed text, so that the HTML part and the text part cannot disagree.

mod charts;
mod document;
mod error;
mod files;
mod kinds;
pub mod kpi;
mod render;
mod rendered;
mod sheet;
mod templates;

pub use error::ReportError;
pub use files::file_set;
pub use render::render;
pub use rendered::{ChartImage, Rendered, Sheet};
pub use sheet::{SheetColumns, export_sheet};
