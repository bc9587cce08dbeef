//! The banner: the worst thing that is to be said of the sources, in a sentence that names them.

use jiff::Timestamp;

use super::figures::{
    Banner, BannerLevel, BannerState, DiscrepancyFigures, Freshness, FreshnessState,
};
use crate::period::Period;

/// The worst state wins. `missing` are periods that should have been reconciled and were not.
pub(super) fn banner(
    freshness: &[Freshness],
    discrepancy: &DiscrepancyFigures,
    missing: &[Period],
) -> Banner {
    let mut told: Vec<(BannerState, Option<BannerLevel>, String)> =
        freshness.iter().filter_map(sentence).collect();
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(Period::to_string).collect();
        let text = format!(
            "{} not reconciled: discrepancy figures leave out what was not compared",
            names.join(", ")
        );
        told.push((BannerState::Partial, None, text));
    }
    told.sort_by(|one, other| (other.0, other.1, &one.2).cmp(&(one.0, one.1, &other.2)));
    let Some((state, level, _)) = told.first().cloned() else {
        return quiet(freshness, discrepancy);
    };
    let sentences: Vec<String> = told.into_iter().map(|(_, _, text)| text).collect();
    Banner {
        state,
        level,
        text: sentences.join(". "),
    }
}

fn sentence(source: &Freshness) -> Option<(BannerState, Option<BannerLevel>, String)> {
    let name = &source.source;
    let last = match source.last_success {
        Some(instant) => format!("last success {}", minute(instant)),
        None => "no complete pull yet".to_owned(),
    };
    let reason = source.reason.as_deref().unwrap_or("no reason known");
    match source.state {
        FreshnessState::Ok => None,
        FreshnessState::Stale => {
            let level = source.level.unwrap_or(BannerLevel::Amber);
            let text = format!("source `{name}` is stale ({reason}), {last}");
            Some((BannerState::Stale, Some(level), text))
        }
        FreshnessState::Partial => {
            let text = format!("source `{name}` is partial ({reason}), {last}");
            Some((BannerState::Partial, None, text))
        }
        FreshnessState::Failed => {
            let text = format!("source `{name}` failed ({reason}), {last}");
            Some((BannerState::Failed, None, text))
        }
        FreshnessState::Never => {
            let text = format!("source `{name}` was never pulled");
            Some((BannerState::Failed, None, text))
        }
    }
}

/// Nothing is wrong with the sources: either there is something to report, or there is proof that
/// the work was done.
fn quiet(freshness: &[Freshness], discrepancy: &DiscrepancyFigures) -> Banner {
    let last_sync = freshness
        .iter()
        .filter_map(|source| source.last_success)
        .min();
    let synced = last_sync.map_or_else(
        || "no source is configured".to_owned(),
        |instant| format!("last sync {}", minute(instant)),
    );
    let (state, text) = if discrepancy.discrepant == 0 {
        let lines = grouped(discrepancy.units);
        let text = format!("0 discrepancies in {lines} compared lines ({synced})");
        (BannerState::Nothing, text)
    } else {
        (
            BannerState::Ok,
            format!("all sources are complete ({synced})"),
        )
    };
    Banner {
        state,
        level: None,
        text,
    }
}

fn minute(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A count with a comma at every thousand.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (12_431, "12,431"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(grouped(count), text);
        }
    }
}
