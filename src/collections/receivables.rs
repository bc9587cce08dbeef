//! What is owed on a day, and how fast it comes in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::aging::{age, days_past_due};
use super::convert::Converter;
use super::countback::{Countback, MonthSales, count_back};
use super::error::CollectionsError;
use crate::currency::Currency;
use crate::fault::Failure;
use crate::money::{minus, money_text, plus, ratio, times};
use crate::period::{Period, PeriodSpan, local_day};
use crate::reconcile::cash::{CashBook, LedgerInvoice};
use crate::report::kpi::ReceivablesFigures;

/// What receivables are computed from.
pub struct ReceivablesInput<'a> {
    /// Invoices and payments after cash application.
    pub book: &'a CashBook,
    /// The period.
    pub span: PeriodSpan,
    /// What was known.
    pub as_of: Timestamp,
    /// The zone of the books.
    pub zone: &'a TimeZone,
    /// Only this branch; the whole company without.
    pub branch: Option<&'a str>,
    /// The currency of the figures: that of the scope where it has only one.
    pub currency: Currency,
    /// The rate of a day: (from, into, day).
    pub rate_on: &'a dyn Fn(Currency, Currency, Date) -> Option<Decimal>,
}

/// Receivables, and the currencies that had no rate and are not in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receivables {
    /// The figures.
    pub figures: ReceivablesFigures,
    /// Currencies that were left out.
    pub excluded_currencies: Vec<Currency>,
}

/// The figures at the end of the period's last local day, or of the day of `as_of` when that is
/// earlier. All amounts are converted at the rates of that one day.
///
/// The days of the period, and those of the month in which the count back starts, end on that day
/// too: of a period that is still running only the days that have sold anything count.
pub fn receivables(input: &ReceivablesInput<'_>) -> Result<Receivables, Failure> {
    Ok(compute(input)?)
}

fn compute(input: &ReceivablesInput<'_>) -> Result<Receivables, CollectionsError> {
    let day = input
        .span
        .last
        .last_day()
        .min(local_day(input.as_of, input.zone));
    let first_day = input.span.first.first_day();
    let mut scope = Scope {
        input,
        converter: Converter::new(input.currency, day, input.rate_on),
    };

    let open = scope.open(day)?;
    let gross = sum(open.iter().map(|(_, amount)| *amount))?;
    let aging = age(open.iter().copied(), day)?;
    let credits = scope.credits(day)?;
    let net = plus(gross, credits)?;
    let months = scope.sales_by_month(day)?;
    let sales = sum(months.range(input.span.first..).map(|(_, sales)| *sales))?;
    let day_count = i64::from((day - first_day).get_days()) + 1;
    let opening = match first_day.yesterday() {
        Ok(eve) => sum(scope.open(eve)?.into_iter().map(|(_, amount)| amount))?,
        Err(_) => Decimal::ZERO,
    };

    // A period that sold nothing, or took more back than it sold, has no days of sales.
    let days_of = |owed: Decimal| -> Result<Option<Decimal>, CollectionsError> {
        if sales <= Decimal::ZERO || day_count <= 0 {
            return Ok(None);
        }
        Ok(ratio(times(owed, Decimal::from(day_count))?, sales))
    };
    let dso = days_of(net)?;
    let bpdso = days_of(aging.current)?;
    let add = match (dso, bpdso) {
        (Some(dso), Some(bpdso)) => Some(minus(dso, bpdso)?),
        _ => None,
    };
    let (dso_countback, dso_countback_at_least) = match count_back(net, newest_first(&months, day))?
    {
        Countback::Days(days) => (Some(days), None),
        Countback::AtLeast(days) => (None, Some(days)),
    };
    let collectable = plus(opening, sales)?;
    let cei_base = minus(collectable, aging.current)?;
    let cei = if cei_base > Decimal::ZERO {
        ratio(minus(collectable, gross)?, cei_base)
    } else {
        None
    };

    let (paid_invoices, late) = scope.days_late(first_day, day)?;

    let money = |amount: Decimal| printed(amount, input.currency);
    let figures = ReceivablesFigures {
        taken_on: Some(day.to_string()),
        open_invoices: Some(open.len() as u64),
        gross: Some(money(gross)),
        credits: Some(money(credits)),
        net: Some(money(net)),
        percent_current: ratio(aging.current, gross).map(plain),
        percent_over_90: ratio(aging.older, gross).map(plain),
        aging: Some(crate::report::kpi::Aging {
            current: money(aging.current),
            month: money(aging.month),
            two_months: money(aging.two_months),
            quarter: money(aging.quarter),
            older: money(aging.older),
        }),
        sales: Some(money(sales)),
        dso: dso.map(plain),
        dso_countback: dso_countback.map(plain),
        dso_countback_at_least: dso_countback_at_least.map(plain),
        bpdso: bpdso.map(plain),
        add: add.map(plain),
        cei: cei.map(plain),
        paid_invoices: Some(paid_invoices),
        avg_days_late_paid: late.map(plain),
        ..ReceivablesFigures::default()
    };
    Ok(Receivables {
        figures,
        excluded_currencies: scope.converter.excluded().into_iter().collect(),
    })
}

