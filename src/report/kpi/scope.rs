//! Which currency a scope's figures are in.

use std::collections::BTreeSet;

use crate::currency::Currency;
use crate::reconcile::Discrepancy;
use crate::reconcile::cash::CashBook;
use crate::store::Reconciliation;

/// A scope in one single currency stays in it; any other is given in the company's.
pub fn scope_currency(
    reconciliations: &[Reconciliation],
    discrepancies: &[Discrepancy],
    book: Option<&CashBook>,
    branch: Option<&str>,
    company: Currency,
) -> Currency {
    let is_in_scope = |of: Option<&str>| branch.is_none_or(|wanted| of == Some(wanted));
    let compared = reconciliations
        .iter()
        .flat_map(|reconciliation| &reconciliation.totals)
        .filter(|totals| is_in_scope(totals.branch.as_deref()))
        .map(|totals| totals.currency);
    let differing = discrepancies
        .iter()
        .filter(|item| is_in_scope(item.branch.as_deref()))
        .map(|item| item.currency);
    let invoiced = book
        .into_iter()
        .flat_map(CashBook::invoices)
        .filter(|invoice| is_in_scope(invoice.branch.as_deref()))
        .map(|invoice| invoice.currency);
    let received = book
        .into_iter()
        .flat_map(CashBook::payments)
        .filter(|payment| is_in_scope(payment.branch.as_deref()))
        .map(|payment| payment.currency);
    let found: BTreeSet<Currency> = compared
        .chain(differing)
        .chain(invoiced)
        .chain(received)
        .collect();
    match found.iter().next() {
        Some(only) if found.len() == 1 => *only,
        _ => company,
    }
}
