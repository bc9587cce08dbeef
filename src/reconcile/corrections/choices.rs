//! The usual ways to put each kind right, the most usual first.

use crate::config::{AccountField, Role};
use crate::reconcile::discrepancy::{Kind, ResolutionCode};
use crate::reconcile::identity::BILLING_FIRST;

use super::drafts::{
    Draft, alias, attribute, billed_amount, billed_prices, billed_quantity, credited, duplicates,
    merged, missing_contract, missing_line, sold_price, sold_quantity, stopped, updated_lines,
    used_quantity,
};
use super::records::Records;

/// One way to put an item right.
pub(super) struct Choice {
    pub(super) code: ResolutionCode,
    pub(super) how: &'static str,
    pub(super) drafts: Vec<Draft>,
}

/// The ways to put an item right; none that has nothing to act on.
pub(super) fn choices_of(records: &Records<'_>) -> Vec<Choice> {
    let choices = match records.item.kind {
        Kind::MissingInBilling | Kind::UnbilledOverage | Kind::MissingInCrm | Kind::OrphanUsage => {
            absences(records)
        }
        Kind::Quantity | Kind::VendorCost => quantities(records),
        Kind::UnitPrice | Kind::DiscountExpired => prices(records),
        Kind::Amount
        | Kind::Proration
        | Kind::BilledAfterEnd
        | Kind::Tax
        | Kind::Currency
        | Kind::PeriodCutoff => bills(records),
        Kind::Duplicate | Kind::CancelledBilled => credits(records),
        Kind::WrongCode | Kind::CustomerMismatch => identities(records),
        Kind::StaleContact | Kind::TermsMismatch => attributes(records),
    };
    choices
        .into_iter()
        .filter(|choice| !choice.drafts.is_empty())
        .collect()
}

/// What is there on one side alone.
fn absences(records: &Records<'_>) -> Vec<Choice> {
    let sold = |how| {
        choice(
            ResolutionCode::CrmCorrected,
            how,
            vec![missing_contract(records)],
        )
    };
    match records.item.kind {
        Kind::MissingInCrm => vec![
            sold("create the contract that was sold"),
            choice(
                ResolutionCode::CreditIssued,
                "credit what was billed without a contract",
                credited(records, &records.billed),
            ),
        ],
        Kind::OrphanUsage => vec![
            sold("make a contract for what is used"),
            choice(
                ResolutionCode::RecordDeleted,
                "stop the service",
                stopped(records),
            ),
        ],
        Kind::UnbilledOverage => vec![choice(
            ResolutionCode::Rebilled,
            "send an overage invoice",
            vec![missing_line(records)],
        )],
        _ => vec![choice(
            ResolutionCode::Rebilled,
            "bill it, or send a catch-up invoice; mend the hand-over",
            vec![missing_line(records)],
        )],
    }
}

fn quantities(records: &Records<'_>) -> Vec<Choice> {
    vec![
        choice(
            ResolutionCode::Rebilled,
            "bill the expected quantity; an issued invoice is credited and billed anew",
            billed_quantity(records),
        ),
        choice(
            ResolutionCode::ContractAmended,
            "amend the contract to what is billed",
            sold_quantity(records),
        ),
        choice(
            ResolutionCode::UsageCorrected,
            "correct the count of what was used",
            used_quantity(records),
        ),
    ]
}

fn prices(records: &Records<'_>) -> Vec<Choice> {
    vec![
        choice(
            ResolutionCode::Rebilled,
            "bill the agreed price; an issued invoice is credited and billed anew",
            billed_prices(records),
        ),
        choice(
            ResolutionCode::ContractAmended,
            "amend the contract's price, or approve the discount",
            sold_price(records),
        ),
    ]
}

/// What only the bill can put right.
fn bills(records: &Records<'_>) -> Vec<Choice> {
    let (code, how, drafts) = match records.item.kind {
        Kind::Tax => (
            ResolutionCode::Rebilled,
            "credit and bill anew with the right tax, and correct the return",
            billed_amount(records, "tax"),
        ),
        Kind::Currency => (
            ResolutionCode::Rebilled,
            "credit the invoice and issue it in the contract's currency",
            updated_lines(records, "currency"),
        ),
        Kind::PeriodCutoff => (
            ResolutionCode::BillingCorrected,
            "date the line into the period that it is of, or accrue it",
            updated_lines(records, "service_from"),
        ),
        _ => (
            ResolutionCode::Rebilled,
            "find the cause first; then bill the expected amount, by credit where it was too much",
            billed_amount(records, "net"),
        ),
    };
    vec![choice(code, how, drafts)]
}

fn credits(records: &Records<'_>) -> Vec<Choice> {
    let (how, drafts) = if records.item.kind == Kind::Duplicate {
        (
            "credit the later copy, or delete it while it is a draft",
            duplicates(records),
        )
    } else {
        (
            "credit it, and stop the billing schedule",
            credited(records, &records.billed),
        )
    };
    vec![choice(ResolutionCode::CreditIssued, how, drafts)]
}

/// What was billed under another code, or to another customer.
fn identities(records: &Records<'_>) -> Vec<Choice> {
    if records.item.kind == Kind::CustomerMismatch {
        return vec![
            mismatched(records),
            choice(
                ResolutionCode::RecordMerged,
                "where both are one customer, merge them; `crossfoot accounts merge` can be undone",
                merged(records).into_iter().collect(),
            ),
        ];
    }
    vec![
        choice(
            ResolutionCode::BillingCorrected,
            "bill under the sold code",
            updated_lines(records, "sku"),
        ),
        choice(
            ResolutionCode::CrmCorrected,
            "say in [reconcile] sku_aliases that both codes are one product",
            vec![alias(records)],
        ),
    ]
}

fn choice(code: ResolutionCode, how: &'static str, drafts: Vec<Draft>) -> Choice {
    Choice { code, how, drafts }
}

/// The one customer is credited, the other one billed.
fn mismatched(records: &Records<'_>) -> Choice {
    if records.item.impact.is_sign_negative() {
        let drafts = vec![missing_line(records)];
        choice(
            ResolutionCode::Rebilled,
            "bill the customer who bought it",
            drafts,
        )
    } else {
        let drafts = credited(records, &records.billed);
        let how = "credit the customer who did not buy it, and mend the link between the systems";
        choice(ResolutionCode::CreditIssued, how, drafts)
    }
}

/// A customer's attribute that differs: the system of lesser authority is put right, and a value
/// beats none.
fn attributes(records: &Records<'_>) -> Vec<Choice> {
    let item = records.item;
    // The contract says which terms were agreed, whoever keeps the customer's default.
    let is_bill_to =
        item.field == AccountField::Address.name() || BILLING_FIRST.contains(&item.field.as_str());
    let billing_decides = item.kind != Kind::TermsMismatch && is_bill_to;
    let in_crm = choice(
        ResolutionCode::CrmCorrected,
        "the billing system has the greater authority: put the CRM right",
        attribute(
            records,
            Role::Crm,
            item.expected.clone(),
            item.actual.clone(),
        ),
    );
    let in_billing = choice(
        ResolutionCode::BillingCorrected,
        "the CRM has the greater authority: put the billing system right",
        attribute(
            records,
            Role::Billing,
            item.actual.clone(),
            item.expected.clone(),
        ),
    );
    if item.expected.is_none() || (billing_decides && item.actual.is_some()) {
        vec![in_crm, in_billing]
    } else {
        vec![in_billing, in_crm]
    }
}
