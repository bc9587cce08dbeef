//! What a unit is worth: as it stands now, and as it stood when it was furthest off on either side.
//!
//! ```text
//! largest     = max |A - E| on this side since the unit was counted
//! withdrawn   = what a corrected expectation (contract, usage, rate) took off it
//! recovered   = what later billing took off it
//! identified  = largest - withdrawn = recovered + outstanding (+ lost, which is a person's word)
//! ```
//! A side is never set off against the other: a unit that was billed too little and is billed too
//! much now was counted on both, each with its largest. In the rate it weighs once, with the larger.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::discrepancy::{Discrepancy, Kind, Severity};
use crate::currency::Currency;

/// What should have been billed of a unit, and what was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// What should have been billed.
    pub expected: Decimal,
    /// What was billed.
    pub actual: Decimal,
}

impl Amounts {
    /// Whether nothing was to be billed, and nothing was.
    fn are_zero(&self) -> bool {
        self.expected.is_zero() && self.actual.is_zero()
    }

    /// Actual less expected.
    pub fn difference(&self) -> Decimal {
        self.actual - self.expected
    }

    /// What a unit weighs among others: the larger of both amounts. Figures of opposite sign are
    /// further apart than either is from zero.
    pub fn weight(&self) -> Decimal {
        self.expected
            .abs()
            .max(self.actual.abs())
            .max(self.difference().abs())
    }

    /// The same with both signs turned: what is an overcharge becomes an undercharge.
    fn turned(self) -> Self {
        Self {
            expected: -self.expected,
            actual: -self.actual,
        }
    }

    fn undercharge(&self) -> Decimal {
        (-self.difference()).max(Decimal::ZERO)
    }
}

/// How a unit was last found, as far as it could be decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It differs beyond tolerance.
    #[default]
    Differs,
    /// Both sides agree, within tolerance at least.
    Agrees,
    /// Nothing is sold, used or billed of it any more: it is among no compared units.
    Gone,
}

/// On which side a unit is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// Billed too little: leakage.
    Under,
    /// Billed too much.
    Over,
}

impl Off {
    /// The side of an impact: minus is leakage.
    pub fn of(impact: Decimal) -> Self {
        if impact < Decimal::ZERO {
            Self::Under
        } else {
            Self::Over
        }
    }
}

/// What was found on one side of a unit. All of it without sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// The largest difference that it was counted with.
    pub largest: Decimal,
    /// What a corrected expectation took off: it was never owed.
    pub withdrawn: Decimal,
    /// What later billing took off.
    pub recovered: Decimal,
    /// What is left.
    pub outstanding: Decimal,
}

impl Found {
    /// What was identified: recovered or outstanding.
    pub fn identified(&self) -> Decimal {
        self.largest - self.withdrawn
    }
}

/// A unit as it stands, and as it stood when it was furthest off. What is nothing is not written: a
/// book has one for each item and each event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitWorth {
    /// Its amounts as they were last seen.
    #[serde(default, skip_serializing_if = "Amounts::are_zero")]
    pub present: Amounts,
    /// How it was last found.
    pub standing: Standing,
    /// Its amounts when most was missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<Amounts>,
    /// Its amounts when most was too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Amounts>,
}

impl UnitWorth {
    /// Whether it is what a unit without money is when it is counted: units of the rules that compare
    /// other things than money are.
    fn is_untold(&self) -> bool {
        *self == Self::default()
    }

    /// A unit that is counted for the first time.
    pub fn counted(amounts: Amounts) -> Self {
        let start = Self {
            present: amounts,
            standing: Standing::Differs,
            under: None,
            over: None,
        };
        start.seen(amounts, Standing::Differs)
    }

    /// The unit after it was seen again. Only a unit that differs is further off.
    #[must_use]
    pub fn seen(&self, present: Amounts, standing: Standing) -> Self {
        let further = |former: Option<Amounts>, now: Decimal, size: fn(Amounts) -> Decimal| {
            let is_further =
                standing == Standing::Differs && now > former.map_or(Decimal::ZERO, size);
            if is_further { Some(present) } else { former }
        };
        Self {
            present,
            standing,
            under: further(self.under, present.undercharge(), |one| one.undercharge()),
            over: further(self.over, present.turned().undercharge(), |one| {
                one.turned().undercharge()
            }),
        }
    }

