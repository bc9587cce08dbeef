//! What a reconcile does to one item: it opens, stays, goes, comes back, or is proven fixed.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::currency::Currency;
use crate::reconcile::account_fields::ACCOUNT_RULE;
use crate::reconcile::discrepancy::{
    Discrepancy, DiscrepancyEvent, DiscrepancyState, Kind, ResolutionCode,
};
use crate::reconcile::outcome::{Finding, Outcome};
use crate::reconcile::worth::{Amounts, ItemWorth, Standing, UnitWorth};
use crate::store::DiscrepancyChange;

use super::identify::fingerprint_of;
use super::units::{UnitKey, amounts_of, given_away, record_of, settle, unit_of};

/// Who acts when nobody does.
const SYSTEM: &str = "crossfoot";

/// What names one of two findings that are halves of one: account, product, currency and kind.
pub(super) type Half<'a> = (&'a str, &'a str, Currency, Kind);

pub(super) fn half_of(finding: &Finding) -> Half<'_> {
    (
        &finding.account.id,
        &finding.sku,
        finding.currency,
        finding.kind,
    )
}

/// Whether an item was dismissed as a false positive, and the difference is larger by now; of the
/// fields of an account, which have no size, whether it is another one.
fn is_beyond_dismissal(item: &Discrepancy, finding: &Finding) -> bool {
    let is_other = item.rule == ACCOUNT_RULE
        && (item.expected != finding.expected || item.actual != finding.actual);
    item.code == Some(ResolutionCode::FalsePositive)
        && (is_other || finding.impact.abs() > item.impact.abs())
}

/// One reconcile, as it looks at items.
pub(super) struct Step<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) now: Timestamp,
    pub(super) verify_window: Duration,
    pub(super) units: BTreeMap<UnitKey<'a>, Option<(Amounts, Standing)>>,
    pub(super) new_parts: BTreeMap<UnitKey<'a>, Decimal>,
    /// The ids of the items that the findings are.
    pub(super) ids: BTreeMap<Half<'a>, String>,
}

