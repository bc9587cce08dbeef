//! Pass 4 of the leftovers: the bill of a unit stands in a period nearby. Up to the lag it is a timing
//! difference, beyond it the bill was cut off into the wrong period.
//!
//! A period that misses a bill and one that has too much of it are a pair when each is the only
//! counterpart of the other; both periods see the same pair, so that it is counted once, in the period
//! of the contract.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::money::money_text;
use crate::period::Period;
use crate::reconcile::discrepancy::Candidate;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::legs::{BilledLine, LegGroup, UnitRecords};

use super::expected::expect;
use super::judge::Context;
use super::readings::terms_in;
use super::terms::Terms;
use super::unit::{Unit, kept};

/// A period with less than one line in so many of the compared one was not read whole: a bill that is
/// missing there says nothing.
const KNOWN_SHARE: u64 = 10;

/// What the periods nearby say of a unit that differs.
#[derive(Debug)]
pub(super) enum Nearby<'r> {
    /// Nothing.
    Nothing(Vec<Candidate>),
    /// Several periods could hold the counterpart.
    Ambiguous(Vec<Candidate>),
    /// What was not seen could be the counterpart.
    Hidden,
    /// The counterpart stands within the lag.
    Timing,
    /// What is missing here was billed there, beyond the lag.
    BilledIn(Period, Vec<&'r BilledLine>),
    /// What is too much here is the bill of another period, which counts it.
    BillOf,
}

/// Looks for the counterpart of what a unit misses, or has too much.
pub(super) fn look_nearby<'r>(
    group: &LegGroup,
    unit: &Unit,
    records: &'r UnitRecords,
    context: &Context<'_>,
) -> Result<Nearby<'r>, ReconcileError> {
    let around = Around::read(group, unit, records, context)?;
    let partners = around.partners(0)?;
    let [partner] = partners.as_slice() else {
        if partners.is_empty() {
            return Ok(Nearby::Nothing(around.near_misses()?));
        }
        let told = partners
            .iter()
            .map(|partner| around.candidate(partner.other(0), "another period matches as well"))
            .collect();
        return Ok(Nearby::Ambiguous(told));
    };
    let other = partner.other(0);
    if around.partners(other)?.len() > 1 {
        let reason = "it matches another period as well";
        return Ok(Nearby::Ambiguous(vec![around.candidate(other, reason)]));
    }
    if context.blindness.used && around.stands.values().any(|stand| stand.is_metered) {
        return Ok(Nearby::Hidden);
    }
    if partner.gap <= partner.lag {
        return Ok(Nearby::Timing);
    }
    if partner.missing_at == 0 {
        let lines = around.lines_at(partner.billed_at).collect();
        return Ok(Nearby::BilledIn(
            context.period.shifted(partner.billed_at),
            lines,
        ));
    }
    Ok(Nearby::BillOf)
}

/// A unit in one period: what was expected, and what was billed.
#[derive(Debug, Default)]
struct Stand {
    expected: Option<Decimal>,
    is_metered: bool,
    net: Decimal,
    line_count: usize,
}

impl Stand {
    /// What is expected and has no bill at all.
    fn missing(&self) -> Option<Decimal> {
        self.expected
            .filter(|amount| self.line_count == 0 && !amount.is_zero())
    }

    /// What was billed beyond what was expected.
    fn surplus(&self) -> Result<Option<Decimal>, ReconcileError> {
        if self.line_count == 0 {
            return Ok(None);
        }
        self.net
            .checked_sub(self.expected.unwrap_or_default())
            .map(|surplus| Some(surplus).filter(|amount| !amount.is_zero()))
            .ok_or_else(|| ReconcileError::Overflow("the surplus of a period nearby".into()))
    }
}

/// A period that misses a bill and one that has it.
#[derive(Debug, Clone, Copy)]
struct Partner {
    missing_at: i32,
    billed_at: i32,
    gap: i32,
    lag: i32,
}

impl Partner {
    fn other(&self, offset: i32) -> i32 {
        if self.missing_at == offset {
            self.billed_at
        } else {
            self.missing_at
        }
    }
}

/// A unit in the periods around the compared one.
struct Around<'a, 'r> {
    unit: &'a Unit,
    sku: &'a str,
    context: &'a Context<'a>,
    lines: Vec<&'r BilledLine>,
    stands: BTreeMap<i32, Stand>,
}

impl<'a, 'r> Around<'a, 'r> {
    fn read(
        group: &'a LegGroup,
        unit: &'a Unit,
        records: &'r UnitRecords,
        context: &'a Context<'_>,
    ) -> Result<Self, ReconcileError> {
        let terms = terms_in(group, unit.currency);
        let terms: Vec<&Terms> = terms.iter().collect();
        let lines: Vec<&BilledLine> = records
            .lines
            .iter()
            .filter(|line| line.currency == unit.currency)
            .collect();
        let billed_by = lines.iter().map(|line| line.source.as_str()).min();
        let sold_by = terms.iter().map(|terms| terms.source.as_str()).min();
        let rules = context.settings.line_rules(billed_by, sold_by);
        let reach = context.reach();
        let mut stands = BTreeMap::new();
        for offset in -reach..=reach {
            let usage: Vec<(Timestamp, Decimal)> = records
                .usage
                .iter()
                .filter(|row| row.offset == offset)
                .map(|row| (row.starts_on, row.quantity))
                .collect();
            let expected = if offset == 0 {
                unit.expected.clone()
            } else {
                expect(&terms, &usage, context.period.shifted(offset), rules)?
            };
            let mut stand = Stand {
                is_metered: expected
                    .as_ref()
                    .is_some_and(|expected| expected.is_metered),
                expected: expected.map(|expected| expected.amount),
                ..Stand::default()
            };
            for line in lines.iter().filter(|line| line.offset == offset) {
                stand.line_count += 1;
                stand.net = stand.net.checked_add(line.net).ok_or_else(|| {
                    ReconcileError::Overflow("the bills of a period nearby".into())
                })?;
            }
            stand.net = kept(stand.net);
            stands.insert(offset, stand);
        }
        Ok(Self {
            unit,
            sku: &group.sku,
            context,
            lines,
            stands,
        })
    }

