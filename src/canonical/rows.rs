//! Reading single values of a batch's rows, without making records of them.

use arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Decimal128Array, ListArray, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use jiff::Timestamp;
use jiff::civil::Date;

use super::batch::{day_of_epoch, mistyped};
use super::digest::{Absorbed, Digest};
use super::entity::{Entity, Kind};
use super::mark::Mark;
use super::sums::{Sums, totalled};
use crate::totals::{ControlTotals, TotalsError};

/// One column, typed.
enum Typed<'b> {
    /// The batch was written before the column existed.
    Absent,
    Text(&'b StringArray),
    List(&'b ListArray),
    Decimal(&'b Decimal128Array),
    Date(&'b Date32Array),
    Instant(&'b TimestampMicrosecondArray),
    Bool(&'b BooleanArray),
}

/// The rows of a batch in an entity's page schema or landed schema.
pub(crate) struct Rows<'b> {
    columns: Vec<Typed<'b>>,
    raw: Option<&'b StringArray>,
    row_count: usize,
    source: usize,
    id: usize,
    updated_at: usize,
    deleted: usize,
    dated: Option<usize>,
    totalled: Vec<(usize, &'static str)>,
    currency: Option<usize>,
}

/// What tells a row from others of its id in one pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowMarks {
    /// Of all that the source said, as [`super::Record::digest`].
    pub(crate) version: Digest,
    /// Of the typed values alone, but `updated_at`: what crossfoot reads of the record.
    pub(crate) values: Mark,
}

/// The value that decides a row's month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dated {
    /// A civil date.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

impl<'b> Rows<'b> {
    /// The texts of a list column of one row; none where it is absent.
    pub(crate) fn list(&self, column: usize, row: usize) -> Vec<String> {
        match self.columns.get(column) {
            Some(Typed::List(lists)) if lists.is_valid(row) => lists
                .value(row)
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The rows of a batch whose columns have their entity's types.
    pub(crate) fn new(entity: Entity, batch: &'b RecordBatch) -> Result<Self, ArrowError> {
        let mut columns = Vec::new();
        for column in entity.columns() {
            let Some(array) = batch.column_by_name(column.name) else {
                columns.push(Typed::Absent);
                continue;
            };
            let typed = match column.kind {
                Kind::Text | Kind::Currency => array.as_string_opt().map(Typed::Text),
                Kind::List => array
                    .as_list_opt()
                    .filter(|list| list.values().as_string_opt::<i32>().is_some())
                    .map(Typed::List),
                Kind::Decimal => array
                    .as_primitive_opt::<Decimal128Type>()
                    .map(Typed::Decimal),
                Kind::Date => array.as_primitive_opt::<Date32Type>().map(Typed::Date),
                Kind::Instant => array
                    .as_primitive_opt::<TimestampMicrosecondType>()
                    .map(Typed::Instant),
                Kind::Bool => array.as_boolean_opt().map(Typed::Bool),
            };
            columns.push(typed.ok_or_else(|| mistyped(column.name))?);
        }
        let raw = batch
            .column_by_name("raw")
            .map(|array| array.as_string_opt().ok_or_else(|| mistyped("raw")))
            .transpose()?;
        let (totalled, currency) = totalled(entity);
        let place = |name: &str| entity.index_of(name).unwrap_or_default();
        Ok(Self {
            columns,
            raw,
            row_count: batch.num_rows(),
            source: place("source"),
            id: place("id"),
            updated_at: place("updated_at"),
            deleted: place("deleted"),
            dated: entity.dated_column().map(place),
            totalled,
            currency,
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.row_count
    }

    fn text(&self, column: usize, row: usize) -> Option<&'b str> {
        match self.columns.get(column)? {
            Typed::Text(texts) if texts.is_valid(row) => Some(texts.value(row)),
            _ => None,
        }
    }

    /// The source's name.
    pub(crate) fn source(&self, row: usize) -> &'b str {
        self.text(self.source, row).unwrap_or_default()
    }

    /// The id within the source.
    pub(crate) fn id(&self, row: usize) -> &'b str {
        self.text(self.id, row).unwrap_or_default()
    }

    /// When the source changed it, in microseconds.
    pub(crate) fn updated_at(&self, row: usize) -> Option<i64> {
        match self.columns.get(self.updated_at)? {
            Typed::Instant(instants) if instants.is_valid(row) => Some(instants.value(row)),
            _ => None,
        }
    }

    /// Whether the row says that the record is gone.
    pub(crate) fn is_deleted(&self, row: usize) -> bool {
        match self.columns.get(self.deleted) {
            Some(Typed::Bool(flags)) => flags.is_valid(row) && flags.value(row),
            _ => false,
        }
    }

    /// What decides the row's month.
    pub(crate) fn dated(&self, row: usize) -> Option<Dated> {
        match self.columns.get(self.dated?)? {
            Typed::Date(days) if days.is_valid(row) => {
                day_of_epoch(days.value(row)).map(Dated::Day)
            }
            Typed::Instant(instants) if instants.is_valid(row) => {
                Timestamp::from_microsecond(instants.value(row))
                    .ok()
                    .map(Dated::Instant)
            }
            _ => None,
        }
    }

    /// The control totals of some rows.
    pub(crate) fn totals(
        &self,
        rows: impl Iterator<Item = usize>,
    ) -> Result<ControlTotals, TotalsError> {
        let mut sums = Sums::new();
        for row in rows {
            sums.count_row();
            let currency = self.currency.and_then(|column| self.text(column, row));
            for (column, name) in &self.totalled {
                if let Some(Typed::Decimal(numbers)) = self.columns.get(*column)
                    && numbers.is_valid(row)
                {
                    sums.add_unscaled(name, currency, numbers.value(row))?;
                }
            }
        }
        Ok(sums.totals())
    }

    /// The marks of a row. `absorbed` is written over.
    pub(crate) fn marks(&self, row: usize, absorbed: &mut Absorbed) -> RowMarks {
        self.absorb_values(row, absorbed);
        let values = absorbed.mark();
        RowMarks {
            version: absorbed.version(self.raw(row)),
            values,
        }
    }

    fn absorb_values(&self, row: usize, absorbed: &mut Absorbed) {
        absorbed.clear();
        for (at, column) in self.columns.iter().enumerate() {
            if at != self.updated_at {
                absorb(column, row, absorbed);
            }
        }
    }

    fn raw(&self, row: usize) -> &'b str {
        match self.raw {
            Some(texts) if texts.is_valid(row) => texts.value(row),
            _ => "",
        }
    }
}

fn absorb(column: &Typed<'_>, row: usize, absorbed: &mut Absorbed) {
    match column {
        Typed::Text(texts) if texts.is_valid(row) => absorbed.text(texts.value(row)),
        Typed::List(lists) if lists.is_valid(row) => {
            let items = lists.value(row);
            let texts = items.as_string::<i32>();
            absorbed.list(texts.len() - texts.null_count());
            for text in texts.iter().flatten() {
                absorbed.text(text);
            }
        }
        Typed::Decimal(numbers) if numbers.is_valid(row) => {
            absorbed.unscaled(numbers.value(row));
        }
        Typed::Date(days) if days.is_valid(row) => absorbed.days(days.value(row)),
        Typed::Instant(instants) if instants.is_valid(row) => {
            absorbed.instant(instants.value(row));
        }
        Typed::Bool(flags) if flags.is_valid(row) => absorbed.flag(flags.value(row)),
        _ => absorbed.absent(),
    }
}
