//! Timing and unknown: what is not yet, or not surely, a discrepancy.

use super::world::{World, only, told};

const MARCH: &str = "2026-03";

fn state(world: &World) -> (Vec<String>, u64, u64, u64) {
    let outcome = world.reconcile(MARCH);
    let totals = only(&outcome);
    (told(&outcome), totals.units, totals.timing, totals.unknown)
}

// Goal: what is missing is timing up to the due day plus the lag, and true on the day after. Method:
// a fixed contract (due on the 1st) and a metered one (due in April) over the days, lag 3.
#[test]
fn what_is_not_due_is_timing() {
    for (model, today, is_timing) in [
        ("fixed", "2026-03-01", true),
        ("fixed", "2026-03-04", true),
        ("fixed", "2026-03-05", false),
        ("per_seat_trueup", "2026-03-31", true),
        ("per_seat_trueup", "2026-04-04", true),
        ("per_seat_trueup", "2026-04-05", false),
    ] {
        let mut world = World::new();
        world.contract("k1", "SEAT", "10", "5", &format!("model={model}"));
        world.today = today.parse().unwrap();
        let (told, units, timing, _) = state(&world);
        let expected = if is_timing { (0, 0, 1) } else { (1, 1, 0) };
        assert_eq!(
            (told.len(), units, timing),
            expected,
            "{model} {today}: {told:?}"
        );
    }
}

// Goal: a bill that stands just over the border is timing in both months; one beyond the lag is not.
// Method: March billed on 2 or 20 April, the contract ending with March.
#[test]
fn a_counterpart_over_the_border_is_timing() {
    for (day, is_timing) in [("2026-04-02", true), ("2026-04-20", false)] {
        let mut world = World::new();
        world
            .contract("k1", "SEAT", "10", "5", "ends_on=2026-04-01")
            .bill("i1", "2026-03-01", "OTHER", "1", "1")
            .contract("k2", "OTHER", "1", "1", "")
            .bill("i2", day, "SEAT", "10", "5");
        let march = world.reconcile(MARCH);
        assert_eq!(
            only(&march).timing == 1,
            is_timing,
            "{day}: {:?}",
            told(&march)
        );
        let is_cut_off = told(&march) == ["PERIOD_CUTOFF 0"];
        assert_eq!(is_cut_off, !is_timing, "{day}: {:?}", told(&march));
        let april = world.reconcile("2026-04");
        // Either way April's bill is March's, and no unit of its own.
        assert!(april.timing_units.iter().any(|(_, sku)| sku == "SEAT"));
        assert_eq!(told(&april), ["MISSING_IN_BILLING -1"], "{day}");
    }
}

// Goal: a copy is a copy, also where the month before has no bill at all. Method: two equal lines in
// March, and nothing in February.
#[test]
fn a_duplicate_is_no_shifted_bill() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .bill("i1", "2026-03-01", "SEAT", "10", "5")
        .bill("i2", "2026-03-01", "SEAT", "10", "5");
    assert_eq!(state(&world).0, ["DUPLICATE 50"]);
}

// Goal: law 14: a blind source raises nothing and clears nothing; only what it could decide is
// unknown. Method: blind each source in turn over units that agree, miss their bill, were never sold,
// and are metered.
#[test]
fn a_blind_source_decides_nothing() {
    let world = {
        let mut world = World::new();
        world
            .contract("k1", "A-AGREES", "10", "5", "")
            .bill("i1", "2026-03-01", "A-AGREES", "10", "5")
            .contract("k2", "B-MISSING", "10", "5", "")
            .bill("i3", "2026-03-01", "C-UNSOLD", "1", "5")
            .contract("k4", "D-METERED", "1", "5", "model=usage")
            .usage("u4", "D-METERED", "2026-03-03", "3")
            .bill("i4", "2026-03-01", "D-METERED", "2", "5");
        world
    };
    for (blind, discrepant, unknown) in [
        (None, 3, 0),
        (Some("billing"), 0, 4),
        (Some("crm"), 0, 4),
        (Some("seats"), 2, 1),
        (Some("vendor"), 3, 0),
    ] {
        let mut world = world.clone();
        if let Some(source) = blind {
            world.blind(source);
        }
        let outcome = world.reconcile(MARCH);
        let totals = only(&outcome);
        assert_eq!(
            (totals.discrepant, totals.unknown),
            (discrepant, unknown),
            "{blind:?}"
        );
        assert_eq!(totals.units + totals.unknown, 4, "{blind:?}");
        assert_eq!(outcome.unknown_units.len() as u64, unknown);
    }
}

