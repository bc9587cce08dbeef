//! The records of an item, by what can be done to them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::config::Role;
use crate::reconcile::discrepancy::{Discrepancy, Side};

use super::propose::CorrectionFacts;

/// What the landing says of a billed line's invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BilledFacts {
    /// The day of issue, as text that sorts.
    pub issued_on: Option<String>,
    /// The invoice's state: a draft can still be changed.
    pub status: Option<String>,
}

/// An item with its records, and the systems that it is about.
pub(super) struct Records<'a> {
    pub(super) item: &'a Discrepancy,
    /// The billed lines.
    pub(super) billed: Vec<&'a Side>,
    /// The contracts.
    pub(super) contracts: Vec<&'a Side>,
    /// The usage.
    pub(super) usage: Vec<&'a Side>,
    facts: &'a CorrectionFacts<'a>,
}

/// A system and the customer's record in it.
#[derive(Debug, Clone, Default)]
pub(super) struct System {
    pub(super) name: Option<String>,
    pub(super) account_record: Option<String>,
}

impl<'a> Records<'a> {
    pub(super) fn of(item: &'a Discrepancy, facts: &'a CorrectionFacts<'a>) -> Self {
        let of = |entity: Entity| -> Vec<&'a Side> {
            item.sides
                .iter()
                .filter(|side| side.entity == entity.name())
                .collect()
        };
        Self {
            item,
            billed: of(Entity::InvoiceLines),
            contracts: of(Entity::Contracts),
            usage: of(Entity::Usage),
            facts,
        }
    }

    /// The customer's system of a role: one that has a record of the customer, else the only one.
    pub(super) fn system(&self, role: Role) -> System {
        let has_role = |source: &str| {
            self.facts
                .roles
                .get(source)
                .is_some_and(|roles| roles.contains(&role))
        };
        let golden = self.facts.directory.get(&self.item.account);
        let member = golden
            .into_iter()
            .flat_map(|golden| &golden.members)
            .find(|(source, _)| has_role(source));
        if let Some((source, id)) = member {
            return System {
                name: Some(source.clone()),
                account_record: Some(id.clone()),
            };
        }
        let mut named = self.facts.roles.keys().filter(|source| has_role(source));
        let only = named.next().filter(|_| named.next().is_none());
        System {
            name: only.cloned(),
            account_record: None,
        }
    }

    /// The customer's record in the system that a record stands in.
    pub(super) fn account_in(&self, source: &str) -> Option<String> {
        let golden = self.facts.directory.get(&self.item.account)?;
        let mut members = golden.members.iter();
        let found = members.find(|(member, _)| member == source)?;
        Some(found.1.clone())
    }

    /// Whether an issued invoice stands behind a billed line: it is credited and not changed.
    pub(super) fn is_issued(&self, line: &Side) -> bool {
        let facts = self.facts_of(line);
        facts.is_none_or(|facts| facts.status.as_deref() != Some("draft"))
    }

    fn facts_of(&self, line: &Side) -> Option<&'a BilledFacts> {
        self.facts
            .billed
            .get(&(line.source.clone(), line.id.clone()))
    }

    /// The billed lines that repeat an earlier one, the latest first: the same quantity, price and
    /// amount, issued later, then by number, then by id.
    pub(super) fn later_copies(&self) -> Vec<&'a Side> {
        let key = |line: &Side| {
            (
                line.quantity.clone(),
                line.unit_price.clone(),
                line.amount.clone(),
            )
        };
        let order = |line: &&Side| {
            let issued_on = self
                .facts_of(line)
                .and_then(|facts| facts.issued_on.clone())
                .unwrap_or_default();
            (issued_on, line.label.clone(), line.id.clone())
        };
        let mut groups: BTreeMap<_, Vec<&'a Side>> = BTreeMap::new();
        for line in &self.billed {
            groups.entry(key(line)).or_default().push(line);
        }
        let mut copies: Vec<&'a Side> = Vec::new();
        for mut lines in groups.into_values() {
            lines.sort_by_key(order);
            copies.extend(lines.into_iter().skip(1));
        }
        copies.sort_by_key(|line| std::cmp::Reverse(order(line)));
        copies
    }

    /// The account that the other half of a linked item is about.
    pub(super) fn linked_account(&self) -> Option<&'a (String, String)> {
        let linked = self.item.linked_id.as_ref()?;
        self.facts.linked.get(linked)
    }

    /// What stands on both sides, on one line.
    pub(super) fn evidence(&self) -> String {
        let texts: Vec<String> = self.item.sides.iter().map(told).collect();
        texts.join("; ")
    }
}

fn told(side: &Side) -> String {
    let measures = match (&side.quantity, &side.unit_price) {
        (Some(quantity), Some(price)) => format!(" {quantity} x {price}"),
        (Some(quantity), None) => format!(" {quantity}"),
        (None, Some(price)) => format!(" at {price}"),
        (None, None) => String::new(),
    };
    let amount = side.amount.as_ref();
    let amount = amount.map_or_else(String::new, |amount| format!(" = {amount}"));
    format!(
        "{} {} {} {}{measures}{amount}",
        side.source, side.entity, side.id, side.label
    )
}

/// A decimal of a text.
pub(super) fn number(text: Option<&String>) -> Option<Decimal> {
    text?.parse().ok()
}
