//! `[tolerance]`, `[reconcile]` and `[identity]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{DecimalText, HumanDuration};
use crate::currency::Currency;

/// Which of an absolute and a percentage limit holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToleranceMode {
    /// A difference must be inside both.
    #[default]
    Strict,
    /// A difference must be inside either.
    Lenient,
}

/// The largest difference of one measure. A limit that is not given does not limit; with neither,
/// only the rounding floor is accepted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AmountTolerance {
    /// In place of `[tolerance] mode`.
    pub mode: Option<ToleranceMode>,
    /// An absolute limit: one number, or one per currency.
    pub absolute: Option<AbsoluteTolerance>,
    /// A limit in percent of the expected value.
    pub percent: Option<DecimalText>,
}

/// An absolute limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a number in quotes, or one per currency as { USD = \"0.05\" }"
)]
pub enum AbsoluteTolerance {
    /// Of a measure that is no money.
    Plain(DecimalText),
    /// Of money, per currency; a currency that is not named has none.
    PerCurrency(BTreeMap<Currency, DecimalText>),
}

/// The largest differences that are accepted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ToleranceConfig {
    /// Whether both limits or either must hold.
    pub mode: ToleranceMode,
    /// Of a quantity; 0 by default.
    pub quantity: AmountTolerance,
    /// Of an amount.
    pub amount: AmountTolerance,
    /// Of a unit price; types the cause only.
    pub unit_price: AmountTolerance,
    /// Of tax; as `amount` by default.
    pub tax: Option<AmountTolerance>,
    /// Of cash, in the receipt's currency.
    pub cash: AmountTolerance,
}

/// How a part of a period is charged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proration {
    /// By the second.
    Second,
    /// By the calendar's days.
    #[default]
    DayActual,
    /// By a month of 30 days.
    #[serde(rename = "day_30")]
    Day30,
    /// A part counts as the whole.
    None,
    /// A change counts from the next cycle.
    NextCycle,
}

/// At which level tax is rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TaxRounding {
    /// Each line.
    #[default]
    Line,
    /// The whole invoice.
    Invoice,
}

/// A field that the CRM and the billing system both keep of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountField {
    /// Where bills go.
    Email,
    /// Street, city, region, postal code and country, as far as both sides state them.
    Address,
    /// The tax id.
    TaxId,
    /// The terms of payment: those of the accounts, and those that contracts state for themselves.
    PaymentTerms,
    /// How often a product is charged: its contract against its subscription in the billing system.
    Frequency,
}

impl AccountField {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 5] = [
        Self::Email,
        Self::Address,
        Self::TaxId,
        Self::PaymentTerms,
        Self::Frequency,
    ];

    /// The name that an item shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Address => "address",
            Self::TaxId => "tax_id",
            Self::PaymentTerms => "payment_terms",
            Self::Frequency => "frequency",
        }
    }

    /// The field of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// How periods are compared.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReconcileConfig {
    /// How many periods a reconcile takes: the current one and those before it, unless locked.
    pub open_periods: u16,
    /// Days of grace before a timing item turns true.
    pub lag_days: u16,
    /// `alias = canonical`; the aliases of products add to it.
    pub sku_aliases: BTreeMap<String, String>,
    /// The default proration.
    pub proration: Proration,
    /// The default level of tax rounding.
    pub tax_rounding: TaxRounding,
    /// The day of the following month on which arrears are billed.
    pub arrears_bill_day: u8,
    /// How many periods on either side a shifted bill is looked for.
    pub max_shift: u8,
    /// How long a fix may take to show before its item is reopened.
    pub verify_window: HumanDuration,
    /// How many earlier periods make an error a recurring one.
    pub recurring_periods: u8,
    /// Rules that are compared beside the billing rule, in every reconcile that names no rule: names,
    /// or paths of rule files.
    pub rules: Vec<String>,
    /// The fields of customers that the rule `account_fields` compares between the CRM and the
    /// billing system; none switches it off.
    pub account_fields: Vec<AccountField>,
}

impl Default for ReconcileConfig {
    fn default() -> Self {
        Self {
            open_periods: 3,
            lag_days: 3,
            sku_aliases: BTreeMap::new(),
            proration: Proration::default(),
            tax_rounding: TaxRounding::default(),
            arrears_bill_day: 1,
            max_shift: 1,
            verify_window: HumanDuration::hours(24),
            recurring_periods: 3,
            rules: Vec::new(),
            account_fields: AccountField::ALL.to_vec(),
        }
    }
}

/// How accounts of several systems are recognised as one customer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityConfig {
    /// From this score on two accounts are linked.
    pub link_at: DecimalText,
    /// From this score on a person is asked.
    pub review_at: DecimalText,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            link_at: DecimalText(rust_decimal::Decimal::new(95, 2)),
            review_at: DecimalText(rust_decimal::Decimal::new(85, 2)),
        }
    }
}
