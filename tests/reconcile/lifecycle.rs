//! The life of an item, by the system and by people.

use std::sync::OnceLock;
use std::time::Duration;

use crossfoot::reconcile::{
    BILLING_RULE, Discrepancy, DiscrepancyState, Outcome, PersonMove, ResolutionCode, WaitingOn,
    advance, legal_moves, move_by_person,
};
use crossfoot::store::DiscrepancyChange;
use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;

use super::world::{World, number};

const MARCH: &str = "2026-03";
const WINDOW: Duration = Duration::from_hours(24);

fn at(hours: i64) -> Timestamp {
    let start: Timestamp = "2026-04-10T00:00:00Z".parse().unwrap();
    start.checked_add(hours.hours()).unwrap()
}

/// A contract of 10 at 5.00 in March, billed in the given quantity.
fn billed(quantity: &str) -> Outcome {
    let mut world = World::new();
    world.contract("k1", "SEAT", "10", "5", "");
    if quantity != "0" {
        world.bill("i1", "2026-03-01", "SEAT", quantity, "5");
    }
    world.reconcile(MARCH)
}

fn step(outcome: &Outcome, standing: &[Discrepancy], hours: i64) -> Vec<DiscrepancyChange> {
    advance(outcome, standing.to_vec(), at(hours), WINDOW)
}

/// The one item after a step; the item as it was where nothing changed.
fn after(outcome: &Outcome, item: &Discrepancy, hours: i64) -> Discrepancy {
    let changes = step(outcome, std::slice::from_ref(item), hours);
    assert!(changes.len() <= 1, "{changes:?}");
    changes
        .into_iter()
        .next()
        .map_or_else(|| item.clone(), |change| change.discrepancy)
}

fn opened() -> Discrepancy {
    static OPENED: OnceLock<Discrepancy> = OnceLock::new();
    OPENED
        .get_or_init(|| {
            let changes = step(&billed("0"), &[], 0);
            assert_eq!(changes.len(), 1);
            changes[0].discrepancy.clone()
        })
        .clone()
}

fn in_state(state: DiscrepancyState) -> Discrepancy {
    let mut item = opened();
    item.state = state;
    if state == DiscrepancyState::Resolved {
        item.resolved_at = Some(at(0));
        item.code = Some(ResolutionCode::Rebilled);
    }
    item
}

// Goal: an item opens once, and a second reconcile of the same changes nothing (law 9). Method: twice.
#[test]
fn an_item_opens_once() {
    let outcome = billed("0");
    let first = step(&outcome, &[], 0);
    let change = &first[0];
    assert_eq!(
        (change.was, change.discrepancy.state),
        (None, DiscrepancyState::Open)
    );
    assert_eq!(change.events[0].action, "opened");
    assert_eq!(change.discrepancy.impact, number("-50"));
    assert_eq!(change.discrepancy.outstanding, number("50"));
    assert!(change.discrepancy.id.starts_with("D-") && change.discrepancy.id.len() == 12);
    assert_eq!(
        step(&outcome, std::slice::from_ref(&change.discrepancy), 5),
        []
    );
    let again = step(&outcome, &[], 7);
    assert_eq!(
        again[0].discrepancy.id, change.discrepancy.id,
        "the id does not depend on the hour"
    );
}

// Goal: a changed cause updates the item of its unit, and a smaller difference keeps the largest impact
// and says what was recovered. Method: nothing billed, then 6 of 10, then 8 of 10.
#[test]
fn a_changed_cause_updates_the_item() {
    let missing = opened();
    let short = after(&billed("6"), &missing, 1);
    assert_eq!(short.id, missing.id);
    assert_eq!(
        (short.kind.name(), short.impact),
        ("QUANTITY", number("-20"))
    );
    assert_ne!(short.fingerprint, missing.fingerprint);
    let less = after(&billed("8"), &short, 2);
    assert_eq!(less.impact, number("-20"));
    assert_eq!(
        (less.outstanding, less.recovered),
        (number("10"), number("10"))
    );
    assert_eq!(less.opened_at, missing.opened_at);
}

