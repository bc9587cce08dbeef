//! What other rules would find in the periods that are there: both are compared over the same records,
//! and nothing is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Serialize;

use super::ledger::load_ledger;
use super::reconcile_periods::{Question, compare, find_rule, open_periods};
use crate::config::Config;
use crate::currency::Currency;
use crate::env::Env;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::money::money_text;
use crate::period::Period;
use crate::reconcile::{
    ACCOUNT_RULE, BILLING_RULE, Finding, Kind, Outcome, PeriodHistory, RuleFile, WhichRule,
};

/// What the replay of one period by one rule came to.
#[derive(Debug, Clone, Serialize)]
pub struct ReplayPeriod {
    /// The rule.
    pub rule: String,
    /// The period.
    pub period: Period,
    /// What the rules in force find.
    pub before: ReplayFigures,
    /// What the changed ones find.
    pub after: ReplayFigures,
    /// Found by the changed rules alone.
    pub gained: ReplayChange,
    /// Found by the rules in force alone.
    pub lost: ReplayChange,
    /// Found by both, with another kind, field or amount.
    pub changed: ReplayChange,
}

/// What a rule finds in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayFigures {
    /// The digest of the rules.
    pub rules_version: String,
    /// Units that were compared.
    pub units: u64,
    /// Units that differ beyond tolerance.
    pub discrepant: u64,
    /// Units that differ within it.
    pub within_tolerance: u64,
    /// Units whose other side is not due yet.
    pub timing: u64,
    /// Units of which nothing can be said.
    pub unknown: u64,
    /// Differences, and their money.
    pub count: u64,
    /// Their money by currency.
    pub money: Vec<ReplayMoney>,
}

/// Money of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayMoney {
    /// The currency.
    pub currency: Currency,
    /// The sum of the absolute amounts.
    pub gross: Decimal,
    /// The sum of the amounts.
    pub net: Decimal,
}

/// Differences that only one of the rules finds, or both differently.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReplayChange {
    /// How many.
    pub count: u64,
    /// Their money by currency; of changed ones, by how much it changed.
    pub money: Vec<ReplayMoney>,
    /// Each of them.
    pub items: Vec<ReplayItem>,
}

/// One difference, before and after.
#[derive(Debug, Clone, Serialize)]
pub struct ReplayItem {
    /// The golden account's id.
    pub account: String,
    /// Its name.
    pub account_name: String,
    /// The product.
    pub sku: String,
    /// The first record, by its own number.
    pub record: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// As the rules in force find it.
    pub before: Option<ReplaySight>,
    /// As the changed ones find it.
    pub after: Option<ReplaySight>,
}

/// How a rule sees a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplaySight {
    /// The kind.
    pub kind: Kind,
    /// The field.
    pub field: String,
    /// What was expected.
    pub expected: Option<String>,
    /// What was found.
    pub actual: Option<String>,
    /// The money.
    pub impact: String,
}

/// A file of changed rules that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the file of changed rules could not be read: {path}")]
struct UnreadableRules {
    path: String,
    #[source]
    cause: std::io::Error,
}

impl Fault for UnreadableRules {
    fn code(&self) -> &'static str {
        "XF-J120"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(
            "name a rule file, or a file with [tolerance], [reconcile], [identity] or [source.x]"
                .into(),
        )
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Compares periods by the rules in force and by those of `file`: a rule file, or settings to put over
/// the configuration. Without periods, those that were compared before; `rule` narrows settings to
/// one rule.
pub async fn replay_rules(
    env: &Env,
    file: &Path,
    rule: Option<&str>,
    period: Option<Period>,
) -> Result<Vec<ReplayPeriod>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|cause| UnreadableRules {
        path: file.display().to_string(),
        cause,
    })?;
    let config = &env.config;
    let mut replays = Vec::new();
    if is_rule_file(&text) {
        let changed = RuleFile::parse(&file.display().to_string(), &text)?;
        let present = find_rule(config, &changed.name);
        let pair = Pair {
            before: present.map_or(Present::Nothing, |rule| Present::File(Box::new(rule))),
            after: Present::File(Box::new(changed)),
        };
        replay(env, env, &pair, period, &mut replays).await?;
        return Ok(replays);
    }
    let changed_env = Env {
        config: Arc::new(config.with_overrides(&text, file)?),
        ..env.clone()
    };
    for pair in pairs(config, rule)? {
        replay(env, &changed_env, &pair, period, &mut replays).await?;
    }
    Ok(replays)
}

