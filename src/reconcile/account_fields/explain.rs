//! An item of the rule told in full: what each record says of the field, and why it is a difference.

use crate::canonical::Entity;
use crate::config::AccountField;
use crate::fault::Failure;
use crate::reconcile::discrepancy::Discrepancy;
use crate::reconcile::engine::Session;
use crate::reconcile::error::ReconcileError;
use crate::reconcile::explanation::{Explanation, FieldTold, joined, keys_of, tell_records};
use crate::reconcile::input::{ReconcileInput, WhichRule};
use crate::reconcile::version::rules_version;

use super::compare::text_of;
use super::row::AccountRow;

/// Tells an item in full, from the records as the input knows them: every field that the rule
/// compares, side by side.
pub async fn explain_accounts(
    input: &ReconcileInput<'_>,
    item: &Discrepancy,
) -> Result<Explanation, Failure> {
    Ok(explain(input, item).await?)
}

async fn explain(
    input: &ReconcileInput<'_>,
    item: &Discrepancy,
) -> Result<Explanation, ReconcileError> {
    let keys = keys_of(&item.sides);
    let session = Session::open(
        &[Entity::Accounts, Entity::Contracts],
        &input.files,
        input.config.engine.memory_limit.0,
        input.spill_dir,
    )
    .await?;
    let rows = session.account_rows().await?;
    let of_side = |side: &str| -> Vec<&AccountRow> {
        let is_named = |row: &&AccountRow| {
            item.sides.iter().any(|one| {
                one.side == side
                    && one.entity == Entity::Accounts.name()
                    && one.source == row.source
                    && one.id == row.id
            })
        };
        rows.iter().filter(is_named).collect()
    };
    let (base, peer) = (of_side("base"), of_side("peer"));
    let mut fields = Vec::new();
    for field in &input.config.reconcile.account_fields {
        let told =
            |rows: &[&AccountRow]| joined(rows.iter().filter_map(|row| text_of(*field, row)));
        let is_own = field.name() == item.field;
        let contract = told(&base).or_else(|| item.expected.clone().filter(|_| is_own));
        let billed = told(&peer).or_else(|| item.actual.clone().filter(|_| is_own));
        if contract.is_some() || billed.is_some() {
            fields.push(FieldTold {
                field: field.name(),
                contract,
                billed,
                ..FieldTold::default()
            });
        }
    }
    Ok(Explanation {
        as_of: input.as_of,
        rules_version: rules_version(input.config, WhichRule::Accounts),
        fields,
        records: tell_records(&session, &keys, &item.sides).await?,
        candidates: Vec::new(),
        tolerance: Vec::new(),
        accepted_by: None,
        not_accepted: Some(reason(&item.field)),
    })
}

/// Why two texts are a difference, by the field.
fn reason(field: &str) -> String {
    let compared = match AccountField::named(field) {
        Some(AccountField::Email) => "two lists of addresses agree when they have one in common",
        Some(AccountField::Address) => {
            "the parts that both sides state are compared, without case, points and usual short forms"
        }
        Some(AccountField::TaxId) => "without blanks, points and hyphens, and with its country",
        Some(AccountField::PaymentTerms) => "without blanks, case and the word days",
        Some(AccountField::Frequency) | None => "the two rhythms are compared as they are",
    };
    format!("a field of an account has none; {compared}")
}
