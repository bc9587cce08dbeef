//! A row of either database, read by column name and checked on the way.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::money::from_scaled;
use crate::store::error::StoreError;

/// One row of an answer.
pub(super) enum Row {
    Sqlite(SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(PgRow),
}

macro_rules! column {
    ($row:expr, $column:expr) => {{
        use sqlx::Row as _;
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => row.try_get($column),
        }
        .map_err(|cause| unreadable($column, cause))
    }};
}

fn unreadable(column: &'static str, found: impl Display) -> StoreError {
    StoreError::Unreadable {
        column,
        found: found.to_string(),
    }
}

impl Row {
    pub(super) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        column!(self, column)
    }

    pub(super) fn text_option(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        column!(self, column)
    }

    pub(super) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        column!(self, column)
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        column!(self, column)
    }

    pub(super) fn integer(&self, column: &'static str) -> Result<i64, StoreError> {
        column!(self, column)
    }

    /// A count of any width.
    pub(super) fn count<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        let number = self.integer(column)?;
        T::try_from(number).map_err(|_| unreadable(column, number))
    }

    pub(super) fn count_option(&self, column: &'static str) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = column!(self, column)?;
        number
            .map(|count| u64::try_from(count).map_err(|_| unreadable(column, count)))
            .transpose()
    }

    pub(super) fn amount(&self, column: &'static str) -> Result<Decimal, StoreError> {
        self.integer(column).map(from_scaled)
    }

    pub(super) fn amount_option(
        &self,
        column: &'static str,
    ) -> Result<Option<Decimal>, StoreError> {
        let scaled: Option<i64> = column!(self, column)?;
        Ok(scaled.map(from_scaled))
    }

    /// A value that has one spelling: a period, a currency, a state.
    pub(super) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| unreadable(column, text))
    }

    pub(super) fn parsed_option<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.text_option(column)?
            .map(|text| text.parse().map_err(|_| unreadable(column, text)))
            .transpose()
    }

    /// A value that its type finds by name.
    pub(super) fn named<T>(
        &self,
        column: &'static str,
        from_name: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text = self.text(column)?;
        from_name(&text).ok_or_else(|| unreadable(column, text))
    }

    pub(super) fn instant(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.parsed(column)
    }

    pub(super) fn instant_option(
        &self,
        column: &'static str,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.parsed_option(column)
    }

    pub(super) fn day(&self, column: &'static str) -> Result<Date, StoreError> {
        self.parsed(column)
    }

    pub(super) fn day_option(&self, column: &'static str) -> Result<Option<Date>, StoreError> {
        self.parsed_option(column)
    }

    pub(super) fn json_option<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.text_option(column)?
            .map(|text| serde_json::from_str(&text).map_err(|cause| unreadable(column, cause)))
            .transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|cause| unreadable(column, cause))
    }
}
