//! What a period's state asks for, what other periods say of a finding, and how an item was known.

use std::collections::BTreeSet;
use std::time::Duration;

use crossfoot::config::Config;
use crossfoot::reconcile::{
    Discrepancy, DiscrepancyEvent, DiscrepancyState, Outcome, PeriodAct, PeriodHistory,
    PeriodRequest, PeriodState, PersonMove, ResolutionCode, Severity, advance, as_known,
    decide_period_move, legal_period_acts, move_by_person,
};
use jiff::{Timestamp, ToSpan};

use super::world::{World, number, only_finding};

fn request(act: PeriodAct) -> PeriodRequest {
    PeriodRequest {
        period: "2026-03".parse().unwrap(),
        act,
        by: "ann".into(),
        approver: Some("bob".into()),
        reason: Some("because".into()),
    }
}

// Goal: a period moves by the table and not otherwise, and whoever asks is told what is legal. Method:
// every state and every act.
#[test]
fn periods_move_by_the_table() {
    use PeriodAct::{Close, File, Lock, Reopen};
    use PeriodState::{Closed, Locked, Open};
    for (from, act, to) in [
        (Open, Close, Some(Closed)),
        (Open, File, None),
        (Open, Lock, None),
        (Open, Reopen, None),
        (Closed, Close, None),
        (Closed, File, Some(Closed)),
        (Closed, Lock, Some(Locked)),
        (Closed, Reopen, Some(Open)),
        (Locked, Close, None),
        (Locked, File, Some(Locked)),
        (Locked, Lock, None),
        (Locked, Reopen, Some(Open)),
    ] {
        let decided = decide_period_move(&request(act), from);
        assert_eq!(legal_period_acts(from).contains(&act), to.is_some());
        if let Some(to) = to {
            assert_eq!(decided.unwrap(), to, "{from} {act:?}");
        } else {
            let failure = decided.unwrap_err();
            assert_eq!(failure.code(), "XF-R030");
            assert!(failure.line().contains("legal moves: "), "{failure}");
        }
    }
}

// Goal: two people sign a close and reopen what is locked, a reopening has a reason, and names are
// compared as people write them. Method: leave out one thing at a time.
#[test]
fn sign_offs_are_asked_for() {
    use PeriodAct::{Close, Lock, Reopen};
    use PeriodState::{Closed, Locked, Open};
    let code = |act, from, change: &dyn Fn(&mut PeriodRequest)| {
        let mut asked = request(act);
        change(&mut asked);
        decide_period_move(&asked, from)
            .err()
            .map(|failure| failure.code())
    };
    let alone = |asked: &mut PeriodRequest| asked.approver = None;
    let same = |asked: &mut PeriodRequest| asked.approver = Some(" ANN".into());
    let blank = |asked: &mut PeriodRequest| asked.reason = Some(" ".into());
    let nobody = |asked: &mut PeriodRequest| asked.by = String::new();
    let (second, incomplete) = (Some("XF-R031"), Some("XF-R032"));
    assert_eq!(code(Close, Open, &alone), second);
    assert_eq!(code(Close, Open, &same), second);
    assert_eq!(code(Close, Open, &nobody), incomplete);
    assert_eq!(code(Lock, Closed, &alone), None);
    assert_eq!(code(Lock, Closed, &same), second);
    assert_eq!(code(Reopen, Closed, &alone), None);
    assert_eq!(code(Reopen, Closed, &same), second);
    assert_eq!(code(Reopen, Closed, &blank), incomplete);
    assert_eq!(code(Reopen, Locked, &alone), second);
    assert_eq!(code(Reopen, Locked, &same), second);
}

/// 10 at 5.00 in March with a materiality of 1000, and nothing billed: 50.00, which is medium.
fn missing(history: PeriodHistory) -> Outcome {
    let mut world = World::new();
    world.config.push_str("materiality = \"1000\"\n");
    world.history = history;
    world.contract("k1", "SEAT", "10", "5", "");
    world.reconcile("2026-03")
}

fn opened(outcome: &Outcome) -> Discrepancy {
    let now: Timestamp = "2026-04-10T00:00:00Z".parse().unwrap();
    let changes = advance(outcome, Vec::new(), now, Duration::from_hours(24));
    changes[0].discrepancy.clone()
}

// Goal: the third period in a row raises a severity by one, once; a closed period raises it to high at
// least, and an item that is there already with it. Method: the same finding under four histories.
#[test]
fn history_raises_a_severity() {
    let plain = missing(PeriodHistory::default());
    assert_eq!(only_finding(&plain).severity, Severity::Medium);
    let item = opened(&plain);
    let earlier = |back: i32, state, code| Discrepancy {
        period: item.period.shifted(-back),
        state,
        code,
        ..item.clone()
    };
    let (open, dismissed) = (DiscrepancyState::Open, DiscrepancyState::Dismissed);
    let false_positive = Some(ResolutionCode::FalsePositive);
    let history =
        |items: &[Discrepancy]| PeriodHistory::of(item.period, items, BTreeSet::new(), false);
    let (one, two) = (earlier(1, open, None), earlier(2, open, None));
    assert_eq!(
        PeriodHistory::looks_at(item.period),
        [one.period, two.period]
    );
    for (items, severity) in [
        (vec![one.clone()], Severity::Medium),
        (vec![two.clone()], Severity::Medium),
        (vec![one.clone(), two.clone()], Severity::High),
        (
            vec![one.clone(), earlier(2, dismissed, false_positive)],
            Severity::Medium,
        ),
    ] {
        let found = missing(history(&items));
        assert_eq!(only_finding(&found).severity, severity, "{items:?}");
    }
    let closed = PeriodHistory {
        kept: BTreeSet::from([item.period]),
        ..PeriodHistory::default()
    };
    let found = missing(closed);
    assert_eq!(only_finding(&found).severity, Severity::High);
    let now = item.opened_at.checked_add(1.hour()).unwrap();
    let window = Duration::from_hours(24);
    let changes = advance(&found, vec![item.clone()], now, window);
    assert_eq!(changes[0].discrepancy.id, item.id);
    assert_eq!(changes[0].discrepancy.severity, Severity::High);
    let settled = vec![changes[0].discrepancy.clone()];
    assert_eq!(
        advance(&plain, settled, now, window),
        [],
        "it is not lowered again"
    );
}

