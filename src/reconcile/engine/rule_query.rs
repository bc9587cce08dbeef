//! The legs of a rule as queries: what of them is asked, and the one shape that all of them take.
//!
//! Whatever a leg's own query yields, [`RuleQuery::leg_rows`] gives it the columns `leg, account, sku,
//! currency, key_0.., is_in, measure_0.., text_0..`, exact and named alike, so that what adds up or
//! sieves the rows needs to know nothing else of a rule.

use datafusion::arrow::datatypes::{DataType, Schema};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::currency::Currency;
use crate::period::{Period, local_midnight};

use super::billing_legs::instant;
use super::figure_functions::{EXACT_SCALE, PRECISION};

/// What stands for an account or a product that a row does not name.
pub(super) const NAMELESS: &str = "(none)";

/// All legs of a rule and how they are cut.
#[derive(Debug)]
pub(crate) struct RuleQuery<'a> {
    pub(crate) legs: Vec<LegQuery>,
    /// The columns that make a unit beside account, product and currency.
    pub(crate) key: &'a [String],
    pub(crate) measures: Vec<MeasureQuery<'a>>,
    /// Texts that are compared.
    pub(crate) fields: &'a [String],
    pub(crate) period: Period,
    pub(crate) zone: &'a TimeZone,
    /// Rows so many days outside the period are told apart from those that are far away.
    pub(crate) lag_days: Option<u16>,
    pub(crate) default_currency: Currency,
}

/// One leg: a query, and conditions over its columns.
#[derive(Debug)]
pub(crate) struct LegQuery {
    pub(crate) sql: String,
    pub(crate) out_of_scope: Option<String>,
    pub(crate) period: Option<String>,
}

/// One measure of the legs.
#[derive(Debug)]
pub(crate) struct MeasureQuery<'a> {
    pub(crate) name: &'a str,
    /// Whether the rows of a unit are added; else their least and greatest are told.
    pub(crate) is_sum: bool,
    /// Whether a row without it counts as 0.
    pub(crate) is_zero: bool,
}

/// Which columns a leg has.
#[derive(Debug, Clone)]
pub(crate) struct LegShape {
    pub(crate) columns: Vec<String>,
    period: PeriodColumn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeriodColumn {
    Day,
    Instant,
    /// A date as a text.
    Text,
}

impl LegShape {
    /// The shape of a leg whose query has this schema; the period's type is that of `period`.
    pub(super) fn new(schema: &Schema, period: Option<&DataType>) -> Self {
        Self {
            columns: schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect(),
            period: match period {
                Some(DataType::Timestamp(_, _)) => PeriodColumn::Instant,
                Some(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => {
                    PeriodColumn::Text
                }
                _ => PeriodColumn::Day,
            },
        }
    }

    /// Whether the leg has a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|one| one == column)
    }
}

impl RuleQuery<'_> {
    /// The rows of a leg that are compared, and those near to them, in the one shape.
    pub(super) fn leg_rows(&self, at: usize, shape: &LegShape) -> String {
        let leg = &self.legs[at];
        let exact = format!("decimal({PRECISION}, {EXACT_SCALE})");
        let text = |column: &str, otherwise: &str| {
            if shape.has(column) {
                format!("coalesce(cast({column} as varchar), '{otherwise}')")
            } else {
                format!("'{otherwise}'")
            }
        };
        let mut columns = vec![
            format!("{at} as leg"),
            format!("{} as account", text("account", NAMELESS)),
            format!("{} as sku", text("sku", NAMELESS)),
            format!(
                "{} as currency",
                text("currency", self.default_currency.code())
            ),
        ];
        for (place, key) in self.key.iter().enumerate() {
            columns.push(format!("{} as key_{place}", text(key, "")));
        }
        let is_in = self.is_in(leg, shape);
        let near = self.is_near(leg, shape);
        if near.is_some() {
            columns.push(format!("case when {is_in} then 1 else 0 end as is_in"));
        }
        for (place, measure) in self.measures.iter().enumerate() {
            let figure = match (shape.has(measure.name), measure.is_zero) {
                (true, false) => format!("cast({} as {exact})", measure.name),
                (true, true) => format!("coalesce(cast({} as {exact}), 0)", measure.name),
                (false, _) => format!("cast(null as {exact})"),
            };
            columns.push(format!("{figure} as measure_{place}"));
        }
        for (place, field) in self.fields.iter().enumerate() {
            let field = if shape.has(field) {
                format!("cast({field} as varchar)")
            } else {
                "cast(null as varchar)".to_owned()
            };
            columns.push(format!("{field} as text_{place}"));
        }
        let taken = near.map_or_else(|| is_in.clone(), |near| format!("({is_in} or {near})"));
        format!(
            "select {} from ({}) as leg_rows where {taken}",
            columns.join(", "),
            leg.sql
        )
    }

