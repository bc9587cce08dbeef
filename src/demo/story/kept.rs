//! What the two systems keep of one customer: where it lives, and how often it is charged. No money is
//! wrong by it, and no unit of the bills is touched.

use super::cast::{Cast, GOES, STAYS, monday_afternoon};
use crate::demo::customers::Tender;
use crate::demo::night::october;
use crate::reconcile::Kind;

/// Plays these stories.
pub(super) fn play(cast: &mut Cast<'_>) {
    moved_and_not_told(cast);
    moved_and_caught_up(cast);
    set_up_yearly(cast);
}

// The CRM knows the new street; bills still go to the old one.
fn moved_and_not_told(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    cast.move_in_crm(contract, "17 Harbour Square", None);
    let story = "moved; bills still go to the old street";
    cast.plant_at_customer(Kind::StaleContact, contract, october(), STAYS, story);
}

// The CRM has a street that was never right, until somebody looks after the first night.
fn moved_and_caught_up(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    cast.move_in_crm(contract, "1 Unknown Lane", Some(monday_afternoon()));
    let story = "a wrong street in the CRM, put right after the first night";
    cast.plant_at_customer(Kind::StaleContact, contract, october(), GOES, story);
}

// Sold by the month and billed by the month, and yet set up by the year in the billing system.
fn set_up_yearly(cast: &mut Cast<'_>) {
    let contract = cast.contract(Tender::Usd);
    cast.change(contract).is_set_up_yearly = true;
    let story = "sold monthly, set up yearly in billing";
    cast.plant(Kind::TermsMismatch, contract, october(), 0, STAYS, story);
}
