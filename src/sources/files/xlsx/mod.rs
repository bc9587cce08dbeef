//! Spreadsheets of Office Open XML: a zip of XML files, of which one is the sheet.
//!
//! A number is taken from the text that stands in the cell and never passes through a float. A
//! spreadsheet computes with binary doubles and writes their noise along (`12.300000000000001`),
//! and shows 15 digits; so a number with a fraction and more than 15 digits is rounded to the 15
//! that a person sees. A whole number is kept as it stands.

mod cell;
mod package;
mod sheet;
mod styles;

pub(super) use sheet::{Wanted, XlsxReader};
