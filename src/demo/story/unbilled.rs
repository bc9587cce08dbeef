//! Sold and not billed, billed and not sold.

use jiff::civil::date;

use super::cast::{
    COMES, COMES_BACK, Cast, GOES, GOES_LATE, STAYS, monday_afternoon, tuesday_afternoon,
};
use super::script::Treatment;
use crate::demo::catalogue::SOC;
use crate::demo::contracts::{ContractIndex, first_day};
use crate::demo::customers::Tender;
use crate::demo::night::{august, months, october, september};
use crate::period::Period;
use crate::reconcile::Kind;

/// Plays these stories.
pub(super) fn play(cast: &mut Cast<'_>) {
    never_billed(cast);
    caught_up(cast);
    caught_up_in_vain(cast);
    sold_backdated(cast);
    unbilled_in_yen(cast);
    never_written_down(cast);
    billed_by_mistake(cast);
}

fn whole_month(cast: &Cast<'_>, contract: ContractIndex, month: Period) -> i64 {
    let sold = cast.sold(contract);
    sold.amount_minor(sold.quantity, month)
}

// Nobody told billing of the contract. October's bill may still come until the 5th, and so October
// turns into an error on the second night only.
fn never_billed(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    cast.rename(contract, 0);
    for month in months() {
        cast.bill(contract, month, Treatment::Nothing);
        let states = if month == october() { COMES } else { STAYS };
        let impact = -whole_month(cast, contract, month);
        let story = "sold, and never billed";
        cast.plant(
            Kind::MissingInBilling,
            contract,
            month,
            impact,
            states,
            story,
        );
    }
}

// The line was forgotten in September and billed by a bill of its own after the first night.
fn caught_up(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let quantity = cast.sold(contract).quantity;
    cast.bill(contract, september(), Treatment::Nothing);
    cast.bill_extra(contract, september(), quantity, monday_afternoon(), None);
    let impact = -whole_month(cast, contract, september());
    let story = "forgotten in September, billed after the first night";
    cast.plant(
        Kind::MissingInBilling,
        contract,
        september(),
        impact,
        GOES,
        story,
    );
}

// The same, and the bill that made it good was voided after the second night.
fn caught_up_in_vain(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    let quantity = cast.sold(contract).quantity;
    cast.bill(contract, august(), Treatment::Nothing);
    let voided_at = Some(tuesday_afternoon());
    cast.bill_extra(contract, august(), quantity, monday_afternoon(), voided_at);
    let impact = -whole_month(cast, contract, august());
    let story = "forgotten in August, billed late, and that bill voided again";
    cast.plant(
        Kind::MissingInBilling,
        contract,
        august(),
        impact,
        COMES_BACK,
        story,
    );
}

// Signed after the first night with a start in September, so that two months are already unbilled.
fn sold_backdated(cast: &mut Cast<'_>) {
    let customer = cast.customer(Tender::Usd);
    // Nobody buys all common products by chance, so there is one left to sell.
    let Some(product) = cast.new_product(customer) else {
        return;
    };
    let starts_on = date(2026, 9, 1);
    let contract = cast.sell(customer, product, starts_on, Some(monday_afternoon()));
    for month in [september(), october()] {
        cast.bill(contract, month, Treatment::Nothing);
        let impact = -whole_month(cast, contract, month);
        let story = "signed after the first night with a start in September";
        cast.plant(
            Kind::MissingInBilling,
            contract,
            month,
            impact,
            COMES,
            story,
        );
    }
}

fn unbilled_in_yen(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Jpy);
    cast.bill(contract, september(), Treatment::Nothing);
    let impact = -whole_month(cast, contract, september());
    let story = "forgotten in September, in yen";
    cast.plant(
        Kind::MissingInBilling,
        contract,
        september(),
        impact,
        STAYS,
        story,
    );
}

// Billed since August; the CRM learns of the contract after the second night.
fn never_written_down(cast: &mut Cast<'_>) {
    let customer = cast.customer(Tender::Usd);
    let contract = cast.sell(customer, SOC, first_day(), Some(tuesday_afternoon()));
    cast.rename(contract, 1);
    for month in months() {
        let impact = whole_month(cast, contract, month);
        let story = "billed without a contract until the CRM was put right";
        cast.plant(
            Kind::MissingInCrm,
            contract,
            month,
            impact,
            GOES_LATE,
            story,
        );
    }
}

// Billed once, to a customer that never bought it.
fn billed_by_mistake(cast: &mut Cast<'_>) {
    let customer = cast.customer(Tender::Usd);
    let contract = cast.sell(customer, SOC, first_day(), None);
    cast.bill(contract, august(), Treatment::Nothing);
    cast.bill(contract, october(), Treatment::Nothing);
    let impact = whole_month(cast, contract, september());
    let story = "billed once without a contract";
    cast.plant(
        Kind::MissingInCrm,
        contract,
        september(),
        impact,
        STAYS,
        story,
    );
}
