//! The `kpi --json` object. Decimals are strings, rates are fractions at full precision, and what
//! has no denominator, or cannot be said, is `null`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::adjustments::Adjustments;
use crate::currency::Currency;
use crate::reconcile::cash::PaymentAccuracy;
use crate::reconcile::{Completeness, PeriodState};

/// How fresh a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FreshnessState {
    /// Complete, and young enough.
    Ok,
    /// Complete, and too old.
    Stale,
    /// Committed, with rows in the quarantine or a window that is not proven complete.
    Partial,
    /// The last pull failed.
    Failed,
    /// Never pulled.
    Never,
}

/// The state of one source at `as_of`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// The source's name.
    pub source: String,
    /// How it stands.
    pub state: FreshnessState,
    /// Of a stale source: `amber` past `warn_age`, `red` past `max_age`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<BannerLevel>,
    /// When its last complete pull began.
    pub last_success: Option<Timestamp>,
    /// Why it is not `ok`, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// The worst thing that is to be said of the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "DOMAIN's banners, in order of badness")]
pub enum BannerState {
    Ok,
    Nothing,
    Stale,
    Partial,
    Failed,
}

/// How stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BannerLevel {
    /// Past `warn_age`.
    Amber,
    /// Past `max_age`.
    Red,
}

/// The banner over every figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    /// The worst state.
    pub state: BannerState,
    /// Of `STALE`, how stale.
    pub level: Option<BannerLevel>,
    /// The sentence that a person reads.
    pub text: String,
}

/// Figures of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindFigures {
    /// How many items.
    pub count: u64,
    /// The sum of their absolute impacts.
    pub gross: Decimal,
    /// The sum of their impacts.
    pub net: Decimal,
}

/// Figures of an account or a branch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named and defined as in DiscrepancyFigures")]
pub struct GroupFigures {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    pub units: u64,
    pub discrepant: u64,
    pub count_rate: Option<Decimal>,
    pub value_rate: Option<Decimal>,
    pub gross: Decimal,
    pub leakage: Decimal,
    pub overbilling: Decimal,
    pub net: Decimal,
}

/// Figures of one currency.
pub type CurrencyFigures = GroupFigures;

/// How much of what was billed is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscrepancyFigures {
    /// N: units compared in scope, without timing and unknown.
    pub units: u64,
    /// X: units with at least one counted discrepancy.
    pub discrepant: u64,
    /// X / N.
    pub count_rate: Option<Decimal>,
    /// Sum over X of |A − E| / sum over N of max(|E|, |A|). A unit in X has the amounts of when it
    /// was furthest off in both sums, a unit that turned to the other side the larger of the two.
    pub value_rate: Option<Decimal>,
    /// Sum over X of |A − E| / sum over N of |A|.
    pub billed_basis_rate: Option<Decimal>,
    /// Leakage / sum of E.
    pub leakage_rate: Option<Decimal>,
    /// Items that are counted / N × 100: per hundred units, and more than 100 where units have several.
    #[serde(default)]
    pub density: Option<Decimal>,
    /// Recovered / leakage.
    #[serde(default)]
    pub recovery_rate: Option<Decimal>,
    /// Leakage and overbilling together, never one less the other.
    pub gross: Option<Decimal>,
    /// What was identified as billed too little: the largest E − A that each unit was counted with,
    /// less what turned out not to be owed when the contract or the usage was corrected. It is
    /// recovered, outstanding or lost.
    pub leakage: Option<Decimal>,
    /// What was identified as billed too much, in the same way.
    pub overbilling: Option<Decimal>,
    /// Overbilling less leakage.
    pub net: Option<Decimal>,
    /// Tax that is wrong; a liability, no revenue.
    pub tax_impact: Option<Decimal>,
    /// What later billing of the same units took off the leakage.
    pub recovered: Option<Decimal>,
    /// Leakage that nobody has given up or got back.
    pub outstanding: Option<Decimal>,
    /// Leakage that was written off or accepted.
    pub lost: Option<Decimal>,
    /// Units that differ because one side is not due yet.
    pub timing: u64,
    /// Their value.
    pub timing_value: Option<Decimal>,
    /// Units that a failed, partial or stale source could decide.
    pub unknown: u64,
    /// Their value.
    pub unknown_value: Option<Decimal>,
    /// Units that differ within tolerance.
    pub within_tolerance: u64,
    /// The signed sum of A − E over these.
    pub within_tolerance_net: Option<Decimal>,
    /// By kind.
    pub by_kind: BTreeMap<String, KindFigures>,
    /// By golden account's id.
    pub by_account: BTreeMap<String, GroupFigures>,
    /// By branch.
    pub by_branch: BTreeMap<String, GroupFigures>,
    /// By currency, unconverted.
    pub by_currency: BTreeMap<Currency, CurrencyFigures>,
    /// Currencies without a rate, left out of the combined figures.
    pub excluded_currencies: Vec<Currency>,
    /// Of the counted items, how many were counted in an earlier period too.
    pub recurring_rate: Option<Decimal>,
    /// Of the errors whose fix was proven in the periods that make one recurring, how many were counted
    /// again in a later period.
    #[serde(default)]
    pub repeat_after_fix: Option<Decimal>,
    /// Dismissed as false positive / (X + dismissed as false positive).
    pub false_positive_rate: Option<Decimal>,
}