    /// What was found on a side. `excused` is the part of its largest difference that a person
    /// judged to be no error.
    pub fn found(&self, off: Off, excused: Decimal) -> Found {
        let (peak, present) = match off {
            Off::Under => (self.under, self.present),
            Off::Over => (self.over.map(Amounts::turned), self.present.turned()),
        };
        let Some(peak) = peak else {
            return Found::default();
        };
        let largest = (peak.undercharge() - excused).max(Decimal::ZERO);
        let left = match self.standing {
            Standing::Differs => (present.undercharge() - excused).max(Decimal::ZERO),
            Standing::Agrees | Standing::Gone => Decimal::ZERO,
        };
        let outstanding = left.min(largest);
        let taken_off = largest - outstanding;
        // What is no longer expected was never owed, however much was billed since.
        let withdrawn = (peak.expected - present.expected)
            .max(Decimal::ZERO)
            .min(taken_off);
        Found {
            largest,
            withdrawn,
            recovered: taken_off - withdrawn,
            outstanding,
        }
    }

    /// Its amounts when it was furthest off on any side; an undercharge stands before an overcharge
    /// of the same size. Its present ones where it was never off by an amount.
    pub fn furthest(&self) -> Amounts {
        let size = |amounts: &Amounts| amounts.difference().abs();
        match (self.under, self.over) {
            (Some(under), Some(over)) if size(&over) > size(&under) => over,
            (Some(under), _) => under,
            (None, Some(over)) => over,
            (None, None) => self.present,
        }
    }

    /// This unit's history behind that of an earlier item of the same unit: the furthest of both, the
    /// earlier one's where they are equally far, and the present of this one.
    #[must_use]
    pub fn after(&self, earlier: &Self) -> Self {
        let further = |former: Option<Amounts>, later: Option<Amounts>| match (former, later) {
            (Some(former), Some(later)) if later.difference().abs() > former.difference().abs() => {
                Some(later)
            }
            (former, later) => former.or(later),
        };
        Self {
            under: further(earlier.under, self.under),
            over: further(earlier.over, self.over),
            ..self.clone()
        }
    }

    /// What can be told of the unit of an item that was kept before its history was: its impact
    /// against what was expected.
    pub fn from_item(present: Amounts, impact: Decimal, outstanding: Decimal) -> Self {
        let furthest = Amounts {
            expected: present.expected,
            actual: present.expected + impact,
        };
        if outstanding.is_zero() && !impact.is_zero() {
            let agreed = Amounts {
                expected: present.expected,
                actual: present.expected,
            };
            return Self::counted(furthest).seen(agreed, Standing::Agrees);
        }
        Self::counted(furthest).seen(present, Standing::Differs)
    }
}

/// What an item is worth at one time, kept with its events so that the past can be told as it was
/// known then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemWorth {
    /// What kind it is.
    pub kind: Kind,
    /// Hash of rule, account, product, kind and field.
    pub fingerprint: String,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The item's own money, at its largest.
    pub impact: Decimal,
    /// What is left of it.
    pub outstanding: Decimal,
    /// What later billing took off.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub recovered: Decimal,
    /// Its unit.
    #[serde(default, skip_serializing_if = "UnitWorth::is_untold")]
    pub unit: UnitWorth,
    /// What else was told of it; events of before have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ItemTold>,
}

/// What was told of an item beside its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemTold {
    /// How much it mattered.
    pub severity: Severity,
    /// The field that differed.
    pub field: String,
    /// Its expected value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Its actual value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The unit's expected amount.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub unit_expected: Decimal,
    /// The unit's actual amount.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub unit_actual: Decimal,
}

impl ItemWorth {
    /// What an item is worth as it stands.
    pub fn of(item: &Discrepancy) -> Self {
        Self {
            kind: item.kind,
            fingerprint: item.fingerprint.clone(),
            currency: item.currency,
            impact: item.impact,
            outstanding: item.outstanding,
            recovered: item.recovered,
            unit: item.unit.clone(),
            told: Some(ItemTold {
                severity: item.severity,
                field: item.field.clone(),
                expected: item.expected.clone(),
                actual: item.actual.clone(),
                unit_expected: item.unit_expected,
                unit_actual: item.unit_actual,
            }),
        }
    }