// Goal: an item is told as it was known at any instant. Method: opened, assigned, worked, billed in
// part, resolved, verified; then asked between the steps.
#[test]
fn an_item_is_told_as_it_was_known() {
    use DiscrepancyState::{Acknowledged, Approved, InProgress, Proposed, Resolved, Verified};
    let hour = |count: i64| {
        let start: Timestamp = "2026-04-10T00:00:00Z".parse().unwrap();
        start.checked_add(count.hours()).unwrap()
    };
    let window = Duration::from_hours(24);
    let changes = advance(
        &missing(PeriodHistory::default()),
        Vec::new(),
        hour(0),
        window,
    );
    let mut item = changes[0].discrepancy.clone();
    let mut events: Vec<DiscrepancyEvent> = changes[0].events.clone();
    item.owner = Some("maria".into());
    events.push(DiscrepancyEvent {
        action: "assigned".into(),
        at: hour(1),
        note: item.owner.clone(),
        worth: None,
        from_state: Some(item.state),
        ..events[0].clone()
    });
    let mut step = |to, at| {
        let asked = PersonMove {
            to,
            code: Some(ResolutionCode::Rebilled),
            waiting_on: None,
            by: "maria".into(),
            approver: Some("jonas".into()),
            note: None,
        };
        let change = move_by_person(&item, asked, hour(at)).unwrap();
        item = change.discrepancy;
        events.extend(change.events);
    };
    for (to, at) in [
        (Acknowledged, 2),
        (InProgress, 3),
        (Proposed, 4),
        (Approved, 5),
        (Resolved, 6),
    ] {
        step(to, at);
    }
    let mut billed = World::new();
    billed
        .contract("k1", "SEAT", "10", "5", "")
        .bill("i1", "2026-03-01", "SEAT", "10", "5");
    let changes = advance(&billed.reconcile("2026-03"), vec![item], hour(9), window);
    let item = changes[0].discrepancy.clone();
    events.extend(changes[0].events.clone());
    let history: Vec<&DiscrepancyEvent> = events.iter().collect();
    let known = |at| as_known(&item, &history, hour(at));
    assert_eq!(known(-1), None);
    let first = known(0).unwrap();
    assert_eq!(
        (first.state, first.owner, first.outstanding),
        (DiscrepancyState::Open, None, number("50"))
    );
    let second = known(3).unwrap();
    assert_eq!(
        (second.state, second.owner.as_deref(), second.code),
        (InProgress, Some("maria"), None)
    );
    let claimed = known(8).unwrap();
    assert_eq!(
        (
            claimed.state,
            claimed.code,
            claimed.resolved_at,
            claimed.ended_at
        ),
        (
            Resolved,
            Some(ResolutionCode::Rebilled),
            Some(hour(6)),
            None
        )
    );
    assert_eq!(claimed.outstanding, number("50"));
    assert_eq!(known(9).unwrap(), item);
    assert_eq!(item.state, Verified);
}

// Goal: as soon as a user is configured, only users with the right act, in their branches. Method:
// names, rights and branches against a table.
#[test]
fn rights_are_by_name_and_branch() {
    use crossfoot::config::Right::{Approve, Close, Work};
    let folder = tempfile::tempdir().unwrap();
    let load = |users: &str| {
        let path = folder.path().join("crossfoot.toml");
        let company = "[company]\nname = \"T\"\ntimezone = \"UTC\"\ncurrency = \"USD\"\n\
                       [branch.north]\n[branch.south]\n";
        std::fs::write(&path, format!("{company}{users}")).unwrap();
        Config::load(&path)
    };
    let free = load("").unwrap();
    assert!(free.check_right("anybody", Close, None).is_ok());
    let config = load(
        "[user.ann]\nmay = [\"work\", \"close\"]\n\
         [user.bob]\nbranches = [\"north\"]\nmay = [\"work\", \"approve\"]\n",
    )
    .unwrap();
    for (name, right, branch, code) in [
        ("ann", Work, Some("north"), None),
        ("Ann ", Work, None, None),
        ("ann", Approve, Some("north"), Some("XF-K041")),
        ("bob", Work, Some("north"), None),
        ("bob", Work, Some("south"), Some("XF-K041")),
        ("bob", Work, None, Some("XF-K041")),
        ("eve", Work, Some("north"), Some("XF-K040")),
    ] {
        let refused = config.check_right(name, right, branch).err();
        assert_eq!(
            refused.map(|failure| failure.code()),
            code,
            "{name} {right} {branch:?}"
        );
    }
    assert!(load("[user.ann]\nmay = [\"work\"]\nbranches = [\"nord\"]\n").is_err());
    assert!(load("[user.ann]\n").is_err());
}
