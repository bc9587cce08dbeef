//! What a comparison and an explanation both stand on: the opened records, the catalogues and what
//! each source is read for.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::Entity;
use crate::config::Role;
use crate::reconcile::catalog::SkuCatalog;
use crate::reconcile::engine::{BillingScope, Session};
use crate::reconcile::error::ReconcileError;
use crate::reconcile::input::ReconcileInput;
use crate::reconcile::rates::FxRates;

use super::blind::Blindness;
use super::judge::Context;
use super::settings::Settings;
use super::severity::SeverityScale;

/// The entities that the rule reads.
pub(crate) const READ: &[Entity] = &[
    Entity::Products,
    Entity::Contracts,
    Entity::Usage,
    Entity::Invoices,
    Entity::InvoiceLines,
    Entity::FxRates,
];

/// What is opened before the first leg is read.
pub(super) struct Ground<'a> {
    pub(super) session: Session,
    pub(super) catalog: SkuCatalog,
    pub(super) rates: FxRates,
    pub(super) settings: Settings<'a>,
    /// The legs of the compared period alone.
    pub(super) scope: BillingScope<'a>,
}

impl<'a> Ground<'a> {
    /// Opens the records that the rule reads; accounts, products and invoices of lines are known then.
    pub(super) async fn open(input: &'a ReconcileInput<'a>) -> Result<Self, ReconcileError> {
        let config = input.config;
        let session = Session::open(
            READ,
            &input.files,
            config.engine.memory_limit.0,
            input.spill_dir,
        )
        .await?;
        let catalog = session.know_names_of(input).await?;
        let rate_records = session.records(Entity::FxRates).await?;
        let rates = FxRates::on(input.period.last_day(), &rate_records);
        session.link_lines().await?;
        Ok(Self {
            session,
            catalog,
            rates,
            settings: Settings::new(input),
            scope: BillingScope {
                period: input.period,
                reach: 0,
                zone: &input.zone,
                sold_by: input.sources_with(Role::Crm),
                used_by: input.usage_sources(),
                billed_by: input.sources_with(Role::Billing),
                vended_by: input.vendor_sources(),
            },
        })
    }

    /// What judging a unit reads, before anything is known of the periods nearby or of taxes.
    pub(super) fn context<'g>(
        &'g self,
        input: &'g ReconcileInput<'_>,
        scale: &'g SeverityScale<'g>,
        blindness: Blindness,
    ) -> Context<'g> {
        let config = input.config;
        Context {
            period: input.period,
            zone: &input.zone,
            today: input.today,
            max_shift: i32::from(config.reconcile.max_shift),
            lag_days: self.settings.lag_days(),
            billed_lines: BTreeMap::new(),
            invoice_taxes: BTreeMap::new(),
            company_currency: config.company.currency,
            blindness,
            loose_accounts: BTreeSet::new(),
            settings: &self.settings,
            catalog: &self.catalog,
            rates: &self.rates,
            scale,
            directory: input.directory,
        }
    }
}
