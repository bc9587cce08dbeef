//! How much of the cash found its invoices: by count, at the level of payments.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::figures::MatchFigures;
use crate::money::ratio;
use crate::reconcile::cash::{CashBook, PaymentState};

/// Over the payments received from `first_day` to `last_day`, as they stand at the end of the
/// last. Payments that were taken back, and what took them back, are no receipts and not counted.
///
/// Every match of this version is made by a rule, so the automatic rate is the total one. Which of
/// them were made in the first run is not kept, so the first-pass rate is unknown.
pub(super) fn matching(
    book: &CashBook,
    (first_day, last_day): (Date, Date),
    branch: Option<&str>,
) -> MatchFigures {
    let mut eligible = 0_u64;
    let mut matched = 0_u64;
    for payment in book.payments_on(last_day) {
        let is_in_scope = payment.received_on >= first_day
            && branch.is_none_or(|wanted| payment.branch.as_deref() == Some(wanted));
        if !is_in_scope || payment.state == PaymentState::Reversed {
            continue;
        }
        eligible += 1;
        matched += u64::from(payment.state == PaymentState::Matched);
    }
    let rate = ratio(Decimal::from(matched), Decimal::from(eligible)).map(|rate| rate.normalize());
    MatchFigures {
        first_pass_rate: None,
        auto_rate: rate,
        total_rate: rate,
    }
}
