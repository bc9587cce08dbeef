//! The golden accounts, and how any account id of any source leads to one.

use std::collections::{BTreeMap, HashMap};

use crate::currency::Currency;
use crate::reconcile::AccountRef;

/// Where an attribute of a golden account comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The value.
    pub value: String,
    /// The source's name.
    pub source: String,
    /// The record's id in it.
    pub id: String,
    /// The rule that chose it: `billing_first` or `crm_first`.
    pub rule: &'static str,
}

/// One customer, over all systems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoldenAccount {
    /// The golden id and the name.
    pub account: AccountRef,
    /// The accounts that it is made of: source and id, sorted.
    pub members: Vec<(String, String)>,
    /// The branch.
    pub branch: Option<String>,
    /// The currency that it is billed in.
    pub currency: Option<Currency>,
    /// Where bills and letters go.
    pub email: Option<String>,
    /// The terms of payment.
    pub payment_terms: Option<String>,
    /// Every attribute that has a value, with its origin, by column name.
    pub attributes: BTreeMap<&'static str, Provenance>,
}

/// All golden accounts.
#[derive(Debug, Clone, Default)]
pub struct AccountDirectory {
    accounts: Vec<GoldenAccount>,
    by_golden: HashMap<String, usize>,
    by_member: HashMap<String, HashMap<String, usize>>,
}

impl AccountDirectory {
    /// A directory of accounts; of a member that two accounts claim, the first account keeps it.
    pub(super) fn new(mut accounts: Vec<GoldenAccount>) -> Self {
        accounts.sort_by(|base, peer| base.account.id.cmp(&peer.account.id));
        let mut directory = Self::default();
        for (at, golden) in accounts.iter().enumerate() {
            directory.by_golden.insert(golden.account.id.clone(), at);
            for (source, id) in &golden.members {
                directory
                    .by_member
                    .entry(id.clone())
                    .or_default()
                    .entry(source.clone())
                    .or_insert(at);
            }
        }
        directory.accounts = accounts;
        directory
    }

    /// The golden account that a record of `source` names: an id of the same source, else spelled
    /// `source:id`, else an id that exactly one other source has.
    pub fn golden(&self, source: &str, id_or_ref: &str) -> Option<&AccountRef> {
        let at = match self.by_member.get(id_or_ref) {
            Some(sources) if sources.contains_key(source) => sources.get(source).copied(),
            named => self.member(id_or_ref).or_else(|| {
                let sources = named?;
                let only = sources.values().next().copied();
                only.filter(|_| sources.len() == 1)
            }),
        };
        Some(&self.accounts.get(at?)?.account)
    }

    /// Every golden account, by golden id.
    pub fn accounts(&self) -> impl Iterator<Item = &GoldenAccount> {
        self.accounts.iter()
    }

    /// The account that a person means: a golden id, or `source:id`.
    pub fn find(&self, text: &str) -> Option<&AccountRef> {
        let at = self
            .by_golden
            .get(text)
            .copied()
            .or_else(|| self.member(text))?;
        Some(&self.accounts.get(at)?.account)
    }

    /// A golden account by its id.
    pub fn get(&self, golden_id: &str) -> Option<&GoldenAccount> {
        self.accounts.get(*self.by_golden.get(golden_id)?)
    }

    fn member(&self, spelled: &str) -> Option<usize> {
        let (source, id) = spelled.split_once(':')?;
        self.by_member.get(id)?.get(source).copied()
    }
}
