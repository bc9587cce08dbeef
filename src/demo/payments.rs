//! What was paid, and for which bills.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};

use super::bills::Bill;
use super::customers::{Customer, Habit, Tender};
use super::night::{at, august, october, september};
use super::random::Random;
use crate::period::Period;

/// Where bills stand in the world's list.
pub(super) type BillIndex = usize;

/// A payment.
#[derive(Debug)]
pub(super) struct Payment {
    /// Its record in the billing system.
    pub(super) billing_id: String,
    /// The customer's place in the world's list.
    pub(super) customer: usize,
    /// What it is in.
    pub(super) tender: Tender,
    /// When it arrived.
    pub(super) received_at: Timestamp,
    /// Which bills it pays, and how much of each, in the currency's smallest unit.
    pub(super) parts: Vec<(BillIndex, i64)>,
}

impl Payment {
    /// What arrived, in the currency's smallest unit.
    pub(super) fn amount_minor(&self) -> i64 {
        self.parts.iter().map(|(_, amount)| amount).sum()
    }
}

/// All payments that ever arrive. Regular bills only: what is billed between them is not paid yet.
pub(super) fn receive(customers: &[Customer], bills: &[Bill], random: &mut Random) -> Vec<Payment> {
    let mut payments = Vec::new();
    for (customer, record) in customers.iter().enumerate() {
        let bill_of = |month: Period| {
            bills
                .iter()
                .position(|bill| bill.customer == customer && bill.regular == Some(month))
                .map(|index| (index, bills[index].total_minor()))
        };
        let months = [august(), september(), october()].map(bill_of);
        for (received_on, parts) in arrivals(record.habit, months, random) {
            // Nobody pays a bill before it is there.
            let issued_at = parts.iter().map(|(bill, _)| bills[*bill].issued_at).max();
            let received_at = at(received_on, 15);
            payments.push(Payment {
                billing_id: format!("pi_Dm{:06}", payments.len() + 1),
                customer,
                tender: record.tender,
                received_at: issued_at.map_or(received_at, |issued_at| issued_at.max(received_at)),
                parts,
            });
        }
    }
    payments
}

type Arrival = (Date, Vec<(BillIndex, i64)>);

fn arrivals(
    habit: Habit,
    [august, september, october]: [Option<(BillIndex, i64)>; 3],
    random: &mut Random,
) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let mut pay = |day: Date, days: i64, parts: Vec<(BillIndex, i64)>| {
        let day = day.checked_add(Span::new().days(days)).unwrap_or(day);
        if !parts.is_empty() {
            arrivals.push((day, parts));
        }
    };
    let whole = |bill: Option<(BillIndex, i64)>| bill.into_iter().collect::<Vec<_>>();
    match habit {
        Habit::Prompt => {
            pay(date(2026, 8, 6), random.between(0, 6), whole(august));
            pay(date(2026, 9, 6), random.between(0, 6), whole(september));
            pay(date(2026, 10, 2), random.between(0, 9), whole(october));
        }
        Habit::Slow => pay(date(2026, 9, 10), 0, whole(august)),
        Habit::Silent => {}
        Habit::Half => {
            pay(date(2026, 8, 12), 0, whole(august));
            let half = september.map(|(bill, total)| (bill, total / 2));
            pay(date(2026, 9, 14), 0, whole(half));
        }
        Habit::Together => {
            let both = august.into_iter().chain(september).collect();
            pay(date(2026, 9, 21), 0, both);
        }
    }
    arrivals
}
