//! How much of the cash found its invoices: by count, at the level of payments.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::figures::MatchFigures;
use crate::money::ratio;
use crate::reconcile::cash::{CashBook, MatchedBy, PaymentState};

/// Over the payments received from `first_day` to `last_day`, as they stand at the end of the
/// last. Payments that were taken back, and what took them back, are no receipts and not counted.
///
/// What a person matched is in the total rate and not in the automatic one. Which matches were made in
/// the first run is not kept, so the first-pass rate is unknown.
pub(super) fn matching(
    book: &CashBook,
    (first_day, last_day): (Date, Date),
    branch: Option<&str>,
) -> MatchFigures {
    let mut eligible = 0_u64;
    let mut matched = 0_u64;
    let mut by_hand = 0_u64;
    for payment in book.payments_on(last_day) {
        let is_in_scope = payment.received_on >= first_day
            && branch.is_none_or(|wanted| payment.branch.as_deref() == Some(wanted));
        if !is_in_scope || payment.state == PaymentState::Reversed {
            continue;
        }
        eligible += 1;
        let is_matched = payment.state == PaymentState::Matched;
        matched += u64::from(is_matched);
        by_hand += u64::from(is_matched && payment.rule == Some(MatchedBy::Manual));
    }
    let rate = |count: u64| {
        ratio(Decimal::from(count), Decimal::from(eligible)).map(|rate| rate.normalize())
    };
    MatchFigures {
        first_pass_rate: None,
        auto_rate: rate(matched - by_hand),
        total_rate: rate(matched),
    }
}
