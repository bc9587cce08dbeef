//! Figures over periods: the labels, the series and the table that says the same.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::period::PeriodSpan;
use crate::report::charts::{PeriodLabel, Series};
use crate::report::document::{Cell, Column, Frame, Rest, Table};
use crate::report::kpi::Kpi;

/// The most periods of a chart: twelve and the report's own.
const PERIODS_MAX: usize = 13;
/// The fewest periods that make a trend.
const PERIODS_MIN: usize = 2;
/// How many periods the table below a chart repeats.
const TABLE_PERIODS: usize = 6;

/// The figures of the periods, the report's own last.
pub(super) struct Trend<'a> {
    kpis: Vec<&'a Kpi>,
}

impl<'a> Trend<'a> {
    /// The history and the period itself; of the history only what is of the same length and
    /// earlier.
    pub(super) fn new(frame: &Frame<'a>) -> Self {
        let months = |period: &str| {
            period
                .parse::<PeriodSpan>()
                .ok()
                .map(|span| (span.first, span.periods().count()))
        };
        let own = months(&frame.kpi.period);
        let mut kpis: Vec<&Kpi> = frame
            .input
            .history
            .iter()
            .filter(|past| match (months(&past.period), own) {
                (Some((first, length)), Some((own_first, own_length))) => {
                    length == own_length && first < own_first
                }
                _ => false,
            })
            .collect();
        kpis.push(frame.kpi);
        let surplus = kpis.len().saturating_sub(PERIODS_MAX);
        Self {
            kpis: kpis.split_off(surplus),
        }
    }

    /// Whether at least two periods have a figure.
    pub(super) fn is_drawn(&self, figure: impl Fn(&Kpi) -> Option<Decimal>) -> bool {
        let known = self.kpis.iter().filter(|kpi| figure(kpi).is_some()).count();
        known >= PERIODS_MIN
    }

    /// What stands below the axis.
    pub(super) fn labels(&self) -> Vec<PeriodLabel> {
        let mut last_year = String::new();
        self.kpis
            .iter()
            .map(|kpi| {
                let (main, year) = label_of(&kpi.period);
                let is_new = year != last_year;
                last_year.clone_from(&year);
                PeriodLabel {
                    main,
                    year: (is_new && !year.is_empty()).then_some(year),
                }
            })
            .collect()
    }

    /// A figure over the periods.
    pub(super) fn series(
        &self,
        name: impl Into<String>,
        figure: impl Fn(&Kpi) -> Option<Decimal>,
        print: impl Fn(Decimal) -> String,
    ) -> Series {
        let values: Vec<Option<Decimal>> = self.kpis.iter().map(|kpi| figure(kpi)).collect();
        Series {
            name: name.into(),
            last_text: values.last().copied().flatten().map(print),
            values,
        }
    }

    /// The last periods in figures, the newest first.
    pub(super) fn table(&self, columns: Vec<Column>, row: impl Fn(&Kpi) -> Vec<Cell>) -> Table {
        let rows: Vec<Vec<Cell>> = self
            .kpis
            .iter()
            .rev()
            .take(TABLE_PERIODS)
            .map(|kpi| {
                let mut cells = vec![Cell::from(Frame::name_of(&kpi.period))];
                cells.extend(row(kpi));
                cells
            })
            .collect();
        let mut heads = vec![Column::words("Period")];
        heads.extend(columns);
        Table::new("", heads, rows, Rest::Attachment, "")
    }

    /// What the line does, for who cannot see it: `fell from 2.31 % in Mar 2025 to 1.87 % in Mar
    /// 2026`, between the first and the last figure that are known.
    pub(super) fn message(
        &self,
        figure: impl Fn(&Kpi) -> Option<Decimal>,
        print: impl Fn(Decimal) -> String,
    ) -> Option<String> {
        let mut known = self
            .kpis
            .iter()
            .filter_map(|kpi| figure(kpi).map(|value| (Frame::name_of(&kpi.period), value)));
        let (first_period, first) = known.next()?;
        let (last_period, last) = known.next_back()?;
        let moved = match last.cmp(&first) {
            Ordering::Less => "fell",
            Ordering::Greater => "rose",
            Ordering::Equal => "stayed",
        };
        Some(format!(
            "{moved} from {} in {first_period} to {} in {last_period}; table below.",
            print(first),
            print(last)
        ))
    }
}

fn label_of(period: &str) -> (String, String) {
    if let Ok(span) = period.parse::<PeriodSpan>() {
        let first = span.first.first_day();
        let year = first.strftime("%Y").to_string();
        if span.is_month() {
            return (first.strftime("%b").to_string(), year);
        }
        return match period.split_once("-Q") {
            Some((_, quarter)) => (format!("Q{quarter}"), year),
            None => (year, String::new()),
        };
    }
    (period.chars().take(7).collect(), String::new())
}
