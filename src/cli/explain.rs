//! `crossfoot explain`.

use clap::Args;

use super::context::Context;
use super::output;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::reconcile::Kind;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  crossfoot explain QUANTITY")]
pub(super) struct ExplainArguments {
    /// A discrepancy kind, as QUANTITY
    code: String,
}

#[derive(Debug, thiserror::Error)]
#[error("there is nothing to explain under `{0}`")]
struct Unexplained(String);

impl Fault for Unexplained {
    fn code(&self) -> &'static str {
        "XF-K030"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        Some(format!("kinds are {}", names.join(", ")))
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

#[expect(clippy::unused_async, reason = "every verb is dispatched alike")]
pub(super) async fn run(_: &Context, arguments: &ExplainArguments) -> Result<Exit, Failure> {
    let Ok(kind) = arguments.code.to_uppercase().parse::<Kind>() else {
        return Err(Unexplained(arguments.code.clone()).into());
    };
    let (what, sign, fix) = meaning(kind);
    output::line(output::bold(kind.name()))?;
    output::line(format!("  what:   {what}"))?;
    output::line(format!("  impact: {sign}"))?;
    output::line(format!("  usual:  {fix}"))?;
    Ok(Exit::Done)
}

/// What a kind means, the sign of its money, and how it is usually put right.
fn meaning(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::MissingInBilling => (
            "an active contract or usage has no billed line, and the bill is due",
            "minus the expected amount: leakage",
            "bill it, or send a catch-up invoice; mend the hand-over",
        ),
        Kind::MissingInCrm => (
            "a billed line has no contract in any state",
            "plus the billed amount, until a contract is found",
            "create the contract, or credit the customer",
        ),
        Kind::Quantity => (
            "the billed quantity is not the expected one",
            "(billed - expected quantity) x expected price",
            "amend the contract, or rebill",
        ),
        Kind::UnitPrice => (
            "the billed unit price is not the agreed one",
            "(billed - agreed price) x billed quantity",
            "correct the price, credit and rebill",
        ),
        Kind::DiscountExpired => (
            "a discount was used after its end, or not used while it was valid",
            "the discount's amount",
            "remove the discount and rebill, or approve its extension",
        ),
        Kind::Amount => (
            "the amounts differ and no other cause was found",
            "billed - expected amount",
            "investigate the line: discounts, minimums, rounding",
        ),
        Kind::Tax => (
            "the billed tax is not the net amount times the contract's tax rate, beyond rounding",
            "billed - expected tax: a liability, in tax_impact and in no other sum",
            "credit and rebill, correct the return",
        ),
        Kind::Currency => (
            "the billed currency is not the contract's",
            "an estimate at the stated rate",
            "reissue the invoice",
        ),
        Kind::PeriodCutoff => (
            "the right amount stands in an adjacent period, further off than lag_days",
            "zero over both periods; it weighs what was expected, in the contract's period",
            "re-date, or accrue",
        ),
        Kind::Proration => (
            "a start, end or change in mid-period was billed in full, or with the days counted otherwise \
             than agreed",
            "billed - expected amount",
            "credit and rebill",
        ),
        Kind::Duplicate => (
            "the same product and service period was billed twice",
            "plus the amount of each further copy",
            "credit the later copy",
        ),
        Kind::WrongCode => (
            "customer, period and quantity agree, the product code does not: one item, under the billed \
             code",
            "billed - expected amount",
            "map the code as an alias, or recode and rebill",
        ),
        Kind::CancelledBilled => (
            "a contract that was cancelled before the period is still billed",
            "plus all of it",
            "credit, and stop the billing schedule",
        ),
        Kind::BilledAfterEnd => (
            "a part of the service period lies after the contract's end",
            "plus the part after the end",
            "credit that part",
        ),
        Kind::CustomerMismatch => (
            "the same product, quantity and price is billed to another customer: two items that name \
             each other",
            "plus at the one, minus at the other",
            "credit and rebill, mend the link between the systems",
        ),
        Kind::StaleContact => (
            "where bills go, the address or the tax id of a customer is not the CRM's (rule \
             account_fields); one item over all months until both systems agree",
            "no money, and no part of the discrepancy rate; it delays payment",
            "update the system of lesser authority",
        ),
        Kind::OrphanUsage => (
            "something was used without a contract and without a bill",
            "minus the usage at list price, estimated",
            "make a contract, or stop the service",
        ),
        Kind::UnbilledOverage => (
            "the usage is above the commitment, only the commitment was billed",
            "minus the overage, at its own price where it has one",
            "send an overage invoice",
        ),
        Kind::TermsMismatch => (
            "payment terms, or how often a product is charged, are not those that were sold (rule \
             account_fields)",
            "no money, and no part of the discrepancy rate; the timing of cash",
            "correct the terms",
        ),
        Kind::VendorCost => (
            "the vendor counts more than is billed, and nothing else is wrong",
            "minus the difference at the contract's price, or at the list price as an estimate",
            "bill the customer, or reduce the vendor's quantity",
        ),
    }
}
