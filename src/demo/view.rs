//! What both systems show on one night: whatever was known, issued or received by then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::bills::Bill;
use super::contracts::{Contract, ContractIndex};
use super::customers::Customer;
use super::night::Night;
use super::payments::{BillIndex, Payment};
use super::world::World;

/// The world as it is on a night.
#[derive(Debug, Clone, Copy)]
pub struct NightState<'w> {
    world: &'w World,
    night: Night,
}

/// A deal of the CRM: what a customer signed at once.
#[derive(Debug)]
pub(super) struct Deal {
    /// Its record in the CRM.
    pub(super) crm_id: String,
    /// The customer's place in the world's list.
    pub(super) customer: usize,
    /// When it was closed.
    pub(super) closed_at: Timestamp,
    /// Whether the customer signed; a lost deal has lines as well.
    pub(super) is_won: bool,
    /// Its lines.
    pub(super) contracts: Vec<ContractIndex>,
}

impl<'w> NightState<'w> {
    pub(super) fn new(world: &'w World, night: Night) -> Self {
        Self { world, night }
    }

    /// Which night it is.
    pub fn night(&self) -> Night {
        self.night
    }

    /// The instant of the night's run.
    pub fn at(&self) -> Timestamp {
        self.night.at()
    }

    /// The world.
    pub(super) fn world(&self) -> &'w World {
        self.world
    }

    /// A customer by its place.
    pub(super) fn customer(&self, index: usize) -> &'w Customer {
        &self.world.customers[index]
    }

    /// A contract by its place.
    pub(super) fn contract(&self, index: ContractIndex) -> &'w Contract {
        &self.world.contracts[index]
    }

    /// The deals that the CRM knows, each with the lines that were signed at the same time.
    pub(super) fn deals(&self) -> Vec<Deal> {
        let mut signed: BTreeMap<(Timestamp, usize), Vec<ContractIndex>> = BTreeMap::new();
        for (index, contract) in self.world.contracts.iter().enumerate() {
            if let Some(known_at) = contract.known_at.filter(|known_at| *known_at <= self.at()) {
                let key = (known_at, contract.customer);
                signed.entry(key).or_default().push(index);
            }
        }
        signed
            .into_iter()
            .map(|((closed_at, customer), contracts)| Deal {
                crm_id: deal_id(&contracts),
                customer,
                closed_at,
                is_won: true,
                contracts,
            })
            .chain(self.lost_deals())
            .collect()
    }

    // Two offers that came to nothing. Their lines look like contracts, and are none.
    fn lost_deals(&self) -> Vec<Deal> {
        let offers = self.world.contracts.iter().take(2);
        offers
            .enumerate()
            .map(|(index, contract)| Deal {
                crm_id: format!("{}", 39_000_001 + index),
                customer: self.world.customers.len() - 1 - index,
                closed_at: contract.known_at.unwrap_or_else(|| self.at()),
                is_won: false,
                contracts: Vec::new(),
            })
            .collect()
    }

    /// The bills that were issued, newest first.
    pub(super) fn bills(&self) -> Vec<(BillIndex, &'w Bill)> {
        let mut bills: Vec<_> = self
            .world
            .bills
            .iter()
            .enumerate()
            .filter(|(_, bill)| bill.issued_at <= self.at())
            .collect();
        bills.sort_by_key(|(index, bill)| std::cmp::Reverse((bill.issued_at, *index)));
        bills
    }

    /// Whether a bill was voided by now.
    pub(super) fn is_void(&self, bill: &Bill) -> bool {
        bill.voided_at
            .is_some_and(|voided_at| voided_at <= self.at())
    }

    /// What was paid of each bill by now, in the currency's smallest unit, and when last.
    pub(super) fn paid(&self) -> BTreeMap<BillIndex, (i64, Timestamp)> {
        let mut paid = BTreeMap::new();
        for payment in self.payments() {
            for (bill, amount) in &payment.parts {
                let (sum, last_at) = paid.entry(*bill).or_insert((0, payment.received_at));
                *sum += amount;
                *last_at = payment.received_at.max(*last_at);
            }
        }
        paid
    }

    /// The contracts that were billed at least once by now.
    pub(super) fn billed_contracts(&self) -> Vec<&'w Contract> {
        let billed: BTreeSet<&str> = self
            .bills()
            .into_iter()
            .flat_map(|(_, bill)| &bill.lines)
            .map(|line| line.contract_id.as_str())
            .collect();
        self.world
            .contracts
            .iter()
            .filter(|contract| billed.contains(contract.crm_id.as_str()))
            .collect()
    }

    /// The payments that arrived, newest first.
    pub(super) fn payments(&self) -> Vec<&'w Payment> {
        let mut payments: Vec<_> = self
            .world
            .payments
            .iter()
            .filter(|payment| payment.received_at <= self.at())
            .collect();
        payments.sort_by_key(|payment| {
            std::cmp::Reverse((payment.received_at, payment.billing_id.clone()))
        });
        payments
    }
}

// The first line's number names the deal: it never changes, whatever is signed later.
fn deal_id(contracts: &[ContractIndex]) -> String {
    format!("{}", 30_000_001 + contracts.first().copied().unwrap_or(0))
}
