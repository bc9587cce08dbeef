//! Worlds of some dozen units with every kind of error planted among what is right.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, prop};

use super::oracle::{Facts, Line, Model, Parts, Sold, Used, first_day, rounded};

/// The customer whose bills are right in every month, so that every month is known.
const FILLER: u32 = 99;

/// What happens to one customer and product.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    customer: u32,
    sku: u32,
    pub(super) story: u8,
    quantity: i64,
    price: i64,
    variant: u8,
    twist: u8,
}

pub(super) fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let plan = (
        1_u32..10,
        0_u32..9,
        0_u8..26,
        prop::sample::select(vec![4_i64, 5, 8, 10, 20]),
        prop::sample::select(vec![500_i64, 700, 1200, 3100]),
        0_u8..30,
        0_u8..16,
    )
        .prop_map(
            |(customer, sku, story, quantity, price, variant, twist)| Plan {
                customer,
                sku,
                story,
                quantity,
                price,
                variant,
                twist,
            },
        );
    prop::collection::vec(plan, 20..70).prop_map(|plans| {
        let by_unit: BTreeMap<(u32, u32), Plan> = plans
            .into_iter()
            .map(|plan| ((plan.customer, plan.sku), plan))
            .collect();
        by_unit.into_values().collect()
    })
}

/// How the world is set up: all of [`Facts`] that is no record.
pub(super) fn settings() -> impl Strategy<Value = Facts> {
    (
        prop::sample::select(vec![305, 305, 305, 0, 2, 20, 34, 50]),
        1_i32..=2,
        prop::sample::select(vec![1_i32, 10, 31]),
        prop::bool::ANY,
        prop::bool::ANY,
    )
        .prop_map(
            |(today, max_shift, arrears_day, taxed_by_invoice, cut)| Facts {
                today,
                max_shift,
                arrears_day,
                taxed_by_invoice,
                cut,
                ..Facts::default()
            },
        )
}

pub(super) fn facts(plans: &[Plan], settings: &Facts) -> Facts {
    let mut facts = Facts {
        list_price: 900,
        ..settings.clone()
    };
    let filler = Plan {
        customer: FILLER,
        sku: FILLER,
        story: 0,
        quantity: 40,
        price: 100,
        variant: 0,
        twist: 0,
    };
    facts.sold.push(filler.contract());
    for month in -4..=4 {
        for _ in 0..40 {
            let mut line = filler.line(1, 100);
            (line.from, line.to) = (first_day(month), None);
            facts.lines.push(line);
        }
    }
    for plan in plans {
        plan.plant(&mut facts);
    }
    facts
}

impl Plan {
    fn contract(&self) -> Sold {
        Sold {
            customer: self.customer,
            sku: self.sku,
            euro: false,
            quantity: self.quantity,
            price: self.price,
            discount: None,
            from: -300,
            to: None,
            cancelled: false,
            model: Model::Fixed,
            parts: Parts::Actual,
            tax: None,
            every: 1,
        }
    }

    fn line(&self, quantity: i64, price: i64) -> Line {
        Line {
            customer: self.customer,
            sku: self.sku,
            euro: false,
            quantity,
            net: quantity * price,
            priced: true,
            tax: None,
            from: 0,
            to: Some(31),
        }
    }

    fn used(&self, quantity: i64) -> Used {
        Used {
            customer: self.customer,
            sku: self.sku,
            quantity,
            day: 4,
        }
    }

    /// What another way to count a part of a month would charge, from one day to another.
    fn part(&self, from: i64, to: i64) -> i64 {
        let whole = self.quantity * self.price;
        let days = to - from;
        match self.variant % 4 {
            0 => whole,
            1 => rounded(whole * days, 31),
            2 => rounded(whole * (days - 1), 30),
            _ => whole * days / 31 + 300,
        }
    }

