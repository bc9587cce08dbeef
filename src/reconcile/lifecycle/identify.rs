//! Which standing item a finding is, and what a new item is called.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::period::Period;
use crate::reconcile::account_fields::ACCOUNT_RULE;
use crate::reconcile::billing::BILLING_RULE;
use crate::reconcile::discrepancy::{Discrepancy, DiscrepancyState, Kind, ResolutionCode};
use crate::reconcile::outcome::{Finding, Outcome};
use crate::reconcile::short_id::{fingerprint, short_id};

use super::units::{RecordKey, record_of};

/// Findings and items that belong together.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// Pairs of positions: item, finding.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Findings that no item stands for.
    pub(super) new: Vec<usize>,
    /// Items whose cause was not found.
    pub(super) gone: Vec<usize>,
}

/// Pairs standing items with findings: first those of the same account, product and kind that name
/// a record in common, then those of the same account, product and kind, then, among items that are
/// still somebody's work, those of the same account and product whose cause changed.
pub(super) fn identify(rule: &str, standing: &[Discrepancy], findings: &[Finding]) -> Matches {
    if standing.is_empty() {
        return Matches {
            new: (0..findings.len()).collect(),
            ..Matches::default()
        };
    }
    let mut items_of_unit: BTreeMap<(&str, &str, RecordKey<'_>), Vec<usize>> = BTreeMap::new();
    for (at, item) in standing.iter().enumerate() {
        let record = record_of(&item.rule, &item.sides);
        let unit = (item.account.as_str(), item.sku.as_str(), record);
        items_of_unit.entry(unit).or_default().push(at);
    }
    let mut item_of: BTreeMap<usize, usize> = BTreeMap::new();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut pair = |is_one: fn(&Discrepancy, &Finding) -> bool| {
        for (finding_at, finding) in findings.iter().enumerate() {
            let record = record_of(rule, &finding.sides);
            let unit = (finding.account.id.as_str(), finding.sku.as_str(), record);
            let candidates = items_of_unit.get(&unit).map_or(&[][..], Vec::as_slice);
            if item_of.contains_key(&finding_at) {
                continue;
            }
            let item = candidates
                .iter()
                .find(|at| !taken.contains(at) && is_one(&standing[**at], finding));
            if let Some(item_at) = item {
                taken.insert(*item_at);
                item_of.insert(finding_at, *item_at);
            }
        }
    };
    pair(|item, finding| is_same_cause(item, finding) && shares_record(item, finding));
    pair(is_same_cause);
    pair(|item, finding| item.state.is_listed() && may_change_into(item, finding));
    Matches {
        new: (0..findings.len())
            .filter(|at| !item_of.contains_key(at))
            .collect(),
        gone: (0..standing.len())
            .filter(|at| !taken.contains(at))
            .collect(),
        pairs: item_of
            .into_iter()
            .map(|(finding, item)| (item, finding))
            .collect(),
    }
}

/// Whether what an item tells may have become what a finding tells. The fields of a customer are
/// no causes of one difference: each stands for itself.
fn may_change_into(item: &Discrepancy, finding: &Finding) -> bool {
    item.rule != ACCOUNT_RULE || item.field == finding.field
}

fn is_same_cause(item: &Discrepancy, finding: &Finding) -> bool {
    // A rule of one's own may call two differences of a unit alike, and names them apart.
    let is_same_field = item.rule == BILLING_RULE || item.field == finding.field;
    item.kind == finding.kind
        && is_same_field
        && item.currency == finding.currency
        && can_return(item)
}

fn shares_record(item: &Discrepancy, finding: &Finding) -> bool {
    item.sides.iter().any(|side| {
        finding
            .sides
            .iter()
            .any(|other| side.source == other.source && side.id == other.id)
    })
}

/// Whether a finding of the same cause belongs to the item: an ended item is reopened under its id,
/// and a dismissed one absorbs what a person has judged already.
fn can_return(item: &Discrepancy) -> bool {
    item.state != DiscrepancyState::Dismissed || item.code != Some(ResolutionCode::DuplicateItem)
}

/// The fingerprint of a finding of a rule: the same over periods.
pub(crate) fn fingerprint_of(rule: &str, finding: &Finding) -> String {
    fingerprint(&[
        rule,
        &finding.account.id,
        &finding.sku,
        finding.kind.name(),
        &finding.field,
    ])
}

/// Ids for new items, none of which another item has.
pub(super) struct NewIds<'a> {
    taken: HashSet<String>,
    /// The ordinals that findings of the same account, product and kind have taken already.
    next: HashMap<(&'a str, &'a str, Kind), u32>,
}

impl<'a> NewIds<'a> {
    pub(super) fn new(standing: &[Discrepancy]) -> Self {
        Self {
            taken: standing.iter().map(|item| item.id.clone()).collect(),
            next: HashMap::new(),
        }
    }

    /// The id of a finding's new item.
    pub(super) fn take(&mut self, outcome: &Outcome, finding: &'a Finding) -> String {
        let (account, sku) = (finding.account.id.as_str(), finding.sku.as_str());
        let ordinal = self.next.entry((account, sku, finding.kind)).or_default();
        loop {
            let id = item_id(&outcome.rule, outcome.period, finding, *ordinal);
            *ordinal += 1;
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// The id of the item that a finding opens, of several alike by their ordinal.
pub(super) fn item_id(rule: &str, period: Period, finding: &Finding, ordinal: u32) -> String {
    short_id(
        "D",
        &[
            rule,
            &period.to_string(),
            &finding.account.id,
            &finding.sku,
            finding.kind.name(),
            &ordinal.to_string(),
        ],
    )
}
