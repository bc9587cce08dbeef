//! Laws of cash application over generated invoices, payments, remittances and reversals.

use std::collections::BTreeMap;

use crossfoot::canonical::Record;
use crossfoot::config::{CashRule, ToleranceConfig};
use crossfoot::reconcile::cash::{CashBook, MatchedBy};
use crossfoot::store::{CashDecision, CashPart};
use jiff::civil::Date;
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;

use super::records::{
    book, credit_memo, day, decided_book, invoice, payment, remittance, ruled_book, with,
};

/// One generated world; small, so that names and amounts meet.
#[derive(Debug, Clone)]
struct World {
    invoices: Vec<Record>,
    payments: Vec<Record>,
    remittances: Vec<Record>,
}

impl World {
    fn applied(&self, rules: &[CashRule]) -> CashBook {
        let none = ToleranceConfig::default();
        ruled_book(
            &self.invoices,
            &self.payments,
            &self.remittances,
            rules,
            &none,
        )
    }
}

/// Some of the rules, in some order.
fn orders() -> impl Strategy<Value = Vec<CashRule>> {
    let rules = vec![
        CashRule::MatchSingle,
        CashRule::ClearAccount,
        CashRule::ClearPastDue,
        CashRule::ClearPastDueByTerm,
        CashRule::Combo,
        CashRule::SubsetProposals,
        CashRule::OldestFirst,
    ];
    prop::sample::subsequence(rules, 1..=7).prop_shuffle()
}

fn on(offset: u8) -> String {
    day("2026-01-01")
        .checked_add(jiff::Span::new().days(i64::from(offset)))
        .unwrap()
        .to_string()
}

fn worlds() -> impl Strategy<Value = World> {
    let accounts = ["x", "y"];
    let invoices =
        prop::collection::vec((0..2_usize, 0..90_u8, 0..40_u8, 1..6_i64, 0..6_u8), 1..12);
    let payments = prop::collection::vec(
        (0..3_usize, 0..120_u8, 1..12_i64, 0..4_u8, 0..12_usize),
        0..12,
    );
    let rows = prop::collection::vec((0..12_usize, 0..12_usize, -3..6_i64), 0..6);
    (invoices, payments, rows).prop_map(move |(invoices, payments, rows)| {
        let amount = |units: i64| Decimal::new(units * 2500, 2).to_string();
        let id = |prefix: &str, at: usize| format!("{prefix}{at:02}");
        World {
            invoices: invoices
                .iter()
                .enumerate()
                .map(|(at, (account, issued, terms, units, kind))| {
                    let (account, issued_on) = (accounts[*account], on(*issued));
                    let due_on = on(issued + terms);
                    if *kind == 0 {
                        let original = id("i", at / 2);
                        credit_memo(
                            &id("i", at),
                            account,
                            &issued_on,
                            &amount(-units),
                            &original,
                        )
                    } else {
                        invoice(&id("i", at), account, &issued_on, &due_on, &amount(*units))
                    }
                })
                .collect(),
            payments: payments
                .iter()
                .enumerate()
                .map(|(at, (account, received, units, kind, names))| {
                    let account = accounts.get(*account).copied().unwrap_or_default();
                    let reference = if *kind == 1 {
                        id("I", *names)
                    } else {
                        String::new()
                    };
                    let units = if *kind == 2 { -units } else { *units };
                    let row = payment(
                        &id("p", at),
                        account,
                        &on(*received),
                        &amount(units),
                        &reference,
                    );
                    if *kind == 2 {
                        with(row, "reversal_of", &id("p", *names))
                    } else {
                        row
                    }
                })
                .collect(),
            remittances: rows
                .iter()
                .enumerate()
                .map(|(at, (payment, invoice, units))| {
                    remittance(
                        &id("r", at),
                        &id("p", *payment),
                        &id("i", *invoice),
                        &amount(*units),
                    )
                })
                .collect(),
        }
    })
}

