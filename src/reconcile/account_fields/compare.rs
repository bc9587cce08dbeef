//! One customer: which of its fields the CRM and the billing system keep differently.

use crate::canonical::Entity;
use crate::config::AccountField;
use crate::reconcile::discrepancy::{Kind, Severity, Side};
use crate::reconcile::explanation::joined;

use super::agree::{addresses, emails, tax_ids, terms};
use super::row::{AccountRow, StatedTerms, UnlikeRhythm};

/// A field that is kept differently.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    pub(super) field: AccountField,
    /// The product, of terms that a contract states; empty for what is the customer's.
    pub(super) sku: String,
    pub(super) expected: Option<String>,
    pub(super) actual: Option<String>,
    pub(super) sides: Vec<Side>,
}

impl Difference {
    pub(super) fn kind(&self) -> Kind {
        match self.field {
            AccountField::Email | AccountField::Address | AccountField::TaxId => Kind::StaleContact,
            AccountField::PaymentTerms | AccountField::Frequency => Kind::TermsMismatch,
        }
    }

    /// A stale contact costs no money by itself; terms move the cash.
    pub(super) fn severity(&self) -> Severity {
        match self.kind() {
            Kind::TermsMismatch => Severity::Low,
            _ => Severity::Info,
        }
    }
}

/// The records of one customer on both sides.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept<'a> {
    /// Of the CRM.
    pub(super) base: Vec<&'a AccountRow>,
    /// Of the billing system.
    pub(super) peer: Vec<&'a AccountRow>,
}

impl Kept<'_> {
    /// Whether there is something to compare.
    pub(super) fn is_comparable(&self) -> bool {
        !self.base.is_empty() && !self.peer.is_empty()
    }
}

/// The fields of accounts that differ. A record of the billing system that agrees with any record of
/// the CRM is right; a value that one side lacks is no difference.
pub(super) fn unlike_fields(kept: &Kept<'_>, fields: &[AccountField]) -> Vec<Difference> {
    fields
        .iter()
        .filter_map(|field| unlike(kept, *field))
        .collect()
}

fn unlike(kept: &Kept<'_>, field: AccountField) -> Option<Difference> {
    let mut wrong: Vec<&AccountRow> = Vec::new();
    let mut against: Vec<&AccountRow> = Vec::new();
    for peer in &kept.peer {
        let told: Vec<(&AccountRow, bool)> = kept
            .base
            .iter()
            .filter_map(|base| Some((*base, agrees(field, base, peer)?)))
            .collect();
        if told.is_empty() || told.iter().any(|(_, same)| *same) {
            continue;
        }
        wrong.push(peer);
        for (base, _) in told {
            if !against.contains(&base) {
                against.push(base);
            }
        }
    }
    if wrong.is_empty() {
        return None;
    }
    let texts = |rows: &[&AccountRow]| joined(rows.iter().filter_map(|row| text_of(field, row)));
    let sides = against.iter().map(|row| side("base", row));
    Some(Difference {
        field,
        sku: String::new(),
        expected: texts(&against),
        actual: texts(&wrong),
        sides: sides
            .chain(wrong.iter().map(|row| side("peer", row)))
            .collect(),
    })
}

fn agrees(field: AccountField, base: &AccountRow, peer: &AccountRow) -> Option<bool> {
    let both = |text: fn(&AccountRow) -> Option<&String>| text(base).zip(text(peer));
    match field {
        AccountField::Email => {
            let (base, peer) = both(|row| row.email.as_ref())?;
            Some(emails(base, peer))
        }
        AccountField::Address => addresses(base, peer),
        AccountField::TaxId => tax_ids(base, peer),
        AccountField::PaymentTerms => {
            let (base, peer) = both(|row| row.payment_terms.as_ref())?;
            Some(terms(base, peer))
        }
        // No account states a rhythm.
        AccountField::Frequency => None,
    }
}

