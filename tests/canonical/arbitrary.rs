//! Random records: any values that the parser lets through.

use crossfoot::canonical::{Column, Entity, Kind, Record, Value};
use jiff::Timestamp;
use jiff::civil::Date;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use rust_decimal::Decimal;

/// Any entity.
pub(crate) fn entity() -> impl Strategy<Value = Entity> {
    select(Entity::ALL)
}

/// Any number that lands: up to eighteen digits before the point and ten after it.
pub(crate) fn decimal() -> impl Strategy<Value = Decimal> {
    let whole_max = 10_i128.pow(18) - 1;
    let whole = prop_oneof![-10_000..10_000_i128, -whole_max..=whole_max];
    (whole, 0..10_i128.pow(10)).prop_map(|(whole, fraction)| {
        let mantissa = whole * 10_i128.pow(10) + fraction * whole.signum();
        Decimal::try_from_i128_with_scale(mantissa, 10).expect("it has 28 digits at the most")
    })
}

/// An amount of ordinary size, in hundredths.
pub(crate) fn amount() -> impl Strategy<Value = Decimal> {
    (-10_000_000..10_000_000_i64).prop_map(|cents| Decimal::new(cents, 2))
}

/// Any instant of our time, to the microsecond.
pub(crate) fn instant() -> impl Strategy<Value = Timestamp> {
    (-4_000_000_000_000_000..4_000_000_000_000_000_i64)
        .prop_map(|at| Timestamp::from_microsecond(at).expect("it is in range"))
}

/// Any date that a book may hold, and stranger ones.
pub(crate) fn date() -> impl Strategy<Value = Date> {
    (1..=9_999_i16, 1..=366_i16).prop_map(|(year, day)| {
        let first = jiff::civil::date(year, 1, 1);
        let within = day.min(first.days_in_year());
        first
            .with()
            .day_of_year(within)
            .build()
            .expect("the year has that day")
    })
}

fn value(column: &Column) -> BoxedStrategy<Value> {
    match column.kind {
        Kind::Text => any::<String>().prop_map(Value::Text).boxed(),
        Kind::List => vec(any::<String>(), 0..3).prop_map(Value::List).boxed(),
        Kind::Decimal => amount().prop_map(Value::Decimal).boxed(),
        Kind::Date => date().prop_map(Value::Date).boxed(),
        Kind::Instant => instant().prop_map(Value::Instant).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Currency => select(&["USD", "EUR", "JPY"][..])
            .prop_map(|code| Value::Text(code.to_owned()))
            .boxed(),
    }
}

/// Any record of an entity; its key and its deletion mark are there, as in every landed record.
pub(crate) fn record_of(entity: Entity) -> impl Strategy<Value = Record> {
    let columns: Vec<BoxedStrategy<Option<Value>>> = entity
        .columns()
        .map(|column| {
            if matches!(column.name, "source" | "id" | "deleted") {
                value(column).prop_map(Some).boxed()
            } else {
                option::of(value(column)).boxed()
            }
        })
        .collect();
    (columns, option::of(any::<String>())).prop_map(move |(values, raw)| Record {
        entity,
        values,
        raw,
        extracted_at: None,
    })
}

/// Any record of any entity.
pub(crate) fn record() -> impl Strategy<Value = Record> {
    entity().prop_flat_map(record_of)
}

/// Some records of one entity.
pub(crate) fn records() -> impl Strategy<Value = (Entity, Vec<Record>)> {
    entity().prop_flat_map(|entity| (Just(entity), vec(record_of(entity), 0..6)))
}