/// Decisions of the payments that are named, each with all of its parts.
fn decisions(parts: &[(usize, usize, i64)]) -> Vec<CashDecision> {
    let mut by_payment: BTreeMap<usize, Vec<CashPart>> = BTreeMap::new();
    for (payment, invoice, units) in parts {
        by_payment.entry(*payment).or_default().push(CashPart {
            invoice: format!("billing:i{invoice:02}"),
            amount: Decimal::new(units * 2500, 2),
        });
    }
    by_payment
        .into_iter()
        .map(|(payment, parts)| CashDecision {
            decision_id: format!("decision {payment}"),
            payment: format!("billing:p{payment:02}"),
            currency: "USD".parse().unwrap(),
            decided_at: "2026-12-01T00:00:00Z".parse().unwrap(),
            actor: "ann".into(),
            reason: None,
            replaces: None,
            parts,
        })
        .collect()
}

fn days() -> Vec<Date> {
    (0..160_u8)
        .step_by(13)
        .map(|offset| day(&on(offset)))
        .collect()
}

proptest! {
    #![proptest_config(super::records::cases(256))]

    // Goal: law 2, conservation: a receipt is applied + unapplied + suspense on every day, an
    // invoice is taken off + open, and both sides tell of the same cash. Method: sums from outside
    // over what the book lists, whatever rules decide.
    #[test]
    fn cash_is_conserved(world in worlds(), rules in orders()) {
        let book = world.applied(&rules);
        for day in days() {
            let mut applied: BTreeMap<String, Decimal> = BTreeMap::new();
            for payment in book.payments_on(day) {
                let to_invoices: Decimal = payment.applied.iter().map(|part| part.amount).sum();
                prop_assert_eq!(
                    payment.amount,
                    to_invoices + payment.unapplied + payment.suspense
                        + payment.on_account + payment.discount
                );
                for part in payment.applied {
                    *applied.entry(part.invoice).or_default() += part.amount;
                }
                for part in [payment.write_off, payment.deduction] {
                    prop_assert!(part >= Decimal::ZERO);
                }
            }
            for invoice in book.invoices().iter().filter(|invoice| invoice.issued_on <= day) {
                let taken: Decimal = invoice
                    .movements
                    .iter()
                    .filter(|movement| movement.on <= day)
                    .map(|movement| movement.amount)
                    .sum();
                let open = invoice.open_on(day);
                let sign = if invoice.is_credit { -Decimal::ONE } else { Decimal::ONE };
                prop_assert_eq!(invoice.total, sign * taken + open);
                prop_assert!(open * sign >= Decimal::ZERO, "{} is taken off twice", invoice.id);
                let cash: Decimal = invoice
                    .movements
                    .iter()
                    .filter(|movement| movement.on <= day)
                    .filter(|movement| {
                        movement.kind == crossfoot::reconcile::cash::MovementKind::Cash
                    })
                    .map(|movement| movement.amount)
                    .sum();
                prop_assert_eq!(cash, applied.remove(&invoice.id).unwrap_or_default());
            }
            prop_assert!(applied.is_empty(), "applied to an invoice that is not issued yet");
        }
    }

    // Goal: what people decided adds up like everything else, and no other payment takes any of it
    // away. Method: random decisions; the same ledger without the payments that nobody decided.
    #[test]
    fn decisions_are_conserved_and_never_overwritten(
        world in worlds(),
        parts in prop::collection::vec((0..12_usize, 0..12_usize, 1..6_i64), 1..8),
    ) {
        let decisions = decisions(&parts);
        let none = ToleranceConfig::default();
        let decided = |payments: &[Record]| {
            decided_book(&world.invoices, payments, &world.remittances, &none, &decisions)
        };
        let book = decided(&world.payments);
        for day in days() {
            for payment in book.payments_on(day) {
                let to_invoices: Decimal = payment.applied.iter().map(|part| part.amount).sum();
                prop_assert_eq!(
                    payment.amount,
                    to_invoices + payment.unapplied + payment.suspense
                );
            }
            for invoice in book.invoices().iter().filter(|invoice| invoice.issued_on <= day) {
                let sign = if invoice.is_credit { -Decimal::ONE } else { Decimal::ONE };
                prop_assert!(invoice.open_on(day) * sign >= Decimal::ZERO);
            }
        }
        let is_decided = |id: &str| {
            decisions.iter().any(|one| one.payment == format!("billing:{id}"))
        };
        let mut alone = world.payments.clone();
        alone.retain(|row| is_decided(row.id()) || row.text("reversal_of").is_some());
        let last = day("2027-01-01");
        let of_people = |book: &CashBook| -> Vec<_> {
            let mut listed = book.payments_on(last);
            listed.retain(|one| {
                one.rule == Some(MatchedBy::Manual) && one.amount > Decimal::ZERO
            });
            listed.into_iter().map(|one| (one.payment, one.applied)).collect()
        };
        prop_assert_eq!(of_people(&book), of_people(&decided(&alone)));
    }

    // Goal: a deduction is a part of what is open of its invoices, never more. Method: all
    // deductions of a day against all that is open.
    #[test]
    fn deductions_stay_within_what_is_open(world in worlds()) {
        let book = book(&world.invoices, &world.payments, &world.remittances);
        for day in days() {
            let deducted: Decimal =
                book.payments_on(day).iter().map(|payment| payment.deduction).sum();
            let open: Decimal = book.open_invoices(day).iter().map(|entry| entry.open).sum();
            prop_assert!(deducted <= open);
        }
    }

    // Goal: law 10: the order of the rows changes nothing. Method: rotate and reverse all lists.
    #[test]
    fn the_order_of_rows_changes_nothing(
        world in worlds(),
        rules in orders(),
        turn in any::<prop::sample::Index>(),
    ) {
        let straight = world.applied(&rules);
        let mut turned = world;
        for list in [&mut turned.invoices, &mut turned.payments, &mut turned.remittances] {
            list.reverse();
            if !list.is_empty() {
                let by = turn.index(list.len());
                list.rotate_left(by);
            }
        }
        prop_assert_eq!(straight, turned.applied(&rules));
    }

    // Goal: one payment per invoice in full, as a ledger of settled invoices has it, settles every
    // invoice on its day, with a reference and without one. Method: equal amounts are common, so
    // that ties occur; compare the open sum with a plain sum over the rows.
    #[test]
    fn a_ledger_of_full_payments_settles(
        rows in prop::collection::vec((0..3_u8, 0..90_u8, 0..60_u8, 1..4_i64), 1..40),
        has_reference in any::<bool>(),
    ) {
        let mut invoices = Vec::new();
        let mut payments = Vec::new();
        let mut plain = Vec::new();
        for (at, (account, issued, settled, units)) in rows.iter().enumerate() {
            let (account, amount) = (format!("c{account}"), Decimal::new(units * 3333, 2));
            let (issued_on, settled_on) = (on(*issued), on(issued + settled));
            let number = format!("N{at:03}");
            let row = invoice(&number.to_lowercase(), &account, &issued_on, &on(issued + 30),
                &amount.to_string());
            invoices.push(row);
            let reference = if has_reference { number.as_str() } else { "" };
            payments.push(payment(&format!("p{at:03}"), &account, &settled_on,
                &amount.to_string(), reference));
            plain.push((day(&issued_on), day(&settled_on), amount));
        }
        let book = book(&invoices, &payments, &[]);
        for day in days() {
            let expected: Decimal = plain
                .iter()
                .filter(|(issued, settled, _)| *issued <= day && *settled > day)
                .map(|(_, _, amount)| *amount)
                .sum();
            let open: Decimal = book.open_invoices(day).iter().map(|entry| entry.open).sum();
            prop_assert_eq!(open, expected);
            prop_assert!(book.credits(day).is_empty());
        }
    }
}