    /// The item as it was when it was worth this.
    pub fn put_back(&self, item: &Discrepancy) -> Discrepancy {
        let mut put_back = item.clone();
        if let Some(told) = &self.told {
            put_back.severity = told.severity;
            put_back.field.clone_from(&told.field);
            put_back.expected.clone_from(&told.expected);
            put_back.actual.clone_from(&told.actual);
            put_back.unit_expected = told.unit_expected;
            put_back.unit_actual = told.unit_actual;
        }
        Discrepancy {
            kind: self.kind,
            fingerprint: self.fingerprint.clone(),
            currency: self.currency,
            impact: self.impact,
            outstanding: self.outstanding,
            recovered: self.recovered,
            unit: self.unit.clone(),
            ..put_back
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(expected: i64, actual: i64) -> Amounts {
        Amounts {
            expected: expected.into(),
            actual: actual.into(),
        }
    }

    fn found(worth: &UnitWorth, off: Off) -> [i64; 4] {
        let found = worth.found(off, Decimal::ZERO);
        [
            found.largest,
            found.withdrawn,
            found.recovered,
            found.outstanding,
        ]
        .map(|amount| i64::try_from(amount).unwrap())
    }

    // Goal: billing recovers, a corrected expectation withdraws, and both sides stand apart. Method:
    // a unit of 100 of which nothing was billed, seen once more.
    #[test]
    fn what_was_missing_is_recovered_or_withdrawn() {
        use Standing::{Agrees, Differs, Gone};
        for (expected, actual, standing, under, over) in [
            (100, 0, Differs, [100, 0, 0, 100], [0, 0, 0, 0]),
            (100, 40, Differs, [100, 0, 40, 60], [0, 0, 0, 0]),
            (100, 100, Agrees, [100, 0, 100, 0], [0, 0, 0, 0]),
            (100, 99, Agrees, [100, 0, 100, 0], [0, 0, 0, 0]),
            (60, 0, Differs, [100, 40, 0, 60], [0, 0, 0, 0]),
            (60, 40, Differs, [100, 40, 40, 20], [0, 0, 0, 0]),
            (60, 80, Differs, [100, 40, 60, 0], [20, 0, 0, 20]),
            (0, 0, Gone, [100, 100, 0, 0], [0, 0, 0, 0]),
            (0, 100, Differs, [100, 100, 0, 0], [100, 0, 0, 100]),
            (100, 130, Differs, [100, 0, 100, 0], [30, 0, 0, 30]),
            (150, 0, Differs, [150, 0, 0, 150], [0, 0, 0, 0]),
        ] {
            let worth =
                UnitWorth::counted(amounts(100, 0)).seen(amounts(expected, actual), standing);
            assert_eq!(found(&worth, Off::Under), under, "{expected} {actual}");
            assert_eq!(found(&worth, Off::Over), over, "{expected} {actual}");
        }
    }

    // Goal: what is left out because it is nothing is read as nothing, and so is what an earlier
    // release wrote out in full. Method: both forms of an item's worth, and one with everything.
    #[test]
    fn what_is_nothing_is_not_written() {
        let full = r#"{"kind":"QUANTITY","fingerprint":"f","currency":"USD","impact":"5.5",
            "outstanding":"5.5","recovered":"0","unit":{"present":{"expected":"0","actual":"0"},
            "standing":"differs","under":null,"over":null},"told":{"severity":"low","field":"quantity",
            "expected":"1","actual":null,"unit_expected":"0","unit_actual":"0"}}"#;
        let short = r#"{"kind":"QUANTITY","fingerprint":"f","currency":"USD","impact":"5.5","outstanding":"5.5","told":{"severity":"low","field":"quantity","expected":"1"}}"#;
        let worth: ItemWorth = serde_json::from_str(full).unwrap();
        assert_eq!(serde_json::to_string(&worth).unwrap(), short);
        assert_eq!(serde_json::from_str::<ItemWorth>(short).unwrap(), worth);
        let mut rich = worth;
        rich.recovered = 1.into();
        rich.unit = UnitWorth::counted(amounts(100, 30)).seen(amounts(0, 0), Standing::Gone);
        let written = serde_json::to_string(&rich).unwrap();
        assert_eq!(serde_json::from_str::<ItemWorth>(&written).unwrap(), rich);
    }

    // Goal: the furthest stands, the other side only when it is further. Method: 100 missing, then 30
    // and 130 too much.
    #[test]
    fn the_furthest_stands() {
        let missing = UnitWorth::counted(amounts(100, 0));
        let over = missing.seen(amounts(100, 130), Standing::Differs);
        assert_eq!(over.furthest(), amounts(100, 0));
        let further = over.seen(amounts(100, 230), Standing::Differs);
        assert_eq!(further.furthest(), amounts(100, 230));
        assert_eq!(further.furthest().weight(), 230.into());
        assert_eq!(missing.after(&further).furthest(), amounts(100, 230));
        assert_eq!(missing.after(&further).present, amounts(100, 0));
        let as_far = UnitWorth::counted(amounts(120, 20));
        assert_eq!(as_far.after(&missing).furthest(), amounts(100, 0));
    }
}
