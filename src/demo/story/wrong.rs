//! Billed, but not what was sold.

use jiff::civil::date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::cast::{COMES_LATE, Cast, GOES, STAYS, monday_afternoon, tuesday_afternoon};
use super::script::{ExtraBill, Plan, Treatment};
use crate::demo::catalogue::SOC;
use crate::demo::customers::Tender;
use crate::demo::night::{at, august, months, october, september};
use crate::demo::rates::EURO_IN_SEPTEMBER;
use crate::reconcile::Kind;

/// Plays these stories.
pub(super) fn play(cast: &mut Cast<'_>) {
    too_many(cast);
    too_few(cast);
    too_few_in_part(cast);
    contract_amended(cast);
    price(cast, Tender::Usd, 150, "billed at last year's higher price");
    price(
        cast,
        Tender::Eur,
        -120,
        "billed at a price that was never agreed",
    );
    price(cast, Tender::Jpy, 90, "billed at the list price");
    amount(cast);
    quantity_and_price(cast);
    wrong_currency(cast);
    twice(cast);
}

fn too_many(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    cast.rename(contract, 2);
    let (quantity, price) = (
        cast.sold(contract).quantity,
        cast.sold(contract).price_minor,
    );
    for month in [september(), october()] {
        cast.bill(contract, month, Treatment::Quantity(quantity + 2));
        let story = "two seats too many";
        cast.plant(Kind::Quantity, contract, month, 2 * price, STAYS, story);
    }
}

fn too_few(cast: &mut Cast<'_>) {
    for tender in [Tender::Usd, Tender::Eur] {
        let contract = cast.contract(tender);
        let (quantity, price) = (
            cast.sold(contract).quantity,
            cast.sold(contract).price_minor,
        );
        for month in months() {
            cast.bill(contract, month, Treatment::Quantity(quantity - 3));
            let story = "three seats too few, every month";
            cast.plant(Kind::Quantity, contract, month, -3 * price, STAYS, story);
        }
    }
}

// Two of three missing seats are billed after the first night: the item stays open, and keeps the
// impact that it was opened with.
fn too_few_in_part(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let (quantity, price) = (
        cast.sold(contract).quantity,
        cast.sold(contract).price_minor,
    );
    cast.bill(contract, september(), Treatment::Quantity(quantity - 3));
    cast.bill_extra(contract, september(), 2, monday_afternoon(), None);
    let story = "three seats too few, two of them billed after the first night";
    cast.plant(
        Kind::Quantity,
        contract,
        september(),
        -3 * price,
        STAYS,
        story,
    );
}

// The bill was right and the CRM was not.
fn contract_amended(cast: &mut Cast<'_>) {
    let customer = cast.customer(Tender::Usd);
    let known_at = Some(at(date(2026, 9, 28), 10));
    let contract = cast.sell(customer, SOC, date(2026, 10, 1), known_at);
    let (quantity, price) = (
        cast.sold(contract).quantity,
        cast.sold(contract).price_minor,
    );
    cast.change(contract).amended = Some((monday_afternoon(), quantity + 4));
    cast.bill(contract, october(), Treatment::Quantity(quantity + 4));
    let story = "billed right, and the CRM put right after the first night";
    cast.plant(Kind::Quantity, contract, october(), 4 * price, GOES, story);
}

fn price(cast: &mut Cast<'_>, tender: Tender, difference: i64, story: &'static str) {
    let contract = cast.contract(tender);
    let (quantity, price) = (
        cast.sold(contract).quantity,
        cast.sold(contract).price_minor,
    );
    let month = if tender == Tender::Eur {
        august()
    } else {
        october()
    };
    cast.bill(contract, month, Treatment::Price(price + difference));
    let impact = quantity * difference;
    cast.plant(Kind::UnitPrice, contract, month, impact, STAYS, story);
}

fn amount(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    cast.bill(contract, september(), Treatment::AmountOff(-750));
    let story = "right seats at the right price, and the line is 7.50 short";
    cast.plant(Kind::Amount, contract, september(), -750, STAYS, story);
}

// Two items whose impacts add up to the whole difference: the seats at the agreed price, and the
// price over the billed seats.
fn quantity_and_price(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let (quantity, price) = (
        cast.sold(contract).quantity,
        cast.sold(contract).price_minor,
    );
    let (billed, billed_price) = (quantity + 3, price + 80);
    let treatment = Treatment::QuantityAndPrice(billed, billed_price);
    cast.bill(contract, october(), treatment);
    let story = "seats and price both differ";
    cast.plant(Kind::Quantity, contract, october(), 3 * price, STAYS, story);
    cast.plant(
        Kind::UnitPrice,
        contract,
        october(),
        billed * 80,
        STAYS,
        story,
    );
}

// Sold in euros, billed once in as many dollars.
fn wrong_currency(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Eur);
    let sold = cast.sold(contract);
    let quantity = sold.quantity;
    let billed_minor = sold.amount_minor(quantity, september());
    // Prices in euros are multiples of ten cents, so that the rate of 1.10 leaves no fraction.
    let expected_minor = Decimal::from(billed_minor)
        .checked_mul(EURO_IN_SEPTEMBER)
        .and_then(|expected| expected.to_i64())
        .unwrap_or(billed_minor);
    cast.bill(contract, september(), Treatment::Nothing);
    cast.script.extras.push(ExtraBill {
        contract,
        month: september(),
        quantity,
        issued_at: at(date(2026, 9, 1), 7),
        voided_at: None,
        tender: Some(Tender::Usd),
    });
    cast.script.plans.push(Plan {
        kind: Kind::Currency,
        period: september(),
        contract,
        is_of_customer: false,
        impact_minor: billed_minor - expected_minor,
        tender: Tender::Usd,
        states: STAYS,
        story: "sold in euros, billed in as many dollars",
    });
}

// The same line again, on a bill of its own: one stays, one is voided, one comes late.
fn twice(cast: &mut Cast<'_>) {
    let copies = [
        (august(), at(date(2026, 8, 4), 9), None, STAYS),
        (
            september(),
            at(date(2026, 9, 3), 9),
            Some(monday_afternoon()),
            GOES,
        ),
        (october(), tuesday_afternoon(), None, COMES_LATE),
    ];
    for (month, issued_at, voided_at, states) in copies {
        let contract = cast.contract(Tender::Usd);
        let sold = cast.sold(contract);
        let (quantity, impact) = (sold.quantity, sold.amount_minor(sold.quantity, month));
        cast.bill_extra(contract, month, quantity, issued_at, voided_at);
        let story = "billed twice";
        cast.plant(Kind::Duplicate, contract, month, impact, states, story);
    }
}