impl DiscrepancyFigures {
    /// Whether these figures are those that were kept of an earlier day. What an earlier version did
    /// not tell is no difference: it follows from the other figures.
    pub fn says_the_same(&self, kept: &Self) -> bool {
        let told_then = Self {
            density: self.density.filter(|_| kept.density.is_some()),
            recovery_rate: self.recovery_rate.filter(|_| kept.recovery_rate.is_some()),
            ..self.clone()
        };
        told_then == *kept
    }
}

/// Ages of what is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct OpenAges {
    pub n: u64,
    pub median_age_days: Option<Decimal>,
    pub p90_age_days: Option<Decimal>,
    pub max_age_days: Option<Decimal>,
}

/// How many items are open, by age in days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Backlog {
    #[serde(rename = "0-7")]
    pub week: u64,
    #[serde(rename = "8-30")]
    pub month: u64,
    #[serde(rename = "31-60")]
    pub two_months: u64,
    #[serde(rename = "61-90")]
    pub quarter: u64,
    #[serde(rename = "91+")]
    pub older: u64,
}

/// How long it takes to put right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionFigures {
    /// Items verified whose last resolution falls in the period.
    pub n: u64,
    /// Mean days from opened to last resolved.
    pub mean_days: Option<Decimal>,
    /// Median days.
    pub median_days: Option<Decimal>,
    /// 90th percentile, interpolated.
    pub p90_days: Option<Decimal>,
    /// Longest.
    pub max_days: Option<Decimal>,
    /// Median of days to the first resolution.
    pub first_median_days: Option<Decimal>,
    /// Median of days in open states.
    pub active_median_days: Option<Decimal>,
    /// Median of days in waiting.
    pub hold_median_days: Option<Decimal>,
    /// Median of days less waiting.
    pub net_median_days: Option<Decimal>,
    /// Median of working hours.
    pub business_median_hours: Option<Decimal>,
    /// Typical days including open items (Kaplan–Meier median).
    pub km_median_days: Option<Decimal>,
    /// Reopened in the period / resolved in the period.
    pub reopen_rate: Option<Decimal>,
    /// Items that cleared themselves in the period.
    pub self_cleared: u64,
    /// Items dismissed in the period.
    pub dismissed: u64,
    /// What is open at `as_of`.
    pub open: OpenAges,
    /// The same, by age.
    pub backlog: Backlog,
}

/// Open amounts by days past due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Aging {
    pub current: Decimal,
    #[serde(rename = "1-30")]
    pub month: Decimal,
    #[serde(rename = "31-60")]
    pub two_months: Decimal,
    #[serde(rename = "61-90")]
    pub quarter: Decimal,
    #[serde(rename = "91+")]
    pub older: Decimal,
}

/// What is owed, and how fast it comes in. All `null` when the source of invoices or cash failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivablesFigures {
    /// The day that they are taken at.
    pub taken_on: Option<String>,
    /// How many invoices are open.
    pub open_invoices: Option<u64>,
    /// Open invoices.
    pub gross: Option<Decimal>,
    /// Unapplied cash and open credit memos, negative.
    pub credits: Option<Decimal>,
    /// Gross plus credits.
    pub net: Option<Decimal>,
    /// Gross by days past due.
    pub aging: Option<Aging>,
    /// Invoice totals incl. tax less credit memos issued in the period.
    pub sales: Option<Decimal>,
    /// Net / sales × days of the period.
    pub dso: Option<Decimal>,
    /// By counting back month by month.
    pub dso_countback: Option<Decimal>,
    /// The days counted when history ran out first.
    pub dso_countback_at_least: Option<Decimal>,
    /// Current / sales × days.
    pub bpdso: Option<Decimal>,
    /// DSO − BPDSO.
    pub add: Option<Decimal>,
    /// Collection effectiveness, a fraction.
    pub cei: Option<Decimal>,
    /// Current / gross.
    pub percent_current: Option<Decimal>,
    /// 91+ / gross.
    pub percent_over_90: Option<Decimal>,
    /// Invoices whose last part was paid in the period, up to the day the figures are taken.
    #[serde(default)]
    pub paid_invoices: Option<u64>,
    /// Of these, the mean of the days from due to paid, weighted by total; what is paid early is not
    /// late, and makes nothing else less late.
    #[serde(default)]
    pub avg_days_late_paid: Option<Decimal>,
    /// Disputed / gross. No dispute is recorded in this version.
    #[serde(default)]
    pub percent_disputed_value: Option<Decimal>,
    /// Disputed invoices / invoices issued. No dispute is recorded in this version.
    #[serde(default)]
    pub percent_disputed_count: Option<Decimal>,
    /// Write-offs / sales. No write-off of an invoice is recorded in this version.
    #[serde(default)]
    pub bad_debt_gross: Option<Decimal>,
    /// Write-offs less what came in of them all the same / sales.
    #[serde(default)]
    pub bad_debt_net: Option<Decimal>,
}