/// A rule as it is and as it would be.
struct Pair {
    before: Present,
    after: Present,
}

/// What is in force of a rule.
#[derive(Clone)]
enum Present {
    /// There is no such rule.
    Nothing,
    /// The billing rule.
    Billing,
    /// That of accounts.
    Accounts,
    /// A rule file.
    File(Box<RuleFile>),
}

impl Present {
    fn which(&self) -> Option<WhichRule<'_>> {
        match self {
            Self::Nothing => None,
            Self::Billing => Some(WhichRule::Billing),
            Self::Accounts => Some(WhichRule::Accounts),
            Self::File(rule) => Some(WhichRule::File(rule)),
        }
    }
}

/// The rules that settings are replayed over: a named one, or the billing rule and the configured ones.
/// That of accounts has no periods and is replayed only by its name.
fn pairs(config: &Config, rule: Option<&str>) -> Result<Vec<Pair>, Failure> {
    let of = |rule: Present| Pair {
        before: rule.clone(),
        after: rule,
    };
    let file = |name: &str| -> Result<Present, Failure> {
        Ok(Present::File(Box::new(find_rule(config, name)?)))
    };
    match rule {
        Some(BILLING_RULE) => Ok(vec![of(Present::Billing)]),
        Some(ACCOUNT_RULE) => Ok(vec![of(Present::Accounts)]),
        Some(name) => Ok(vec![of(file(name)?)]),
        None => {
            let mut all = vec![of(Present::Billing)];
            for name in &config.reconcile.rules {
                all.push(of(file(name)?));
            }
            Ok(all)
        }
    }
}

/// Whether a text is that of a rule: settings have no name.
fn is_rule_file(text: &str) -> bool {
    let table: Option<toml::Table> = toml::from_str(text).ok();
    table.is_some_and(|table| {
        ["name", "base", "leg", "kinds"]
            .iter()
            .any(|key| table.contains_key(*key))
    })
}

async fn replay(
    env: &Env,
    changed_env: &Env,
    pair: &Pair,
    period: Option<Period>,
    replays: &mut Vec<ReplayPeriod>,
) -> Result<(), Failure> {
    let Some(after) = pair.after.which() else {
        return Ok(());
    };
    let name = after.name();
    let mut periods: Vec<Period> = period.into_iter().collect();
    if periods.is_empty() {
        periods = env.store.reconciled_periods(name).await?;
    }
    if periods.is_empty() {
        periods = open_periods(env).await?;
    }
    if !after.is_periodic() {
        let newest = periods.iter().max().copied();
        periods.retain(|period| Some(*period) == newest);
    }
    let now = env.clock.now();
    let ledger = load_ledger(env, now, false).await?;
    let changed_ledger = load_ledger(changed_env, now, false).await?;
    for period in periods {
        let before = match pair.before.which() {
            Some(rule) => {
                let question = Question {
                    period,
                    now,
                    rule,
                    standing: &[],
                    history: PeriodHistory::default(),
                };
                Some(compare(env, "replay", &ledger, &question).await?)
            }
            None => None,
        };
        let question = Question {
            period,
            now,
            rule: after,
            standing: &[],
            history: PeriodHistory::default(),
        };
        let after = compare(changed_env, "replay", &changed_ledger, &question).await?;
        replays.push(ReplayPeriod::of(before.as_ref(), &after));
    }
    Ok(())
}

impl ReplayPeriod {
    fn of(before: Option<&Outcome>, after: &Outcome) -> Self {
        let empty: &[Finding] = &[];
        let found = before.map_or(empty, |outcome| &outcome.findings);
        let mut gained = ReplayChange::default();
        let mut lost = ReplayChange::default();
        let mut changed = ReplayChange::default();
        let (mut gained_money, mut lost_money, mut changed_money) =
            (Money::default(), Money::default(), Money::default());
        for (was, is) in paired(&after.rule, found, &after.findings) {
            match (was, is) {
                (Some(was), Some(is)) if sight(was) == sight(is) => {}
                (Some(was), Some(is)) => {
                    changed_money.add(is.currency, is.impact.saturating_sub(was.impact));
                    changed.items.push(item(is, Some(was), Some(is)));
                }
                (Some(was), None) => {
                    lost_money.add(was.currency, was.impact);
                    lost.items.push(item(was, Some(was), None));
                }
                (None, Some(is)) => {
                    gained_money.add(is.currency, is.impact);
                    gained.items.push(item(is, None, Some(is)));
                }
                (None, None) => {}
            }
        }
        let all = [
            (&mut gained, gained_money),
            (&mut lost, lost_money),
            (&mut changed, changed_money),
        ];
        for (change, money) in all {
            change.count = change.items.len() as u64;
            change.money = money.told();
        }
        Self {
            rule: after.rule.clone(),
            period: after.period,
            before: before.map_or_else(ReplayFigures::nothing, ReplayFigures::of),
            after: ReplayFigures::of(after),
            gained,
            lost,
            changed,
        }
    }
}

