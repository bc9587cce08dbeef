//! What every part of a report needs to know of its input: the period before, what may be compared,
//! and what is said in place of a figure that cannot be had.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::Headline;
use super::change::{Comparison, Measure, Polarity, Sample, change_of};
use super::clean::{LABEL_MAX, clean};
use super::numerals::{amount, coded_amount, instant_text};
use super::threshold::threshold_status;
use crate::currency::Currency;
use crate::period::{Period, PeriodSpan};
use crate::report::kpi::{BannerState, FreshnessState, Kpi, ReportInput};

/// The input of a report, and what follows from it.
pub(in crate::report) struct Frame<'a> {
    /// The input.
    pub(in crate::report) input: &'a ReportInput,
    /// The figures of the period.
    pub(in crate::report) kpi: &'a Kpi,
    /// The figures of the period before, where there are any.
    pub(in crate::report) prior: Option<&'a Kpi>,
    /// Whether the two may be compared.
    pub(in crate::report) comparison: Comparison,
    /// The period, where it is spelled as one.
    pub(in crate::report) span: Option<PeriodSpan>,
    /// Whether amounts of several currencies are in the report.
    pub(in crate::report) is_multi_currency: bool,
    /// What stands in place of a figure that a source took away.
    pub(in crate::report) withheld: Option<String>,
}

impl<'a> Frame<'a> {
    /// Looks the input over.
    pub(in crate::report) fn new(input: &'a ReportInput) -> Self {
        let kpi = &input.kpi;
        let span: Option<PeriodSpan> = kpi.period.parse().ok();
        let prior_period = span.map(|current| before(current).to_string());
        let prior = prior_period.and_then(|period| {
            input
                .history
                .iter()
                .rev()
                .find(|past| past.period == period)
        });
        Self {
            input,
            kpi,
            prior,
            comparison: comparison(kpi, prior),
            span,
            is_multi_currency: is_multi_currency(input),
            withheld: withheld(input),
        }
    }

    /// The period in words: `March 2026`, `Q1 2026`, `2026`.
    pub(in crate::report) fn period_long(&self) -> String {
        period_text(&self.kpi.period, "%B %Y")
    }

    /// The same, short: `Mar 2026`.
    pub(in crate::report) fn period_short(&self) -> String {
        period_text(&self.kpi.period, "%b %Y")
    }

    /// The period before, short; `n/a` where there are no figures of it.
    pub(in crate::report) fn prior_short(&self) -> String {
        self.prior.map_or_else(
            || "n/a".to_owned(),
            |past| period_text(&past.period, "%b %Y"),
        )
    }

    /// A period in words, short.
    pub(in crate::report) fn name_of(period: &str) -> String {
        period_text(period, "%b %Y")
    }

    /// Whether a period is part of the report's.
    pub(in crate::report) fn covers(&self, period: Period) -> bool {
        self.span
            .is_some_and(|span| span.first <= period && period <= span.last)
    }

    /// An amount, with its currency where the report holds several.
    pub(in crate::report) fn money(&self, figure: Decimal, currency: Currency) -> String {
        if self.is_multi_currency {
            coded_amount(figure, currency)
        } else {
            amount(figure, currency)
        }
    }

    /// An amount in the report's currency.
    pub(in crate::report) fn own_money(&self, figure: Decimal) -> String {
        self.money(figure, self.kpi.currency)
    }

    /// An instant by the clock of the books.
    pub(in crate::report) fn instant(&self, instant: Timestamp) -> String {
        instant_text(instant, &self.input.timezone)
    }

    /// What stands in place of a figure that is not there.
    pub(in crate::report) fn absent(&self) -> String {
        self.withheld.clone().unwrap_or_else(|| "n/a".to_owned())
    }

    /// Whether the spreadsheet takes what the tables have no room for.
    pub(in crate::report) fn has_attachment(&self) -> bool {
        self.input.attachments
    }

    /// A headline figure. `metric` is its name among the thresholds.
    pub(in crate::report) fn headline(&self, figure: HeadlineFigure<'_>) -> Headline {
        Headline {
            name: figure.name,
            value: figure
                .now
                .map_or_else(|| self.absent(), |value| (figure.print)(value)),
            is_withheld: figure.now.is_none(),
            prior: figure
                .before
                .map_or_else(|| "n/a".to_owned(), |value| (figure.print_before)(value)),
            change: change_of(
                figure.now,
                figure.before,
                figure.measure,
                figure.polarity,
                figure.sample,
                self.comparison,
            ),
            note: figure.note,
            is_aging: false,
            is_note_aging: false,
            exact: (figure.now, figure.before),
            measure: figure.measure,
            status: threshold_status(
                self.input,
                figure.metric,
                figure
                    .now
                    .filter(|_| figure.measure != Measure::Rate || !figure.sample.is_small_now()),
                figure.measure,
                figure.polarity,
            ),
        }
    }
}