// Goal: what the system does with an item of every state, when its unit agrees and when it differs.
// Method: the whole table.
#[test]
fn the_system_moves_items_by_the_table() {
    use DiscrepancyState::{
        Acknowledged, Approved, Closed, Dismissed, InProgress, Open, Proposed, Reopened, Resolved,
        SelfCleared, Verified, Waiting,
    };
    let (agrees, differs) = (billed("10"), billed("0"));
    for (state, when_agreeing, when_differing) in [
        (Open, SelfCleared, Open),
        (Acknowledged, SelfCleared, Acknowledged),
        (InProgress, SelfCleared, InProgress),
        (Waiting, SelfCleared, Waiting),
        (Proposed, Proposed, Proposed),
        (Approved, Approved, Approved),
        (Resolved, Verified, Reopened),
        (Reopened, SelfCleared, Reopened),
        (Verified, Verified, Reopened),
        (Closed, Closed, Reopened),
        (SelfCleared, SelfCleared, Reopened),
        (Dismissed, Dismissed, Dismissed),
    ] {
        let item = in_state(state);
        assert_eq!(
            after(&agrees, &item, 25).state,
            when_agreeing,
            "{state} agrees"
        );
        assert_eq!(
            after(&differs, &item, 25).state,
            when_differing,
            "{state} differs"
        );
        let settled = after(&agrees, &item, 25);
        assert_eq!(
            step(&agrees, std::slice::from_ref(&settled), 26),
            [],
            "{state} settles"
        );
    }
}

// Goal: a claimed fix has time to show: within the verify window nothing is reopened. Method: one hour
// before the window ends, and at its end.
#[test]
fn a_fix_has_the_verify_window() {
    let item = in_state(DiscrepancyState::Resolved);
    assert_eq!(
        after(&billed("0"), &item, 23).state,
        DiscrepancyState::Resolved
    );
    let reopened = after(&billed("0"), &item, 24);
    assert_eq!(reopened.state, DiscrepancyState::Reopened);
    assert_eq!(
        (reopened.id.as_str(), reopened.opened_at),
        (item.id.as_str(), item.opened_at)
    );
    let verified = after(&billed("10"), &item, 1);
    assert_eq!(verified.ended_at, Some(at(1)));
    assert_eq!(
        (verified.outstanding, verified.recovered),
        (Decimal::ZERO, number("50"))
    );
}

// Goal: what was written off needs no agreement and does not come back. Method: reconcile twice over a
// unit that still differs.
#[test]
fn a_write_off_stays() {
    let mut item = in_state(DiscrepancyState::Resolved);
    item.code = Some(ResolutionCode::WrittenOff);
    let verified = after(&billed("0"), &item, 1);
    assert_eq!(verified.state, DiscrepancyState::Verified);
    assert_eq!(verified.outstanding, number("50"), "nothing was recovered");
    assert_eq!(step(&billed("0"), std::slice::from_ref(&verified), 48), []);
}

// Goal: law 14: over unknown data nothing moves. Method: a blind billing source over every state.
#[test]
fn unknown_units_do_not_move() {
    let mut world = World::new();
    world.contract("k1", "SEAT", "10", "5", "").blind("billing");
    let unknown = world.reconcile(MARCH);
    assert_eq!(unknown.unknown_units.len(), 1);
    for state in DiscrepancyState::ALL {
        assert_eq!(step(&unknown, &[in_state(*state)], 48), [], "{state}");
    }
}

// Goal: a unit without any row says nothing while a leg that it could stand on is blind, and agrees
// when nothing is. Method: no contract and no bill, one source after the other blind, then none.
#[test]
fn a_unit_that_is_not_seen_does_not_move() {
    for blind in ["crm", "billing", "seats"] {
        let mut world = World::new();
        world.contract("k2", "OTHER", "1", "5", "").blind(blind);
        let unseen = world.reconcile(MARCH);
        for state in DiscrepancyState::ALL {
            let changes = step(&unseen, &[in_state(*state)], 48);
            let moved = changes.iter().find(|change| change.was.is_some());
            assert_eq!(moved, None, "{blind} {state}");
        }
    }
    let gone = World::new().reconcile(MARCH);
    let cleared = after(&gone, &opened(), 48);
    assert_eq!(cleared.state, DiscrepancyState::SelfCleared);
}

