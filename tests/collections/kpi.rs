//! Stories of the KPIs: rates, what a failed source does to them, times, and banners.

use crossfoot::reconcile::{
    Amounts, DiscrepancyState as State, ItemWorth, Kind, ResolutionCode as Code, Standing,
};
use crossfoot::report::kpi::{
    BannerLevel, BannerState, FirstPasses, FreshnessState, SourceTerms, freshness, scope_currency,
};
use crossfoot::store::{CashWait, PullState};
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::kpi_sample::{
    Desk, at, currency, fresh, item, moves, pull, reconciliation, seen, sources, totals,
};
use super::records::{book, decimal, invoice, payment, with};

// Goal: both sides, gross and net are told apart, and the groups are the same formulas on the
// subsets. Method: one undercharge and one overcharge in two accounts, by hand.
#[test]
fn rates_and_sides_are_as_computed_by_hand() {
    let mut over = item("b", "y", "100", "160");
    over.branch = Some("north".to_owned());
    over.kind = Kind::Duplicate;
    let mut north = totals("y", 3, 1, "300", "360");
    north.branch = Some("north".to_owned());
    let desk = Desk::new(
        vec![totals("x", 5, 1, "500", "460"), north],
        vec![item("a", "x", "100", "60"), over],
    );
    let figures = desk.kpi().discrepancy;
    assert_eq!((figures.units, figures.discrepant), (8, 2));
    assert_eq!(figures.count_rate, Some(decimal("0.25")));
    // 100 / (500 + 360), 100 / (460 + 360), 40 / 800.
    assert_eq!(figures.value_rate.unwrap().round_dp(6), decimal("0.116279"));
    assert_eq!(
        figures.billed_basis_rate.unwrap().round_dp(6),
        decimal("0.121951")
    );
    assert_eq!(figures.leakage_rate, Some(decimal("0.05")));
    let amounts = [
        figures.gross,
        figures.leakage,
        figures.overbilling,
        figures.net,
    ];
    assert_eq!(
        amounts.map(|amount| amount.unwrap().to_string()),
        ["100.00", "40.00", "60.00", "20.00"]
    );
    assert_eq!(figures.by_kind["DUPLICATE"].gross, decimal("60"));
    assert_eq!(figures.by_account["x"].count_rate, Some(decimal("0.2")));
    assert_eq!(figures.by_account["y"].name.as_deref(), Some("y Ltd"));
    assert_eq!(figures.by_branch.keys().collect::<Vec<_>>(), ["north"]);
    let scoped = Desk {
        branch: Some("north"),
        ..desk
    }
    .kpi()
    .discrepancy;
    assert_eq!((scoped.units, scoped.discrepant), (3, 1));
}

// Goal: a unit stays in X when it is proven fixed; leakage = recovered + outstanding + lost.
// Method: four undercharges of 100: open, half recovered, verified, written off.
#[test]
fn what_was_found_stays_found() {
    let half = seen(item("b", "x", "100", "0"), "100", "50");
    let mut fixed = seen(item("c", "x", "100", "0"), "100", "100");
    fixed.state = State::Verified;
    let mut lost = item("d", "x", "100", "0");
    (lost.state, lost.code) = (State::Verified, Some(Code::WrittenOff));
    let items = vec![item("a", "x", "100", "0"), half, fixed, lost];
    let figures = Desk::new(vec![totals("x", 10, 3, "1000", "650")], items)
        .kpi()
        .discrepancy;
    assert_eq!(figures.discrepant, 4);
    assert_eq!(figures.leakage, Some(decimal("400")));
    assert_eq!(figures.recovered, Some(decimal("150")));
    assert_eq!(figures.lost, Some(decimal("100")));
    assert_eq!(figures.outstanding, Some(decimal("150")));
}

