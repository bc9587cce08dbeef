//! `book_day(instant)`: the calendar day of an instant in the zone of the books.
//!
//! A cast to a date gives the day in UTC, and what begins at midnight in Berlin begins the day before
//! there.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Date32Array};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::days::Days;

use super::session::Session;

impl Session {
    /// `book_day(instant)`, by a zone.
    pub(crate) fn know_zone(&self, zone: &TimeZone) {
        let zone = zone.clone();
        let function = create_udf(
            "book_day",
            vec![DataType::Timestamp(
                TimeUnit::Microsecond,
                Some("UTC".into()),
            )],
            DataType::Date32,
            Volatility::Immutable,
            Arc::new(move |arguments: &[ColumnarValue]| book_days(arguments, &zone)),
        );
        self.context.register_udf(function);
    }
}

fn book_days(arguments: &[ColumnarValue], zone: &TimeZone) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let instants = arrays[0].as_primitive::<TimestampMicrosecondType>();
    let mut days = Days::default();
    let numbers: Date32Array = instants
        .iter()
        .map(|instant| days.number_of(Timestamp::from_microsecond(instant?).ok()?, zone))
        .collect();
    Ok(ColumnarValue::Array(Arc::new(numbers)))
}
