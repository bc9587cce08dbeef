//! How much of the cash found its invoices: by count, at the level of payments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::figures::MatchFigures;
use crate::money::ratio;
use crate::period::local_day;
use crate::reconcile::cash::{CashBook, MatchedBy, PaymentState};
use crate::store::CashWait;

/// What is known of the first attempts of rules to place payments.
#[derive(Debug, Clone, Default)]
pub struct FirstPasses {
    /// The payments that a comparison saw and did not place.
    pub waits: Vec<CashWait>,
    /// Since when that is kept; nothing was compared yet where it is absent.
    pub kept_since: Option<Timestamp>,
}

/// Which payments are counted, and what is known of them.
pub(super) struct MatchInput<'a> {
    pub(super) book: &'a CashBook,
    /// The first and the last day of receipt.
    pub(super) days: (Date, Date),
    pub(super) branch: Option<&'a str>,
    pub(super) as_of: Timestamp,
    pub(super) zone: &'a TimeZone,
    pub(super) passes: &'a FirstPasses,
}

/// Over the payments received from the first day to the last, as they stand at the end of the
/// last. Payments that were taken back, and what took them back, are no receipts and not counted.
///
/// What a person matched is in the total rate and not in the automatic one. A payment that rules
/// matched is in the first-pass rate when they did so in the first comparison that saw it and its
/// invoices, which is known of periods that began after it began to be kept.
pub(super) fn matching(input: &MatchInput<'_>) -> MatchFigures {
    let (first_day, last_day) = input.days;
    let waits: BTreeMap<&str, &CashWait> = input
        .passes
        .waits
        .iter()
        .map(|wait| (wait.payment.as_str(), wait))
        .collect();
    let mut eligible = 0_u64;
    let mut matched = 0_u64;
    let mut by_hand = 0_u64;
    let mut at_first = 0_u64;
    for payment in input.book.payments_on(last_day) {
        let is_in_scope = payment.received_on >= first_day
            && input
                .branch
                .is_none_or(|wanted| payment.branch.as_deref() == Some(wanted));
        if !is_in_scope || payment.state == PaymentState::Reversed {
            continue;
        }
        eligible += 1;
        if payment.state != PaymentState::Matched {
            continue;
        }
        matched += 1;
        if payment.rule == Some(MatchedBy::Manual) {
            by_hand += 1;
            continue;
        }
        let key = format!("{}:{}", payment.source, payment.payment);
        at_first += u64::from(waits.get(key.as_str()).is_none_or(|wait| {
            wait.is_first_pass && wait.ended_at.is_some_and(|ended| ended <= input.as_of)
        }));
    }
    let rate = |count: u64| {
        ratio(Decimal::from(count), Decimal::from(eligible)).map(|rate| rate.normalize())
    };
    let is_known = input
        .passes
        .kept_since
        .is_some_and(|since| local_day(since, input.zone) < first_day);
    MatchFigures {
        first_pass_rate: rate(at_first).filter(|_| is_known),
        auto_rate: rate(matched - by_hand),
        manual_rate: rate(by_hand),
        total_rate: rate(matched),
    }
}

/// Why there is no first-pass rate of a period that has payments.
pub(super) fn first_pass_reason(passes: &FirstPasses) -> String {
    match passes.kept_since {
        None => "no comparison has placed payments yet".to_owned(),
        Some(since) => {
            format!("what the first comparison could not place is kept since {since} only")
        }
    }
}