// Goal: only a false positive, or what cleared itself as timing, leaves X. Method: one item in
// each of the states that could be thought to.
#[test]
fn only_a_false_positive_leaves() {
    let ended = |id: &str, state, code| {
        let mut item = item(id, "x", "100", "0");
        (item.state, item.code) = (state, code);
        item
    };
    let items = vec![
        ended("a", State::Dismissed, Some(Code::FalsePositive)),
        ended("b", State::SelfCleared, Some(Code::Timing)),
        ended("c", State::SelfCleared, None),
        ended("d", State::Dismissed, Some(Code::AcceptedRisk)),
        ended("e", State::Closed, Some(Code::Rebilled)),
    ];
    let figures = Desk::new(vec![totals("x", 10, 5, "1000", "500")], items)
        .kpi()
        .discrepancy;
    assert_eq!(figures.discrepant, 3);
    assert_eq!(figures.false_positive_rate, Some(decimal("0.25")));
}

// Goal: a unit that was put right weighs in both halves of the rate what it weighed when it was
// counted. Method: 300 billed for 100, beside a unit of 100 that agrees; then credited, so that the
// newest reconcile compares 100 with 100.
#[test]
fn a_correction_changes_no_rate() {
    let wrong = item("a", "x", "100", "300");
    let before = Desk::new(vec![totals("x", 2, 1, "200", "400")], vec![wrong.clone()]);
    let before = before.kpi().discrepancy;
    assert_eq!(before.value_rate, Some(decimal("0.5")), "200 / (300 + 100)");
    let mut fixed = seen(wrong, "100", "100");
    fixed.state = State::Verified;
    let after = Desk::new(vec![totals("x", 2, 0, "200", "200")], vec![fixed.clone()]);
    let after = after.kpi().discrepancy;
    assert_eq!(after.value_rate, before.value_rate);
    assert_eq!(after.count_rate, before.count_rate);
    assert_eq!(after.billed_basis_rate, before.billed_basis_rate);
    assert_eq!(after.gross, Some(decimal("200")));
    // The record is gone altogether: the unit was compared all the same.
    let nothing = Amounts {
        expected: Decimal::ZERO,
        actual: Decimal::ZERO,
    };
    fixed.unit = fixed.unit.seen(nothing, Standing::Gone);
    let gone = Desk::new(vec![totals("x", 1, 0, "100", "100")], vec![fixed]);
    let gone = gone.kpi().discrepancy;
    assert_eq!((gone.units, gone.discrepant), (2, 1));
    assert_eq!(gone.value_rate, before.value_rate);
}

// Goal: a unit is counted once, however many items it had one after the other. Method: 100 missing,
// written off; then 40 billed, which opens a second item of 60.
#[test]
fn items_one_after_the_other_are_one_unit() {
    let mut given_up = item("a", "x", "100", "0");
    (given_up.state, given_up.code) = (State::Verified, Some(Code::WrittenOff));
    (given_up.sku, given_up.kind) = ("seat".to_owned(), Kind::MissingInBilling);
    given_up.unit = seen(given_up.clone(), "100", "40").unit;
    let mut later = item("b", "x", "100", "40");
    (later.sku, later.kind) = ("seat".to_owned(), Kind::Quantity);
    later.opened_at = at("2026-04-02");
    let desk = Desk::new(vec![totals("x", 2, 1, "200", "140")], vec![given_up, later]);
    let figures = desk.kpi().discrepancy;
    assert_eq!(figures.discrepant, 1);
    assert_eq!(figures.gross, Some(decimal("100")));
    assert_eq!(figures.value_rate, Some(decimal("0.5")));
    let parts = [
        figures.leakage,
        figures.recovered,
        figures.outstanding,
        figures.lost,
    ];
    assert_eq!(
        parts.map(|part| part.unwrap().to_string()),
        ["100.00", "40.00", "0.00", "60.00"]
    );
    let kinds: Vec<_> = figures
        .by_kind
        .iter()
        .map(|(kind, of_kind)| (kind.as_str(), of_kind.count, of_kind.gross.to_string()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("MISSING_IN_BILLING", 1, "100.00".to_owned()),
            ("QUANTITY", 1, "0.00".to_owned())
        ]
    );
}