// Goal: a blind source of usage holds only what it could decide. Method: an item whose unit is seen
// to agree, sold by a fixed contract.
#[test]
fn a_unit_that_is_seen_moves_although_another_leg_is_blind() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .bill("i1", "2026-03-01", "SEAT", "10", "5")
        .blind("seats");
    let cleared = after(&world.reconcile(MARCH), &opened(), 5);
    assert_eq!(cleared.state, DiscrepancyState::SelfCleared);
}

// Goal: a dismissal as a false positive holds for what was judged, and not for a larger error of the
// same unit; another dismissal holds. Method: 8 of 10 billed and dismissed, then 8, 9 and 2 of 10.
#[test]
fn a_false_positive_hides_no_larger_error() {
    let dismissed = |code| {
        let mut item = step(&billed("8"), &[], 0)[0].discrepancy.clone();
        item.state = DiscrepancyState::Dismissed;
        item.code = Some(code);
        item
    };
    let item = dismissed(ResolutionCode::FalsePositive);
    for quantity in ["8", "9"] {
        assert_eq!(
            step(&billed(quantity), std::slice::from_ref(&item), 5),
            [],
            "{quantity}"
        );
    }
    let changes = step(&billed("2"), std::slice::from_ref(&item), 5);
    assert_eq!(changes.len(), 1, "no second item: {changes:?}");
    let reopened = &changes[0].discrepancy;
    assert_eq!(
        (reopened.id.as_str(), reopened.state, reopened.impact),
        (item.id.as_str(), DiscrepancyState::Reopened, number("-40"))
    );
    assert_eq!((reopened.code, reopened.ended_at), (None, None));
    assert!(
        changes[0].events[0]
            .note
            .as_deref()
            .unwrap()
            .contains("larger")
    );
    let accepted = dismissed(ResolutionCode::AcceptedRisk);
    assert_eq!(step(&billed("2"), &[accepted], 5), []);
}

// Goal: an open item that turns out to be timing clears as timing, so that it leaves the rate. Method:
// the bill appears two days after the month.
#[test]
fn timing_clears_an_open_item() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "ends_on=2026-04-01")
        .bill("i1", "2026-04-02", "SEAT", "10", "5");
    let timing = world.reconcile(MARCH);
    let cleared = after(&timing, &opened(), 5);
    assert_eq!(cleared.state, DiscrepancyState::SelfCleared);
    assert_eq!(cleared.code, Some(ResolutionCode::Timing));
    let resolved = in_state(DiscrepancyState::Resolved);
    assert_eq!(after(&timing, &resolved, 48), resolved);
}

// Goal: two items of one unit live apart. Method: quantity and price differ, then only the quantity.
#[test]
fn two_items_of_a_unit_live_apart() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .bill("i1", "2026-03-01", "SEAT", "8", "6");
    let items: Vec<Discrepancy> = step(&world.reconcile(MARCH), &[], 0)
        .into_iter()
        .map(|change| change.discrepancy)
        .collect();
    assert_eq!(items.len(), 2);
    assert_ne!(items[0].id, items[1].id);
    let changes = step(&billed("8"), &items, 1);
    let cleared: Vec<&str> = changes
        .iter()
        .filter(|change| change.discrepancy.state == DiscrepancyState::SelfCleared)
        .map(|change| change.discrepancy.kind.name())
        .collect();
    assert_eq!(cleared, ["UNIT_PRICE"]);
    assert!(items.iter().all(|item| item.rule == BILLING_RULE));
}

