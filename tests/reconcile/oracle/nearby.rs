//! Pass 4 of the leftovers: the bill of a unit stands in another month.

use std::collections::BTreeMap;

use super::LAG;
use super::calendar::first_day;
use super::expected::Reading;
use super::unit::Unit;

impl Unit<'_> {
    pub(super) fn nearby(&self) -> Nearby {
        let partners = self.partners(0);
        let [(missing, billed, gap)] = partners.as_slice() else {
            return if partners.is_empty() {
                Nearby::Nothing
            } else {
                Nearby::Ambiguous
            };
        };
        let other = if *missing == 0 { *billed } else { *missing };
        if self.partners(other).len() > 1 {
            Nearby::Ambiguous
        } else if *gap <= LAG {
            Nearby::Timing
        } else if *missing == 0 {
            Nearby::CutOff
        } else {
            Nearby::Elsewhere
        }
    }

    /// The months around one that could be its counterpart: missing, billed, days over the border.
    fn partners(&self, month: i32) -> Vec<(i32, i32, i32)> {
        let mut partners = Vec::new();
        let shift = self.facts.max_shift;
        for other in (month - shift..=month + shift).filter(|other| *other != month) {
            for (missing, billed) in [(month, other), (other, month)] {
                if let Some(gap) = self.gap(missing, billed) {
                    partners.push((missing, billed, gap));
                }
            }
        }
        partners
    }

    fn gap(&self, missing: i32, billed: i32) -> Option<i32> {
        // A month that has not begun misses nothing.
        if missing != 0 && first_day(missing) > self.facts.today {
            return None;
        }
        let agreed = Reading::default();
        let home = self.facts.expected(self.key, missing, agreed)?;
        let guest = self.facts.expected(self.key, billed, agreed);
        let lines = self.facts.lines_in(self.key, billed);
        if !self.facts.lines_in(self.key, missing).is_empty() || home.amount == 0 {
            return None;
        }
        let net: i64 = lines.iter().map(|line| line.net).sum();
        let surplus = net - guest.map_or(0, |one| one.amount);
        if lines.is_empty() || surplus == 0 || (surplus - home.amount).abs() > 1 {
            return None;
        }
        let mut spans: BTreeMap<(i32, Option<i32>), i64> = BTreeMap::new();
        for line in &lines {
            *spans.entry((line.from, line.to)).or_default() += line.net;
        }
        let days = spans
            .iter()
            .filter(|(_, net)| guest.is_none() || (**net - home.amount).abs() <= 1)
            .map(|((from, _), _)| {
                if billed > missing {
                    from - (first_day(missing + 1) - 1)
                } else {
                    first_day(missing) - from
                }
            });
        if guest.is_some() == (billed > missing) {
            days.max()
        } else {
            days.min()
        }
    }
}

/// What the months nearby say.
pub(super) enum Nearby {
    Nothing,
    Ambiguous,
    Timing,
    CutOff,
    Elsewhere,
}