/// What a record says of a field, as it is spelled there.
pub(super) fn text_of(field: AccountField, row: &AccountRow) -> Option<String> {
    match field {
        AccountField::Email => row.email.clone(),
        AccountField::Address => {
            let parts = [
                &row.street,
                &row.city,
                &row.region,
                &row.postal_code,
                &row.country,
            ];
            let told: Vec<&str> = parts
                .into_iter()
                .filter_map(|part| part.as_deref())
                .collect();
            (!told.is_empty()).then(|| told.join(", "))
        }
        AccountField::TaxId => row.tax_id.clone(),
        AccountField::PaymentTerms => row.payment_terms.clone(),
        AccountField::Frequency => None,
    }
}

/// Two records that name each other and yet are two customers, since their tax ids contradict.
pub(super) fn contradicting_tax_ids(base: &AccountRow, peer: &AccountRow) -> Option<Difference> {
    (tax_ids(base, peer) == Some(false)).then(|| Difference {
        field: AccountField::TaxId,
        sku: String::new(),
        expected: base.tax_id.clone(),
        actual: peer.tax_id.clone(),
        sides: vec![side("base", base), side("peer", peer)],
    })
}

/// Contracts that state terms of their own, which are neither those of the bill nor told already as
/// those of the customer.
pub(super) fn unlike_contract_terms(kept: &Kept<'_>, contracts: &[StatedTerms]) -> Vec<Difference> {
    let billed: Vec<(&AccountRow, &String)> = kept
        .peer
        .iter()
        .filter_map(|row| Some((*row, row.payment_terms.as_ref()?)))
        .collect();
    let is_told = |stated: &str| {
        kept.base
            .iter()
            .filter_map(|row| row.payment_terms.as_ref())
            .any(|known| terms(known, stated))
    };
    let mut found: Vec<Difference> = Vec::new();
    if billed.is_empty() {
        return found;
    }
    for contract in contracts {
        let agrees = billed
            .iter()
            .any(|(_, known)| terms(&contract.terms, known));
        if agrees || is_told(&contract.terms) {
            continue;
        }
        let base = Side {
            side: "base".to_owned(),
            source: contract.source.clone(),
            entity: Entity::Contracts.name().to_owned(),
            id: contract.id.clone(),
            label: contract.sku.clone(),
            quantity: None,
            unit_price: None,
            amount: None,
        };
        // Several contracts of one product are one item.
        if let Some(known) = found.iter_mut().find(|one| one.sku == contract.sku) {
            known.expected = joined(
                known
                    .expected
                    .take()
                    .into_iter()
                    .chain([contract.terms.clone()]),
            );
            known.sides.insert(0, base);
            continue;
        }
        let peers = billed.iter().map(|(row, _)| side("peer", row));
        found.push(Difference {
            field: AccountField::PaymentTerms,
            sku: contract.sku.clone(),
            expected: Some(contract.terms.clone()),
            actual: joined(billed.iter().map(|(_, known)| (*known).clone())),
            sides: std::iter::once(base).chain(peers).collect(),
        });
    }
    found
}

/// A product that is billed in another rhythm than it is sold in.
pub(super) fn unlike_rhythm(told: &UnlikeRhythm) -> Difference {
    let side = |name: &str, (source, id): &(String, String)| Side {
        side: name.to_owned(),
        source: source.clone(),
        entity: Entity::Contracts.name().to_owned(),
        id: id.clone(),
        label: told.sku.clone(),
        quantity: None,
        unit_price: None,
        amount: None,
    };
    Difference {
        field: AccountField::Frequency,
        sku: told.sku.clone(),
        expected: Some(told.sold.clone()),
        actual: Some(told.billed.clone()),
        sides: vec![
            side("base", &told.sold_record),
            side("peer", &told.billed_record),
        ],
    }
}

fn side(name: &str, row: &AccountRow) -> Side {
    Side {
        side: name.to_owned(),
        source: row.source.clone(),
        entity: Entity::Accounts.name().to_owned(),
        id: row.id.clone(),
        label: row.name.clone(),
        quantity: None,
        unit_price: None,
        amount: None,
    }
}
