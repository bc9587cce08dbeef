//! How a figure moved since the period before, and whether that may be called better or worse.

use rust_decimal::Decimal;
use serde::Serialize;

use super::numerals::{RATE_UNITS_MIN, grouped, in_points, rounded};
use crate::currency::Currency;

/// What is measured, and so how its change is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Measure {
    /// A fraction: its change is in percentage points.
    Rate,
    /// Money: its change is absolute and in per cent.
    Amount(Currency),
    /// Days: the same.
    Days,
    /// A number of things: the same.
    Count,
}

/// Which direction is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Polarity {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither: it follows the business.
    Neutral,
}

/// How many things the two figures rest on, where their number matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Sample {
    /// It is no statistic.
    Whole,
    /// So many now and before.
    Of(u64, u64),
}

impl Sample {
    fn is_small(self) -> bool {
        match self {
            Self::Whole => false,
            Self::Of(now, before) => now.min(before) < RATE_UNITS_MIN,
        }
    }

    /// Whether the present figure alone rests on too little to be judged.
    pub(super) fn is_small_now(self) -> bool {
        matches!(self, Self::Of(now, _) if now < RATE_UNITS_MIN)
    }
}

/// Whether two periods may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Comparison {
    /// There is no period before.
    NoPrior,
    /// The rules or the scope changed in between.
    Broken(&'static str),
    /// One of them can still change, or a source failed: no verdict, and this word instead.
    NoVerdict(&'static str),
    /// Both are final.
    Full,
}

/// How a figure moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::report) struct Change {
    /// The signed change, or why there is none.
    pub(in crate::report) text: String,
    /// `better`, `worse`, `higher`, `lower`, `unchanged`, or why there is no verdict.
    pub(in crate::report) word: String,
    /// `good`, `bad` or `flat`: the colour that goes with the word.
    pub(in crate::report) tone: &'static str,
    /// The change in its short form, for the subject.
    pub(in crate::report) short: Option<String>,
}

impl Change {
    fn without(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            word: String::new(),
            tone: "flat",
            short: None,
        }
    }
}

/// How `now` moved since `before`.
pub(in crate::report) fn change_of(
    now: Option<Decimal>,
    before: Option<Decimal>,
    measure: Measure,
    polarity: Polarity,
    sample: Sample,
    comparison: Comparison,
) -> Change {
    let (Some(now), Some(before)) = (now, before) else {
        return Change::without("n/a");
    };
    match comparison {
        Comparison::NoPrior => return Change::without("n/a"),
        Comparison::Broken(reason) => return Change::without(format!("not comparable: {reason}")),
        Comparison::NoVerdict(_) | Comparison::Full => {}
    }
    if before.is_zero() {
        return Change::without(if now.is_zero() {
            "unchanged"
        } else {
            "n/a (was 0)"
        });
    }
    let Some(difference) = now.checked_sub(before) else {
        return Change::without("n/a");
    };
    if measure == Measure::Rate && sample.is_small() {
        return Change::without("n/a: fewer than 30 units");
    }
    let short = signed(difference, measure);
    let text = match (measure, per_cent(difference, before)) {
        (Measure::Amount(_) | Measure::Days | Measure::Count, Some(relative)) => {
            format!("{short} ({relative})")
        }
        _ => short.clone(),
    };
    let (word, tone) = if rounded(shown(difference, measure), decimals(measure)).is_zero() {
        ("unchanged", "flat")
    } else if let Comparison::NoVerdict(word) = comparison {
        (word, "flat")
    } else if sample.is_small() {
        ("few items", "flat")
    } else if polarity == Polarity::Neutral {
        (
            if difference < Decimal::ZERO {
                "lower"
            } else {
                "higher"
            },
            "flat",
        )
    } else if (difference < Decimal::ZERO) == (polarity == Polarity::Lower) {
        ("better", "good")
    } else {
        ("worse", "bad")
    };
    Change {
        text,
        word: word.to_owned(),
        tone,
        short: Some(short),
    }
}

fn shown(difference: Decimal, measure: Measure) -> Decimal {
    match measure {
        Measure::Rate => in_points(difference),
        Measure::Amount(_) | Measure::Days | Measure::Count => difference,
    }
}

fn decimals(measure: Measure) -> u32 {
    match measure {
        Measure::Rate => 2,
        Measure::Amount(currency) => currency.exponent(),
        Measure::Days => 1,
        Measure::Count => 0,
    }
}

fn signed(difference: Decimal, measure: Measure) -> String {
    let figure = plus(&grouped(shown(difference, measure), decimals(measure)));
    match measure {
        Measure::Rate => format!("{figure} pp"),
        Measure::Days => format!("{figure} d"),
        Measure::Amount(_) | Measure::Count => figure,
    }
}

fn per_cent(difference: Decimal, before: Decimal) -> Option<String> {
    let ratio = crate::money::ratio(difference, before.abs())?;
    Some(format!("{} %", plus(&grouped(in_points(ratio), 1))))
}

fn plus(figure: &str) -> String {
    if figure.starts_with('-') || !figure.contains(|digit| ('1'..='9').contains(&digit)) {
        figure.to_owned()
    } else {
        format!("+{figure}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Option<Decimal> {
        text.parse().ok()
    }

    #[test]
    fn rates_move_in_points_and_amounts_in_both_forms() {
        let usd = Measure::Amount("USD".parse().unwrap());
        let (full, whole) = (Comparison::Full, Sample::Whole);
        let rate = change_of(
            decimal("0.0187"),
            decimal("0.0231"),
            Measure::Rate,
            Polarity::Lower,
            Sample::Of(1230, 1200),
            full,
        );
        assert_eq!(
            (rate.text.as_str(), rate.word.as_str()),
            ("-0.44 pp", "better")
        );
        let leak = change_of(
            decimal("150"),
            decimal("100"),
            usd,
            Polarity::Lower,
            whole,
            full,
        );
        assert_eq!(leak.text, "+50.00 (+50.0 %)");
        assert_eq!((leak.word.as_str(), leak.tone), ("worse", "bad"));
    }

    #[test]
    fn what_cannot_be_compared_gets_no_verdict() {
        let few = Sample::Of(1230, 12);
        let change = |before, sample, comparison| {
            change_of(
                decimal("0.02"),
                before,
                Measure::Rate,
                Polarity::Lower,
                sample,
                comparison,
            )
        };
        assert_eq!(
            change(decimal("0"), Sample::Whole, Comparison::Full).text,
            "n/a (was 0)"
        );
        assert_eq!(change(None, Sample::Whole, Comparison::Full).text, "n/a");
        assert_eq!(
            change(decimal("0.03"), few, Comparison::Full).text,
            "n/a: fewer than 30 units"
        );
        assert_eq!(
            change(
                decimal("0.03"),
                Sample::Whole,
                Comparison::Broken("rules changed")
            )
            .text,
            "not comparable: rules changed"
        );
        let provisional = change(
            decimal("0.03"),
            Sample::Whole,
            Comparison::NoVerdict("provisional"),
        );
        assert_eq!(
            (
                provisional.text.as_str(),
                provisional.word.as_str(),
                provisional.tone
            ),
            ("-1.00 pp", "provisional", "flat")
        );
    }
}
