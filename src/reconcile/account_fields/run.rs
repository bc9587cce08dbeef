//! All customers: who is on which side, what differs, and what nothing can be said of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;

use crate::canonical::Entity;
use crate::config::{AccountField, Config, Role};
use crate::fault::Failure;
use crate::reconcile::billing::UNRESOLVED;
use crate::reconcile::engine::Session;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::identity::GoldenAccount;
use crate::reconcile::input::{ReconcileInput, WhichRule};
use crate::reconcile::legs::RowCount;
use crate::reconcile::outcome::{Finding, Outcome, SeenUnit};
use crate::reconcile::tally::{JudgedUnit, RowCounts, Tally, Verdict};
use crate::reconcile::version::rules_version;
use crate::reconcile::worth::Amounts;

use super::compare::{
    Difference, Kept, contradicting_tax_ids, unlike_contract_terms, unlike_fields, unlike_rhythm,
};
use super::row::{AccountRow, StatedTerms};

/// The name of the rule.
pub const ACCOUNT_RULE: &str = "account_fields";

/// The entities that the rule reads.
pub(crate) const READ: &[Entity] = &[Entity::Accounts, Entity::Contracts, Entity::Products];

/// How the rule compares; a change of it makes figures not comparable.
const REVISION: u32 = 1;

/// What of the rule is no setting.
pub(crate) fn account_rule_text(config: &Config) -> String {
    let fields = &config.reconcile.account_fields;
    format!("{ACCOUNT_RULE} {REVISION} {fields:?}")
}

/// Compares the accounts as they are known; the period is that in which new items are opened.
pub async fn reconcile_accounts(input: &ReconcileInput<'_>) -> Result<Outcome, Failure> {
    Ok(compare(input).await?)
}

async fn compare(input: &ReconcileInput<'_>) -> Result<Outcome, ReconcileError> {
    let read = Read::of(input).await?;
    let sides = Sides::of(input);
    let mut judged = Judged {
        input,
        tally: Tally::default(),
        findings: Vec::new(),
        unknown: BTreeSet::new(),
        seen: Vec::new(),
    };
    for golden in input.directory.accounts() {
        judged.take(golden, &read, &sides)?;
    }
    let rejected: Vec<_> = input
        .rejected
        .iter()
        .filter(|(_, entity, _)| *entity == Entity::Accounts)
        .cloned()
        .collect();
    Ok(Outcome {
        run_id: input.run_id.to_owned(),
        rule: ACCOUNT_RULE.to_owned(),
        period: input.period,
        as_of: input.as_of,
        rules_version: rules_version(input.config, WhichRule::Accounts),
        input_digest: input.input_digest.clone(),
        totals: judged.tally.totals(),
        sums: judged.tally.sums(),
        completeness: judged.tally.completeness(&read.counts(), &rejected)?,
        findings: judged.findings,
        unknown_units: judged.unknown.into_iter().collect(),
        timing_units: Vec::new(),
        undecided_records: BTreeMap::new(),
        skipped_fields: BTreeSet::new(),
        watched: judged.seen,
        seen_units: None,
        blind_sources: sides.blind.clone(),
    })
}

/// What is read before the customers are gone through.
struct Read {
    rows: Vec<AccountRow>,
    /// Rows by source and id.
    at: HashMap<(String, String), usize>,
    terms: HashMap<String, Vec<StatedTerms>>,
    rhythms: HashMap<String, Vec<Difference>>,
}

impl Read {
    async fn of(input: &ReconcileInput<'_>) -> Result<Self, ReconcileError> {
        let session = Session::open(
            READ,
            &input.files,
            input.config.engine.memory_limit.0,
            input.spill_dir,
        )
        .await?;
        let rows = session.account_rows().await?;
        session.know_names_of(input).await?;
        let sold_by = input.sources_with(Role::Crm);
        let subscribed_at: Vec<&str> = input
            .sources_with(Role::Billing)
            .into_iter()
            .filter(|source| !sold_by.contains(source))
            .collect();
        let fields = &input.config.reconcile.account_fields;
        let mut terms: HashMap<String, Vec<StatedTerms>> = HashMap::new();
        if fields.contains(&AccountField::PaymentTerms) {
            for stated in session.stated_terms(&sold_by, input.as_of).await? {
                terms
                    .entry(stated.account.clone())
                    .or_default()
                    .push(stated);
            }
        }
        let mut rhythms: HashMap<String, Vec<Difference>> = HashMap::new();
        if fields.contains(&AccountField::Frequency) {
            let told = session
                .unlike_rhythms(&sold_by, &subscribed_at, input.as_of)
                .await?;
            for one in told
                .iter()
                .filter(|one| !one.account.starts_with(UNRESOLVED))
            {
                let found = rhythms.entry(one.account.clone()).or_default();
                found.push(unlike_rhythm(one));
            }
        }
        let at = rows
            .iter()
            .enumerate()
            .map(|(at, row)| ((row.source.clone(), row.id.clone()), at))
            .collect();
        Ok(Self {
            rows,
            at,
            terms,
            rhythms,
        })
    }

