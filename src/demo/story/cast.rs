//! The customers that stories are told about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::script::{ExtraBill, Plan, Script, Treatment};
use crate::demo::catalogue::{Charge, PRODUCTS, ProductIndex};
use crate::demo::contracts::{Contract, ContractIndex, agreed_price, crm_id};
use crate::demo::customers::{Customer, Elsewhere, Tender};
use crate::demo::names::HOSTILE;
use crate::demo::night::at;
use crate::demo::random::Random;
use crate::demo::usage::{self, Counts};
use crate::period::Period;
use crate::reconcile::{DiscrepancyState, Kind};

/// An item's states after the three nights.
pub(super) type States = [Option<DiscrepancyState>; 3];

/// Found on the first night, and there to stay.
pub(super) const STAYS: States = [
    Some(DiscrepancyState::Open),
    Some(DiscrepancyState::Open),
    Some(DiscrepancyState::Open),
];
/// Found on the first night, gone on the second.
pub(super) const GOES: States = [
    Some(DiscrepancyState::Open),
    Some(DiscrepancyState::SelfCleared),
    Some(DiscrepancyState::SelfCleared),
];
/// Found on the first night, gone on the third.
pub(super) const GOES_LATE: States = [
    Some(DiscrepancyState::Open),
    Some(DiscrepancyState::Open),
    Some(DiscrepancyState::SelfCleared),
];
/// Found on the second night, and there to stay.
pub(super) const COMES: States = [
    None,
    Some(DiscrepancyState::Open),
    Some(DiscrepancyState::Open),
];
/// Found on the third night.
pub(super) const COMES_LATE: States = [None, None, Some(DiscrepancyState::Open)];
/// Found on the first night, gone on the second, back on the third.
pub(super) const COMES_BACK: States = [
    Some(DiscrepancyState::Open),
    Some(DiscrepancyState::SelfCleared),
    Some(DiscrepancyState::Reopened),
];

/// The afternoon between the first and the second night.
pub(super) fn monday_afternoon() -> Timestamp {
    at(date(2026, 10, 5), 14)
}

/// The afternoon between the second and the third night.
pub(super) fn tuesday_afternoon() -> Timestamp {
    at(date(2026, 10, 6), 14)
}

/// The world while the stories change it.
pub(super) struct Cast<'w> {
    customers: &'w mut [Customer],
    contracts: &'w mut Vec<Contract>,
    counts: &'w mut Counts,
    random: &'w mut Random,
    waiting: BTreeMap<Tender, Vec<usize>>,
    /// What was told so far.
    pub(super) script: Script,
}

impl<'w> Cast<'w> {
    /// Every customer waits for a story, in an order that the seed decides.
    pub(super) fn new(
        customers: &'w mut [Customer],
        contracts: &'w mut Vec<Contract>,
        counts: &'w mut Counts,
        random: &'w mut Random,
    ) -> Self {
        let mut order: Vec<usize> = (0..customers.len()).collect();
        random.shuffle(&mut order);
        let mut waiting: BTreeMap<Tender, Vec<usize>> = BTreeMap::new();
        for customer in order {
            waiting
                .entry(customers[customer].tender)
                .or_default()
                .push(customer);
        }
        Self {
            customers,
            contracts,
            counts,
            random,
            waiting,
            script: Script::default(),
        }
    }

    /// A customer that no other story is about. There are more customers than stories; were there
    /// not, the first one would be taken twice, which a test of the world would tell.
    pub(super) fn customer(&mut self, tender: Tender) -> usize {
        self.waiting
            .get_mut(&tender)
            .and_then(Vec::pop)
            .unwrap_or(0)
    }

    /// A contract of a customer that no other story is about, without discount.
    pub(super) fn contract(&mut self, tender: Tender) -> ContractIndex {
        let customer = self.customer(tender);
        let index = self
            .contracts
            .iter()
            .position(|contract| contract.customer == customer)
            .unwrap_or(0);
        self.contracts[index].discount_percent = 0;
        index
    }

