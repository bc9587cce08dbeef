//! One column's rule, made ready: its paths taken apart, and what it reads typed.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::columns::Books;
use super::number;
use super::units::Units;
use crate::canonical::{Cell, Column, Kind, parse_date, parse_decimal, parse_instant};
use crate::config::{EpochUnit, FieldTable, OneOrMany};
use crate::days::Days;
use crate::period::{local_day, local_midnight};
use crate::sources::json::{Json, Path, Scope};

/// The constant that stands for the currency of `[company]`.
const COMPANY_CURRENCY: &str = "{company_currency}";

/// What stands for the name of the source in a prefix.
const SOURCE_NAME: &str = "{source}";

/// Why a field does not fit its column.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) text: Option<String>,
    pub(super) reason: String,
}

impl Misfit {
    pub(super) fn new(text: Option<&str>, reason: impl Into<String>) -> Self {
        Self {
            text: text.map(str::to_owned),
            reason: reason.into(),
        }
    }

    /// A value of the wrong shape.
    pub(super) fn shape(value: Json<'_>, kind: Kind) -> Self {
        let text = value.to_text();
        Self::new(
            Some(&text),
            format!("is {}, not a {}", value.noun(), kind.noun()),
        )
    }
}

/// What a column's rule read.
#[derive(Debug, Default)]
pub(super) struct Reading<'r> {
    pub(super) cell: Option<Cell<'r>>,
    /// A status of the vendor that the rule does not know.
    pub(super) unmapped: Option<String>,
}

/// A column with its rule.
#[derive(Debug)]
pub(super) struct ColumnRule {
    pub(super) column: &'static Column,
    /// Where the column stands among its entity's.
    pub(super) at: usize,
    pub(super) table: FieldTable,
    pub(super) paths: Vec<Path>,
    pub(super) currency_path: Option<Path>,
    pub(super) less_paths: Vec<Path>,
    pub(super) per_path: Option<Path>,
    instead_paths: Vec<Path>,
    /// Whether the rule takes a text as it is.
    is_plain: bool,
    zone: Option<TimeZone>,
    or: Option<Box<Self>>,
    also: Option<Box<Self>>,
}