/// What became of the promises whose deadline, due date and grace, falls in the period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseFigures {
    /// Kept / (kept + partial + broken).
    pub kept_rate_count: Option<Decimal>,
    /// What came in of what was promised / what was promised.
    pub kept_rate_value: Option<Decimal>,
    /// All of it came in by the deadline, within tolerance.
    pub kept: u64,
    /// Some of it did.
    pub partial: u64,
    /// Nothing did.
    pub broken: u64,
    /// The deadline is still to come.
    pub pending: u64,
    /// Withdrawn, superseded by a later promise, or settled by a credit memo.
    pub cancelled: u64,
    /// Currencies without a rate, which are in the counts and not in the value.
    pub excluded_currencies: Vec<Currency>,
}

/// How much of the cash found its invoices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the manual")]
pub struct MatchFigures {
    pub first_pass_rate: Option<Decimal>,
    pub auto_rate: Option<Decimal>,
    #[serde(default)]
    pub manual_rate: Option<Decimal>,
    pub total_rate: Option<Decimal>,
}

/// How many customers the CRM and the billing system keep differently. Their items are in no other
/// rate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFigures {
    /// Customers that both systems keep, as far as both could be seen.
    pub customers: u64,
    /// Of these, those with at least one field that differs.
    pub discrepant: u64,
    /// Discrepant / customers.
    pub count_rate: Option<Decimal>,
    /// Customers of whom a failed, partial or stale source said nothing.
    pub unknown: u64,
}

/// How the open set moved: `open_end` = `open_start` + `new` + `reopened` − `resolved` −
/// `dismissed` − `self_cleared` − `timing`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the identity")]
pub struct RollForward {
    pub open_start: u64,
    pub new: u64,
    pub reopened: u64,
    pub resolved: u64,
    pub dismissed: u64,
    pub self_cleared: u64,
    pub timing: u64,
    pub open_end: u64,
}

/// All KPIs of one scope and period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kpi {
    /// `YYYY-MM`, `YYYY-Qn` or `YYYY`.
    pub period: String,
    /// What was known: records extracted by this instant.
    pub as_of: Timestamp,
    /// The branch; `null` for the whole company.
    pub branch: Option<String>,
    /// The currency of the amounts.
    pub currency: Currency,
    /// Digest of rules, tolerances and settings; `null` before the first reconcile.
    pub rules_version: Option<String>,
    /// The state of every source.
    pub freshness: Vec<Freshness>,
    /// The worst of it.
    pub banner: Banner,
    /// True until the period is closed.
    pub provisional: bool,
    /// How much of what was billed is wrong.
    pub discrepancy: DiscrepancyFigures,
    /// How long it takes to put right.
    pub resolution: ResolutionFigures,
    /// How accurate the payments are; `null` when they are not known.
    pub payment_accuracy: Option<PaymentAccuracy>,
    /// How much of the cash found its invoices.
    #[serde(rename = "match")]
    pub matching: MatchFigures,
    /// What is owed.
    pub receivables: ReceivablesFigures,
    /// What became of promises to pay; `null` where no source lands any.
    pub promises: Option<PromiseFigures>,
    /// `null` in this version.
    pub deductions: Option<serde_json::Value>,
    /// What two systems keep of one customer; `null` where the period was never compared so.
    #[serde(default)]
    pub account_fields: Option<AccountFigures>,
    /// Why figures are `null` that could be more: by the path of the figure.
    #[serde(default)]
    pub unavailable: BTreeMap<String, String>,
    /// How the open set moved in the period.
    pub roll_forward: RollForward,
    /// The completeness identity by source and entity.
    pub completeness: Vec<Completeness>,
    /// Of a closed period, the newest recomputation.
    pub restated: Option<Box<DiscrepancyFigures>>,
    /// Of a closed period, what that changes.
    pub prior_period_adjustments: Option<Adjustments>,
    /// Of a closed period, who closed it and when: these figures are as they were reported then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub close: Option<CloseFacts>,
}

/// The close that figures were kept by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseFacts {
    /// `closed` or `locked`.
    pub state: PeriodState,
    /// 1, and one more for each close after a reopening.
    pub version: u32,
    /// The id of what was kept.
    pub close_id: String,
    /// When.
    pub closed_at: Timestamp,
    /// Who prepared it.
    pub prepared_by: String,
    /// Who reviewed it.
    pub reviewed_by: Option<String>,
    /// Whether the tax return of the period is filed.
    pub tax_filed: bool,
}
