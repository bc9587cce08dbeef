//! From landed records to what cash is applied among: invoices, payments and remittance rows that
//! are in scope, each in an order that does not depend on how they came.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::invoice::LedgerInvoice;
use super::payment::LedgerPayment;
use super::remittance::{RemittanceRow, remittance_rows};
use crate::canonical::Record;
use crate::config::{CashConfig, ToleranceConfig};
use crate::currency::Currency;
use crate::store::CashDecision;

/// What cash is applied from. Records may come in any order; deleted ones are passed over.
pub struct CashInput<'a> {
    /// Invoices and credit memos; drafts and void ones are passed over.
    pub invoices: &'a [Record],
    /// Payments; pending and failed ones are passed over.
    pub payments: &'a [Record],
    /// Remittance rows.
    pub remittances: &'a [Record],
    /// The golden account of an account reference: (source, the reference as it stands there).
    pub account_of: &'a dyn Fn(&str, &str) -> String,
    /// The branch of a golden account.
    pub branch_of: &'a dyn Fn(&str) -> Option<String>,
    /// The rules for payments that name no invoice.
    pub rules: &'a CashConfig,
    /// The tolerances; `cash` is used.
    pub tolerance: &'a ToleranceConfig,
    /// What people decided: these payments go where they say, whatever the rules would find.
    pub decisions: &'a [CashDecision],
}

/// Records of one kind by `source:id` and by bare id.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    by_key: BTreeMap<String, usize>,
    by_id: BTreeMap<String, Vec<usize>>,
}

impl KeyIndex {
    /// What `source:id` names.
    pub(super) fn at(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    fn insert(&mut self, key: &str, id: &str, at: usize) {
        self.by_key.insert(key.to_owned(), at);
        self.by_id.entry(id.to_owned()).or_default().push(at);
    }

    /// What a reference of a source names: a record of the same source, else one spelled
    /// `source:id`, else that of the one other source that has the id.
    pub(super) fn find(&self, source: &str, reference: &str) -> Option<usize> {
        let own = self.by_key.get(&format!("{source}:{reference}"));
        if let Some(at) = own.or_else(|| self.by_key.get(reference)) {
            return Some(*at);
        }
        match self.by_id.get(reference).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }
}

/// What cash is applied among. Invoices and payments stand in the order of their ids.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) invoices: Vec<LedgerInvoice>,
    pub(super) payments: Vec<LedgerPayment>,
    pub(super) rows: Vec<RemittanceRow>,
    pub(super) invoice_index: KeyIndex,
    pub(super) payment_index: KeyIndex,
    /// Invoices by number.
    pub(super) by_number: BTreeMap<String, Vec<usize>>,
}

impl Ledger {
    pub(super) fn build(input: &CashInput<'_>) -> Self {
        let mut invoices: Vec<_> = input
            .invoices
            .iter()
            .filter_map(|record| invoice(record, input))
            .collect();
        invoices.sort_by(|one, other| (&one.id, &one.source).cmp(&(&other.id, &other.source)));
        let mut payments: Vec<_> = input
            .payments
            .iter()
            .filter_map(|record| payment(record, input))
            .collect();
        payments.sort_by(|one, other| (&one.id, &one.source).cmp(&(&other.id, &other.source)));

        let mut invoice_index = KeyIndex::default();
        let mut by_number: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, invoice) in invoices.iter().enumerate() {
            invoice_index.insert(&invoice.key, &invoice.id, at);
            by_number
                .entry(invoice.number.clone())
                .or_default()
                .push(at);
        }
        let mut payment_index = KeyIndex::default();
        for (at, payment) in payments.iter().enumerate() {
            payment_index.insert(&payment.key, &payment.id, at);
        }
        Self {
            invoices,
            payments,
            rows: remittance_rows(input.remittances),
            invoice_index,
            payment_index,
            by_number,
        }
    }

    /// The invoice that a person's spelling names, by id or number: within the payment's account
    /// where that is known, else only where all that have the number are one account's. Of several
    /// the earliest due, then the one with the lowest id.
    pub(super) fn invoice_named(
        &self,
        source: &str,
        text: &str,
        account: Option<&str>,
        currency: Currency,
    ) -> Option<usize> {
        let fits = |at: &usize| {
            self.invoices.get(*at).is_some_and(|invoice| {
                invoice.currency == currency
                    && account.is_none_or(|account| invoice.account == account)
            })
        };
        let by_id = self.invoice_index.find(source, text).filter(fits);
        by_id.or_else(|| {
            let numbered: Vec<_> = self
                .by_number
                .get(text)?
                .iter()
                .filter(|at| fits(at))
                .filter_map(|at| Some((*at, self.invoices.get(*at)?)))
                .collect();
            let (_, first) = numbered.first()?;
            let is_one_account = numbered
                .iter()
                .all(|(_, invoice)| invoice.account == first.account);
            let earliest = numbered
                .iter()
                .min_by_key(|(at, invoice)| (invoice.due_on, *at));
            earliest.filter(|_| is_one_account).map(|(at, _)| *at)
        })
    }
}

