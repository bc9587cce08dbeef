//! Records as Arrow columns: what travels from a source to the landing, and back when it is read.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Date32Builder, Decimal128Builder, ListBuilder,
    RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::cell::Cell;
use super::entity::{Column, Entity, Kind};
use super::record::{Record, Value};
use super::sums::{Sums, totalled};
use crate::totals::{ControlTotals, TotalsError};

/// The scale of every landed decimal.
pub(super) const SCALE: u32 = 10;
/// Powers of ten up to the landing's scale.
const POWERS: [i64; SCALE as usize + 1] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
];
/// Rows that a page of an API usually has.
const USUAL_ROWS: usize = 128;
/// Letters that a short text usually has.
const USUAL_TEXT_BYTES: usize = 16;
/// Bytes that are set aside for raw records at most, before it is known how many there are.
const RAW_BYTES_FIRST: usize = 4 << 20;

/// Records of one entity as Arrow columns in its page schema, with their control totals.
#[derive(Debug, Clone)]
pub struct CanonicalBatch {
    entity: Entity,
    batch: RecordBatch,
    totals: ControlTotals,
}

impl CanonicalBatch {
    /// What the records are records of.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// The columns, in [`Entity::page_schema`].
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// What was counted and summed while the batch was built.
    pub fn totals(&self) -> &ControlTotals {
        &self.totals
    }

    /// The records, row by row.
    pub fn records(&self) -> Result<Vec<Record>, ArrowError> {
        read_records(self.entity, &self.batch)
    }
}

enum ColumnBuilder {
    Text(StringBuilder),
    List(ListBuilder<StringBuilder>),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
    Bool(BooleanBuilder),
}

impl ColumnBuilder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Currency => Self::Text(StringBuilder::with_capacity(
                USUAL_ROWS,
                USUAL_ROWS * USUAL_TEXT_BYTES,
            )),
            Kind::List => Self::List(ListBuilder::new(StringBuilder::new())),
            Kind::Decimal => Self::Decimal(
                Decimal128Builder::with_capacity(USUAL_ROWS)
                    .with_data_type(Kind::Decimal.data_type()),
            ),
            Kind::Date => Self::Date(Date32Builder::with_capacity(USUAL_ROWS)),
            Kind::Instant => Self::Instant(
                TimestampMicrosecondBuilder::with_capacity(USUAL_ROWS)
                    .with_data_type(Kind::Instant.data_type()),
            ),
            Kind::Bool => Self::Bool(BooleanBuilder::with_capacity(USUAL_ROWS)),
        }
    }

    /// Appends a value; one of another kind than the column's is absent, which the mapping that
    /// typed it never produces.
    fn append(&mut self, cell: Option<&Cell<'_>>) {
        match (self, cell) {
            (Self::Text(builder), Some(Cell::Text(text))) => builder.append_value(text),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::List(builder), Some(Cell::List(texts))) => {
                for text in texts.iter() {
                    builder.values().append_value(text);
                }
                builder.append(true);
            }
            (Self::List(builder), _) => builder.append(false),
            (Self::Decimal(builder), Some(Cell::Decimal(number))) => {
                builder.append_option(unscaled(*number));
            }
            (Self::Decimal(builder), _) => builder.append_null(),
            (Self::Date(builder), Some(Cell::Date(day))) => builder.append_value(epoch_days(*day)),
            (Self::Date(builder), _) => builder.append_null(),
            (Self::Instant(builder), Some(Cell::Instant(instant))) => {
                builder.append_value(instant.as_microsecond());
            }
            (Self::Instant(builder), _) => builder.append_null(),
            (Self::Bool(builder), Some(Cell::Bool(flag))) => builder.append_value(*flag),
            (Self::Bool(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => std::sync::Arc::new(builder.finish()),
            Self::List(builder) => std::sync::Arc::new(builder.finish()),
            Self::Decimal(builder) => std::sync::Arc::new(builder.finish()),
            Self::Date(builder) => std::sync::Arc::new(builder.finish()),
            Self::Instant(builder) => std::sync::Arc::new(builder.finish()),
            Self::Bool(builder) => std::sync::Arc::new(builder.finish()),
        }
    }
}

/// Builds a [`CanonicalBatch`] record by record.
pub struct BatchBuilder {
    entity: Entity,
    columns: Vec<ColumnBuilder>,
    raw: Option<StringBuilder>,
    sums: Sums,
    totalled: Vec<(usize, &'static str)>,
    currency: Option<usize>,
}

impl BatchBuilder {
    /// An empty batch of an entity.
    pub fn new(entity: Entity) -> Self {
        let (totalled, currency) = totalled(entity);
        Self {
            entity,
            columns: entity
                .columns()
                .map(|column| ColumnBuilder::new(column.kind))
                .collect(),
            raw: None,
            sums: Sums::new(),
            totalled,
            currency,
        }
    }

