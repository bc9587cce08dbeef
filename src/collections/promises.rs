//! Promises to pay: which were kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::convert::Converter;
use super::error::CollectionsError;
use crate::canonical::Record;
use crate::config::CollectionsConfig;
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::{minus, plus, ratio, times};
use crate::reconcile::cash::{CashBook, LedgerInvoice, Movement, MovementKind};
use crate::report::kpi::PromiseFigures;

/// What promises are measured by.
pub struct PromiseInput<'a> {
    /// The promises as they are landed, in any order.
    pub promises: &'a [Record],
    /// Invoices and payments after cash application.
    pub book: &'a CashBook,
    /// The golden account of an account reference: (source, the reference as it stands there).
    pub account_of: &'a dyn Fn(&str, &str) -> String,
    /// The branch of a golden account.
    pub branch_of: &'a dyn Fn(&str) -> Option<String>,
    /// Grace and tolerance.
    pub config: &'a CollectionsConfig,
    /// The first and the last day of the period.
    pub days: (Date, Date),
    /// The day of the question.
    pub today: Date,
    /// Only this branch.
    pub branch: Option<&'a str>,
    /// The currency of the value.
    pub currency: Currency,
    /// The rate of a day: (from, into, day).
    pub rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
}

/// Judges the promises whose deadline falls in the period. Cash counts for a promise when it was
/// applied to its invoice, or to any of its account where it names none, from the day of the promise
/// to the deadline, and for one promise only: the one whose deadline comes first.
pub fn promise_figures(input: &PromiseInput<'_>) -> Result<PromiseFigures, Failure> {
    Ok(judge(input)?)
}

struct Promise<'a> {
    key: String,
    account: String,
    branch: Option<String>,
    /// The invoice that it names, by its place in the book.
    invoice: Option<usize>,
    amount: Decimal,
    currency: Currency,
    promised_on: Option<Date>,
    deadline: Date,
    status: &'a str,
}

enum Fate {
    Kept,
    Partial,
    Broken,
    Pending,
    Cancelled,
}

/// Cash at an invoice on a day, and what of it no promise has claimed.
struct Receipt {
    on: Date,
    invoice: usize,
    left: Decimal,
}

fn judge(input: &PromiseInput<'_>) -> Result<PromiseFigures, CollectionsError> {
    let promises = promises(input);
    let mut receipts = Receipts::of(input.book)?;
    let superseded = superseded(&promises);
    let mut figures = PromiseFigures::default();
    let (mut promised, mut received) = (Decimal::ZERO, Decimal::ZERO);
    let last_day = input.days.1;
    let mut converter = Converter::new(input.currency, last_day, input.rate_on);
    for promise in &promises {
        let is_cancelled = promise.status == "cancelled" || superseded.contains(&promise.key);
        // All of them claim their cash, also those of other periods and branches.
        let got = if is_cancelled {
            Decimal::ZERO
        } else {
            receipts.claim(promise, input.today)?
        };
        let is_in_period = promise.deadline >= input.days.0 && promise.deadline <= last_day;
        let is_in_branch = input
            .branch
            .is_none_or(|wanted| promise.branch.as_deref() == Some(wanted));
        if !is_in_period || !is_in_branch {
            continue;
        }
        match fate(input, promise, got, is_cancelled)? {
            Fate::Kept => figures.kept += 1,
            Fate::Partial => figures.partial += 1,
            Fate::Broken => figures.broken += 1,
            Fate::Pending => {
                figures.pending += 1;
                continue;
            }
            Fate::Cancelled => {
                figures.cancelled += 1;
                continue;
            }
        }
        let got = got.min(promise.amount);
        if let (Some(amount), Some(got)) = (
            converter.convert(promise.amount, promise.currency)?,
            converter.convert(got, promise.currency)?,
        ) {
            promised = plus(promised, amount)?;
            received = plus(received, got)?;
        }
    }
    let due = figures.kept + figures.partial + figures.broken;
    figures.kept_rate_count =
        ratio(Decimal::from(figures.kept), Decimal::from(due)).map(|rate| rate.normalize());
    figures.kept_rate_value = ratio(received, promised).map(|rate| rate.normalize());
    figures.excluded_currencies = converter.excluded().into_iter().collect();
    Ok(figures)
}

fn fate(
    input: &PromiseInput<'_>,
    promise: &Promise<'_>,
    got: Decimal,
    is_cancelled: bool,
) -> Result<Fate, CollectionsError> {
    if is_cancelled {
        return Ok(Fate::Cancelled);
    }
    let tolerance = times(
        promise.amount,
        times(input.config.promise_tolerance_percent.0, Decimal::new(1, 2))?,
    )?;
    let is_kept = got >= minus(promise.amount, tolerance)?;
    Ok(if is_kept && got > Decimal::ZERO {
        Fate::Kept
    } else if is_credited(input, promise) {
        Fate::Cancelled
    } else if promise.deadline > input.today {
        Fate::Pending
    } else if got > Decimal::ZERO {
        Fate::Partial
    } else {
        Fate::Broken
    })
}

/// A credit memo left nothing of the promised invoice to pay.
fn is_credited(input: &PromiseInput<'_>, promise: &Promise<'_>) -> bool {
    let day = promise.deadline.min(input.today);
    let invoice = promise.invoice.and_then(|at| input.book.invoices().get(at));
    invoice.is_some_and(|invoice| {
        invoice.is_touched()
            && invoice.open_on(day).is_zero()
            && invoice.movements.iter().any(|movement| {
                movement.kind == MovementKind::Credit
                    && movement.on <= day
                    && promise.promised_on.is_none_or(|on| movement.on >= on)
            })
    })
}