impl ColumnRule {
    pub(super) fn new(
        (at, column): (usize, &'static Column),
        table: FieldTable,
    ) -> Result<Self, String> {
        let zone =
            match &table.zone {
                None => None,
                Some(name) => Some(TimeZone::get(name).map_err(|_| {
                    format!("column `{}` names no time zone: `{name}`", column.name)
                })?),
            };
        let second = |table: &Option<Box<FieldTable>>| match table {
            None => Ok(None),
            Some(other) => {
                Self::new((at, column), (**other).clone()).map(|rule| Some(Box::new(rule)))
            }
        };
        Ok(Self {
            column,
            at,
            or: second(&table.or)?,
            also: second(&table.also)?,
            paths: compiled(table.paths()),
            currency_path: table.minor_units_of.as_deref().map(Path::new),
            less_paths: compiled(table.less.as_ref().map_or(&[], OneOrMany::as_slice)),
            per_path: table.per.as_deref().map(Path::new),
            instead_paths: table
                .insteads()
                .iter()
                .map(|instead| Path::new(&instead.when))
                .collect(),
            is_plain: column.kind == Kind::Text && is_plain(&table),
            zone,
            table,
        })
    }

    #[inline]
    pub(super) fn read<'r>(
        &'r self,
        scope: Scope<'r>,
        books: &Books,
        units: &mut Units,
    ) -> Result<Reading<'r>, Misfit> {
        if self.is_plain
            && let Some(reading) = self.read_plain(scope)
        {
            return Ok(reading);
        }
        let reading = self.read_first(scope, books, units)?;
        match &self.or {
            Some(other) if reading.cell.is_none() => other.read(scope, books, units),
            _ => Ok(reading),
        }
    }

    /// The text of the first path that is there, of a rule that does nothing else; nothing where the
    /// long way has to be gone.
    #[inline]
    fn read_plain<'r>(&'r self, scope: Scope<'r>) -> Option<Reading<'r>> {
        let Some(value) = self.paths.iter().find_map(|path| path.one(scope)) else {
            let is_all = self.table.value.is_none() && self.or.is_none();
            return is_all.then(Reading::default);
        };
        let text = value.scalar()?;
        // Only an escape brings a NUL, and `typed` looks for it.
        (!value.is_decoded()).then(|| Reading::of(Cell::of(text)))
    }

    /// What the rule itself reads, before the second one.
    fn read_first<'r>(
        &'r self,
        scope: Scope<'r>,
        books: &Books,
        units: &mut Units,
    ) -> Result<Reading<'r>, Misfit> {
        for (path, instead) in self.instead_paths.iter().zip(self.table.insteads()) {
            let found = path.text(scope);
            if found.is_some_and(|text| instead.is.as_slice().iter().any(|is| is == text)) {
                let constant = Cow::Borrowed(instead.value.as_str());
                return self.typed(constant, books, units).map(Reading::of);
            }
        }
        match self.column.kind {
            // A number that another field decides: what is open of a paid invoice is 0.
            Kind::Decimal if self.table.cases.is_some() || self.table.otherwise.is_some() => {
                self.read_text(scope, books, units)
            }
            Kind::Decimal => {
                let found = number::read(self, scope, books, units)?;
                let cell = match (found, &self.table.value) {
                    (None, Some(text)) => {
                        Some(self.typed(Cow::Borrowed(text.as_str()), books, units)?)
                    }
                    (found, _) => found.map(Cell::Decimal),
                };
                Ok(Reading {
                    cell,
                    unmapped: None,
                })
            }
            Kind::List => self.read_list(scope, books),
            _ => self.read_text(scope, books, units),
        }
    }

    fn read_list(&self, scope: Scope<'_>, books: &Books) -> Result<Reading<'static>, Misfit> {
        let mut texts = Vec::new();
        for path in &self.paths {
            for value in path.all(scope) {
                self.append(value, books, &mut texts)?;
            }
        }
        if let (true, Some(text)) = (texts.is_empty(), &self.table.value) {
            texts.extend(split_list(text).map(str::to_owned));
        }
        if let Some(also) = &self.also
            && let Some(Cell::List(others)) = also.read_list(scope, books)?.cell
        {
            texts.extend(others.into_owned());
        }
        let cell = (!texts.is_empty()).then_some(Cell::List(Cow::Owned(texts)));
        Ok(Reading {
            cell,
            unmapped: None,
        })
    }

    fn append(
        &self,
        value: Json<'_>,
        books: &Books,
        texts: &mut Vec<String>,
    ) -> Result<(), Misfit> {
        if let Some(items) = value.items() {
            for item in items {
                self.append(item, books, texts)?;
            }
        } else if !value.is_absent() {
            let text = value
                .scalar()
                .ok_or_else(|| Misfit::shape(value, Kind::List))?;
            let items = split_list(text).filter(|item| !self.stands_for_nothing(item));
            texts.extend(items.map(|item| self.prefixed(Cow::Borrowed(item), books).into_owned()));
        }
        Ok(())
    }

    fn read_text<'r>(
        &'r self,
        scope: Scope<'r>,
        books: &Books,
        units: &mut Units,
    ) -> Result<Reading<'r>, Misfit> {
        let Some(raw) = self.raw_text(scope)? else {
            return match &self.table.value {
                Some(constant) => self
                    .typed(Cow::Borrowed(constant.as_str()), books, units)
                    .map(Reading::of),
                None => Ok(Reading::default()),
            };
        };
        let meaning = self
            .table
            .cases
            .as_ref()
            .and_then(|cases| cases.get(raw.as_ref()));
        if let Some(meaning) = meaning.or(self.table.otherwise.as_ref()) {
            return self
                .typed(Cow::Borrowed(meaning.as_str()), books, units)
                .map(Reading::of);
        }
        let Some(cases) = &self.table.cases else {
            return self
                .typed(self.prefixed(raw, books), books, units)
                .map(Reading::of);
        };
        if self.column.name == "status" {
            let cell = Some(Cell::Text(Cow::Owned(format!("unmapped:{raw}"))));
            return Ok(Reading {
                cell,
                unmapped: Some(raw.into_owned()),
            });
        }
        let known: Vec<&str> = cases.keys().map(String::as_str).collect();
        Err(Misfit::new(
            Some(&raw),
            format!("is none of {}", known.join(", ")),
        ))
    }

    /// The raw text: the first path that is present, or all of them joined.
    fn raw_text<'r>(&self, scope: Scope<'r>) -> Result<Option<Cow<'r, str>>, Misfit> {
        let mut joined: Option<Cow<'r, str>> = None;
        for value in self.paths.iter().filter_map(|path| path.one(scope)) {
            let text = value
                .scalar()
                .ok_or_else(|| Misfit::shape(value, self.column.kind))?;
            if self.stands_for_nothing(text) {
                continue;
            }
            let Some(glue) = &self.table.join else {
                return Ok(Some(Cow::Borrowed(text)));
            };
            joined = Some(match joined {
                None => Cow::Borrowed(text),
                Some(before) => Cow::Owned(format!("{before}{glue}{text}")),
            });
        }
        Ok(joined)
    }

    fn stands_for_nothing(&self, text: &str) -> bool {
        let absent = self
            .table
            .absent
            .as_ref()
            .map_or(&[][..], OneOrMany::as_slice);
        absent.iter().any(|known| known == text)
    }

    fn prefixed<'r>(&self, text: Cow<'r, str>, books: &Books) -> Cow<'r, str> {
        match &self.table.prefix {
            None => text,
            Some(prefix) => Cow::Owned(format!(
                "{}{text}",
                prefix.replace(SOURCE_NAME, &books.source)
            )),
        }
    }

    fn typed<'r>(
        &self,
        text: Cow<'r, str>,
        books: &Books,
        units: &mut Units,
    ) -> Result<Cell<'r>, Misfit> {
        let zone = self.zone.as_ref().unwrap_or(&books.zone);
        let text = if text == COMPANY_CURRENCY {
            Cow::Owned(books.currency.code().to_owned())
        } else {
            text
        };
        let misfit = |reason: &dyn std::fmt::Display| Misfit::new(Some(&text), reason.to_string());
        let cell = match self.column.kind {
            Kind::Text if text.contains('\0') => return Err(misfit(&"holds a NUL character")),
            Kind::Text if self.table.upper => Cell::Text(Cow::Owned(text.to_uppercase())),
            Kind::Text if self.table.lower => Cell::Text(Cow::Owned(text.to_lowercase())),
            Kind::Text => Cell::Text(text),
            Kind::List => Cell::List(split_list(&text).map(str::to_owned).collect()),
            Kind::Decimal => Cell::Decimal(parse_decimal(&text).map_err(|reason| misfit(&reason))?),
            Kind::Date => {
                let day = self.date(&text, zone, &mut units.days);
                Cell::Date(day.map_err(|reason| misfit(&reason))?)
            }
            Kind::Instant => Cell::Instant(
                self.instant(&text, zone)
                    .map_err(|reason| misfit(&reason))?,
            ),
            Kind::Bool => match text.as_ref() {
                "true" | "TRUE" | "True" => Cell::Bool(true),
                "false" | "FALSE" | "False" => Cell::Bool(false),
                _ => return Err(misfit(&"is neither true nor false")),
            },
            Kind::Currency => {
                let unit = units.of(&text, self.table.upper, books);
                let unit = unit.ok_or_else(|| misfit(&"is no currency of ISO 4217"))?;
                Cell::of(unit.code)
            }
        };
        Ok(cell)
    }

    fn date(&self, text: &str, zone: &TimeZone, days: &mut Days) -> Result<Date, String> {
        let day = match self.table.epoch {
            // The days that are remembered are those of the books' zone.
            Some(unit) if self.zone.is_none() => days.of(since_1970(text, unit)?, zone),
            Some(unit) => local_day(since_1970(text, unit)?, zone),
            None if self.table.day_only || self.table.naive => match day_of(text) {
                Some(day) if self.table.day_only || parse_naive(text).is_some() => day,
                _ => parse_date(text, None, zone).map_err(|reason| reason.to_string())?,
            },
            None => parse_date(text, self.table.format.as_deref(), zone)
                .map_err(|reason| reason.to_string())?,
        };
        match self.table.add_days {
            Some(days) => day
                .checked_add(days.days())
                .map_err(|_| "leaves the calendar".into()),
            None => Ok(day),
        }
    }

    fn instant(&self, text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
        let instant = match self.table.epoch {
            Some(unit) => since_1970(text, unit)?,
            None if self.table.day_only => {
                let day = day_of(text).ok_or("is no date")?;
                local_midnight(day, zone)
            }
            None if self.table.naive && parse_naive(text).is_some() => parse_naive(text)
                .and_then(|local| local.to_zoned(zone.clone()).ok())
                .map(|zoned| zoned.timestamp())
                .ok_or("is no instant")?,
            None => parse_instant(text, self.table.format.as_deref(), zone)
                .map_err(|reason| reason.to_string())?,
        };
        match self.table.add_days {
            // A day of the books' calendar, which a change of the clock makes 23 or 25 hours long.
            Some(days) => instant
                .to_zoned(zone.clone())
                .checked_add(days.days())
                .map(|zoned| zoned.timestamp())
                .map_err(|_| "leaves the calendar".into()),
            None => Ok(instant),
        }
    }
}

