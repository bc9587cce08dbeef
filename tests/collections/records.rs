//! Invoices, payments and remittances in a line each.

use crossfoot::canonical::{Entity, Record, Value};
use crossfoot::config::{CashConfig, CashRule, ToleranceConfig};
use crossfoot::reconcile::cash::{CashBook, CashInput, CashPayment, apply_cash};
use crossfoot::store::CashDecision;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// So many generated cases; a failing one is printed, and no file is kept of it.
pub(super) fn cases(count: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases: count,
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}

/// A decimal from its text.
pub(super) fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// A day from its text.
pub(super) fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn record(entity: Entity, id: &str) -> Record {
    let mut record = Record::empty(entity);
    record.set("source", Some(Value::Text("billing".into())));
    record.set("id", Some(Value::Text(id.into())));
    record.set("deleted", Some(Value::Bool(false)));
    record
}

/// Sets a column from a text, typed as the column is; an empty text leaves it absent.
pub(super) fn with(mut record: Record, column: &str, text: &str) -> Record {
    use crossfoot::canonical::Kind;
    if text.is_empty() {
        record.set(column, None);
        return record;
    }
    let kind = record
        .entity
        .columns()
        .find(|candidate| candidate.name == column)
        .expect("a column of the entity")
        .kind;
    let value = match kind {
        Kind::Decimal => Value::Decimal(decimal(text)),
        Kind::Date => Value::Date(day(text)),
        Kind::Bool => Value::Bool(text == "true"),
        _ => Value::Text(text.into()),
    };
    record.set(column, Some(value));
    record
}

/// A record with these columns.
fn filled(entity: Entity, id: &str, columns: &[(&str, &str)]) -> Record {
    let empty = record(entity, id);
    let columns = columns.iter();
    columns.fold(empty, |filled, (column, text)| with(filled, column, text))
}

/// An invoice of 2026 in USD; its number is its id in upper case.
pub(super) fn invoice(id: &str, account: &str, issued: &str, due: &str, total: &str) -> Record {
    filled(
        Entity::Invoices,
        id,
        &[
            ("number", id.to_uppercase().as_str()),
            ("account_id", account),
            ("issued_on", issued),
            ("due_on", due),
            ("total", total),
            ("currency", "USD"),
        ],
    )
}

/// A credit memo that names the invoice it credits, or none.
pub(super) fn credit_memo(
    id: &str,
    account: &str,
    issued: &str,
    total: &str,
    original: &str,
) -> Record {
    let memo = with(
        invoice(id, account, issued, "", total),
        "kind",
        "credit_memo",
    );
    with(memo, "original_invoice_id", original)
}

/// A payment in USD; account and reference may be empty.
pub(super) fn payment(
    id: &str,
    account: &str,
    received: &str,
    amount: &str,
    reference: &str,
) -> Record {
    filled(
        Entity::Payments,
        id,
        &[
            ("account_id", account),
            ("received_on", received),
            ("amount", amount),
            ("currency", "USD"),
            ("reference", reference),
        ],
    )
}

/// A remittance row: so much of a payment is for an invoice, by its id.
pub(super) fn remittance(id: &str, payment: &str, invoice: &str, amount: &str) -> Record {
    filled(
        Entity::Remittances,
        id,
        &[
            ("payment_id", payment),
            ("invoice_id", invoice),
            ("amount", amount),
        ],
    )
}

/// Applies cash with the default rules and tolerances; accounts are their own golden accounts.
pub(super) fn book(invoices: &[Record], payments: &[Record], remittances: &[Record]) -> CashBook {
    book_with(invoices, payments, remittances, &ToleranceConfig::default())
}

/// Applies cash with the default rules.
pub(super) fn book_with(
    invoices: &[Record],
    payments: &[Record],
    remittances: &[Record],
    tolerance: &ToleranceConfig,
) -> CashBook {
    decided_book(invoices, payments, remittances, tolerance, &[])
}

/// The same where people decided of some payments.
pub(super) fn decided_book(
    invoices: &[Record],
    payments: &[Record],
    remittances: &[Record],
    tolerance: &ToleranceConfig,
    decisions: &[CashDecision],
) -> CashBook {
    apply_cash(&CashInput {
        invoices,
        payments,
        remittances,
        account_of: &|_, id| id.to_owned(),
        branch_of: &|account| account.starts_with("north").then(|| "north".to_owned()),
        rules: &CashConfig::default(),
        tolerance,
        decisions,
    })
    .expect("cash adds up")
}

/// Applies cash with rules of one's own.
pub(super) fn ruled_book(
    invoices: &[Record],
    payments: &[Record],
    remittances: &[Record],
    rules: &[CashRule],
    tolerance: &ToleranceConfig,
) -> CashBook {
    apply_cash(&CashInput {
        invoices,
        payments,
        remittances,
        account_of: &|_, id| id.to_owned(),
        branch_of: &|_| None,
        rules: &CashConfig {
            rules: rules.to_vec(),
            ..CashConfig::default()
        },
        tolerance,
        decisions: &[],
    })
    .expect("cash adds up")
}

/// The open amount of an invoice on a day.
pub(super) fn open(book: &CashBook, id: &str, on: &str) -> Decimal {
    book.invoices()
        .iter()
        .find(|invoice| invoice.id == id)
        .expect("the invoice")
        .open_on(day(on))
        .normalize()
}

/// A payment as listed on a day.
pub(super) fn listed(book: &CashBook, id: &str, on: &str) -> CashPayment {
    book.payments_on(day(on))
        .into_iter()
        .find(|payment| payment.payment == id)
        .expect("the payment")
}

/// A claim of 2026; what is empty is absent.
pub(super) fn claim(
    id: &str,
    account: &str,
    invoice: &str,
    sku: &str,
    amount: &str,
    claimed: &str,
) -> Record {
    filled(
        Entity::Claims,
        id,
        &[
            ("account_id", account),
            ("invoice_id", invoice),
            ("sku", sku),
            ("amount", amount),
            ("currency", "USD"),
            ("claimed_on", claimed),
        ],
    )
}

/// A promise in USD; the invoice may be empty.
pub(super) fn promise(
    id: &str,
    account: &str,
    invoice: &str,
    amount: &str,
    promised: &str,
    due: &str,
) -> Record {
    filled(
        Entity::Promises,
        id,
        &[
            ("account_id", account),
            ("invoice_id", invoice),
            ("amount", amount),
            ("currency", "USD"),
            ("promised_on", promised),
            ("due_on", due),
        ],
    )
}
