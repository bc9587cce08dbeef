//! The first reconcile of a rule and period: every finding is a new item. However many there are, they
//! wait as bytes, sorted by the ids of their items, in memory up to a budget and on disk beyond it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use jiff::Timestamp;

use crate::period::Period;
use crate::reconcile::discrepancy::Kind;
use crate::reconcile::engine::{SortedUnits, UnitSort};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::likely_cause::OneSided;
use crate::reconcile::outcome::{Finding, FindingSink, Outcome};
use crate::reconcile::overview::{FindingGroup, Glance, Groups};
use crate::store::DiscrepancyChange;

use super::identify::item_id;
use super::packed_finding::{pack, unpack};
use super::step::Step;

/// What findings take in memory at the most before they go to disk.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// What of an id tells it from others.
const ID_BYTES: usize = 10;

/// Takes the findings of a rule that has no items of the period yet. The items that come of it are those
/// that [`super::advance()`] opens.
pub struct Opening {
    rule: String,
    period: Period,
    waiting: UnitSort,
    /// How many there are.
    count: u64,
    groups: Groups,
    one_sided: OneSided,
    /// The ends of the ids that were given, behind their prefix.
    taken: HashSet<[u8; ID_BYTES]>,
    /// The account and product of the last finding, and how many ordinals each kind has taken there:
    /// findings of one unit come one after the other.
    unit: (String, String),
    ordinals: Vec<(Kind, u32)>,
}

impl Opening {
    /// Of a rule and period; what has no room is written below `folder`.
    pub fn new(rule: &str, period: Period, folder: &Path) -> Self {
        Self {
            rule: rule.to_owned(),
            period,
            waiting: UnitSort::new(WAITING_BYTES_MAX, folder),
            count: 0,
            groups: Groups::default(),
            one_sided: OneSided::default(),
            taken: HashSet::new(),
            unit: (String::new(), String::new()),
            ordinals: Vec::new(),
        }
    }

    /// What was found, in groups; they are taken out.
    pub fn groups(&mut self) -> Vec<FindingGroup> {
        std::mem::take(&mut self.groups).largest_first()
    }

    /// What was found on one side only.
    pub fn one_sided(&self) -> &OneSided {
        &self.one_sided
    }

    /// The items, of an outcome whose findings were all taken here.
    pub fn changes(self, outcome: &Outcome, now: Timestamp) -> Result<Opened<'_>, ReconcileError> {
        Ok(Opened {
            step: Step {
                outcome,
                now,
                verify_window: std::time::Duration::ZERO,
                units: BTreeMap::new(),
                new_parts: BTreeMap::new(),
                ids: BTreeMap::new(),
            },
            sorted: self.waiting.sorted()?,
            left: self.count,
        })
    }

    fn id_of(&mut self, finding: &Finding) -> String {
        let (account, sku) = (finding.account.id.as_str(), finding.sku.as_str());
        if self.unit.0 != account || self.unit.1 != sku {
            self.unit.0.replace_range(.., account);
            self.unit.1.replace_range(.., sku);
            self.ordinals.clear();
        }
        let known = self
            .ordinals
            .iter()
            .position(|(kind, _)| *kind == finding.kind);
        let place = known.unwrap_or_else(|| {
            self.ordinals.push((finding.kind, 0));
            self.ordinals.len() - 1
        });
        loop {
            let ordinal = &mut self.ordinals[place].1;
            let id = item_id(&self.rule, self.period, finding, *ordinal);
            *ordinal += 1;
            let is_new = id
                .as_bytes()
                .last_chunk()
                .is_none_or(|end| self.taken.insert(*end));
            if is_new {
                return id;
            }
        }
    }
}

impl FindingSink for Opening {
    fn take(&mut self, finding: Finding) -> Result<(), ReconcileError> {
        self.groups.add(&Glance::from(&finding));
        self.one_sided.add(&finding);
        self.count += 1;
        let id = self.id_of(&finding);
        let mut packed = Ok(());
        self.waiting.push(|out| {
            out.extend_from_slice(id.as_bytes());
            out.push(0);
            packed = pack(&finding, out);
        })?;
        packed
    }
}

/// New items in the order of their ids.
pub struct Opened<'a> {
    step: Step<'a>,
    sorted: SortedUnits,
    left: u64,
}

impl Opened<'_> {
    /// The next item; fails at the end where one was lost.
    pub fn advance(&mut self) -> Result<Option<DiscrepancyChange>, ReconcileError> {
        let lost = || ReconcileError::Engine {
            doing: "opening what was found",
            source: "an item was lost on the way".into(),
        };
        let Some(packed) = self.sorted.advance()? else {
            return if self.left == 0 {
                Ok(None)
            } else {
                Err(lost())
            };
        };
        self.left = self.left.checked_sub(1).ok_or_else(lost)?;
        let end = packed.iter().position(|byte| *byte == 0).ok_or_else(lost)?;
        let id = std::str::from_utf8(&packed[..end]).map_err(|_| lost())?;
        let finding = unpack(&packed[end + 1..])?;
        Ok(Some(self.step.opened(id.to_owned(), finding)))
    }
}