// Goal: a cause that a person judged to be no error is no part of what was found; the rest of the
// unit is. Method: quantity and price differ, the price is dismissed.
#[test]
fn a_false_part_is_left_out() {
    let both = |id: &str, kind: Kind, other: Kind, impact: &str| {
        let mut part = item(id, "x", "100", "40");
        (part.kind, part.secondary) = (kind, vec![other]);
        part.sku = "seat".to_owned();
        part.impact = decimal(impact);
        part
    };
    let quantity = both("a", Kind::Quantity, Kind::UnitPrice, "-50");
    let mut price = both("b", Kind::UnitPrice, Kind::Quantity, "-10");
    (price.state, price.code) = (State::Dismissed, Some(Code::FalsePositive));
    let desk = Desk::new(vec![totals("x", 1, 1, "100", "40")], vec![quantity, price]);
    let figures = desk.kpi().discrepancy;
    assert_eq!(
        (figures.discrepant, figures.leakage),
        (1, Some(decimal("50")))
    );
    assert_eq!(figures.by_kind["QUANTITY"].gross, decimal("50"));
    assert_eq!(figures.false_positive_rate, Some(Decimal::ZERO));
}

// Goal: law 14: a source that fails never raises the rate. Method: the usage source goes blind;
// of two differing units the one with a usage record is unknown now, though its item stands.
#[test]
fn a_blind_source_takes_its_units_out_of_both_sides() {
    let mut used = item("a", "x", "100", "0");
    used.sides[0].source = "seats".to_owned();
    let items = vec![used, item("b", "x", "50", "0")];
    let before = Desk::new(vec![totals("x", 10, 2, "1000", "850")], items.clone());
    let mut now = totals("x", 8, 1, "800", "750");
    (now.unknown, now.unknown_value) = (2, decimal("200"));
    let mut after = Desk::new(vec![now], items);
    after.freshness[2] = fresh("seats", FreshnessState::Failed);
    after.reconciliations[0].blind_sources = vec![("seats".to_owned(), "failed".to_owned())];
    after.reconciliations[0].undecided_units = vec![("x".to_owned(), "sku-a".to_owned())];
    let (before, after) = (before.kpi().discrepancy, after.kpi().discrepancy);
    assert!(after.count_rate.unwrap() <= before.count_rate.unwrap());
    assert_eq!((after.units, after.discrepant, after.unknown), (8, 1, 2));
    assert_eq!(
        after.leakage,
        Some(decimal("50")),
        "the usage unit is the unknown one"
    );
}

// Goal: when billing failed for the period nothing is told that was not counted. Method: once as
// the reconcile saw it, and once with a failure that came after the reconcile.
#[test]
fn a_failed_billing_source_withholds() {
    let mut blind = totals("x", 0, 0, "0", "0");
    blind.unknown = 400;
    let mut desk = Desk::new(vec![blind], vec![item("a", "x", "100", "0")]);
    desk.freshness[0] = fresh("billing", FreshnessState::Failed);
    desk.reconciliations[0].blind_sources = vec![("billing".to_owned(), "failed".to_owned())];
    let kpi = desk.kpi();
    let figures = &kpi.discrepancy;
    assert_eq!(
        (figures.units, figures.discrepant, figures.unknown),
        (0, 0, 400)
    );
    assert_eq!(
        (figures.count_rate, figures.gross, figures.leakage),
        (None, None, None)
    );
    assert!(figures.by_kind.is_empty());
    assert_eq!(kpi.receivables.gross, None);
    assert_eq!(kpi.matching.total_rate, None);
    assert_eq!(kpi.banner.state, BannerState::Failed);
    for part in ["`billing`", "it said no", "2026-04-01 01:30 UTC"] {
        assert!(kpi.banner.text.contains(part), "{}", kpi.banner.text);
    }

    let mut later = Desk::new(vec![totals("x", 10, 1, "1000", "900")], Vec::new());
    later.freshness[0] = fresh("billing", FreshnessState::Failed);
    assert_eq!(
        later.kpi().discrepancy.units,
        10,
        "March was complete before it failed"
    );
    later.freshness[0].last_success = Some(at("2026-03-31T01:30:00Z"));
    let figures = later.kpi().discrepancy;
    assert_eq!(
        (figures.units, figures.unknown, figures.count_rate),
        (0, 10, None)
    );
}