/// What a headline is made of.
pub(in crate::report) struct HeadlineFigure<'a> {
    /// What it is.
    pub(in crate::report) name: &'static str,
    /// Its name in `kpi --json`, by which a threshold finds it.
    pub(in crate::report) metric: &'static str,
    /// The figure.
    pub(in crate::report) now: Option<Decimal>,
    /// The period before's.
    pub(in crate::report) before: Option<Decimal>,
    /// How it is measured.
    pub(in crate::report) measure: Measure,
    /// Which way is good.
    pub(in crate::report) polarity: Polarity,
    /// What it rests on.
    pub(in crate::report) sample: Sample,
    /// How it is printed.
    pub(in crate::report) print: &'a dyn Fn(Decimal) -> String,
    /// How the period before's is printed.
    pub(in crate::report) print_before: &'a dyn Fn(Decimal) -> String,
    /// The small print.
    pub(in crate::report) note: Option<String>,
}

fn before(span: PeriodSpan) -> PeriodSpan {
    let months = i32::try_from(span.periods().count()).unwrap_or(1);
    PeriodSpan {
        first: span.first.shifted(-months),
        last: span.last.shifted(-months),
    }
}

/// A period in words by the pattern of its months.
pub(super) fn period_text(period: &str, month_pattern: &str) -> String {
    match period.parse::<PeriodSpan>() {
        Ok(span) if span.is_month() => span.first.first_day().strftime(month_pattern).to_string(),
        _ => match period.split_once("-Q") {
            Some((year, quarter)) => format!("Q{quarter} {year}"),
            None => clean(period, LABEL_MAX),
        },
    }
}

fn comparison(kpi: &Kpi, prior: Option<&Kpi>) -> Comparison {
    let Some(past) = prior else {
        return Comparison::NoPrior;
    };
    let is_incomplete =
        |one: &Kpi| matches!(one.banner.state, BannerState::Failed | BannerState::Partial);
    if past.branch != kpi.branch || past.currency != kpi.currency {
        Comparison::Broken("scope changed")
    } else if past.rules_version != kpi.rules_version {
        Comparison::Broken("rules changed")
    } else if is_incomplete(kpi) || is_incomplete(past) {
        Comparison::NoVerdict("incomplete data")
    } else if kpi.provisional || past.provisional {
        Comparison::NoVerdict("provisional")
    } else {
        Comparison::Full
    }
}

fn is_multi_currency(input: &ReportInput) -> bool {
    let own = input.kpi.currency;
    input
        .kpi
        .discrepancy
        .by_currency
        .keys()
        .any(|one| *one != own)
        || input.discrepancies.iter().any(|item| item.currency != own)
        || input.open_invoices.iter().any(|line| line.currency != own)
        || input.cases.iter().any(|line| line.currency != own)
}

// The worst source says why: the first failed one, else one that never answered, a partial one, a
// stale one, in the order of the list.
fn withheld(input: &ReportInput) -> Option<String> {
    [
        FreshnessState::Failed,
        FreshnessState::Never,
        FreshnessState::Partial,
        FreshnessState::Stale,
    ]
    .into_iter()
    .find_map(|state| input.kpi.freshness.iter().find(|one| one.state == state))
    .map(|worst| {
        let source = clean(&worst.source, LABEL_MAX);
        let word = match worst.state {
            FreshnessState::Failed => "sync failed",
            FreshnessState::Never => "was never synced",
            FreshnessState::Partial => "sync is partial",
            FreshnessState::Stale | FreshnessState::Ok => "is stale",
        };
        match worst.last_success {
            Some(instant) => format!(
                "withheld: {source} {word}, last success {}",
                instant_text(instant, &input.timezone)
            ),
            None => format!("withheld: {source} {word}, no success yet"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_before_is_as_long_as_the_span() {
        for (span, expected) in [
            ("2026-03", "2026-02"),
            ("2026-Q1", "2025-Q4"),
            ("2026", "2025"),
        ] {
            assert_eq!(before(span.parse().unwrap()).to_string(), expected);
        }
    }

    #[test]
    fn periods_are_named_in_words() {
        assert_eq!(period_text("2026-03", "%B %Y"), "March 2026");
        assert_eq!(period_text("2026-Q1", "%b %Y"), "Q1 2026");
        assert_eq!(period_text("2026", "%b %Y"), "2026");
    }
}