    fn row(&self, source: &str, id: &str) -> Option<&AccountRow> {
        let at = self.at.get(&(source.to_owned(), id.to_owned()))?;
        self.rows.get(*at)
    }

    /// The row that a link of an account means: spelled `source:id`, or an id that one other source
    /// has.
    fn linked(&self, from: &AccountRow, link: &str, sources: &[&str]) -> Option<&AccountRow> {
        let spelled = link
            .split_once(':')
            .and_then(|(source, id)| self.row(source, id));
        spelled.or_else(|| {
            let mut found = sources
                .iter()
                .filter(|source| **source != from.source)
                .filter_map(|source| self.row(source, link));
            found.next().filter(|_| found.next().is_none())
        })
    }

    fn counts(&self) -> Vec<RowCount> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(&row.source).or_default() += 1;
        }
        let counted = counts.into_iter().map(|(source, extracted)| RowCount {
            source: source.to_owned(),
            entity: Entity::Accounts.name().to_owned(),
            extracted,
            excluded: 0,
        });
        counted.collect()
    }
}

/// Which sources stand on which side, and what of them nothing can be said of.
struct Sides<'a> {
    crm: Vec<&'a str>,
    billing: Vec<&'a str>,
    /// Sources whose accounts are not known whole.
    blind_accounts: Vec<&'a str>,
    /// Whether some contracts are not known.
    is_blind_of_contracts: bool,
    blind: Vec<(String, String)>,
}

impl<'a> Sides<'a> {
    fn of(input: &'a ReconcileInput<'_>) -> Self {
        let crm = input.sources_with(Role::Crm);
        let billing = input.sources_with(Role::Billing);
        let takes_part = |source: &str| crm.contains(&source) || billing.contains(&source);
        let blind: Vec<_> = input
            .blind_sources
            .iter()
            .filter(|one| takes_part(&one.source))
            .filter(|one| one.covers(Entity::Accounts) || one.covers(Entity::Contracts))
            .collect();
        Self {
            blind_accounts: blind
                .iter()
                .filter(|one| one.covers(Entity::Accounts))
                .map(|one| one.source.as_str())
                .collect(),
            is_blind_of_contracts: blind.iter().any(|one| one.covers(Entity::Contracts)),
            blind: blind
                .iter()
                .map(|one| (one.source.clone(), one.reason.clone()))
                .collect(),
            crm,
            billing,
        }
    }

    /// The records of a customer by side. One that is both stands on the side that has no other.
    fn kept<'r>(&self, golden: &GoldenAccount, read: &'r Read) -> Kept<'r> {
        let rows: Vec<&AccountRow> = golden
            .members
            .iter()
            .filter_map(|(source, id)| read.row(source, id))
            .collect();
        let is_of = |sources: &[&str], row: &AccountRow| sources.contains(&row.source.as_str());
        let mut kept = Kept::default();
        let mut both = Vec::new();
        for row in rows {
            match (is_of(&self.crm, row), is_of(&self.billing, row)) {
                (true, true) => both.push(row),
                (true, false) => kept.base.push(row),
                (false, true) => kept.peer.push(row),
                (false, false) => {}
            }
        }
        if kept.base.is_empty() {
            kept.base = both;
        } else if kept.peer.is_empty() {
            kept.peer = both;
        }
        kept
    }

    /// Whether a record of the customer, or one that it names, is of a source that is blind.
    fn is_blind(&self, golden: &GoldenAccount, kept: &Kept<'_>) -> bool {
        let is_member = golden
            .members
            .iter()
            .any(|(source, _)| self.blind_accounts.contains(&source.as_str()));
        let may_be_named = self
            .billing
            .iter()
            .any(|source| self.blind_accounts.contains(source));
        let names_another =
            kept.peer.is_empty() && kept.base.iter().any(|row| !row.linked_ids.is_empty());
        is_member || (may_be_named && names_another)
    }
}

/// What was found so far.
struct Judged<'a> {
    input: &'a ReconcileInput<'a>,
    tally: Tally,
    findings: Vec<Finding>,
    unknown: BTreeSet<(String, String)>,
    seen: Vec<SeenUnit>,
}

