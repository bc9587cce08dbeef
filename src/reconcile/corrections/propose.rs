//! From an item to its corrections.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::config::Role;
use crate::reconcile::discrepancy::{Discrepancy, ResolutionCode};
use crate::reconcile::identity::AccountDirectory;
use crate::reconcile::short_id::short_id;

use super::choices::{Choice, choices_of};
use super::correction::Correction;
use super::drafts::Draft;
use super::records::{BilledFacts, Records};

/// What is known beside the items.
pub struct CorrectionFacts<'a> {
    /// Billed lines, by source and id.
    pub billed: &'a BTreeMap<(String, String), BilledFacts>,
    /// The customers.
    pub directory: &'a AccountDirectory,
    /// Which legs each source has.
    pub roles: &'a BTreeMap<String, Vec<Role>>,
    /// The accounts of items that others name as their other half: golden id and name.
    pub linked: &'a BTreeMap<String, (String, String)>,
}

/// The corrections that an item proposes: what is usually done, or what a person chose with a
/// resolution's code; and in place of it, with `alternatives`, what else would do. None where it was
/// written off.
pub fn propose_corrections(
    item: &Discrepancy,
    facts: &CorrectionFacts<'_>,
    alternatives: bool,
) -> Vec<Correction> {
    if item.code == Some(ResolutionCode::WrittenOff) {
        return Vec::new();
    }
    let records = Records::of(item, facts);
    let mut choices = choices_of(&records);
    // Stable: what was chosen comes first, and the rest stays in its usual order.
    choices.sort_by_key(|choice| !item.code.is_some_and(|code| is_same_act(code, choice.code)));
    let wanted = if alternatives { choices.len() } else { 1 };
    let evidence = records.evidence();
    let mut corrections = Vec::new();
    for (choice, at) in choices.into_iter().take(wanted).zip(1_u8..) {
        for draft in &choice.drafts {
            corrections.push(correction(item, &choice, draft, at, &evidence));
        }
    }
    corrections
}

/// Whether two codes name a fix of the same record: a credit, a rebill and a correction of the bill
/// are one, and so are a corrected CRM and an amended contract.
fn is_same_act(one: ResolutionCode, other: ResolutionCode) -> bool {
    use ResolutionCode::{BillingCorrected, ContractAmended, CreditIssued, CrmCorrected, Rebilled};
    let group = |code| match code {
        BillingCorrected | CreditIssued | Rebilled => Rebilled,
        CrmCorrected | ContractAmended => CrmCorrected,
        other => other,
    };
    group(one) == group(other)
}

fn correction(
    item: &Discrepancy,
    choice: &Choice,
    draft: &Draft,
    at: u8,
    evidence: &str,
) -> Correction {
    let id = short_id(
        "C",
        &[
            &item.id,
            draft.act.name(),
            draft.system.as_deref().unwrap_or_default(),
            &draft.entity,
            draft.record_id.as_deref().unwrap_or_default(),
            &draft.field,
            choice.code.name(),
        ],
    );
    Correction {
        id,
        act: draft.act,
        choice: at,
        system: draft.system.clone(),
        entity: draft.entity.clone(),
        record_id: draft.record_id.clone(),
        record_number: draft.record_number.clone(),
        account_record: draft.account_record.clone(),
        field: draft.field.clone(),
        present: draft.present.clone(),
        proposed: draft.proposed.clone(),
        effect: draft.effect,
        currency: item.currency,
        estimated: item.estimated,
        code: choice.code,
        how: choice.how.to_owned(),
        evidence: evidence.to_owned(),
        discrepancy: item.id.clone(),
        kind: item.kind,
        state: item.state,
        severity: item.severity,
        rule: item.rule.clone(),
        period: item.period,
        account: item.account.clone(),
        account_name: item.account_name.clone(),
        branch: item.branch.clone(),
        sku: item.sku.clone(),
    }
}

/// What putting an item right changes of what is billed: the opposite of what is left of it.
pub(super) fn effect_of(item: &Discrepancy) -> Decimal {
    if item.impact.is_sign_negative() {
        item.outstanding
    } else {
        -item.outstanding
    }
}
