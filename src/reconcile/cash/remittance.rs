//! Remittance rows, and which payments each of them tells about.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::ledger::Ledger;
use crate::canonical::Record;

/// One row of a remittance: so much of a payment is for this invoice.
#[derive(Debug, Clone)]
pub(super) struct RemittanceRow {
    pub(super) source: String,
    /// A payment's id or its reference.
    pub(super) payment: String,
    /// An invoice's id, and its number, as far as they are given.
    pub(super) invoice_id: Option<String>,
    pub(super) invoice_number: Option<String>,
    /// What of the row is still to be applied; negative in a row that names a credit memo.
    pub(super) amount: Decimal,
    /// What the payer kept back, by its own account.
    pub(super) deduction: Decimal,
}

/// The rows in the order of their ids.
pub(super) fn remittance_rows(records: &[Record]) -> Vec<RemittanceRow> {
    let mut living: Vec<_> = records
        .iter()
        .filter(|record| !record.is_deleted())
        .collect();
    living.sort_by_key(|record| (record.id(), record.source()));
    let text = |record: &Record, column: &str| {
        let text = record.text(column)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    living
        .into_iter()
        .filter_map(|record| {
            Some(RemittanceRow {
                source: record.source().to_owned(),
                payment: text(record, "payment_id")?,
                invoice_id: text(record, "invoice_id"),
                invoice_number: text(record, "invoice_number"),
                amount: record.decimal("amount")?,
                deduction: record.decimal("deduction_amount").unwrap_or_default(),
            })
        })
        .collect()
}

/// The rows of every payment that has some. A row that names a payment's id is that payment's; one
/// that names a reference is shared by all payments with that reference, which are one batch: of
/// its own source where that has such payments, else of any.
pub(super) fn rows_by_payment(ledger: &Ledger) -> BTreeMap<usize, Vec<usize>> {
    let mut by_reference: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, payment) in ledger.payments.iter().enumerate() {
        if let Some(reference) = &payment.reference {
            by_reference.entry(reference).or_default().push(at);
        }
    }
    let mut rows_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row_at, row) in ledger.rows.iter().enumerate() {
        if let Some(payment) = ledger.payment_index.find(&row.source, &row.payment) {
            rows_of.entry(payment).or_default().push(row_at);
            continue;
        }
        let batch = by_reference
            .get(row.payment.as_str())
            .map_or(&[][..], Vec::as_slice);
        let is_own = |payment: &usize| {
            ledger
                .payments
                .get(*payment)
                .is_some_and(|payment| payment.source == row.source)
        };
        let any_own = batch.iter().any(is_own);
        for payment in batch.iter().filter(|payment| !any_own || is_own(payment)) {
            rows_of.entry(*payment).or_default().push(row_at);
        }
    }
    rows_of
}