    /// How many records it has.
    pub fn len(&self) -> u64 {
        self.sums.rows()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends one record, whose values were typed by the mapping.
    pub fn push(&mut self, record: &Record) -> Result<(), TotalsError> {
        debug_assert_eq!(record.entity, self.entity, "a batch holds one entity");
        let cells: Vec<Option<Cell<'_>>> = record
            .values
            .iter()
            .map(|value| value.as_ref().map(Cell::from))
            .collect();
        self.push_cells(&cells, record.raw.as_deref())
    }

    /// Appends one record by its cells, in the order of [`Entity::columns`].
    pub fn push_cells(
        &mut self,
        cells: &[Option<Cell<'_>>],
        raw: Option<&str>,
    ) -> Result<(), TotalsError> {
        let cell = |at: usize| cells.get(at).and_then(Option::as_ref);
        let currency = self.currency.and_then(cell).and_then(Cell::text);
        for (at, column) in &self.totalled {
            if let Some(number) = cell(*at).and_then(Cell::decimal) {
                self.sums.add(column, currency, number)?;
            }
        }
        self.sums.count_row();
        for (at, builder) in self.columns.iter_mut().enumerate() {
            builder.append(cells.get(at).and_then(Option::as_ref));
        }
        // The raw records are most of a batch, and much alike: the first tells the size of all.
        self.raw
            .get_or_insert_with(|| {
                let bytes = raw.map_or(0, str::len).saturating_mul(USUAL_ROWS);
                StringBuilder::with_capacity(USUAL_ROWS, bytes.min(RAW_BYTES_FIRST))
            })
            .append_option(raw);
        Ok(())
    }

    /// The batch; the builder is empty afterwards.
    pub fn finish(&mut self) -> Result<CanonicalBatch, ArrowError> {
        let mut arrays: Vec<ArrayRef> =
            self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let mut raw = self.raw.take().unwrap_or_default();
        arrays.push(std::sync::Arc::new(raw.finish()));
        let batch = RecordBatch::try_new(self.entity.page_schema(), arrays)?;
        let totals = std::mem::replace(&mut self.sums, Sums::new()).totals();
        Ok(CanonicalBatch {
            entity: self.entity,
            batch,
            totals,
        })
    }
}

/// The records of a batch in an entity's page schema or landed schema. Columns that the batch does
/// not have are absent, so that files written before a column existed can still be read.
pub fn read_records(entity: Entity, batch: &RecordBatch) -> Result<Vec<Record>, ArrowError> {
    let mut records = vec![Record::empty(entity); batch.num_rows()];
    for (at, column) in entity.columns().enumerate() {
        let Some(array) = batch.column_by_name(column.name) else {
            continue;
        };
        for (row, record) in records.iter_mut().enumerate() {
            record.values[at] = read_value(column, array, row)?;
        }
    }
    if let Some(array) = batch.column_by_name("raw") {
        let texts = array
            .as_string_opt::<i32>()
            .ok_or_else(|| mistyped("raw"))?;
        for (record, text) in records.iter_mut().zip(texts) {
            record.raw = text.map(str::to_owned);
        }
    }
    if let Some(array) = batch.column_by_name("extracted_at") {
        let instants = array
            .as_primitive_opt::<TimestampMicrosecondType>()
            .ok_or_else(|| mistyped("extracted_at"))?;
        for (record, microseconds) in records.iter_mut().zip(instants) {
            record.extracted_at =
                microseconds.and_then(|instant| Timestamp::from_microsecond(instant).ok());
        }
    }
    Ok(records)
}

pub(super) fn mistyped(column: &str) -> ArrowError {
    ArrowError::SchemaError(format!(
        "column `{column}` has not the type of its entity's schema"
    ))
}

fn read_value(column: &Column, array: &ArrayRef, row: usize) -> Result<Option<Value>, ArrowError> {
    if array.is_null(row) {
        return Ok(None);
    }
    let wrong = || mistyped(column.name);
    let value = match column.kind {
        Kind::Text | Kind::Currency => Value::Text(
            array
                .as_string_opt::<i32>()
                .ok_or_else(wrong)?
                .value(row)
                .to_owned(),
        ),
        Kind::List => {
            let items = array.as_list_opt::<i32>().ok_or_else(wrong)?.value(row);
            let texts = items.as_string_opt::<i32>().ok_or_else(wrong)?;
            Value::List(texts.iter().flatten().map(str::to_owned).collect())
        }
        Kind::Decimal => {
            let numbers = array
                .as_primitive_opt::<Decimal128Type>()
                .ok_or_else(wrong)?;
            Value::Decimal(scaled(numbers.value(row)).ok_or_else(wrong)?)
        }
        Kind::Date => {
            let days = array
                .as_primitive_opt::<Date32Type>()
                .ok_or_else(wrong)?
                .value(row);
            Value::Date(day_of_epoch(days).ok_or_else(wrong)?)
        }
        Kind::Instant => {
            let instants = array
                .as_primitive_opt::<TimestampMicrosecondType>()
                .ok_or_else(wrong)?;
            let instant = Timestamp::from_microsecond(instants.value(row)).map_err(|_| wrong())?;
            Value::Instant(instant)
        }
        Kind::Bool => Value::Bool(array.as_boolean_opt().ok_or_else(wrong)?.value(row)),
    };
    Ok(Some(value))
}

/// The integer behind a landed decimal; `None` where it has more decimals than the landing keeps,
/// which the parser refuses first.
pub(crate) fn unscaled(number: Decimal) -> Option<i128> {
    if let Some(missing) = SCALE.checked_sub(number.scale()) {
        let power = POWERS[missing as usize];
        return match i64::try_from(number.mantissa()) {
            // 64 bits times 64 bits fit, and nearly all numbers are so short.
            Ok(mantissa) => Some(i128::from(mantissa) * i128::from(power)),
            Err(_) => number.mantissa().checked_mul(i128::from(power)),
        };
    }
    let exact = number.normalize();
    let missing = SCALE.checked_sub(exact.scale())?;
    exact.mantissa().checked_mul(10_i128.pow(missing))
}

/// The decimal behind a landed integer; `None` where it is wider than an exact decimal.
pub(crate) fn scaled(unscaled: i128) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(unscaled, SCALE)
        .ok()
        .map(|number| number.normalize())
}

/// Days from 0000-03-01 to 1970-01-01, in the calendar that has no beginning.
const EPOCH_IN_ERAS: i32 = 719_468;
/// Days of 400 years.
const ERA_DAYS: i32 = 146_097;

/// Days since 1970-01-01, as Date32 counts them.
pub(crate) fn epoch_days(day: Date) -> i32 {
    // Years begin in March here, so that the day that not every year has is the last one.
    let month = i32::from(day.month());
    let year = i32::from(day.year()) - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i32::from(day.day()) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_IN_ERAS
}

/// The civil date behind Date32's count of days.
pub(crate) fn day_of_epoch(days: i32) -> Option<Date> {
    let shifted = days.checked_add(EPOCH_IN_ERAS)?;
    let day_of_era = shifted.rem_euclid(ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = shifted.div_euclid(ERA_DAYS) * 400 + year_of_era + i32::from(month <= 2);
    let (year, month, day) = (year.try_into(), month.try_into(), day.try_into());
    Date::new(year.ok()?, month.ok()?, day.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_went_in() {
        let mut record = Record::empty(Entity::Invoices);
        record.set("source", Some(Value::Text("billing".into())));
        record.set("id", Some(Value::Text("in_1".into())));
        record.set("deleted", Some(Value::Bool(false)));
        record.set(
            "updated_at",
            Some(Value::Instant(Timestamp::from_second(1).unwrap())),
        );
        record.set(
            "issued_on",
            Some(Value::Date(jiff::civil::date(1969, 12, 31))),
        );
        record.set("currency", Some(Value::Text("USD".into())));
        record.set("total", Some(Value::Decimal(Decimal::new(-1005, 3))));
        record.raw = Some("{}".into());
        let mut builder = BatchBuilder::new(Entity::Invoices);
        builder.push(&record).unwrap();
        let batch = builder.finish().unwrap();
        assert_eq!(batch.records().unwrap(), vec![record]);
        assert_eq!(batch.totals().rows, 1);
        assert_eq!(batch.totals().sums["total:USD"], Decimal::new(-1005, 3));
    }

    // Goal: days are counted as the calendar library counts them. Method: every 13th day of twelve
    // thousand years, and both ends.
    #[test]
    fn days_are_counted_as_the_calendar_does() {
        use jiff::ToSpan;
        let epoch = jiff::civil::date(1970, 1, 1);
        let mut day = jiff::civil::date(-2_000, 1, 1);
        while let Ok(next) = day.checked_add(13.days()) {
            let days = (day - epoch).get_days();
            assert_eq!(epoch_days(day), days);
            assert_eq!(day_of_epoch(days), Some(day));
            day = next;
        }
        for end in [Date::MIN, Date::MAX] {
            assert_eq!(day_of_epoch(epoch_days(end)), Some(end));
        }
        assert_eq!(day_of_epoch(epoch_days(Date::MAX) + 1), None);
        assert_eq!(day_of_epoch(i32::MAX), None);
        assert_eq!(day_of_epoch(i32::MIN), None);
    }
}
