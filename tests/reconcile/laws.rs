//! The laws of the domain, and an oracle: the same figures by maps in plain Rust.

use std::collections::BTreeMap;

use crossfoot::reconcile::Outcome;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;
use rust_decimal::Decimal;

use super::world::{World, told};

const MARCH: &str = "2026-03";

/// What a generated customer bought, used and was billed of one product.
#[derive(Debug, Clone)]
struct Case {
    sku: u8,
    sold: Option<(u32, u32)>,
    is_metered: bool,
    used: Vec<u32>,
    billed: Vec<(u32, u32)>,
}

fn cases() -> impl Strategy<Value = Vec<Case>> {
    let case = (
        0_u8..6,
        prop::option::of((0_u32..30, 1_u32..500)),
        any::<bool>(),
        prop::collection::vec(0_u32..20, 0..3),
        prop::collection::vec((1_u32..30, 1_u32..500), 0..4),
    )
        .prop_map(|(sku, sold, is_metered, used, billed)| Case {
            sku,
            sold,
            is_metered,
            used,
            billed,
        });
    prop::collection::vec(case, 1..8).prop_map(|cases| {
        // One case a product; a contract of each product at most keeps the oracle simple.
        let by_sku: BTreeMap<u8, Case> = cases.into_iter().map(|case| (case.sku, case)).collect();
        by_sku.into_values().collect()
    })
}

fn cents(cents: u32) -> Decimal {
    Decimal::new(cents.into(), 2)
}

fn world(cases: &[Case]) -> World {
    let mut world = World::new();
    for case in cases {
        let sku = format!("S{}", case.sku);
        if let Some((quantity, price)) = case.sold {
            let model = if case.is_metered {
                "per_seat_trueup"
            } else {
                "fixed"
            };
            world.contract(
                &format!("k-{sku}"),
                &sku,
                &quantity.to_string(),
                &cents(price).to_string(),
                &format!("model={model}"),
            );
        }
        for (at, quantity) in case.used.iter().enumerate() {
            let day = format!("2026-03-{:02}", at + 1);
            world.usage(&format!("u-{sku}-{at}"), &sku, &day, &quantity.to_string());
        }
        for (at, (quantity, price)) in case.billed.iter().enumerate() {
            // Different days, so that no line is a copy of another.
            world.bill(
                &format!("i-{sku}-{at}"),
                &format!("2026-03-{:02}", 10 + at),
                &sku,
                &quantity.to_string(),
                &cents(*price).to_string(),
            );
        }
    }
    world
}

/// Units, discrepant units, and sum of A - E by product, by hand.
fn oracle(cases: &[Case]) -> (u64, u64, BTreeMap<String, Decimal>) {
    let (mut units, mut discrepant) = (0, 0);
    let mut impacts = BTreeMap::new();
    for case in cases {
        let used: u32 = case.used.iter().sum();
        let billed_quantity: u32 = case.billed.iter().map(|(quantity, _)| quantity).sum();
        let billed: Decimal = case
            .billed
            .iter()
            .map(|(quantity, price)| Decimal::from(*quantity) * cents(*price))
            .sum();
        let (expected_quantity, expected) = match case.sold {
            Some((quantity, price)) => {
                let quantity = if case.is_metered {
                    quantity.max(used)
                } else {
                    quantity
                };
                (Some(quantity), Decimal::from(quantity) * cents(price))
            }
            None => (None, Decimal::ZERO),
        };
        if case.sold.is_none() && case.billed.is_empty() && case.used.is_empty() {
            continue;
        }
        units += 1;
        let floor = Decimal::new(case.billed.len().try_into().unwrap(), 2);
        let is_orphan = case.sold.is_none() && case.billed.is_empty() && used > 0;
        let is_quantity_off = !case.billed.is_empty()
            && expected_quantity.is_some_and(|expected| expected != billed_quantity);
        if (billed - expected).abs() > floor || is_quantity_off || is_orphan {
            discrepant += 1;
            impacts.insert(format!("S{}", case.sku), billed - expected);
        }
    }
    (units, discrepant, impacts)
}

