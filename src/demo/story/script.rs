//! What the stories tell the billing system to do, and what they leave in the book.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::demo::contracts::ContractIndex;
use crate::demo::customers::Tender;
use crate::period::Period;
use crate::reconcile::{DiscrepancyState, Kind};

/// What a contract is billed for one month, in place of the right thing. Prices and amounts are in
/// the currency's smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::demo) enum Treatment {
    /// Nothing.
    Nothing,
    /// Another quantity.
    Quantity(i64),
    /// Another price.
    Price(i64),
    /// Another quantity and another price.
    QuantityAndPrice(i64, i64),
    /// The right quantity and price, and an amount that is off by this.
    AmountOff(i64),
    /// The right quantity in two lines.
    InPieces,
    /// Another price, credited and billed again with the next bill.
    PriceThenCredit(i64),
}

/// A bill between the regular ones, of one contract and month.
#[derive(Debug)]
pub(in crate::demo) struct ExtraBill {
    /// What it bills.
    pub(in crate::demo) contract: ContractIndex,
    /// The month of service.
    pub(in crate::demo) month: Period,
    /// How many.
    pub(in crate::demo) quantity: i64,
    /// When it goes out.
    pub(in crate::demo) issued_at: Timestamp,
    /// When it is voided.
    pub(in crate::demo) voided_at: Option<Timestamp>,
    /// Its currency, where it is not the customer's.
    pub(in crate::demo) tender: Option<Tender>,
}

/// An item that the book must hold.
#[derive(Debug)]
pub(in crate::demo) struct Plan {
    /// What kind of error it is.
    pub(in crate::demo) kind: Kind,
    /// The month of service.
    pub(in crate::demo) period: Period,
    /// The contract, which names customer and product.
    pub(in crate::demo) contract: ContractIndex,
    /// Whether it is about the customer alone, and no product.
    pub(in crate::demo) is_of_customer: bool,
    /// The signed impact, in the smallest unit of `tender`.
    pub(in crate::demo) impact_minor: i64,
    /// What the impact is in.
    pub(in crate::demo) tender: Tender,
    /// The item's state after each night; nothing before it exists.
    pub(in crate::demo) states: [Option<DiscrepancyState>; 3],
    /// What happened, in a few words.
    pub(in crate::demo) story: &'static str,
}

/// All that the stories say.
#[derive(Debug, Default)]
pub(in crate::demo) struct Script {
    /// What is billed in place of the right thing.
    pub(in crate::demo) treatments: BTreeMap<(ContractIndex, Period), Treatment>,
    /// Bills between the regular ones.
    pub(in crate::demo) extras: Vec<ExtraBill>,
    /// Regular bills that go out late, by customer and month.
    pub(in crate::demo) late: BTreeMap<(usize, Period), Timestamp>,
    /// What the book must hold.
    pub(in crate::demo) plans: Vec<Plan>,
}