    /// One more contract of a customer.
    pub(super) fn sell(
        &mut self,
        customer: usize,
        product: ProductIndex,
        starts_on: Date,
        known_at: Option<Timestamp>,
    ) -> ContractIndex {
        let index = self.contracts.len();
        let tender = self.customers[customer].tender;
        self.contracts.push(Contract {
            crm_id: crm_id(index),
            customer,
            product,
            quantity: self.random.between(8, 40),
            price_minor: agreed_price(product, tender, self.random),
            discount_percent: 0,
            starts_on,
            known_at,
            amended: None,
            is_set_up_yearly: false,
        });
        if PRODUCTS[product].charge != Charge::Fixed {
            for (month, count) in usage::count(&self.contracts[index], self.random) {
                self.counts.insert((index, month), count);
            }
        }
        index
    }

    /// A product that a customer has not bought yet.
    pub(super) fn new_product(&self, customer: usize) -> Option<ProductIndex> {
        crate::demo::catalogue::COMMON.into_iter().find(|product| {
            !self
                .contracts
                .iter()
                .any(|contract| contract.customer == customer && contract.product == *product)
        })
    }

    /// A contract.
    pub(super) fn sold(&self, contract: ContractIndex) -> &Contract {
        &self.contracts[contract]
    }

    /// A contract, to be changed.
    pub(super) fn change(&mut self, contract: ContractIndex) -> &mut Contract {
        &mut self.contracts[contract]
    }

    /// The contracts of a contract's customer.
    pub(super) fn siblings(&self, contract: ContractIndex) -> Vec<ContractIndex> {
        let customer = self.contracts[contract].customer;
        (0..self.contracts.len())
            .filter(|index| self.contracts[*index].customer == customer)
            .collect()
    }

    /// What was counted of a contract in a month, at first.
    pub(super) fn counted(&self, contract: ContractIndex, month: Period) -> i64 {
        self.counts
            .get(&(contract, month))
            .map_or(0, |count| count.quantity)
    }

    /// Counts a month again: `first` is known from the first night, `recounted` from the third.
    pub(super) fn recount(
        &mut self,
        contract: ContractIndex,
        month: Period,
        quantity: i64,
        recounted: Option<i64>,
    ) {
        self.counts.insert(
            (contract, month),
            usage::Count {
                quantity,
                recounted,
            },
        );
    }

    /// Gives a contract's customer one of the hostile names.
    pub(super) fn rename(&mut self, contract: ContractIndex, hostile: usize) {
        let customer = self.contracts[contract].customer;
        HOSTILE[hostile].clone_into(&mut self.customers[customer].name);
    }

    /// Bills a contract for a month as a treatment says.
    pub(super) fn bill(&mut self, contract: ContractIndex, month: Period, treatment: Treatment) {
        self.script.treatments.insert((contract, month), treatment);
    }

    /// Bills a quantity of a contract and month between the regular bills.
    pub(super) fn bill_extra(
        &mut self,
        contract: ContractIndex,
        month: Period,
        quantity: i64,
        issued_at: Timestamp,
        voided_at: Option<Timestamp>,
    ) {
        self.script.extras.push(ExtraBill {
            contract,
            month,
            quantity,
            issued_at,
            voided_at,
            tender: None,
        });
    }

    /// Gives a contract's customer another street in the CRM, for good or until an instant.
    pub(super) fn move_in_crm(
        &mut self,
        contract: ContractIndex,
        street: &'static str,
        until: Option<Timestamp>,
    ) {
        let customer = self.contracts[contract].customer;
        self.customers[customer].elsewhere = Some(Elsewhere { street, until });
    }

    /// Writes down what the book must hold.
    pub(super) fn plant(
        &mut self,
        kind: Kind,
        contract: ContractIndex,
        period: Period,
        impact_minor: i64,
        states: States,
        story: &'static str,
    ) {
        let tender = self.customers[self.contracts[contract].customer].tender;
        self.script.plans.push(Plan {
            kind,
            period,
            contract,
            is_of_customer: false,
            impact_minor,
            tender,
            states,
            story,
        });
    }

    /// Writes down what the book must hold of a contract's customer, which is about no product and no
    /// money.
    pub(super) fn plant_at_customer(
        &mut self,
        kind: Kind,
        contract: ContractIndex,
        period: Period,
        states: States,
        story: &'static str,
    ) {
        self.plant(kind, contract, period, 0, states, story);
        if let Some(plan) = self.script.plans.last_mut() {
            plan.is_of_customer = true;
        }
    }
}