// Goal: while some accounts were not seen, a unit that has only one side may have its other side under
// an account that nobody knows yet; units with both sides are sure. Method: blind the accounts only.
#[test]
fn blind_accounts_hide_one_sided_units() {
    let mut world = World::new();
    world
        .contract("k1", "A-AGREES", "10", "5", "")
        .bill("i1", "2026-03-01", "A-AGREES", "10", "5")
        .contract("k2", "B-MISSING", "10", "5", "")
        .contract("k3", "C-QUANTITY", "10", "5", "")
        .bill("i3", "2026-03-01", "C-QUANTITY", "11", "5");
    world.blind("billing");
    world.blind[0].entities = vec![crossfoot::canonical::Entity::Accounts];
    let (told, units, _, unknown) = state(&world);
    assert_eq!(
        (told, units, unknown),
        (vec!["QUANTITY 5".to_owned()], 2, 1)
    );
}

// Goal: while some products were not seen, a code that stands alone may be another spelling of any
// product of its customer, so that nothing is told of that customer's differences; what agrees is sure,
// and so are customers whose products all have both sides. Method: blind the products only, over the
// same units with and without a code that stands alone.
#[test]
fn blind_products_hide_what_a_spelling_could_explain() {
    let blind = |world: &mut World| {
        world.blind("billing");
        world.blind[0].entities = vec![crossfoot::canonical::Entity::Products];
    };
    let mut world = World::new();
    world
        .contract("k1", "A-AGREES", "10", "5", "")
        .bill("i1", "2026-03-01", "A-AGREES", "10", "5")
        .contract("k2", "B-QUANTITY", "10", "5", "")
        .bill("i2", "2026-03-01", "B-QUANTITY", "11", "5");
    let mut sure = world.clone();
    blind(&mut sure);
    let (told, units, _, unknown) = state(&sure);
    assert_eq!(
        (told, units, unknown),
        (vec!["QUANTITY 5".to_owned()], 2, 0)
    );
    world.contract("k3", "C-MISSING", "10", "5", "").bill(
        "i4",
        "2026-03-01",
        "prod_4711",
        "10",
        "5",
    );
    assert_eq!(
        state(&world).1,
        3,
        "nothing is blind, and the two are one under another code"
    );
    blind(&mut world);
    let (told, units, _, unknown) = state(&world);
    assert_eq!((told, units, unknown), (vec![], 1, 3));
}

// Goal: while rates of exchange were not seen, what is compared by one is unknown, and the rest is not.
// Method: a contract in dollars that is billed in euros, with an older rate at hand, and one that
// misses its bill.
#[test]
fn blind_rates_hide_what_they_convert() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .invoice("i1", "2026-03-01", "40", "")
        .line(
            "i1",
            "i1",
            "sku=SEAT, quantity=10, unit_price=4, net=40, service_from=2026-03-01",
        )
        .contract("k2", "B-MISSING", "10", "5", "")
        .add(
            crossfoot::canonical::Entity::FxRates,
            "source=billing, id=r, from_currency=USD, to_currency=EUR, rate=0.9, dated_on=2026-01-01",
        );
    for record in &mut world.records {
        if record.0.id() == "i1" {
            record.0.set(
                "currency",
                Some(crossfoot::canonical::Value::Text("EUR".into())),
            );
        }
    }
    let outcome = world.reconcile(MARCH);
    assert_eq!(
        (outcome.findings.len(), outcome.unknown_units.len()),
        (2, 0)
    );
    world.blind("billing");
    world.blind[0].entities = vec![crossfoot::canonical::Entity::FxRates];
    let outcome = world.reconcile(MARCH);
    assert_eq!(
        (outcome.findings.len(), outcome.unknown_units.len()),
        (1, 1)
    );
}

// Goal: a bill that came early is timing in the month it stands in, while the month it belongs to has
// bills but not this one. Method: April billed on 30 March, beside March's own.
#[test]
fn an_early_bill_is_timing() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .bill("i1", "2026-03-01", "SEAT", "10", "5")
        .bill("i2", "2026-03-30", "SEAT", "10", "5");
    assert_eq!(
        state(&world).0,
        ["QUANTITY 50"],
        "nothing is known of April"
    );
    world
        .contract("k2", "OTHER", "1", "1", "starts_on=2026-04-01")
        .bill("i3", "2026-04-01", "OTHER", "1", "1");
    let (told, units, timing, _) = state(&world);
    assert_eq!((told, units, timing), (vec![], 0, 1));
}