// Goal: before a reconcile there are no figures, and the banner says so. Method: no reconcile, and
// a quarter of which one month is missing.
#[test]
fn what_was_not_compared_is_said() {
    let mut desk = Desk::new(Vec::new(), Vec::new());
    desk.reconciliations.clear();
    let kpi = desk.kpi();
    assert_eq!(
        (kpi.discrepancy.gross, kpi.discrepancy.count_rate),
        (None, None)
    );
    assert_eq!(kpi.banner.state, BannerState::Partial);
    assert!(
        kpi.banner.text.contains("2026-03 not reconciled"),
        "{}",
        kpi.banner.text
    );
    assert_eq!(kpi.rules_version, None);

    let mut desk = Desk::new(vec![totals("x", 3, 0, "3", "3")], Vec::new());
    desk.span = "2026-Q1";
    desk.reconciliations
        .push(reconciliation("2026-02", vec![totals("x", 4, 0, "4", "4")]));
    let kpi = desk.kpi();
    assert_eq!(kpi.discrepancy.units, 7);
    assert!(
        kpi.banner.text.contains("2026-01 not reconciled"),
        "{}",
        kpi.banner.text
    );
    assert_eq!(kpi.completeness[0].extracted, 20);
}

// Goal: nothing found is told with the proof of work; the worst source wins otherwise. Method: a
// clean period, then worse and worse sources.
#[test]
fn the_worst_banner_wins() {
    let mut desk = Desk::new(vec![totals("x", 12_431, 0, "9", "9")], Vec::new());
    let quiet = desk.kpi().banner;
    assert_eq!(quiet.state, BannerState::Nothing);
    assert_eq!(
        quiet.text,
        "0 discrepancies in 12,431 compared lines (last sync 2026-04-01 01:30 UTC)"
    );
    desk.freshness[2] = fresh("seats", FreshnessState::Stale);
    desk.freshness[2].level = Some(BannerLevel::Amber);
    desk.freshness[1] = fresh("crm", FreshnessState::Stale);
    desk.freshness[1].level = Some(BannerLevel::Red);
    let stale = desk.kpi().banner;
    assert_eq!(
        (stale.state, stale.level),
        (BannerState::Stale, Some(BannerLevel::Red))
    );
    assert!(stale.text.starts_with("source `crm`"), "{}", stale.text);
    assert!(stale.text.contains("`seats`"), "{}", stale.text);
    desk.freshness[0] = fresh("billing", FreshnessState::Partial);
    let partial = desk.kpi().banner;
    assert_eq!((partial.state, partial.level), (BannerState::Partial, None));
    let json = serde_json::to_value(&partial).unwrap();
    assert_eq!(json["state"], "PARTIAL");
}

