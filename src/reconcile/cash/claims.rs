//! Claimed services: which invoices a claim is about, and what was invoiced and paid for it.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::accuracy::ClaimLine;
use super::book::CashBook;
use super::error::CashError;
use super::exact::plus;
use super::invoice::{LedgerInvoice, MovementKind};
use crate::canonical::Record;
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::{ratio, times};
use crate::period::Period;

/// A service that was claimed: it has neither a reason code nor a day by which evidence is due.
#[derive(Debug, Clone)]
pub struct ServiceClaim {
    /// The source's name.
    pub source: String,
    /// The golden account's id.
    pub account: String,
    /// The branch, its own or its account's.
    pub branch: Option<String>,
    /// The product, by its canonical code.
    pub sku: Option<String>,
    /// How much.
    pub amount: Decimal,
    /// The currency.
    pub currency: Currency,
    /// The day of the claim; that of its invoice where it states none.
    pub on: Date,
    /// The invoices that it is about: the one that it names, else those of the customer that were
    /// issued in the month of the claim.
    invoices: Vec<String>,
}

/// What is known of accounts and products when claims are read.
pub struct ClaimNames<'n> {
    /// The golden account of a reference: (source, the reference).
    pub account_of: &'n dyn Fn(&str, &str) -> String,
    /// The branch of a golden account.
    pub branch_of: &'n dyn Fn(&str) -> Option<String>,
    /// The canonical code of a product: (source, the code).
    pub sku_of: &'n dyn Fn(&str, &str) -> String,
}

impl ServiceClaim {
    /// The claims among records that are claimed services.
    pub fn among(records: &[Record], book: &CashBook, names: &ClaimNames<'_>) -> Vec<Self> {
        let index = InvoiceIndex::of(book);
        records
            .iter()
            .filter(|record| !record.is_deleted())
            .filter(|record| stated(record, "reason_code").is_none())
            .filter(|record| record.date("evidence_due_on").is_none())
            .filter_map(|record| Self::of(record, &index, names))
            .collect()
    }

    fn of(record: &Record, index: &InvoiceIndex<'_>, names: &ClaimNames<'_>) -> Option<Self> {
        let source = record.source();
        let account = (names.account_of)(source, record.text("account_id")?);
        let currency: Currency = record.text("currency")?.parse().ok()?;
        let claimed_on = record.date("claimed_on");
        let named = stated(record, "invoice_id").map(|text| index.find(source, text));
        let (invoices, issued_on) = match named {
            Some(found) => (
                found
                    .map(|invoice| invoice.key.clone())
                    .into_iter()
                    .collect(),
                found.map(|invoice| invoice.issued_on),
            ),
            None => (index.of_month(&account, currency, claimed_on?), None),
        };
        Some(Self {
            source: source.to_owned(),
            branch: stated(record, "branch")
                .map(str::to_owned)
                .or_else(|| (names.branch_of)(&account)),
            account,
            sku: stated(record, "sku").map(|code| (names.sku_of)(source, code)),
            amount: record.decimal("amount")?,
            currency,
            on: claimed_on.or(issued_on)?,
            invoices,
        })
    }

    /// The invoices whose lines must be known, by `source:id`.
    pub fn line_invoices(&self) -> &[String] {
        if self.sku.is_some() {
            &self.invoices
        } else {
            &[]
        }
    }
}

/// What was invoiced of a product by an invoice, with tax: by invoice (`source:id`) and canonical
/// code.
pub type LineSums = BTreeMap<(String, String), Decimal>;

/// Puts what was claimed beside what was invoiced and, by a day, paid. Claims of one product of the
/// same invoices are one sum.
pub fn claim_lines(
    claims: &[ServiceClaim],
    book: &CashBook,
    lines: &LineSums,
    day: Date,
) -> Result<Vec<ClaimLine>, Failure> {
    Ok(beside(claims, book, lines, day)?)
}

type ClaimKey<'c> = (&'c str, &'c [String], Option<&'c str>, Currency);

