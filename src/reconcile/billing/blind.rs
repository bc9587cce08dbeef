//! What cannot be said while a source is blind: failed, partial or stale for the period.

use crate::canonical::Entity;
use crate::config::Role;
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::legs::LegGroup;

/// The golden id's stand-in for an account id that resolves to none starts so.
pub(crate) const UNRESOLVED: &str = "unresolved:";

/// Whether a unit's account is a stand-in.
pub(crate) fn is_unresolved(account: &str) -> bool {
    account.starts_with(UNRESOLVED)
}

/// Whether a product of a customer stands on one side alone: by another spelling it could be the
/// other side of any product of that customer.
pub(super) fn is_loose(group: &LegGroup) -> bool {
    group.billed.is_empty() || (group.contracts.is_empty() && group.usage.is_empty())
}

/// Which legs are blind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Blindness {
    /// What was sold: any unit may have a contract that was not seen.
    pub(crate) sold: bool,
    /// What was used.
    pub(crate) used: bool,
    /// What was billed.
    pub(crate) billed: bool,
    /// What vendors count.
    pub(crate) vended: bool,
    /// Some accounts: those that resolve to no customer may be one of theirs.
    pub(crate) accounts: bool,
    /// Some products: a code that stands alone may be another spelling of one that was seen.
    pub(crate) products: bool,
    /// Some rates of exchange.
    pub(crate) rates: bool,
}

impl Blindness {
    /// Reads the blind sources by their roles.
    pub(crate) fn of(input: &ReconcileInput<'_>) -> Self {
        let usage_sources = input.usage_sources();
        let vendor_sources = input.vendor_sources();
        let mut blindness = Self::default();
        for blind in &input.blind_sources {
            let roles = input.roles.get(&blind.source);
            let has = |role: Role| roles.is_some_and(|roles| roles.contains(&role));
            blindness.sold |= has(Role::Crm) && blind.covers(Entity::Contracts);
            blindness.billed |= has(Role::Billing)
                && (blind.covers(Entity::Invoices) || blind.covers(Entity::InvoiceLines));
            blindness.used |= has(Role::Usage)
                && usage_sources.contains(&blind.source.as_str())
                && blind.covers(Entity::Usage);
            blindness.vended |=
                vendor_sources.contains(&blind.source.as_str()) && blind.covers(Entity::Usage);
            // A source that is blind as a whole is blind for its legs, which says more.
            blindness.accounts |= blind.entities.contains(&Entity::Accounts);
            blindness.products |= blind.entities.contains(&Entity::Products);
            blindness.rates |= blind.entities.contains(&Entity::FxRates);
        }
        blindness
    }
}
