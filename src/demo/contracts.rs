//! What was sold: contract lines, one month at a time.

use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::catalogue::{COMMON, Charge, PRODUCTS, Product, ProductIndex};
use super::customers::{Customer, Tender};
use super::night::at;
use super::random::Random;
use crate::period::Period;

/// Where contracts stand in the world's list.
pub(super) type ContractIndex = usize;

/// A line of a won deal.
#[derive(Debug)]
pub(super) struct Contract {
    /// Its record in the CRM.
    pub(super) crm_id: String,
    /// The customer's place in the world's list.
    pub(super) customer: usize,
    /// The product's place in the catalogue.
    pub(super) product: ProductIndex,
    /// How many, at first.
    pub(super) quantity: i64,
    /// The price of one, in the currency's smallest unit.
    pub(super) price_minor: i64,
    /// Percent taken off the price.
    pub(super) discount_percent: i64,
    /// The first day.
    pub(super) starts_on: Date,
    /// Since when the CRM has it; never, when it was forgotten there.
    pub(super) known_at: Option<Timestamp>,
    /// When the CRM changed the quantity, and to what.
    pub(super) amended: Option<(Timestamp, i64)>,
    /// Whether the billing system has it set up by the year, though it is billed by the month.
    pub(super) is_set_up_yearly: bool,
}

impl Contract {
    /// The product.
    pub(super) fn product(&self) -> &'static Product {
        &PRODUCTS[self.product]
    }

    /// The price of one after the discount, in the currency's smallest unit.
    pub(super) fn net_price_minor(&self) -> i64 {
        self.price_minor * (100 - self.discount_percent) / 100
    }

    /// The quantity that the CRM shows at an instant.
    pub(super) fn quantity_at(&self, instant: Timestamp) -> i64 {
        match self.amended {
            Some((amended_at, quantity)) if amended_at <= instant => quantity,
            _ => self.quantity,
        }
    }

    /// The part of a month that the contract is active in: days, of how many days.
    pub(super) fn active_days(&self, month: Period) -> (i64, i64) {
        let month_days = i64::from(month.day_count());
        if self.starts_on >= month.end_day() {
            return (0, month_days);
        }
        let skipped = if self.starts_on > month.first_day() {
            i64::from(self.starts_on.day()) - 1
        } else {
            0
        };
        (month_days - skipped, month_days)
    }

    /// The amount of a quantity over a month, in the currency's smallest unit: quantity × price,
    /// less the discount, for the part of the month that is active, rounded half up.
    pub(super) fn amount_minor(&self, quantity: i64, month: Period) -> i64 {
        let (active_days, month_days) = self.active_days(month);
        let exact = quantity * self.price_minor * (100 - self.discount_percent) * active_days;
        let divisor = 100 * month_days;
        (2 * exact + divisor).div_euclid(2 * divisor)
    }
}

/// The first day on which the demo company billed anybody.
pub(super) fn first_day() -> Date {
    date(2026, 8, 1)
}

/// The contracts that every customer has by chance: two to four products each.
pub(super) fn invent(customers: &[Customer], random: &mut Random) -> Vec<Contract> {
    let mut contracts = Vec::new();
    for (customer, record) in customers.iter().enumerate() {
        let mut products = COMMON;
        random.shuffle(&mut products);
        for product in products.iter().take(2 + random.below(3)) {
            let quantity = random.between(6, 60);
            let price_minor = agreed_price(*product, record.tender, random);
            let discount_percent = if random.below(8) == 0 { 10 } else { 0 };
            contracts.push(Contract {
                crm_id: crm_id(contracts.len()),
                customer,
                product: *product,
                quantity,
                price_minor,
                discount_percent,
                starts_on: first_day(),
                known_at: Some(at(date(2026, 7, 20), 11)),
                amended: None,
                is_set_up_yearly: false,
            });
        }
    }
    contracts
}

/// The id of the contract line that would be the next in the list.
pub(super) fn crm_id(contract_count: usize) -> String {
    format!("{}", 51_000_001 + contract_count)
}

/// A price near the list price. Prices are multiples of ten of the smallest unit, so that a discount
/// of a tenth leaves no fraction; usage is too cheap for that and keeps its list price.
pub(super) fn agreed_price(product: ProductIndex, tender: Tender, random: &mut Random) -> i64 {
    let product = &PRODUCTS[product];
    if product.charge == Charge::Usage {
        return product.price_cents;
    }
    let percent = random.between(88, 104);
    let list = match tender {
        Tender::Usd | Tender::Eur => product.price_cents,
        // 1.50 yen to the cent.
        Tender::Jpy => product.price_cents * 3 / 2,
    };
    (list * percent / 1_000) * 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(starts_on: Date) -> Contract {
        Contract {
            crm_id: crm_id(0),
            customer: 0,
            product: 0,
            quantity: 10,
            price_minor: 2_000,
            discount_percent: 10,
            starts_on,
            known_at: None,
            amended: None,
            is_set_up_yearly: false,
        }
    }

    /// Goal: the expected amount follows quantity × price × (1 − discount) × days. Method: a whole
    /// month, half a month, and a month before the start, worked out by hand.
    #[test]
    fn amounts_follow_the_days() {
        let september = Period::of(date(2026, 9, 1));
        assert_eq!(contract(first_day()).amount_minor(10, september), 18_000);
        let mid = contract(date(2026, 9, 16));
        assert_eq!(mid.amount_minor(10, september), 9_000);
        assert_eq!(mid.amount_minor(10, september.previous()), 0);
        assert_eq!(mid.amount_minor(10, september.next()), 18_000);
    }
}