fn key_of(claim: &ServiceClaim) -> ClaimKey<'_> {
    (
        &claim.account,
        &claim.invoices,
        claim.sku.as_deref(),
        claim.currency,
    )
}

fn beside(
    claims: &[ServiceClaim],
    book: &CashBook,
    lines: &LineSums,
    day: Date,
) -> Result<Vec<ClaimLine>, CashError> {
    let by_key: HashMap<&str, &LedgerInvoice> = book
        .invoices()
        .iter()
        .map(|invoice| (invoice.key.as_str(), invoice))
        .collect();
    let mut claimed: BTreeMap<ClaimKey<'_>, Decimal> = BTreeMap::new();
    for claim in claims {
        let sum = claimed.entry(key_of(claim)).or_default();
        *sum = plus(*sum, claim.amount)?;
    }
    let mut told = Vec::new();
    for claim in claims {
        let (mut invoiced, mut paid) = (Decimal::ZERO, Decimal::ZERO);
        for key in &claim.invoices {
            let Some(invoice) = by_key.get(key.as_str()) else {
                continue;
            };
            let line = match &claim.sku {
                Some(sku) => lines
                    .get(&(key.clone(), sku.clone()))
                    .copied()
                    .unwrap_or_default(),
                None => invoice.total,
            };
            invoiced = plus(invoiced, line)?;
            paid = plus(paid, paid_of(invoice, line, day)?)?;
        }
        told.push(ClaimLine {
            on: claim.on,
            branch: claim.branch.clone(),
            currency: claim.currency,
            claimed: claimed.get(&key_of(claim)).copied().unwrap_or_default(),
            invoiced,
            paid,
        });
    }
    Ok(told)
}

/// The share of what was paid of an invoice that is a line's.
fn paid_of(invoice: &LedgerInvoice, line: Decimal, day: Date) -> Result<Decimal, CashError> {
    let mut cash = Decimal::ZERO;
    for movement in &invoice.movements {
        if movement.kind == MovementKind::Cash && movement.on <= day {
            cash = plus(cash, movement.amount)?;
        }
    }
    if cash == invoice.total {
        return Ok(line);
    }
    let share = ratio(line, invoice.total).unwrap_or_default();
    Ok(times(cash, share)?)
}

fn stated<'r>(record: &'r Record, column: &str) -> Option<&'r str> {
    record
        .text(column)
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Invoices by what a claim may say of them. Credit memos are none.
struct InvoiceIndex<'b> {
    keyed: HashMap<&'b str, &'b LedgerInvoice>,
    named: HashMap<&'b str, Vec<&'b LedgerInvoice>>,
    monthly: HashMap<(&'b str, Currency, Period), Vec<&'b LedgerInvoice>>,
}

impl<'b> InvoiceIndex<'b> {
    fn of(book: &'b CashBook) -> Self {
        let mut index = Self {
            keyed: HashMap::new(),
            named: HashMap::new(),
            monthly: HashMap::new(),
        };
        for invoice in book.invoices().iter().filter(|invoice| !invoice.is_credit) {
            index.keyed.insert(&invoice.key, invoice);
            index.named.entry(&invoice.id).or_default().push(invoice);
            let month = (
                invoice.account.as_str(),
                invoice.currency,
                Period::of(invoice.issued_on),
            );
            index.monthly.entry(month).or_default().push(invoice);
        }
        index
    }

    fn find(&self, source: &str, text: &str) -> Option<&'b LedgerInvoice> {
        let own = self.keyed.get(format!("{source}:{text}").as_str());
        if let Some(found) = own.or_else(|| self.keyed.get(text)) {
            return Some(found);
        }
        match self.named.get(text).map(Vec::as_slice) {
            Some([only]) => Some(only),
            _ => None,
        }
    }

    fn of_month(&self, account: &str, currency: Currency, day: Date) -> Vec<String> {
        let found = self.monthly.get(&(account, currency, Period::of(day)));
        let keys = found
            .into_iter()
            .flatten()
            .map(|invoice| invoice.key.clone());
        keys.collect()
    }
}