// Goal: a source is as fresh as its worst stream. Method: streams that failed, are partial, are
// old, were never pulled.
#[test]
fn a_source_is_as_fresh_as_its_worst_stream() {
    let mut terms: Vec<SourceTerms> = sources();
    terms[0].warn_age = Some(std::time::Duration::from_hours(12));
    let as_of = at("2026-04-02");
    let told = |newest: &[crossfoot::store::Pull], committed: &[crossfoot::store::Pull]| {
        let crm = freshness(&terms, newest, committed, as_of)
            .into_iter()
            .find(|source| source.source == "crm")
            .unwrap();
        (crm.state, crm.level, crm.last_success)
    };
    let ok = |stream, started| pull("crm", stream, started, PullState::Ok);
    let young = [
        ok("deals", "2026-04-01T20:00:00Z"),
        ok("companies", "2026-04-01T21:00:00Z"),
    ];
    let oldest = Some(at("2026-04-01T20:00:00Z"));
    assert_eq!(told(&young, &young), (FreshnessState::Ok, None, oldest));
    let amber = [ok("deals", "2026-04-01T11:00:00Z"), young[1].clone()];
    let state = told(&amber, &amber);
    assert_eq!(
        (state.0, state.1),
        (FreshnessState::Stale, Some(BannerLevel::Amber))
    );
    let red = [ok("deals", "2026-03-31T21:00:00Z"), young[1].clone()];
    let state = told(&red, &red);
    assert_eq!(
        (state.0, state.1),
        (FreshnessState::Stale, Some(BannerLevel::Red))
    );
    let failed = pull("crm", "deals", "2026-04-01T22:00:00Z", PullState::Failed);
    let newest = [failed, young[1].clone()];
    assert_eq!(
        told(&newest, &young),
        (FreshnessState::Failed, None, oldest)
    );
    let partial = pull("crm", "deals", "2026-04-01T22:00:00Z", PullState::Partial);
    let newest = [partial, young[1].clone()];
    assert_eq!(
        told(&newest, &newest),
        (FreshnessState::Partial, None, None)
    );
    assert_eq!(told(&[], &[]), (FreshnessState::Never, None, None));
    let mut unsealed = young.clone();
    unsealed[0].sealed = false;
    assert_eq!(told(&unsealed, &unsealed).0, FreshnessState::Partial);
}

// Goal: amounts of several currencies are converted at the period's end, or left out and named,
// and per currency always told. Method: USD, EUR and JPY.
#[test]
fn currencies_stand_apart() {
    let mut items = vec![
        item("a", "x", "10", "0"),
        item("b", "x", "10", "0"),
        item("c", "x", "10", "0"),
    ];
    let mut sums = vec![
        totals("x", 5, 1, "100", "90"),
        totals("x", 5, 1, "100", "90"),
        totals("x", 5, 1, "100", "90"),
    ];
    for (at, code) in ["USD", "EUR", "JPY"].iter().enumerate() {
        items[at].currency = currency(code);
        sums[at].currency = currency(code);
    }
    let desk = Desk::new(sums, items);
    let figures = desk.kpi().discrepancy;
    assert_eq!((figures.units, figures.discrepant), (15, 3));
    assert_eq!(figures.gross, Some(decimal("21")));
    assert_eq!(figures.excluded_currencies, [currency("JPY")]);
    assert_eq!(
        figures.by_currency[&currency("JPY")].gross.to_string(),
        "10"
    );
    assert_eq!(
        figures.by_currency[&currency("EUR")].value_rate,
        Some(decimal("0.1"))
    );
    let (usd, eur) = (currency("USD"), currency("EUR"));
    let of = |company| scope_currency(&desk.reconciliations, &desk.items, None, None, company);
    assert_eq!((of(usd), of(eur)), (usd, eur));
    let single = &desk.items[..1];
    assert_eq!(
        scope_currency(&[], single, None, None, eur),
        usd,
        "a single currency stays"
    );
}

// Goal: an error that comes back is recurring; without history there is no rate. Method: the same
// fingerprint in February and March, with and without the two months before.
#[test]
fn recurring_errors_need_a_history() {
    let mut earlier = item("a-feb", "x", "100", "0");
    earlier.period = "2026-02".parse().unwrap();
    earlier.fingerprint = "same".to_owned();
    let mut again = item("a-mar", "x", "100", "0");
    again.fingerprint = "same".to_owned();
    let items = vec![earlier, again, item("b", "x", "5", "0")];
    let mut desk = Desk::new(vec![totals("x", 10, 2, "1000", "895")], items);
    assert_eq!(desk.kpi().discrepancy.recurring_rate, None);
    desk.reconciled = ["2025-12", "2026-01", "2026-02", "2026-03"]
        .map(|period| period.parse().unwrap())
        .to_vec();
    assert_eq!(desk.kpi().discrepancy.recurring_rate, Some(decimal("0.5")));
}