impl Step<'_> {
    pub(super) fn opened(&self, id: String, finding: Finding) -> DiscrepancyChange {
        let amounts = amounts_of(&finding);
        let item = Discrepancy {
            fingerprint: fingerprint_of(&self.outcome.rule, &finding),
            rule: self.outcome.rule.clone(),
            period: self.outcome.period,
            kind: finding.kind,
            state: DiscrepancyState::Open,
            linked_id: self.linked_id(&finding),
            account: finding.account.id,
            account_name: finding.account.name,
            branch: finding.branch,
            sku: finding.sku,
            currency: finding.currency,
            field: finding.field,
            expected: finding.expected,
            actual: finding.actual,
            unit_expected: finding.unit_expected,
            unit_actual: finding.unit_actual,
            impact: finding.impact,
            outstanding: finding.impact.abs(),
            recovered: Decimal::ZERO,
            unit: UnitWorth::counted(amounts),
            annualised: finding.annualised,
            severity: finding.severity,
            estimated: finding.estimated,
            ambiguous: finding.ambiguous,
            secondary: finding.secondary,
            owner: None,
            waiting_on: None,
            code: None,
            proposed_by: None,
            sides: finding.sides,
            candidates: finding.candidates,
            rules_version: self.outcome.rules_version.clone(),
            opened_run: self.outcome.run_id.clone(),
            last_run: self.outcome.run_id.clone(),
            opened_at: self.now,
            resolved_at: None,
            ended_at: None,
            updated_at: self.now,
            id,
        };
        let event = self.event(&item, "opened", None, None);
        DiscrepancyChange {
            discrepancy: item,
            was: None,
            events: vec![event],
            approver: None,
        }
    }

    /// The unit still differs, or differs again.
    pub(super) fn differs(
        &self,
        item: &Discrepancy,
        finding: &Finding,
    ) -> Option<DiscrepancyChange> {
        use DiscrepancyState::{Closed, Dismissed, Resolved, SelfCleared, Verified};
        let is_given_up = item.code == Some(ResolutionCode::WrittenOff);
        match item.state {
            // What was judged to be no error says nothing of a larger one.
            Dismissed if is_beyond_dismissal(item, finding) => {
                let updated = self.updated(item, finding);
                Some(self.moved(
                    updated,
                    item.state,
                    &[DiscrepancyState::Reopened],
                    if item.rule == ACCOUNT_RULE {
                        "the values are not those that were dismissed as a false positive"
                    } else {
                        "the difference is larger than the one that was dismissed as a false positive"
                    },
                ))
            }
            // What else a person dismissed or wrote off stays so, however it differs.
            Dismissed => self.watched(item),
            Verified | Closed if is_given_up => self.watched(item),
            Resolved if is_given_up => {
                // It stands for the difference as it is now, so that the next run finds it again;
                // what was given up is what was approved.
                let mut given_up = self.updated(item, finding);
                if given_up.currency == item.currency {
                    given_up.impact = item.impact;
                    given_up.outstanding = item.outstanding;
                    given_up.recovered = item.recovered;
                    given_up.annualised = item.annualised;
                    given_up.severity = item.severity;
                }
                Some(self.moved(
                    given_up,
                    item.state,
                    &[Verified],
                    "written off: its approval verifies it",
                ))
            }
            Verified | Closed | SelfCleared => {
                let updated = self.updated(item, finding);
                Some(self.moved(
                    updated,
                    item.state,
                    &[DiscrepancyState::Reopened],
                    "the unit differs again",
                ))
            }
            Resolved if self.is_window_over(item) => {
                let updated = self.updated(item, finding);
                Some(self.moved(
                    updated,
                    item.state,
                    &[DiscrepancyState::Reopened],
                    "the unit still differs after the verify window",
                ))
            }
            _ => self.refreshed(item, finding),
        }
    }

    /// The cause was not found any more: the unit agrees, or it is a timing difference.
    pub(super) fn agrees(&self, item: &Discrepancy, is_timing: bool) -> Option<DiscrepancyChange> {
        use DiscrepancyState::{
            Acknowledged, Approved, Closed, Dismissed, InProgress, Open, Proposed, Reopened,
            Resolved, SelfCleared, Verified, Waiting,
        };
        let mut cleared = item.clone();
        if is_timing {
            cleared.outstanding = Decimal::ZERO;
        } else {
            cleared.unit = self.unit_now(item);
            settle(&mut cleared, Decimal::ZERO);
        }
        let reason = if is_timing {
            "the other side is not due yet, or is counted with another unit"
        } else {
            "both sides agree"
        };
        match item.state {
            Verified | Closed | Dismissed | SelfCleared | Resolved if is_timing => None,
            Verified | Closed | Dismissed | SelfCleared => self.watched(item),
            Resolved => Some(self.moved(cleared, item.state, &[Verified], reason)),
            Open | Acknowledged | InProgress | Waiting | Reopened => {
                cleared.code = is_timing.then_some(ResolutionCode::Timing);
                cleared.waiting_on = None;
                // A reopened item is taken up first: the table knows no shorter way.
                let steps: &[DiscrepancyState] = if item.state == Reopened {
                    &[InProgress, SelfCleared]
                } else {
                    &[SelfCleared]
                };
                Some(self.moved(cleared, item.state, steps, reason))
            }
            // A resolution is on its way: the person who proposed it brings it to its end.
            Proposed | Approved if is_timing || cleared == *item => None,
            Proposed | Approved => {
                cleared.updated_at = self.now;
                cleared.last_run.clone_from(&self.outcome.run_id);
                let event = self.event(&cleared, "updated", Some(item.state), Some(reason));
                Some(DiscrepancyChange {
                    discrepancy: cleared,
                    was: Some(item.state),
                    events: vec![event],
                    approver: None,
                })
            }
        }
    }

    /// How the unit of an item stands by this outcome. A unit without any row is gone, and one that
    /// could not be decided is as it was.
    fn unit_now(&self, item: &Discrepancy) -> UnitWorth {
        let key = (
            item.account.as_str(),
            item.sku.as_str(),
            item.currency,
            record_of(&self.outcome.rule, &item.sides),
        );
        match self.units.get(&key) {
            Some(Some((amounts, standing))) => item.unit.seen(*amounts, *standing),
            Some(None) => item.unit.clone(),
            None => {
                let nothing = Amounts {
                    expected: Decimal::ZERO,
                    actual: Decimal::ZERO,
                };
                item.unit.seen(nothing, Standing::Gone)
            }
        }
    }

    /// An item that stays as it is, while the amounts of its unit may not: the figures weigh a unit
    /// with what it is now and what it was when it was counted, whoever has dealt with it since.
    fn watched(&self, item: &Discrepancy) -> Option<DiscrepancyChange> {
        let unit = self.unit_now(item);
        if unit == item.unit {
            return None;
        }
        let mut watched = item.clone();
        watched.unit = unit;
        watched.updated_at = self.now;
        watched.last_run.clone_from(&self.outcome.run_id);
        let note = "the amounts of its unit changed";
        let event = self.event(&watched, "updated", Some(item.state), Some(note));
        Some(DiscrepancyChange {
            discrepancy: watched,
            was: Some(item.state),
            events: vec![event],
            approver: None,
        })
    }

    fn is_window_over(&self, item: &Discrepancy) -> bool {
        let Some(resolved_at) = item.resolved_at else {
            return true;
        };
        let elapsed = self.now.as_second().saturating_sub(resolved_at.as_second());
        u64::try_from(elapsed).is_ok_and(|elapsed| elapsed >= self.verify_window.as_secs())
    }

    /// An item that stays where it is, with what this run saw; nothing where that is the same.
    fn refreshed(&self, item: &Discrepancy, finding: &Finding) -> Option<DiscrepancyChange> {
        let mut updated = self.updated(item, finding);
        if updated == *item {
            return None;
        }
        let is_told = updated.kind != item.kind
            || updated.field != item.field
            || updated.expected != item.expected
            || updated.actual != item.actual
            || updated.impact != item.impact
            || updated.outstanding != item.outstanding
            || updated.unit != item.unit
            || updated.severity != item.severity
            || updated.secondary != item.secondary;
        updated.updated_at = self.now;
        updated.last_run.clone_from(&self.outcome.run_id);
        let note = if updated.kind == item.kind {
            format!(
                "outstanding {} of {}",
                updated.outstanding,
                updated.impact.abs()
            )
        } else {
            format!("the cause changed from {} to {}", item.kind, updated.kind)
        };
        let events = if is_told {
            vec![self.event(&updated, "updated", Some(item.state), Some(&note))]
        } else {
            Vec::new()
        };
        Some(DiscrepancyChange {
            discrepancy: updated,
            was: Some(item.state),
            events,
            approver: None,
        })
    }

    /// The item with the finding's values. The impact keeps its largest size since the item opened,
    /// whatever became of the cause or the direction: what was found stays found, and the unit tells
    /// what is left of it and what stands on the other side by now. Only amounts that cannot be
    /// compared begin anew: another currency, and tax, which is a liability, in place of revenue.
    /// Where a part of the same money has a cause of its own now, it goes to that part's new item,
    /// so that the impacts of a unit add up to its largest difference.
    fn updated(&self, item: &Discrepancy, finding: &Finding) -> Discrepancy {
        let is_comparable = item.currency == finding.currency
            && (item.kind == Kind::Tax) == (finding.kind == Kind::Tax);
        let mut updated = item.clone();
        updated.unit = if item.currency == finding.currency {
            item.unit.seen(amounts_of(finding), Standing::Differs)
        } else {
            UnitWorth::counted(amounts_of(finding))
        };
        updated.kind = finding.kind;
        updated.fingerprint = fingerprint_of(&self.outcome.rule, finding);
        updated.account_name.clone_from(&finding.account.name);
        updated.branch.clone_from(&finding.branch);
        updated.currency = finding.currency;
        updated.field.clone_from(&finding.field);
        updated.expected.clone_from(&finding.expected);
        updated.actual.clone_from(&finding.actual);
        updated.unit_expected = finding.unit_expected;
        updated.unit_actual = finding.unit_actual;
        if !is_comparable || finding.impact.abs() > item.impact.abs() {
            updated.impact = finding.impact;
            updated.annualised = finding.annualised;
            updated.severity = finding.severity;
        } else {
            // What matters more by now, as an error of a period that was closed meanwhile, does so
            // for the largest size too.
            updated.severity = item.severity.max(finding.severity);
            if item.kind != finding.kind {
                let part = self.new_parts.get(&unit_of(&self.outcome.rule, finding));
                updated.impact -= given_away(item.impact, finding.impact, part.copied());
            }
        }
        settle(&mut updated, finding.impact);
        updated.estimated = finding.estimated;
        updated.ambiguous = finding.ambiguous;
        updated.secondary.clone_from(&finding.secondary);
        updated.linked_id = self.linked_id(finding);
        updated.sides.clone_from(&finding.sides);
        updated.candidates.clone_from(&finding.candidates);
        updated
            .rules_version
            .clone_from(&self.outcome.rules_version);
        updated
    }

    /// The item of the finding that is the other half of this one.
    fn linked_id(&self, finding: &Finding) -> Option<String> {
        let (account, sku) = finding.linked.as_ref()?;
        self.ids
            .get(&(account, sku, finding.currency, finding.kind))
            .cloned()
    }

    fn moved(
        &self,
        mut item: Discrepancy,
        was: DiscrepancyState,
        steps: &[DiscrepancyState],
        reason: &str,
    ) -> DiscrepancyChange {
        let mut events = Vec::new();
        let mut from = was;
        for to in steps {
            item.state = *to;
            let is_end = !to.is_listed();
            item.ended_at = is_end.then_some(self.now);
            if *to == DiscrepancyState::Reopened {
                item.code = None;
                item.proposed_by = None;
            }
            events.push(self.event(&item, "moved", Some(from), Some(reason)));
            from = *to;
        }
        item.updated_at = self.now;
        item.last_run.clone_from(&self.outcome.run_id);
        DiscrepancyChange {
            discrepancy: item,
            was: Some(was),
            events,
            approver: None,
        }
    }

    fn event(
        &self,
        item: &Discrepancy,
        action: &str,
        from_state: Option<DiscrepancyState>,
        note: Option<&str>,
    ) -> DiscrepancyEvent {
        DiscrepancyEvent {
            discrepancy_id: item.id.clone(),
            at: self.now,
            actor: SYSTEM.into(),
            action: action.into(),
            from_state,
            to_state: item.state,
            code: item.code,
            note: note.map(str::to_owned),
            run_id: Some(self.outcome.run_id.clone()),
            worth: Some(ItemWorth::of(item)),
        }
    }
}