/// In the order in which they claim their cash: by deadline; of one deadline the ones that name an
/// invoice first.
fn promises<'a>(input: &'a PromiseInput<'_>) -> Vec<Promise<'a>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, invoice) in input.book.invoices().iter().enumerate() {
        places.entry(invoice.key.as_str()).or_default().push(at);
        places.entry(invoice.id.as_str()).or_default().push(at);
    }
    let invoice_of = |source: &str, reference: &str| {
        let own = places.get(format!("{source}:{reference}").as_str());
        own.or_else(|| places.get(reference))
            .and_then(|found| match found.as_slice() {
                [only] => Some(*only),
                _ => None,
            })
    };
    let grace = i64::from(input.config.promise_grace_days).days();
    let mut promises: Vec<Promise<'a>> = input
        .promises
        .iter()
        .filter(|record| !record.is_deleted())
        .filter_map(|record| {
            let account = (input.account_of)(record.source(), record.text("account_id")?);
            let due_on = record.date("due_on")?;
            Some(Promise {
                key: record.key(),
                branch: record
                    .text("branch")
                    .map(str::to_owned)
                    .or_else(|| (input.branch_of)(&account)),
                account,
                invoice: record
                    .text("invoice_id")
                    .and_then(|reference| invoice_of(record.source(), reference)),
                amount: record.decimal("amount")?,
                currency: record.text("currency")?.parse().ok()?,
                promised_on: record.date("promised_on"),
                deadline: due_on.checked_add(grace).unwrap_or(Date::MAX),
                status: record.text("status").unwrap_or(""),
            })
        })
        .collect();
    promises.sort_by(|one, other| {
        (one.deadline, one.invoice.is_none(), &one.key).cmp(&(
            other.deadline,
            other.invoice.is_none(),
            &other.key,
        ))
    });
    promises
}

/// A promise of an invoice is superseded by one that was given later and before its deadline.
fn superseded(promises: &[Promise<'_>]) -> BTreeSet<String> {
    let mut by_invoice: BTreeMap<usize, Vec<&Promise<'_>>> = BTreeMap::new();
    for promise in promises.iter().filter(|one| one.status != "cancelled") {
        if let Some(invoice) = promise.invoice {
            by_invoice.entry(invoice).or_default().push(promise);
        }
    }
    let mut gone = BTreeSet::new();
    for of_invoice in by_invoice.values() {
        for promise in of_invoice {
            let is_replaced = of_invoice.iter().any(|later| {
                later.promised_on.is_some_and(|given| {
                    promise.promised_on.is_some_and(|first| given > first)
                        && given <= promise.deadline
                })
            });
            if is_replaced {
                gone.insert(promise.key.clone());
            }
        }
    }
    gone
}

/// The cash that invoices were paid with, by day.
struct Receipts<'a> {
    all: Vec<Receipt>,
    by_invoice: BTreeMap<usize, Vec<usize>>,
    by_account: BTreeMap<(&'a str, Currency), Vec<usize>>,
}

impl<'a> Receipts<'a> {
    /// What was taken back comes off the last that came before it.
    fn of(book: &'a CashBook) -> Result<Self, CollectionsError> {
        let mut all: Vec<Receipt> = Vec::new();
        for (at, invoice) in book.invoices().iter().enumerate() {
            let first = all.len();
            for movement in cash_of(invoice) {
                if movement.amount > Decimal::ZERO {
                    all.push(Receipt {
                        on: movement.on,
                        invoice: at,
                        left: movement.amount,
                    });
                    continue;
                }
                let mut back = movement.amount.abs();
                for receipt in all.iter_mut().skip(first).rev() {
                    let taken = back.min(receipt.left);
                    receipt.left = minus(receipt.left, taken)?;
                    back = minus(back, taken)?;
                }
            }
        }
        all.sort_by_key(|receipt| (receipt.on, receipt.invoice));
        let mut by_invoice: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut by_account: BTreeMap<(&str, Currency), Vec<usize>> = BTreeMap::new();
        for (at, receipt) in all.iter().enumerate() {
            by_invoice.entry(receipt.invoice).or_default().push(at);
            if let Some(invoice) = book.invoices().get(receipt.invoice) {
                let key = (invoice.account.as_str(), invoice.currency);
                by_account.entry(key).or_default().push(at);
            }
        }
        Ok(Self {
            all,
            by_invoice,
            by_account,
        })
    }

    /// Takes up to the promised amount from the cash that came in time, and says how much that was.
    fn claim(&mut self, promise: &Promise<'_>, today: Date) -> Result<Decimal, CollectionsError> {
        let meant = match promise.invoice {
            Some(invoice) => self.by_invoice.get(&invoice),
            None => self
                .by_account
                .get(&(promise.account.as_str(), promise.currency)),
        };
        let mut got = Decimal::ZERO;
        for at in meant.into_iter().flatten() {
            let Some(receipt) = self.all.get_mut(*at) else {
                continue;
            };
            if receipt.on > promise.deadline.min(today) || got >= promise.amount {
                break;
            }
            if promise.promised_on.is_none_or(|given| receipt.on >= given) {
                let taken = receipt.left.min(minus(promise.amount, got)?);
                receipt.left = minus(receipt.left, taken)?;
                got = plus(got, taken)?;
            }
        }
        Ok(got)
    }
}

fn cash_of(invoice: &LedgerInvoice) -> Vec<&Movement> {
    let mut cash: Vec<_> = invoice
        .movements
        .iter()
        .filter(|movement| movement.kind == MovementKind::Cash)
        .collect();
    cash.sort_by_key(|movement| movement.on);
    cash
}