// Goal: times run from the opening to the last resolution that was proven; waiting is told apart;
// what is open has an age. Method: one item resolved twice, one once, one open, by hand.
#[test]
fn times_are_as_computed_by_hand() {
    let mut desk = Desk::new(Vec::new(), Vec::new());
    (desk.span, desk.as_of) = ("2026-04", "2026-04-21");
    let twice = item("a", "x", "100", "0");
    let once = item("b", "x", "100", "0");
    let open = item("c", "x", "100", "0");
    let cleared = item("d", "x", "100", "0");
    desk.events = [
        moves(
            &twice,
            &[
                ("2026-04-01", State::Open, None),
                ("2026-04-02", State::InProgress, None),
                ("2026-04-03", State::Waiting, None),
                ("2026-04-05", State::InProgress, None),
                ("2026-04-06", State::Resolved, Some(Code::Rebilled)),
                ("2026-04-08", State::Reopened, None),
                ("2026-04-11", State::Resolved, Some(Code::Rebilled)),
                ("2026-04-12", State::Verified, None),
            ],
        ),
        moves(
            &once,
            &[
                ("2026-04-01", State::Open, None),
                ("2026-04-05", State::Resolved, Some(Code::CreditIssued)),
                ("2026-04-06", State::Verified, None),
            ],
        ),
        moves(&open, &[("2026-04-01", State::Open, None)]),
        moves(
            &cleared,
            &[
                ("2026-04-01", State::Open, None),
                ("2026-04-02", State::SelfCleared, None),
            ],
        ),
    ]
    .concat();
    desk.items = vec![twice, once, open, cleared];
    let kpi = desk.kpi();
    let times = &kpi.resolution;
    let days = |figure: Option<Decimal>| figure.unwrap().to_string();
    assert_eq!(times.n, 2);
    assert_eq!(
        [
            days(times.mean_days),
            days(times.median_days),
            days(times.max_days)
        ],
        ["7", "7", "10"]
    );
    assert_eq!(days(times.p90_days), "9.4");
    // First: 5 and 4. Active: 5 + 3 and 4. Hold: 2 and 0. Net: 8 and 4.
    assert_eq!(days(times.first_median_days), "4.5");
    assert_eq!(days(times.active_median_days), "6");
    assert_eq!(days(times.hold_median_days), "1");
    assert_eq!(days(times.net_median_days), "6");
    // Wednesday 1 April to Saturday 11: 8 working days; to Sunday 5: 3.
    assert_eq!(days(times.business_median_hours), "44");
    // At risk 3: 2/3 at 4 days, 1/3 at 10.
    assert_eq!(days(times.km_median_days), "10");
    assert_eq!(times.reopen_rate, Some(decimal("0.5")));
    assert_eq!((times.self_cleared, times.dismissed), (1, 0));
    assert_eq!(
        (times.open.n, days(times.open.max_age_days)),
        (1, "20".to_owned())
    );
    assert_eq!(times.backlog.month, 1);
    let roll = &kpi.roll_forward;
    assert_eq!((roll.open_start, roll.new, roll.reopened), (0, 4, 1));
    assert_eq!((roll.resolved, roll.self_cleared, roll.open_end), (3, 1, 1));
}