impl Judged<'_> {
    fn take(
        &mut self,
        golden: &GoldenAccount,
        read: &Read,
        sides: &Sides<'_>,
    ) -> Result<(), ReconcileError> {
        let kept = sides.kept(golden, read);
        let is_blind = sides.is_blind(golden, &kept);
        let differences = if is_blind {
            Vec::new()
        } else {
            self.differences(golden, &kept, read, sides)
        };
        let mut rows = RowCounts::default();
        for (source, _) in living(golden, read) {
            rows.add(source, Entity::Accounts, 1);
        }
        if !kept.is_comparable() && differences.is_empty() && !is_blind {
            self.tally.skip(&rows);
            return Ok(());
        }
        let verdict = if is_blind {
            Verdict::Unknown
        } else if differences.is_empty() {
            Verdict::Equal
        } else {
            Verdict::Discrepant
        };
        let unit = JudgedUnit {
            account: golden.account.clone(),
            branch: golden.branch.clone(),
            currency: golden
                .currency
                .unwrap_or(self.input.config.company.currency),
            expected: Decimal::ZERO,
            actual: Decimal::ZERO,
            verdict,
            weight: Decimal::ZERO,
            is_partly_blind: false,
            rows,
        };
        self.tally.count(&unit)?;
        self.watch(&unit, &differences, sides);
        let found = differences.into_iter().map(|one| finding(&unit, one));
        self.findings.extend(found);
        Ok(())
    }

    fn differences(
        &self,
        golden: &GoldenAccount,
        kept: &Kept<'_>,
        read: &Read,
        sides: &Sides<'_>,
    ) -> Vec<Difference> {
        let fields = &self.input.config.reconcile.account_fields;
        let mut found = unlike_fields(kept, fields);
        let is_told = found.iter().any(|one| one.field == AccountField::TaxId);
        if fields.contains(&AccountField::TaxId) && !is_told {
            found.extend(self.refused_link(golden, kept, read, sides));
        }
        if !sides.is_blind_of_contracts {
            if let Some(contracts) = read.terms.get(&golden.account.id) {
                found.extend(unlike_contract_terms(kept, contracts));
            }
            if let Some(rhythms) = read.rhythms.get(&golden.account.id) {
                found.extend(rhythms.iter().cloned());
            }
        }
        found
    }

    /// An account of the CRM that names one of the billing system which is yet another customer,
    /// since the tax ids contradict.
    fn refused_link(
        &self,
        golden: &GoldenAccount,
        kept: &Kept<'_>,
        read: &Read,
        sides: &Sides<'_>,
    ) -> Option<Difference> {
        kept.base.iter().find_map(|base| {
            base.linked_ids.iter().find_map(|link| {
                let peer = read.linked(base, link, &sides.billing)?;
                let source = peer.source.as_str();
                let other = self.input.directory.golden(source, &peer.id)?;
                let is_seen = sides.billing.contains(&source)
                    && !sides.blind_accounts.contains(&source)
                    && other.id != golden.account.id;
                is_seen.then(|| contradicting_tax_ids(base, peer)).flatten()
            })
        })
    }

    /// Tells the units that the book has items of: they are unknown, or as they were seen.
    fn watch(&mut self, unit: &JudgedUnit, differences: &[Difference], sides: &Sides<'_>) {
        let account = &unit.account.id;
        let first = (account.clone(), String::new());
        let of_account = self
            .input
            .watched
            .range(first..)
            .take_while(|(watched, _)| watched == account);
        for (_, sku) in of_account {
            let is_hidden = sides.is_blind_of_contracts && !sku.is_empty();
            if unit.verdict == Verdict::Unknown || is_hidden {
                self.unknown.insert((account.clone(), sku.clone()));
                continue;
            }
            self.seen.push(SeenUnit {
                account: account.clone(),
                sku: sku.clone(),
                currency: unit.currency,
                amounts: Amounts {
                    expected: Decimal::ZERO,
                    actual: Decimal::ZERO,
                },
                record: None,
                is_decided: true,
                is_discrepant: differences.iter().any(|one| one.sku == *sku),
            });
        }
    }
}

/// The living records of a customer.
fn living<'g>(
    golden: &'g GoldenAccount,
    read: &'g Read,
) -> impl Iterator<Item = (&'g str, &'g AccountRow)> {
    golden
        .members
        .iter()
        .filter_map(|(source, id)| Some((source.as_str(), read.row(source, id)?)))
}

fn finding(unit: &JudgedUnit, difference: Difference) -> Finding {
    Finding {
        kind: difference.kind(),
        severity: difference.severity(),
        account: unit.account.clone(),
        branch: unit.branch.clone(),
        sku: difference.sku,
        currency: unit.currency,
        field: difference.field.name().to_owned(),
        expected: difference.expected,
        actual: difference.actual,
        unit_expected: Decimal::ZERO,
        unit_actual: Decimal::ZERO,
        impact: Decimal::ZERO,
        annualised: None,
        estimated: false,
        ambiguous: false,
        secondary: Vec::new(),
        linked: None,
        candidates: Vec::new(),
        sides: difference.sides,
    }
}