fn figures(outcome: &Outcome) -> (u64, u64, BTreeMap<String, Decimal>) {
    let mut impacts: BTreeMap<String, Decimal> = BTreeMap::new();
    for finding in &outcome.findings {
        *impacts.entry(finding.sku.clone()).or_default() += finding.impact;
    }
    (
        outcome.totals.iter().map(|totals| totals.units).sum(),
        outcome.totals.iter().map(|totals| totals.discrepant).sum(),
        impacts,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    // Goal: the engine agrees with plain maps, and laws 1, 4, 5 and 10 hold. Method: generated sales,
    // usage and bills, once as they come and once reversed and in other files.
    #[test]
    fn the_engine_agrees_with_maps(cases in cases()) {
        let mut world = world(&cases);
        let outcome = world.reconcile(MARCH);
        prop_assert_eq!(figures(&outcome), oracle(&cases));
        laws(&outcome)?;

        world.records.reverse();
        world.file_count = 5;
        let reversed = world.reconcile(MARCH);
        prop_assert_eq!(&reversed.totals, &outcome.totals);
        prop_assert_eq!(&reversed.findings, &outcome.findings);
        prop_assert_eq!(&reversed.completeness, &outcome.completeness);
    }

    // Goal: law 15: a line split into two equal parts changes no figure of a unit. Method: split
    // every line whose quantity is even, with the same dates.
    #[test]
    fn splitting_a_line_changes_nothing(cases in cases()) {
        let whole = world(&cases).reconcile(MARCH);
        let halves: Vec<Case> = cases
            .iter()
            .map(|case| Case {
                billed: case
                    .billed
                    .iter()
                    .flat_map(|(quantity, price)| match quantity % 2 {
                        0 => vec![(quantity / 2, *price), (quantity / 2, *price)],
                        _ => vec![(*quantity, *price)],
                    })
                    .collect(),
                ..case.clone()
            })
            .collect();
        let split = world(&halves).reconcile(MARCH);
        prop_assert_eq!(figures(&split).0, figures(&whole).0);
        for (base, peer) in whole.totals.iter().zip(&split.totals) {
            prop_assert_eq!(base.compared_value, peer.compared_value);
            prop_assert_eq!(base.billed_value, peer.billed_value);
        }
    }
}

fn laws(outcome: &Outcome) -> Result<(), TestCaseError> {
    // 1: over a unit the impacts add up to actual less expected.
    let mut units: BTreeMap<&str, (Decimal, Decimal)> = BTreeMap::new();
    for finding in &outcome.findings {
        let difference = finding.unit_actual - finding.unit_expected;
        units
            .entry(&finding.sku)
            .or_insert((Decimal::ZERO, difference))
            .0 += finding.impact;
    }
    for (sku, (impacts, difference)) in units {
        prop_assert_eq!(impacts, difference, "{}", sku);
    }
    // 4: every row is in one place.
    for proof in &outcome.completeness {
        let placed = proof.matched + proof.unmatched + proof.out_of_scope + proof.rejected;
        prop_assert_eq!(proof.extracted, placed, "{}", &proof.entity);
    }
    // 5: no rate is above one.
    for totals in &outcome.totals {
        prop_assert_eq!(totals.discrepant <= totals.units, true);
        prop_assert_eq!(totals.discrepant_value <= totals.compared_value, true);
    }
    Ok(())
}

// Goal: law 13: the same amounts in another currency of two decimals give the same findings. Method:
// dollars and euros.
#[test]
fn the_currency_changes_no_figure() {
    let in_currency = |code: &str| {
        let mut world = World::new();
        world
            .contract("k1", "A", "10", "5", "")
            .bill("i1", "2026-03-01", "A", "12", "5.50")
            .contract("k2", "B", "3", "0.335", "")
            .bill("i2", "2026-03-01", "B", "3", "0.33");
        for (record, _) in &mut world.records {
            if record.text("currency").is_some() {
                record.set(
                    "currency",
                    Some(crossfoot::canonical::Value::Text(code.into())),
                );
            }
        }
        let outcome = world.reconcile(MARCH);
        let totals = outcome.totals[0].clone();
        (
            told(&outcome),
            totals.units,
            totals.discrepant_value,
            totals.compared_value,
        )
    };
    assert_eq!(in_currency("USD"), in_currency("EUR"));
}

// Goal: the engine stays within a small memory limit by spilling, with the same answer. Method: many
// units under the least memory that it takes, against plenty.
#[test]
fn a_small_memory_limit_changes_no_figure() {
    let with_limit = |limit: &str| {
        let mut world = World::new();
        world
            .config
            .extend(["[engine]\nmemory_limit = \"", limit, "\"\n"]);
        for at in 0..3000 {
            let sku = format!("S{at}");
            world.contract(&sku, &sku, "2", "5", "");
            world.bill(
                &sku,
                "2026-03-01",
                &sku,
                if at % 50 == 0 { "3" } else { "2" },
                "5",
            );
        }
        figures(&world.reconcile(MARCH))
    };
    let plenty = with_limit("1 GiB");
    assert_eq!((plenty.0, plenty.1), (3000, 60));
    assert_eq!(with_limit("32 MiB"), plenty);
}