// Goal: KPIs are what was known at `as_of`. Method: the same book before an item was resolved, and
// before it was opened.
#[test]
fn figures_are_as_of_their_instant() {
    let mut verified = item("a", "x", "100", "0");
    verified.state = State::Verified;
    let path = [
        ("2026-04-01", State::Open, None),
        ("2026-04-05", State::Resolved, Some(Code::Rebilled)),
        ("2026-04-06", State::Verified, None),
    ];
    let mut desk = Desk::new(vec![totals("x", 2, 1, "200", "100")], Vec::new());
    desk.events = moves(&verified, &path);
    desk.items = vec![verified];
    (desk.span, desk.as_of) = ("2026-04", "2026-04-05T12:00:00Z");
    let kpi = desk.kpi();
    assert_eq!(
        (
            kpi.resolution.n,
            kpi.resolution.open.n,
            kpi.roll_forward.resolved
        ),
        (0, 0, 1)
    );
    desk.as_of = "2026-04-03";
    assert_eq!(desk.kpi().resolution.open.n, 1);
    desk.as_of = "2026-03-31";
    assert_eq!(desk.kpi().roll_forward.new, 0);
}

// Goal: amounts are those that were known at `as_of`, too. Method: 100 missing, a part of it billed
// five days later and the rest another five days later.
#[test]
fn amounts_are_as_of_their_instant() {
    let missing = item("a", "x", "100", "0");
    let part = seen(missing.clone(), "100", "40");
    let fixed = seen(part.clone(), "100", "100");
    let path = [
        ("2026-04-01", State::Open, None),
        ("2026-04-05", State::Open, None),
        ("2026-04-10", State::SelfCleared, None),
    ];
    let mut events = moves(&fixed, &path);
    for (event, item) in events.iter_mut().zip([&missing, &part, &fixed]) {
        event.worth = Some(ItemWorth::of(item));
    }
    let mut desk = Desk::new(vec![totals("x", 2, 1, "200", "100")], vec![fixed]);
    desk.events = events;
    let mut told = |as_of| {
        desk.as_of = as_of;
        let figures = desk.kpi().discrepancy;
        [figures.leakage, figures.recovered, figures.outstanding]
            .map(|figure| figure.unwrap().normalize().to_string())
    };
    assert_eq!(told("2026-04-02"), ["100", "0", "100"]);
    assert_eq!(told("2026-04-05"), ["100", "40", "60"]);
    assert_eq!(told("2026-04-09"), ["100", "40", "60"]);
    assert_eq!(told("2026-04-11"), ["100", "100", "0"]);
}

// Goal: the match rate is over the payments received in the period; ambiguous ones are no match,
// and those taken back are no receipts. Method: one payment of each sort.
#[test]
fn match_rates_count_payments() {
    let invoices = [
        invoice("a", "x", "2026-03-01", "2026-03-31", "100"),
        invoice("b", "y", "2026-03-01", "2026-03-31", "50"),
        invoice("c", "y", "2026-03-01", "2026-03-31", "50"),
        invoice("d", "z", "2026-03-01", "2026-03-31", "10"),
    ];
    let payments = [
        payment("matched", "x", "2026-03-10", "100", "A"),
        payment("tie", "y", "2026-03-10", "50", ""),
        payment("over", "z", "2026-03-10", "15", "D"),
        payment("lost", "w", "2026-03-10", "5", ""),
        payment("bounced", "w", "2026-03-10", "7", ""),
        with(
            payment("back", "w", "2026-03-12", "-7", ""),
            "reversal_of",
            "bounced",
        ),
        payment("april", "w", "2026-04-01", "5", ""),
    ];
    let mut desk = Desk::new(vec![totals("x", 1, 0, "1", "1")], Vec::new());
    desk.book = Some(book(&invoices, &payments, &[]));
    let rates = desk.kpi().matching;
    assert_eq!(rates.total_rate, Some(decimal("0.25")));
    assert_eq!(
        (rates.auto_rate, rates.first_pass_rate),
        (rates.total_rate, None)
    );
    assert_eq!(rates.manual_rate, Some(Decimal::ZERO));
    let reason = &desk.kpi().unavailable["match.first_pass_rate"];
    assert_eq!(reason, "no comparison has placed payments yet");
}