struct Scope<'a> {
    input: &'a ReceivablesInput<'a>,
    converter: Converter<'a>,
}

impl Scope<'_> {
    fn has(&self, branch: Option<&str>) -> bool {
        self.input
            .branch
            .is_none_or(|wanted| branch == Some(wanted))
    }

    /// Due date and converted open amount of every invoice that is open.
    fn open(&mut self, day: Date) -> Result<Vec<(Date, Decimal)>, CollectionsError> {
        let mut open = Vec::new();
        for entry in self.input.book.open_invoices(day) {
            let invoice = entry.invoice;
            if !self.has(invoice.branch.as_deref()) {
                continue;
            }
            if let Some(amount) = self.converter.convert(entry.open, invoice.currency)? {
                open.push((invoice.due_on, amount));
            }
        }
        Ok(open)
    }

    /// Unapplied cash and open credit memos, negative.
    fn credits(&mut self, day: Date) -> Result<Decimal, CollectionsError> {
        let mut credits = Decimal::ZERO;
        for credit in self.input.book.credits(day) {
            if !self.has(credit.branch) {
                continue;
            }
            if let Some(amount) = self.converter.convert(credit.amount, credit.currency)? {
                credits = minus(credits, amount)?;
            }
        }
        Ok(credits)
    }

    /// How many invoices were paid up between two days, and how many days late on average, weighted
    /// by their totals.
    fn days_late(
        &mut self,
        first_day: Date,
        day: Date,
    ) -> Result<(u64, Option<Decimal>), CollectionsError> {
        let mut count = 0;
        let (mut days, mut totals) = (Decimal::ZERO, Decimal::ZERO);
        for invoice in self.input.book.invoices() {
            if !self.has(invoice.branch.as_deref()) {
                continue;
            }
            let Some(paid_on) = invoice.paid_on(day).filter(|on| *on >= first_day) else {
                continue;
            };
            count += 1;
            if let Some(total) = self.converter.convert(invoice.total, invoice.currency)? {
                let late = days_past_due(invoice.due_on, paid_on).max(0);
                days = plus(days, times(total, Decimal::from(late))?)?;
                totals = plus(totals, total)?;
            }
        }
        Ok((count, ratio(days, totals)))
    }

    /// Totals of invoices less credit memos by month of issue, up to a day.
    fn sales_by_month(&mut self, day: Date) -> Result<BTreeMap<Period, Decimal>, CollectionsError> {
        let mut months: BTreeMap<Period, Decimal> = BTreeMap::new();
        for invoice in self.input.book.invoices() {
            let LedgerInvoice {
                issued_on, total, ..
            } = *invoice;
            if issued_on > day || !self.has(invoice.branch.as_deref()) {
                continue;
            }
            if let Some(amount) = self.converter.convert(total, invoice.currency)? {
                let month = months.entry(Period::of(issued_on)).or_default();
                *month = plus(*month, amount)?;
            }
        }
        Ok(months)
    }
}

/// From the month of `day` back to the first one that has an invoice; months without one sold
/// nothing.
fn newest_first(months: &BTreeMap<Period, Decimal>, day: Date) -> Vec<MonthSales> {
    let Some((first, _)) = months.first_key_value() else {
        return Vec::new();
    };
    let mut counted: Vec<_> = first
        .through(Period::of(day))
        .map(|month| MonthSales {
            sales: months.get(&month).copied().unwrap_or_default(),
            day_count: if month == Period::of(day) {
                i64::from(day.day())
            } else {
                i64::from(month.day_count())
            },
        })
        .collect();
    counted.reverse();
    counted
}

fn sum(amounts: impl Iterator<Item = Decimal>) -> Result<Decimal, CollectionsError> {
    let mut total = Decimal::ZERO;
    for amount in amounts {
        total = plus(total, amount)?;
    }
    Ok(total)
}

/// The amount with at least the decimals of its currency.
fn printed(amount: Decimal, currency: Currency) -> Decimal {
    // The text is what a figure looks like; reading it back keeps exactly its digits.
    money_text(amount, currency).parse().unwrap_or(amount)
}

/// The figure without trailing zeros, and zero without a sign.
fn plain(figure: Decimal) -> Decimal {
    figure.normalize()
}