impl ReplayFigures {
    fn nothing() -> Self {
        Self {
            rules_version: String::new(),
            units: 0,
            discrepant: 0,
            within_tolerance: 0,
            timing: 0,
            unknown: 0,
            count: 0,
            money: Vec::new(),
        }
    }

    fn of(outcome: &Outcome) -> Self {
        let mut money = Money::default();
        for finding in &outcome.findings {
            money.add(finding.currency, finding.impact);
        }
        let sum = |count: fn(&crate::reconcile::UnitTotals) -> u64| {
            outcome.totals.iter().map(count).sum::<u64>()
        };
        Self {
            rules_version: outcome.rules_version.clone(),
            units: sum(|one| one.units),
            discrepant: sum(|one| one.discrepant),
            within_tolerance: sum(|one| one.within_tolerance),
            timing: sum(|one| one.timing),
            unknown: sum(|one| one.unknown),
            count: outcome.findings.len() as u64,
            money: money.told(),
        }
    }
}

/// Sums by currency.
#[derive(Default)]
struct Money(BTreeMap<Currency, (Decimal, Decimal)>);

impl Money {
    fn add(&mut self, currency: Currency, amount: Decimal) {
        let sums = self.0.entry(currency).or_default();
        sums.0 = sums.0.saturating_add(amount.abs());
        sums.1 = sums.1.saturating_add(amount);
    }

    fn told(self) -> Vec<ReplayMoney> {
        let told = |(currency, (gross, net))| ReplayMoney {
            currency,
            gross,
            net,
        };
        self.0.into_iter().map(told).collect()
    }
}

/// What belongs together of two lists: first what is named alike, then what is left of the same unit.
fn paired<'f>(
    rule: &str,
    before: &'f [Finding],
    after: &'f [Finding],
) -> Vec<(Option<&'f Finding>, Option<&'f Finding>)> {
    let mut left: BTreeMap<UnitName<'f>, Vec<&'f Finding>> = BTreeMap::new();
    for finding in before {
        left.entry(unit_name(rule, finding))
            .or_default()
            .push(finding);
    }
    let mut pairs: Vec<(Option<&Finding>, Option<&Finding>)> = Vec::new();
    let mut unpaired = Vec::new();
    for finding in after {
        let of_unit = left.entry(unit_name(rule, finding)).or_default();
        let same = of_unit
            .iter()
            .position(|was| was.kind == finding.kind && was.field == finding.field);
        match same {
            Some(at) => pairs.push((Some(of_unit.remove(at)), Some(finding))),
            None => unpaired.push(finding),
        }
    }
    for finding in unpaired {
        let of_unit = left.entry(unit_name(rule, finding)).or_default();
        let was = (!of_unit.is_empty()).then(|| of_unit.remove(0));
        pairs.push((was, Some(finding)));
    }
    pairs.extend(left.into_values().flatten().map(|was| (Some(was), None)));
    pairs
}

/// Account, product, currency and, of a rule over records, the record.
type UnitName<'f> = (&'f str, &'f str, Currency, Option<&'f str>);

fn unit_name<'f>(rule: &str, finding: &'f Finding) -> UnitName<'f> {
    let is_record = rule != BILLING_RULE && rule != ACCOUNT_RULE;
    let record = finding.sides.first().filter(|_| is_record);
    (
        &finding.account.id,
        &finding.sku,
        finding.currency,
        record.map(|side| side.id.as_str()),
    )
}

fn sight(finding: &Finding) -> ReplaySight {
    ReplaySight {
        kind: finding.kind,
        field: finding.field.clone(),
        expected: finding.expected.clone(),
        actual: finding.actual.clone(),
        impact: money_text(finding.impact, finding.currency),
    }
}

fn item(one: &Finding, before: Option<&Finding>, after: Option<&Finding>) -> ReplayItem {
    ReplayItem {
        account: one.account.id.clone(),
        account_name: one.account.name.clone(),
        sku: one.sku.clone(),
        record: one.sides.first().map(|side| side.label.clone()),
        currency: one.currency,
        before: before.map(sight),
        after: after.map(sight),
    }
}