fn trimmed(record: &Record, column: &str) -> Option<String> {
    let text = record.text(column)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn currency(record: &Record) -> Option<Currency> {
    record.text("currency")?.parse().ok()
}

// The landing quarantines rows without a required value, so a record that lacks one here is none
// that a source gave.
fn invoice(record: &Record, input: &CashInput<'_>) -> Option<LedgerInvoice> {
    let status = record.text("status").unwrap_or_default();
    if record.is_deleted() || matches!(status, "draft" | "void") {
        return None;
    }
    let total = record.decimal("total")?;
    let issued_on = record.date("issued_on")?;
    let account = (input.account_of)(record.source(), record.text("account_id")?);
    let is_credit = record.text("kind") == Some("credit_memo") || total < Decimal::ZERO;
    // Whatever sign a vendor gives a credit memo, it takes off what is owed.
    let signed = |amount: Decimal| if is_credit { -amount.abs() } else { amount };
    let paid_by_status = (status == "paid").then_some(Decimal::ZERO);
    Some(LedgerInvoice {
        key: record.key(),
        source: record.source().to_owned(),
        id: record.id().to_owned(),
        number: trimmed(record, "number")?,
        branch: trimmed(record, "branch").or_else(|| (input.branch_of)(&account)),
        account,
        is_credit,
        issued_on,
        due_on: record.date("due_on").unwrap_or(issued_on),
        currency: currency(record)?,
        total: signed(total),
        charged_off: status == "uncollectible",
        source_balance: record.decimal("balance").map(signed).or(paid_by_status),
        original: trimmed(record, "original_invoice_id"),
        corrected_on: None,
        movements: Vec::new(),
    })
}

fn payment(record: &Record, input: &CashInput<'_>) -> Option<LedgerPayment> {
    let status = record.text("status").unwrap_or_default();
    if record.is_deleted() || matches!(status, "pending" | "failed") {
        return None;
    }
    let amount = record.decimal("amount")?;
    let account = trimmed(record, "account_id")
        .map(|reference| (input.account_of)(record.source(), &reference));
    Some(LedgerPayment {
        key: record.key(),
        source: record.source().to_owned(),
        id: record.id().to_owned(),
        branch: trimmed(record, "branch").or_else(|| account.as_deref().and_then(input.branch_of)),
        account,
        received_on: record.date("received_on")?,
        amount,
        currency: currency(record)?,
        reference: trimmed(record, "reference"),
        reversal_of: trimmed(record, "reversal_of"),
        rule: None,
        ambiguous: false,
        proposals: Vec::new(),
        search_stopped: None,
        is_reversal: false,
        applied: Vec::new(),
        written_off: Vec::new(),
        deducted: Vec::new(),
        reversed: Vec::new(),
        left: amount,
    })
}