    /// The same rows for the fold, each column as the leg gives it: `account, sku, currency, key_0..,
    /// measure_0..` as far as the leg has them, and `is_in` where rows may be only near.
    pub(super) fn leg_columns(&self, at: usize, shape: &LegShape) -> String {
        let leg = &self.legs[at];
        let named = |name: &str, column: &str| {
            if shape.has(column) {
                format!("{column} as {name}")
            } else {
                format!("cast(null as varchar) as {name}")
            }
        };
        let mut columns: Vec<String> = ["account", "sku", "currency"]
            .into_iter()
            .map(|column| named(column, column))
            .collect();
        for (place, key) in self.key.iter().enumerate() {
            columns.push(named(&format!("key_{place}"), key));
        }
        for (place, measure) in self.measures.iter().enumerate() {
            if shape.has(measure.name) {
                columns.push(format!("{} as measure_{place}", measure.name));
            }
        }
        let is_in = self.is_in(leg, shape);
        let near = self.is_near(leg, shape);
        if near.is_some() {
            columns.push(format!("{is_in} as is_in"));
        }
        let taken = near.map_or_else(|| is_in.clone(), |near| format!("({is_in} or {near})"));
        format!(
            "select {} from ({}) as leg_rows where {taken}",
            columns.join(", "),
            leg.sql
        )
    }

    /// All legs added up: one row for each unit and leg, units in their order, legs within them.
    pub(super) fn sums(&self, shapes: &[LegShape]) -> String {
        let keys = (0..self.key.len())
            .map(|at| format!(", key_{at}"))
            .collect::<Vec<_>>()
            .concat();
        let has_near = self.lag_days.is_some();
        // Of rows that are only near nothing is measured.
        let of_rows = |column: &str| {
            if has_near {
                format!("case when is_in = 1 then {column} end")
            } else {
                column.to_owned()
            }
        };
        let mut columns = if has_near {
            vec![
                "sum(is_in) as row_count".to_owned(),
                "sum(1 - is_in) as near_count".to_owned(),
            ]
        } else {
            vec!["count(*) as row_count".to_owned()]
        };
        for (at, measure) in self.measures.iter().enumerate() {
            let column = of_rows(&format!("measure_{at}"));
            columns.push(format!("count({column}) as count_{at}"));
            if measure.is_sum {
                columns.push(format!("sum({column}) as least_{at}"));
            } else {
                columns.push(format!("min({column}) as least_{at}"));
                columns.push(format!("max({column}) as greatest_{at}"));
            }
        }
        for at in 0..self.fields.len() {
            let column = of_rows(&format!("text_{at}"));
            columns.push(format!("min({column}) as first_{at}"));
            columns.push(format!("max({column}) as last_{at}"));
        }
        let legs: Vec<String> = shapes
            .iter()
            .enumerate()
            .map(|(at, shape)| self.leg_rows(at, shape))
            .collect();
        format!(
            "select account, sku, currency{keys}, leg, {} from ({}) \
             group by account, sku, currency{keys}, leg order by account, sku, currency{keys}, leg",
            columns.join(", "),
            legs.join(" union all ")
        )
    }

    /// How many rows a leg has, and how many of them are not compared.
    pub(super) fn counts(&self, at: usize, shape: &LegShape) -> String {
        let leg = &self.legs[at];
        format!(
            "select count(*) as extracted, \
             coalesce(sum(case when {} then 0 else 1 end), 0) as excluded from ({}) as leg_rows",
            self.is_in(leg, shape),
            leg.sql
        )
    }

    fn is_in(&self, leg: &LegQuery, shape: &LegShape) -> String {
        let (first, end) = (self.period.first_day(), self.period.end_day());
        format!(
            "({} and {})",
            is_in_scope(leg),
            self.within(leg, shape, first, end)
        )
    }

    /// Rows before and after the period, not further from it than the lag; `None` without a lag, or
    /// where rows have no period.
    fn is_near(&self, leg: &LegQuery, shape: &LegShape) -> Option<String> {
        let days = i32::from(self.lag_days?);
        let (first, end) = (self.period.first_day(), self.period.end_day());
        let before = first.checked_sub(days.days()).unwrap_or(first);
        let after = end.checked_add(days.days()).unwrap_or(end);
        if leg.period.is_none() {
            return Some("false".to_owned());
        }
        Some(format!(
            "({} and ({} or {}))",
            is_in_scope(leg),
            self.within(leg, shape, before, first),
            self.within(leg, shape, end, after)
        ))
    }

    fn within(&self, leg: &LegQuery, shape: &LegShape, first: Date, end: Date) -> String {
        let Some(column) = &leg.period else {
            return "true".to_owned();
        };
        let bound = |day: Date| match shape.period {
            PeriodColumn::Day | PeriodColumn::Text => format!("date '{day}'"),
            PeriodColumn::Instant => instant(local_midnight(day, self.zone)),
        };
        let column = match shape.period {
            PeriodColumn::Text => format!("cast({column} as date)"),
            PeriodColumn::Day | PeriodColumn::Instant => column.clone(),
        };
        format!(
            "coalesce({column} >= {} and {column} < {}, false)",
            bound(first),
            bound(end)
        )
    }
}

fn is_in_scope(leg: &LegQuery) -> String {
    leg.out_of_scope.as_ref().map_or_else(
        || "true".to_owned(),
        |condition| format!("not coalesce(({condition}), false)"),
    )
}
