//! What other periods, and the closes of this one, say of a finding: it matters more when the same
//! error stood in the months before, and when the figures of its period were reported.

use std::collections::BTreeSet;

use super::discrepancy::{Discrepancy, DiscrepancyState, Kind, ResolutionCode, Severity};
use super::outcome::Finding;
use crate::period::Period;

/// How many periods in a row make an error a streak, its own among them.
pub const STREAK_PERIODS: i32 = 3;

/// What is known of a period beside its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeriodHistory {
    /// Fingerprints that stood in each of the periods before that make a streak with this one.
    pub streaks: BTreeSet<String>,
    /// The periods that are closed or locked.
    pub kept: BTreeSet<Period>,
    /// Whether the tax return of this period is filed.
    pub is_tax_filed: bool,
}

impl PeriodHistory {
    /// The history of a period, from the items of a rule in the periods before it.
    pub fn of(
        period: Period,
        earlier: &[Discrepancy],
        kept: BTreeSet<Period>,
        is_tax_filed: bool,
    ) -> Self {
        let standing_in = |back: i32| -> BTreeSet<&str> {
            earlier
                .iter()
                .filter(|item| item.period == period.shifted(-back) && was_error(item))
                .map(|item| item.fingerprint.as_str())
                .collect()
        };
        let mut streaks = standing_in(1);
        for back in 2..STREAK_PERIODS {
            let before = standing_in(back);
            streaks.retain(|fingerprint| before.contains(fingerprint));
        }
        Self {
            streaks: streaks.into_iter().map(str::to_owned).collect(),
            kept,
            is_tax_filed,
        }
    }

    /// The periods whose items [`PeriodHistory::of`] takes.
    pub fn looks_at(period: Period) -> Vec<Period> {
        (1..STREAK_PERIODS)
            .map(|back| period.shifted(-back))
            .collect()
    }

    /// The least severity of a finding of a period: what was reported, or filed, and is wrong all the
    /// same is never a small thing.
    pub(crate) fn floor(&self, period: Period, finding: &Finding) -> Severity {
        let crosses = || {
            finding.kind == Kind::PeriodCutoff
                && [&finding.expected, &finding.actual]
                    .into_iter()
                    .flatten()
                    .filter_map(|text| text.parse::<Period>().ok())
                    .any(|other| self.kept.contains(&other))
        };
        let is_filed_tax = finding.kind == Kind::Tax && self.is_tax_filed;
        if self.kept.contains(&period) || is_filed_tax || crosses() {
            Severity::High
        } else {
            Severity::Info
        }
    }
}

/// Whether an item was an error: not one that was dismissed as none, or that cleared as timing.
fn was_error(item: &Discrepancy) -> bool {
    !matches!(
        (item.state, item.code),
        (
            DiscrepancyState::Dismissed,
            Some(ResolutionCode::FalsePositive | ResolutionCode::DuplicateItem)
        ) | (DiscrepancyState::SelfCleared, Some(ResolutionCode::Timing))
    )
}