// Goal: a match at the first attempt is told from a later one and from one that only waited for its
// invoice, as of any instant; a period that began before attempts were kept has no such rate.
// Method: four payments that rules matched, with three waits.
#[test]
fn the_first_attempt_is_told() {
    let ids = ["a", "b", "c", "d"];
    let invoices = ids.map(|id| invoice(id, "x", "2026-03-01", "2026-03-31", "100"));
    let payments = ids.map(|id| payment(&format!("p{id}"), "x", "2026-03-10", "100", id));
    let wait = |id: &str, ended: Option<&str>, is_first_pass: bool| CashWait {
        payment: format!("billing:{id}"),
        since: at("2026-03-11"),
        ended_at: ended.map(at),
        is_first_pass,
    };
    let mut desk = Desk::new(vec![totals("x", 1, 0, "1", "1")], Vec::new());
    desk.book = Some(book(&invoices, &payments, &[]));
    desk.passes = FirstPasses {
        waits: vec![
            wait("pb", Some("2026-03-12"), true),
            wait("pc", Some("2026-03-12"), false),
            wait("pd", Some("2026-04-20"), true),
        ],
        kept_since: Some(Timestamp::UNIX_EPOCH),
    };
    let rates = desk.kpi().matching;
    assert_eq!(rates.auto_rate, Some(Decimal::ONE));
    assert_eq!(rates.first_pass_rate, Some(decimal("0.5")));
    desk.as_of = "2026-04-21";
    assert_eq!(desk.kpi().matching.first_pass_rate, Some(decimal("0.75")));

    desk.passes.kept_since = Some(at("2026-03-01"));
    let kpi = desk.kpi();
    assert_eq!(kpi.matching.first_pass_rate, None);
    assert!(kpi.unavailable["match.first_pass_rate"].contains("since 2026-03-01"));
}

// Goal: density counts items and not units, recovery is a share of what leaked, and neither is zero
// where there is nothing to divide by.
#[test]
fn density_and_recovery_follow_from_the_sums() {
    let items = vec![item("a", "x", "10", "0"), item("b", "x", "30", "10")];
    let found = Desk::new(vec![totals("x", 8, 2, "80", "50")], items)
        .kpi()
        .discrepancy;
    assert_eq!(found.density, Some(decimal("25")));
    assert_eq!(found.recovery_rate, Some(Decimal::ZERO));
    let clean = Desk::new(vec![totals("x", 8, 0, "80", "80")], Vec::new())
        .kpi()
        .discrepancy;
    assert_eq!(clean.density, Some(Decimal::ZERO));
    assert_eq!(clean.recovery_rate, None, "nothing leaked");

    // What an earlier version did not tell is no restatement.
    let mut kept = found.clone();
    kept.density = None;
    kept.recovery_rate = None;
    assert!(found.says_the_same(&kept));
    kept.discrepant += 1;
    assert!(!found.says_the_same(&kept));
}

// Goal: the object has the documented names, decimals are texts, and it reads back as itself.
// Method: through JSON and back.
#[test]
fn the_object_is_as_documented() {
    let kpi = Desk::new(
        vec![totals("x", 3, 1, "30", "20")],
        vec![item("a", "x", "10", "0")],
    )
    .kpi();
    let json = serde_json::to_value(&kpi).unwrap();
    assert_eq!(json["discrepancy"]["gross"], "10.00");
    assert_eq!(
        json["discrepancy"]["count_rate"],
        "0.3333333333333333333333333333"
    );
    assert_eq!(json["discrepancy"]["units"], 3);
    assert_eq!(json["banner"]["state"], "OK");
    assert_eq!(json["provisional"], true);
    assert_eq!(json["restated"], serde_json::Value::Null);
    assert_eq!(json["resolution"]["backlog"]["0-7"], 1);
    assert!(json["match"].is_object());
    assert_eq!(
        serde_json::from_value::<crossfoot::report::kpi::Kpi>(json).unwrap(),
        kpi
    );
}
