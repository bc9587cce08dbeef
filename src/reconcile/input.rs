//! What a reconcile is given: the period, the files, and which sources cannot be trusted now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::canonical::Entity;
use crate::config::{Config, Role};
use crate::landing::LandedRows;
use crate::period::Period;

use super::account_fields;
use super::billing;
use super::history::PeriodHistory;
use super::identity::AccountDirectory;
use super::rule::{self, RuleFile};

/// The landed files to read, by entity, and which of their rows count. An entity without files is an
/// empty table.
#[derive(Debug, Clone, Default)]
pub struct EntityFiles(pub BTreeMap<Entity, Vec<LandedRows>>);

impl EntityFiles {
    /// The files of one entity.
    pub fn of(&self, entity: Entity) -> &[LandedRows] {
        self.0.get(&entity).map_or(&[], Vec::as_slice)
    }
}

/// What is compared by.
#[derive(Debug, Clone, Copy)]
pub enum WhichRule<'r> {
    /// What was sold and used against what was billed.
    Billing,
    /// What two systems keep of one customer.
    Accounts,
    /// A rule of one's own.
    File(&'r RuleFile),
}

impl WhichRule<'_> {
    /// Its name, by which the book knows it.
    pub fn name(&self) -> &str {
        match self {
            Self::Billing => billing::BILLING_RULE,
            Self::Accounts => account_fields::ACCOUNT_RULE,
            Self::File(rule) => &rule.name,
        }
    }

    /// The entities that a comparison by it reads.
    pub fn entities(&self) -> Vec<Entity> {
        match self {
            Self::Billing => billing::READ.to_vec(),
            Self::Accounts => account_fields::READ.to_vec(),
            Self::File(rule) => rule::entities_of(rule),
        }
    }

    /// Whether its items are of a service period. Accounts are compared as they are now, so their
    /// items stand over all periods.
    pub const fn is_periodic(&self) -> bool {
        !matches!(self, Self::Accounts)
    }
}

/// A source that failed, is partial or stale (red) for the period: what it says proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindSource {
    /// The source's name.
    pub source: String,
    /// The entities that are affected; all of the source's when empty.
    pub entities: Vec<Entity>,
    /// Why, on one line.
    pub reason: String,
}

impl BlindSource {
    /// Whether it is blind for an entity.
    pub fn covers(&self, entity: Entity) -> bool {
        self.entities.is_empty() || self.entities.contains(&entity)
    }
}

/// Everything that decides the answer of a reconcile of one rule and period.
#[derive(Debug, Clone)]
pub struct ReconcileInput<'a> {
    /// The run.
    pub run_id: &'a str,
    /// The service period.
    pub period: Period,
    /// The local day of the question: what is not due by it is timing.
    pub today: Date,
    /// What was known: records extracted by this instant.
    pub as_of: Timestamp,
    /// The configuration.
    pub config: &'a Config,
    /// The roles of every source, the connectors' own defaults among them.
    pub roles: &'a BTreeMap<String, Vec<Role>>,
    /// The snapshot's files.
    pub files: EntityFiles,
    /// Digest of the list of files.
    pub input_digest: String,
    /// Which account of which source is which customer.
    pub directory: &'a AccountDirectory,
    /// The sources that make units unknown.
    pub blind_sources: Vec<BlindSource>,
    /// Quarantined rows: source, entity, count.
    pub rejected: Vec<(String, Entity, u64)>,
    /// The units that the book has items of, as (account, product): their amounts are told also
    /// where they agree.
    pub watched: BTreeSet<(String, String)>,
    /// Of a rule whose units are records, those of them that have items, as (source, id): of the others of
    /// the same account and product nothing needs to be told. `None` watches them all.
    pub watched_records: Option<BTreeSet<(String, String)>>,
    /// What other periods and the closes of this one say.
    pub history: PeriodHistory,
    /// Where the engine spills.
    pub spill_dir: &'a Path,
    /// The zone of the books.
    pub zone: TimeZone,
}

impl ReconcileInput<'_> {
    /// The names of the sources that have a role, sorted.
    pub fn sources_with(&self, role: Role) -> Vec<&str> {
        self.roles
            .iter()
            .filter(|(_, roles)| roles.contains(&role))
            .map(|(source, _)| source.as_str())
            .collect()
    }

    /// The sources whose usage is added: all but those that are vendors and nothing more, since
    /// what a vendor counts is compared with the bill and never added to the customer's usage.
    pub fn usage_sources(&self) -> Vec<&str> {
        self.roles
            .iter()
            .filter(|(_, roles)| roles.contains(&Role::Usage) || !roles.contains(&Role::Vendor))
            .map(|(source, _)| source.as_str())
            .collect()
    }

    /// The sources that are vendors and nothing more: what they count is compared with what is billed.
    pub fn vendor_sources(&self) -> Vec<&str> {
        self.roles
            .iter()
            .filter(|(_, roles)| roles.contains(&Role::Vendor) && !roles.contains(&Role::Usage))
            .map(|(source, _)| source.as_str())
            .collect()
    }
}
