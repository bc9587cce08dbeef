//! Thresholds: the figures from which a report asks for action.

use rust_decimal::Decimal;

use super::change::{Measure, Polarity};
use super::clean::{LABEL_MAX, clean};
use super::numerals::{RATE_UNITS_MIN, amount, count, days, percent};
use crate::report::kpi::{Kpi, ReportInput};

impl Measure {
    /// A figure of this measure as it is printed.
    pub(super) fn text(self, figure: Decimal) -> String {
        match self {
            Self::Rate => percent(figure),
            Self::Amount(currency) => amount(figure, currency),
            Self::Days => days(figure),
            Self::Count => count(u64::try_from(figure).unwrap_or_default()),
        }
    }
}

/// Whether a figure is past its threshold: at or above it where less is better, else at or below.
fn is_crossed(figure: Decimal, threshold: Decimal, polarity: Polarity) -> bool {
    match polarity {
        Polarity::Lower | Polarity::Neutral => figure >= threshold,
        Polarity::Higher => figure <= threshold,
    }
}

/// What the threshold of `metric`, where one is configured, says of `now`.
pub(super) fn threshold_status(
    input: &ReportInput,
    metric: &str,
    now: Option<Decimal>,
    measure: Measure,
    polarity: Polarity,
) -> Option<String> {
    let (_, threshold) = input.thresholds.iter().find(|(name, _)| name == metric)?;
    let word = match now {
        Some(figure) if is_crossed(figure, *threshold, polarity) => "crossed",
        Some(_) => "not crossed",
        None => "cannot be judged",
    };
    Some(format!("threshold {}: {word}", measure.text(*threshold)))
}

/// One line for each threshold that is crossed, or that names no metric.
pub(in crate::report) fn crossed_thresholds(input: &ReportInput) -> (Vec<String>, Vec<String>) {
    let mut crossed = Vec::new();
    let mut unknown = Vec::new();
    for (name, threshold) in &input.thresholds {
        let Some((figure, measure, polarity)) = metric(&input.kpi, name) else {
            unknown.push(format!(
                "Threshold `{}` names no metric.",
                clean(name, LABEL_MAX)
            ));
            continue;
        };
        if let Some(figure) = figure.filter(|one| is_crossed(*one, *threshold, polarity)) {
            crossed.push(format!(
                "{} is {}, past its threshold of {}.",
                name.replace('_', " "),
                measure.text(figure),
                measure.text(*threshold)
            ));
        }
    }
    (crossed, unknown)
}

fn metric(kpi: &Kpi, name: &str) -> Option<(Option<Decimal>, Measure, Polarity)> {
    let (wrong, speed, owed) = (&kpi.discrepancy, &kpi.resolution, &kpi.receivables);
    let money = Measure::Amount(kpi.currency);
    let (rate, days) = (Measure::Rate, Measure::Days);
    let lower = Polarity::Lower;
    // A rate of a few units asks for nobody's action.
    let of_units = |one: Option<Decimal>| one.filter(|_| wrong.units >= RATE_UNITS_MIN);
    Some(match name {
        "count_rate" => (of_units(wrong.count_rate), rate, lower),
        "value_rate" => (of_units(wrong.value_rate), rate, lower),
        "leakage_rate" => (of_units(wrong.leakage_rate), rate, lower),
        "recurring_rate" => (wrong.recurring_rate, rate, lower),
        "false_positive_rate" => (wrong.false_positive_rate, rate, lower),
        "gross" => (wrong.gross, money, lower),
        "leakage" => (wrong.leakage, money, lower),
        "overbilling" => (wrong.overbilling, money, lower),
        "outstanding" => (wrong.outstanding, money, lower),
        "unknown" => (Some(wrong.unknown.into()), Measure::Count, lower),
        "median_days" => (speed.median_days, days, lower),
        "p90_days" => (speed.p90_days, days, lower),
        "km_median_days" => (speed.km_median_days, days, lower),
        "reopen_rate" => (speed.reopen_rate, rate, lower),
        "open" => (Some(speed.open.n.into()), Measure::Count, lower),
        "max_age_days" => (speed.open.max_age_days, days, lower),
        "receivables" => (owed.net, money, lower),
        "percent_current" => (owed.percent_current, rate, Polarity::Higher),
        "percent_over_90" => (owed.percent_over_90, rate, lower),
        "dso" => (owed.dso, days, lower),
        "dso_countback" => (owed.dso_countback, days, lower),
        "add" => (owed.add, days, lower),
        "cei" => (owed.cei, rate, Polarity::Higher),
        _ => return None,
    })
}
