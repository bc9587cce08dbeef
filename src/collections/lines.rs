//! Open invoices and cases as the collection report lists them.

use jiff::civil::Date;

use super::aging::days_past_due;
use crate::reconcile::cash::CashBook;
use crate::report::kpi::{CaseLine, InvoiceLine};
use crate::store::Case;

/// The invoices that are open at the end of a day, the longest past due first, then by invoice.
pub fn open_invoice_lines(
    book: &CashBook,
    day: Date,
    branch: Option<&str>,
    name_of: &dyn Fn(&str) -> String,
) -> Vec<InvoiceLine> {
    let mut lines: Vec<_> = book
        .open_invoices(day)
        .into_iter()
        .filter(|entry| branch.is_none_or(|wanted| entry.invoice.branch.as_deref() == Some(wanted)))
        .map(|entry| InvoiceLine {
            invoice: entry.invoice.key.clone(),
            number: entry.invoice.number.clone(),
            account: entry.invoice.account.clone(),
            account_name: name_of(&entry.invoice.account),
            issued_on: entry.invoice.issued_on,
            due_on: entry.invoice.due_on,
            days_past_due: days_past_due(entry.invoice.due_on, day),
            currency: entry.invoice.currency,
            total: entry.invoice.total,
            open: entry.open,
        })
        .collect();
    lines.sort_by(|one, other| (one.due_on, &one.invoice).cmp(&(other.due_on, &other.invoice)));
    lines
}

/// Cases with something open, the longest past due first, then by invoice. `level_names` are the
/// configured levels in their order.
pub fn case_lines(
    cases: &[Case],
    level_names: &[String],
    name_of: &dyn Fn(&str) -> String,
) -> Vec<CaseLine> {
    let mut open: Vec<_> = cases.iter().filter(|case| !case.open.is_zero()).collect();
    open.sort_by(|one, other| {
        (-one.days_past_due, &one.invoice).cmp(&(-other.days_past_due, &other.invoice))
    });
    open.into_iter()
        .map(|case| {
            let level = usize::from(case.level)
                .checked_sub(1)
                .and_then(|at| level_names.get(at));
            CaseLine {
                number: case.number.clone(),
                account_name: name_of(&case.account),
                state: match level {
                    Some(name) => format!("{} {name}", case.state),
                    None => case.state.clone(),
                },
                days_past_due: case.days_past_due,
                currency: case.currency,
                open: case.open,
                action: match &case.hold_reason {
                    Some(reason) => format!("{}: {reason}", case.action),
                    None => case.action.clone(),
                },
            }
        })
        .collect()
}