    fn lines_at(&self, offset: i32) -> impl Iterator<Item = &'r BilledLine> {
        self.lines
            .iter()
            .copied()
            .filter(move |line| line.offset == offset)
    }

    /// The periods within reach of a shift whose counterpart the period at `offset` could be.
    fn partners(&self, offset: i32) -> Result<Vec<Partner>, ReconcileError> {
        let shift = self.context.max_shift;
        let mut partners = Vec::new();
        for other in (offset - shift..=offset + shift).filter(|other| *other != offset) {
            for (missing_at, billed_at) in [(offset, other), (other, offset)] {
                partners.extend(self.partner(missing_at, billed_at)?);
            }
        }
        Ok(partners)
    }

    fn partner(&self, missing_at: i32, billed_at: i32) -> Result<Option<Partner>, ReconcileError> {
        let (Some(home), Some(guest)) = (self.stands.get(&missing_at), self.stands.get(&billed_at))
        else {
            return Ok(None);
        };
        let (Some(missing), Some(surplus)) = (home.missing(), guest.surplus()?) else {
            return Ok(None);
        };
        let tolerance = self.context.settings.amount_tolerance();
        if !self.is_known(missing_at)
            || !tolerance.takes_amount(missing, surplus, self.unit.currency, 1)?
        {
            return Ok(None);
        }
        // The lines of one span are one bill, however many they are: two of them for what is missing
        // once are a bill and its copy, which is no shifted bill.
        let mut spans: BTreeMap<(Date, Option<Date>), Decimal> = BTreeMap::new();
        let mut lag = 0;
        for line in self.lines_at(billed_at) {
            let sum = spans.entry((line.billed_on, line.service_to)).or_default();
            *sum = sum
                .checked_add(line.net)
                .ok_or_else(|| ReconcileError::Overflow("the bills of a period nearby".into()))?;
            lag = lag.max(self.context.settings.lag_days_of(&line.source));
        }
        let has_own = guest.expected.is_some();
        let mut days = Vec::new();
        for ((billed_on, _), sum) in spans {
            // Among a period's own bills the stranger has the missing amount.
            if !has_own || tolerance.takes_amount(missing, sum, self.unit.currency, 1)? {
                days.push(billed_on);
            }
        }
        let home = self.context.period.shifted(missing_at);
        let gap = gap_days(&days, has_own, home, billed_at - missing_at);
        Ok(gap.map(|gap| Partner {
            missing_at,
            billed_at,
            gap,
            lag: lag.into(),
        }))
    }

    /// Whether enough was billed in a period to say that a bill is missing there, and it has begun.
    fn is_known(&self, offset: i32) -> bool {
        let count = |offset: i32| self.context.billed_lines.get(&offset).copied().unwrap_or(0);
        offset == 0
            || (self.context.period.shifted(offset).first_day() <= self.context.today
                && count(offset) > 0
                && count(offset).saturating_mul(KNOWN_SHARE) >= count(0))
    }

    /// Why the periods nearby were not taken.
    fn near_misses(&self) -> Result<Vec<Candidate>, ReconcileError> {
        let currency = self.unit.currency;
        let shift = self.context.max_shift;
        let own = self.stands.get(&0).and_then(Stand::missing);
        let mut misses = Vec::new();
        for offset in (-shift..=shift).filter(|offset| *offset != 0) {
            let Some(stand) = self.stands.get(&offset) else {
                continue;
            };
            let reason = match (own, stand.surplus()?, stand.missing()) {
                (Some(own), Some(surplus), _) => format!(
                    "{} is billed there beyond what is expected, {} is missing here",
                    money_text(surplus, currency),
                    money_text(own, currency)
                ),
                (None, _, Some(missing)) => format!(
                    "{} is missing there, which is not what is too much here",
                    money_text(missing, currency)
                ),
                _ => continue,
            };
            misses.push(self.candidate(offset, &reason));
        }
        Ok(misses)
    }

    fn candidate(&self, offset: i32, reason: &str) -> Candidate {
        let stand = self.stands.get(&offset);
        let amount = stand.map(|stand| match stand.missing() {
            Some(missing) => missing,
            None => stand.net,
        });
        Candidate {
            pass: "period".into(),
            account: None,
            sku: self.sku.to_owned(),
            period: self.context.period.shifted(offset),
            currency: self.unit.currency,
            quantity: None,
            amount: amount.map(|amount| money_text(amount, self.unit.currency)),
            reason: reason.to_owned(),
        }
    }
}

/// Days from the border of the period that misses a bill to the service day that is the bill's. A
/// period's own bill stands near its start, so a late bill among them is the farthest from the border
/// before it, and an early one the nearest to the border after it. Where all bills are strangers, the
/// first day billed counts.
fn gap_days(days: &[Date], has_own: bool, home: Period, direction: i32) -> Option<i32> {
    let gaps = days.iter().map(|day| {
        if direction > 0 {
            (*day - home.last_day()).get_days()
        } else {
            (home.first_day() - *day).get_days()
        }
    });
    if has_own == (direction > 0) {
        gaps.max()
    } else {
        gaps.min()
    }
}
