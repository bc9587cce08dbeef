//! What looks like an error and is none. A run that finds any of it is wrong.

use jiff::civil::date;

use super::cast::{Cast, monday_afternoon};
use super::script::Treatment;
use crate::demo::catalogue::SOC;
use crate::demo::contracts::first_day;
use crate::demo::customers::Tender;
use crate::demo::night::{at, august, months, october, september};

/// Plays these stories.
pub(super) fn play(cast: &mut Cast<'_>) {
    billed_late(cast);
    a_few_cents(cast);
    in_pieces(cast);
    credited_and_billed_again(cast);
    from_mid_month(cast);
}

// The whole bill of October goes out after the first night, within the days of grace.
fn billed_late(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let customer = cast.sold(contract).customer;
    cast.script
        .late
        .insert((customer, october()), monday_afternoon());
}

// Four cents on a thousand dollars are within the demo's tolerance of five.
fn a_few_cents(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let sold = cast.change(contract);
    sold.quantity = 25;
    sold.price_minor = 4_000;
    cast.bill(contract, september(), Treatment::AmountOff(4));
}

// Every product in two lines each month: more lines than an invoice embeds.
fn in_pieces(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let customer = cast.sold(contract).customer;
    let known_at = Some(at(first_day(), 8));
    while let Some(product) = cast.new_product(customer) {
        cast.sell(customer, product, first_day(), known_at);
    }
    cast.sell(customer, SOC, first_day(), known_at);
    for piece in cast.siblings(contract) {
        for month in months() {
            cast.bill(piece, month, Treatment::InPieces);
        }
    }
}

// August was billed at a wrong price; September's bill takes it back and bills it again.
fn credited_and_billed_again(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let price = cast.sold(contract).price_minor;
    cast.bill(contract, august(), Treatment::PriceThenCredit(price + 170));
}

// Half of September, billed on the day of the start for the days that were left.
fn from_mid_month(cast: &mut Cast<'_>) {
    let customer = cast.customer(Tender::Usd);
    let starts_on = date(2026, 9, 16);
    let known_at = Some(at(date(2026, 9, 14), 10));
    let contract = cast.sell(customer, SOC, starts_on, known_at);
    let quantity = cast.sold(contract).quantity;
    cast.bill_extra(contract, september(), quantity, at(starts_on, 6), None);
}
