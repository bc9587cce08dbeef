//! The world: everything that both systems ever hold, and the truth about it.

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;

use super::bills::{self, Bill};
use super::contracts::{self, Contract};
use super::customers::{self, Customer};
use super::error::DemoError;
use super::night::Night;
use super::payments::{self, Payment};
use super::planted::Planted;
use super::random::Random;
use super::story::{self, Plan};
use super::usage::{self, Counts};
use super::view::NightState;
use crate::fault::Failure;

/// The name of the usage file in its folder.
const USAGE_FILE: &str = "usage-2026.csv";

/// A company's customers, contracts, bills, payments and usage over three months, with errors whose
/// kind and amount are known. The seed decides all of it.
#[derive(Debug)]
pub struct World {
    pub(super) seed: u64,
    pub(super) customers: Vec<Customer>,
    pub(super) contracts: Vec<Contract>,
    pub(super) counts: Counts,
    pub(super) bills: Vec<Bill>,
    pub(super) payments: Vec<Payment>,
    plans: Vec<Plan>,
}

impl World {
    /// Invents the world of a seed.
    pub fn generate(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut customers = customers::invent(&mut random);
        let mut contracts = contracts::invent(&customers, &mut random);
        let mut counts = Counts::new();
        let script = story::play(&mut customers, &mut contracts, &mut counts, &mut random);
        let bills = bills::issue(&customers, &contracts, &counts, &script);
        let payments = payments::receive(&customers, &bills, &mut random);
        Self {
            seed,
            customers,
            contracts,
            counts,
            bills,
            payments,
            plans: script.plans,
        }
    }

    /// What both systems show on a night.
    pub fn night(&self, night: Night) -> NightState<'_> {
        NightState::new(self, night)
    }

    /// The token that the CRM asks for.
    pub fn crm_token(&self) -> String {
        format!("pat-demo-{:016x}", self.seed ^ 0xC0FF_EE00)
    }

    /// The key that the billing API asks for.
    pub fn billing_key(&self) -> String {
        format!("rk_test_demo{:016x}", self.seed ^ 0xB111_1A60)
    }

    /// What a correct run must have in its book after a night, when no person moved anything: every
    /// item that was ever opened, by period, customer, product and kind.
    pub fn planted(&self, night: Night) -> Vec<Planted> {
        let mut planted: Vec<Planted> = self
            .plans
            .iter()
            .filter_map(|plan| self.truth(plan, night))
            .collect();
        planted.sort_by(|one, other| {
            let key = |item: &Planted| (item.period, item.customer.clone(), item.sku.clone());
            key(one).cmp(&key(other)).then(one.kind.cmp(&other.kind))
        });
        planted
    }

    fn truth(&self, plan: &Plan, night: Night) -> Option<Planted> {
        let contract = &self.contracts[plan.contract];
        Some(Planted {
            kind: plan.kind,
            period: plan.period,
            customer: self.customers[contract.customer].crm_id.clone(),
            sku: if plan.is_of_customer {
                String::new()
            } else {
                contract.product().sku.to_owned()
            },
            impact: Decimal::new(plan.impact_minor, plan.tender.decimals()),
            // The three codes are living ones, so that nothing is left out here.
            currency: plan.tender.code().parse().ok()?,
            state: plan.states[night.index()]?,
            story: plan.story,
        })
    }

    /// Puts the usage file of a night into a folder, or takes it away on the night that has none.
    /// Gives the file's path where there is one.
    pub fn write_usage(&self, folder: &Path, night: Night) -> Result<Option<PathBuf>, Failure> {
        let path = folder.join(USAGE_FILE);
        if night == Night::Second {
            match std::fs::remove_file(&path) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DemoError::File { path, cause }.into());
                }
                _ => return Ok(None),
            }
        }
        let text = usage::csv(&self.counts, night, |index| {
            let contract = &self.contracts[index];
            let account = self.customers[contract.customer].crm_id.clone();
            (account, contract.product().sku)
        });
        std::fs::write(&path, text).map_err(|cause| DemoError::File {
            path: path.clone(),
            cause,
        })?;
        Ok(Some(path))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::reconcile::Kind;

    /// Goal: a seed decides everything, and another seed another world. Method: the whole world's
    /// text, twice.
    #[test]
    fn a_seed_decides_the_world() {
        let text = |seed| format!("{:?}", World::generate(seed));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    /// Goal: the world has the size that a reader expects, and no two stories share a customer,
    /// for any seed. Method: count over fifty seeds.
    #[test]
    fn no_two_stories_meet() {
        for seed in 0..50 {
            let world = World::generate(seed);
            assert_eq!(world.customers.len(), 60);
            assert!((170..=260).contains(&world.contracts.len()), "seed {seed}");
            assert_eq!(world.plans.len(), 38, "seed {seed}");
            let mut stories: std::collections::BTreeMap<usize, BTreeSet<&str>> =
                std::collections::BTreeMap::new();
            for plan in &world.plans {
                let customer = world.contracts[plan.contract].customer;
                stories.entry(customer).or_default().insert(plan.story);
            }
            assert!(stories.values().all(|told| told.len() == 1), "seed {seed}");
        }
    }

    /// Goal: every kind that is promised is planted. Method: the set of kinds over all nights.
    #[test]
    fn all_promised_kinds_are_planted() {
        let world = World::generate(1);
        let kinds: BTreeSet<Kind> = world.plans.iter().map(|plan| plan.kind).collect();
        let promised = [
            Kind::MissingInBilling,
            Kind::MissingInCrm,
            Kind::Quantity,
            Kind::UnitPrice,
            Kind::Amount,
            Kind::Currency,
            Kind::Duplicate,
            Kind::StaleContact,
            Kind::TermsMismatch,
        ];
        assert_eq!(kinds, promised.into_iter().collect());
    }
}