impl<'r> Reading<'r> {
    fn of(cell: Cell<'r>) -> Self {
        Self {
            cell: Some(cell),
            unmapped: None,
        }
    }
}

/// Whether a rule looks at nothing but its paths, and changes nothing of what it finds there.
fn is_plain(table: &FieldTable) -> bool {
    let changes = [
        table.instead.is_some(),
        table.cases.is_some(),
        table.otherwise.is_some(),
        table.prefix.is_some(),
        table.join.is_some(),
        table.absent.is_some(),
        table.upper,
        table.lower,
    ];
    !changes.contains(&true)
}

fn compiled(paths: &[String]) -> Vec<Path> {
    paths.iter().map(|path| Path::new(path)).collect()
}

fn since_1970(text: &str, unit: EpochUnit) -> Result<Timestamp, String> {
    let wrong = || "is no instant since 1970".to_owned();
    let digits = match unit {
        EpochUnit::DotNet => dotnet_milliseconds(text).ok_or_else(wrong)?,
        EpochUnit::Seconds | EpochUnit::Milliseconds => text,
    };
    let count: i64 = digits.parse().map_err(|_| wrong())?;
    match unit {
        EpochUnit::Seconds => Timestamp::from_second(count),
        EpochUnit::Milliseconds | EpochUnit::DotNet => Timestamp::from_millisecond(count),
    }
    .map_err(|_| wrong())
}

/// The milliseconds of `/Date(1795219121337+0000)/`. They count in UTC whatever the offset says.
fn dotnet_milliseconds(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign = usize::from(inner.starts_with('-'));
    match inner.get(sign..)?.find(['+', '-']) {
        Some(at) => inner.get(..sign + at),
        None => Some(inner),
    }
}

/// The day that a date, or a date with a clock behind it, starts with.
fn day_of(text: &str) -> Option<Date> {
    let behind = text.get(10..)?;
    if !behind.is_empty() && !behind.starts_with(['T', ' ']) {
        return None;
    }
    text.get(..10)?.parse().ok()
}

/// A date with a clock and no offset.
fn parse_naive(text: &str) -> Option<DateTime> {
    // An offset or a `Z` would be passed over in silence by a reader of local times.
    let clock = text.get(11..)?;
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.');
    if !clock.bytes().all(is_plain) {
        return None;
    }
    text.parse().ok()
}

fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(';')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}