fn ask(to: DiscrepancyState) -> PersonMove {
    use DiscrepancyState::{Dismissed, Resolved, Waiting};
    PersonMove {
        to,
        code: match to {
            Resolved => Some(ResolutionCode::Rebilled),
            Dismissed => Some(ResolutionCode::FalsePositive),
            _ => None,
        },
        waiting_on: (to == Waiting).then_some(WaitingOn::Customer),
        by: "bob".into(),
        approver: Some("carol".into()),
        note: None,
    }
}

// Goal: a person can make the moves of the table and no other, and is told which there are. Method:
// every state against every state.
#[test]
fn people_move_items_by_the_table() {
    let mut legal_count = 0;
    for from in DiscrepancyState::ALL {
        for to in DiscrepancyState::ALL {
            let item = in_state(*from);
            let moved = move_by_person(&item, ask(*to), at(1));
            if legal_moves(*from).contains(to) {
                let change = moved.unwrap_or_else(|failure| panic!("{from} {to}: {failure}"));
                assert_eq!(change.was, Some(*from));
                assert_eq!(change.discrepancy.state, *to);
                assert_eq!(change.events[0].actor, "bob");
                legal_count += 1;
            } else {
                let failure = moved.unwrap_err();
                assert_eq!(failure.code(), "XF-R011");
                for legal in legal_moves(*from) {
                    assert!(failure.line().contains(legal.name()), "{}", failure.line());
                }
            }
        }
    }
    assert_eq!(legal_count, 16);
    let all = DiscrepancyState::ALL;
    let is_reachable = |to| all.iter().any(|from| legal_moves(*from).contains(&to));
    assert!(!is_reachable(DiscrepancyState::Verified));
    assert!(!is_reachable(DiscrepancyState::SelfCleared));
    assert!(legal_moves(DiscrepancyState::Resolved).is_empty());
}

// Goal: moves that need a code, a target or a second person are refused without it. Method: leave out
// one thing at a time.
#[test]
fn incomplete_moves_change_nothing() {
    use DiscrepancyState::{Approved, Dismissed, InProgress, Open, Proposed, Resolved, Waiting};
    let refused = |from, request: PersonMove| {
        let mut item = in_state(from);
        item.proposed_by = (from == Proposed || from == Approved).then(|| "alice".to_owned());
        move_by_person(&item, request, at(1))
            .err()
            .map(|failure| failure.code())
    };
    let with = |to, change: &dyn Fn(&mut PersonMove)| {
        let mut request = ask(to);
        change(&mut request);
        request
    };
    let incomplete = Some("XF-R013");
    assert_eq!(
        refused(InProgress, with(Waiting, &|ask| ask.waiting_on = None)),
        incomplete
    );
    assert_eq!(
        refused(Approved, with(Resolved, &|ask| ask.code = None)),
        incomplete
    );
    let wrong_code = |ask: &mut PersonMove| ask.code = Some(ResolutionCode::FalsePositive);
    assert_eq!(refused(Approved, with(Resolved, &wrong_code)), incomplete);
    assert_eq!(
        refused(Open, with(Dismissed, &|ask| ask.code = None)),
        incomplete
    );
    assert_eq!(
        refused(Open, with(Dismissed, &|ask| ask.by = " ".into())),
        incomplete
    );
    let approver = Some("XF-R012");
    assert_eq!(
        refused(Proposed, with(Approved, &|ask| ask.approver = None)),
        approver
    );
    let proposer_approves = |ask: &mut PersonMove| ask.approver = Some("alice".into());
    assert_eq!(
        refused(Proposed, with(Approved, &proposer_approves)),
        approver
    );
    assert_eq!(refused(Proposed, with(Approved, &|_| {})), None);
    let risk = |approver: Option<&str>| {
        let approver = approver.map(str::to_owned);
        with(Dismissed, &move |ask| {
            ask.code = Some(ResolutionCode::AcceptedRisk);
            ask.approver.clone_from(&approver);
        })
    };
    assert_eq!(refused(Open, risk(None)), approver);
    assert_eq!(refused(Open, risk(Some("bob"))), approver);
    assert_eq!(refused(Open, risk(Some("carol"))), None);
}
