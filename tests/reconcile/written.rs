//! The facts of the oracle written down as the records of four sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crossfoot::canonical::Entity;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::oracle::{Facts, Model, Parts};
use super::world::World;

fn day(offset: i32) -> Date {
    date(2026, 3, 1).checked_add(offset.days()).unwrap()
}

pub(super) fn cents(amount: i64) -> Decimal {
    Decimal::new(amount, 2)
}

/// Writes the facts down as the records of four sources.
pub(super) fn world(facts: &Facts) -> World {
    let mut world = World::new();
    world.today = day(facts.today);
    world.config += &settings_text(facts);
    let currency = |euro: bool| if euro { "EUR" } else { "USD" };
    let mut customers: Vec<u32> = facts.sold.iter().map(|one| one.customer).collect();
    customers.extend(facts.lines.iter().map(|one| one.customer));
    customers.extend(
        facts
            .used
            .iter()
            .chain(&facts.vended)
            .map(|one| one.customer),
    );
    customers.sort_unstable();
    customers.dedup();
    for customer in customers.into_iter().filter(|customer| *customer != 1) {
        world.account(
            "crm",
            &format!("c{customer}"),
            &format!("Customer {customer}"),
            &format!("billing:b{customer}"),
        );
        world.account(
            "billing",
            &format!("b{customer}"),
            &format!("Customer {customer}"),
            "",
        );
    }
    world.add(
        Entity::FxRates,
        "source=billing, id=r1, from_currency=EUR, to_currency=USD, rate=1.1, dated_on=2026-03-30",
    );
    let mut unsold: Vec<u32> = facts
        .used
        .iter()
        .chain(&facts.vended)
        .map(|one| one.sku)
        .collect();
    unsold.sort_unstable();
    unsold.dedup();
    for sku in unsold {
        let price = cents(facts.list_price);
        world.add(
            Entity::Products,
            &format!("source=crm, id=p{sku}, sku=S{sku}, list_price={price}, currency=USD"),
        );
    }
    for (at, sold) in facts.sold.iter().enumerate() {
        let frequency = match sold.every {
            3 => "quarter",
            12 => "year",
            _ => "month",
        };
        let model = match sold.model {
            Model::Fixed => "fixed",
            Model::Seats => "per_seat_trueup",
            Model::Usage => "usage",
            Model::Commit => "commit",
        };
        let parts = match sold.parts {
            Parts::Actual => "day_actual",
            Parts::Thirty => "day_30",
            Parts::Second => "second",
            Parts::Whole => "none",
            Parts::Next => "next_cycle",
        };
        let mut text = format!(
            "source=crm, id=k{at}, account_id=c{}, sku=S{}, quantity={}, unit_price={}, currency={}, starts_on={}, model={model}, proration={parts}, frequency={frequency}",
            sold.customer,
            sold.sku,
            sold.quantity,
            cents(sold.price),
            currency(sold.euro),
            day(sold.from),
        );
        if let Some(to) = sold.to {
            write!(text, ", ends_on={}", day(to)).unwrap();
        }
        if sold.cancelled {
            text += ", status=cancelled";
        }
        if let Some(rate) = sold.tax {
            write!(text, ", tax_rate={rate}").unwrap();
        }
        if let Some((percent, ends)) = sold.discount {
            write!(text, ", discount_percent={percent}").unwrap();
            if let Some(ends) = ends {
                write!(text, ", discount_ends_on={}", day(ends)).unwrap();
            }
        }
        world.add(Entity::Contracts, &text);
    }
    for (source, rows) in [("seats", &facts.used), ("vendor", &facts.vended)] {
        for (at, used) in rows.iter().enumerate() {
            let text = format!(
                "source={source}, id=u{at}, account_id=c{}, sku=S{}, quantity={}, starts_on={}",
                used.customer,
                used.sku,
                used.quantity,
                day(used.day)
            );
            world.add(Entity::Usage, &text);
        }
    }
    let mut invoices: BTreeMap<(u32, bool, i8), usize> = BTreeMap::new();
    for (at, line) in facts.lines.iter().enumerate() {
        let (code, net) = (currency(line.euro), cents(line.net));
        let from = day(line.from);
        let of_month = (line.customer, line.euro, from.month());
        let invoice = if facts.taxed_by_invoice {
            *invoices.entry(of_month).or_insert(at)
        } else {
            at
        };
        if invoice == at {
            world.add(
                Entity::Invoices,
                &format!(
                    "source=billing, id=i{at}, number=N{at:06}, account_id=b{}, issued_on={from}, currency={code}, total={net}, status=open",
                    line.customer
                ),
            );
        }
        let mut text = format!(
            "source=billing, id=l{at:06}, invoice_id=i{invoice}, sku=S{}, quantity={}, net={net}, currency={code}, service_from={from}",
            line.sku, line.quantity
        );
        if line.priced && line.quantity != 0 {
            let price = (net / Decimal::from(line.quantity)).round_dp(4);
            write!(text, ", unit_price={price}").unwrap();
        }
        if let Some(to) = line.to {
            write!(text, ", service_to={}", day(to)).unwrap();
        }
        if let Some(tax) = line.tax {
            write!(text, ", tax={}", cents(tax)).unwrap();
        }
        world.add(Entity::InvoiceLines, &text);
    }
    world
}

/// The settings as a user would write them.
fn settings_text(facts: &Facts) -> String {
    let tax_rounding = if facts.taxed_by_invoice {
        "invoice"
    } else {
        "line"
    };
    let mut text = format!(
        "[reconcile]\nmax_shift = {}\narrears_bill_day = {}\ntax_rounding = \"{tax_rounding}\"\n",
        facts.max_shift, facts.arrears_day
    );
    if facts.cut {
        text += "[source.billing]\nconnector = \"files\"\nrole = \"billing\"\n\
                 rounding = \"partner_center\"\n";
    }
    text
}
