//! The engine itself: its memory.

use std::collections::BTreeMap;

use crossfoot::reconcile::Outcome;
use rust_decimal::Decimal;

use super::world::World;

const MARCH: &str = "2026-03";

/// Units, discrepant units, and the impacts by product.
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