    fn plant(&self, facts: &mut Facts) {
        let (quantity, price) = (self.quantity, self.price);
        let variant = i64::from(self.variant);
        let day = i32::from(self.variant % 28) + 1;
        let mut sold = self.contract();
        let mut line = self.line(quantity, price);
        let parts = [
            Parts::Actual,
            Parts::Thirty,
            Parts::Second,
            Parts::Whole,
            Parts::Next,
        ];
        let mut more: Vec<Line> = Vec::new();
        let mut used: Vec<Used> = Vec::new();
        let (mut has_contract, mut has_bill) = (true, true);
        match self.story {
            1 => has_bill = false,
            2 => has_contract = false,
            3 => line = self.line(quantity + variant % 5 - 2, price),
            4 => line = self.line(quantity, price + 100 * (variant % 3 - 1)),
            5 | 6 => {
                let ends = [Some(0), Some(20), None][usize::from(self.variant % 3)];
                sold.discount = Some((20, ends));
                let discounted = if self.story == 5 {
                    price * 80 / 100
                } else {
                    price
                };
                line = self.line(quantity + variant % 2, discounted);
            }
            7 | 12 => {
                sold.from = day;
                sold.parts = parts[usize::from(self.twist % 5)];
                line.from = day;
                line.net = self.part(i64::from(day), 31);
            }
            8 => {
                sold.tax = Some(10);
                line.tax = Some(line.net / 10 + 100 * (variant % 3 - 1));
            }
            9 => sold.euro = true,
            10 | 11 => {
                (sold.from, sold.to) = (0, Some(31));
                let from = [33, 45, -3, -20, 31][usize::from(self.variant % 5)];
                (line.from, line.to) = (from, None);
                if variant % 2 == 0 {
                    // The contract goes on, and has its own bill there.
                    (sold.from, sold.to) = (-300, None);
                    let mut own = self.line(quantity, price);
                    own.from = if from > 0 { 31 } else { -28 };
                    own.to = None;
                    more.push(own);
                    let mut other = self.line(quantity, price);
                    other.from = if from > 0 { -28 } else { 31 };
                    other.to = None;
                    more.push(other);
                }
            }
            13 => more.extend((0..=(variant % 2)).map(|_| line.clone())),
            14 => line.sku += 10,
            15 => {
                sold.to = (variant % 3 > 0).then_some(-i32::from(self.variant));
                sold.cancelled = variant % 2 == 0 || sold.to.is_none();
            }
            16 => {
                sold.to = Some(day);
                sold.cancelled = variant % 2 == 0;
                line.to = [Some(31), Some(day), None][usize::from(self.twist % 3)];
                line.net = self.part(0, i64::from(day));
            }
            17 => line.customer = line.customer % 9 + 1,
            18 => {
                (has_contract, has_bill) = (false, false);
                used.push(self.used(1 + variant));
            }
            19 | 23 => {
                sold.model =
                    [Model::Commit, Model::Seats, Model::Usage][usize::from(self.variant % 3)];
                used.push(self.used(quantity + variant % 4));
                if self.twist.is_multiple_of(2) {
                    line = self.line(quantity + variant % 4, price);
                }
            }
            20 => facts.vended.push(self.used(quantity + variant % 4)),
            21 => {
                sold.to = Some(day);
                sold.parts = parts[usize::from(self.twist % 5)];
                let mut next = sold.clone();
                (next.from, next.to) = (day, None);
                next.quantity += 4;
                facts.sold.push(next);
                line.net = self.part(0, i64::from(day)) + 4 * price;
            }
            22 => {
                let mut credit = self.line(-quantity, price);
                credit.from = 9;
                more.push(credit);
                more.push(self.line(quantity + variant % 2, price));
            }
            24 => {
                sold.every = [3, 12][usize::from(self.variant % 2)];
                sold.from = [
                    0,
                    14,
                    first_day(-3) + 9,
                    first_day(-12) + 30,
                    first_day(-1),
                    first_day(-2),
                ][usize::from(self.variant % 6)];
                sold.parts = parts[usize::from(self.twist % 5)];
                sold.to = variant
                    .checked_rem(5)
                    .filter(|rest| *rest == 0)
                    .map(|_| day + 31);
                line.to = (variant % 4 > 0).then_some(31);
                has_bill = variant % 7 > 0;
            }
            25 => {
                (sold.from, sold.to) = (0, Some(31));
                let (two, ago) = (first_day(2), first_day(-2));
                let from = [two + 2, two + 20, ago + 25, ago + 2][usize::from(self.variant % 4)];
                (line.from, line.to) = (from, None);
                if variant % 3 == 0 {
                    (sold.from, sold.to) = (-300, None);
                    for month in [-2, -1, 1, 2] {
                        let mut own = self.line(quantity, price);
                        (own.from, own.to) = (first_day(month), None);
                        more.push(own);
                    }
                }
            }
            _ => {}
        }
        match self.twist {
            1 => {
                line.quantity += 1;
                line.net += price;
            }
            2 => facts.vended.push(self.used(quantity + 1)),
            3 | 4 if sold.tax.is_none() => {
                sold.tax = Some(20);
                for one in more.iter_mut().chain([&mut line]) {
                    let off = if self.twist == 3 { 0 } else { 333 };
                    one.tax = Some(one.net / 5 + off);
                }
            }
            5 => used.push(self.used(2)),
            6 => more.push(self.line(1, 100)),
            7 => line.priced = false,
            _ => {}
        }
        if has_contract {
            facts.sold.push(sold);
        }
        if has_bill {
            facts.lines.push(line);
            facts.lines.extend(more);
        }
        facts.used.extend(used);
    }
}
