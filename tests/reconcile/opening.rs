//! What a first reconcile opens, when its findings are not kept in memory.

use std::sync::OnceLock;
use std::time::Duration;

use crossfoot::reconcile::{FindingSink, Kind, Opening, Outcome, advance, group_findings};
use crossfoot::store::DiscrepancyChange;
use jiff::Timestamp;
use proptest::prelude::*;

use super::world::World;

/// A contract of which nothing was billed.
fn found() -> &'static Outcome {
    static FOUND: OnceLock<Outcome> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut world = World::new();
        world.contract("k1", "SEAT", "10", "5", "");
        world.reconcile("2026-03")
    })
}

fn opened(outcome: &Outcome, now: Timestamp) -> (Vec<DiscrepancyChange>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut opening = Opening::new(&outcome.rule, outcome.period, folder.path());
    for finding in &outcome.findings {
        opening.take(finding.clone()).unwrap();
    }
    let groups = opening.groups();
    let told = groups.iter().map(|group| format!("{group:?}")).collect();
    let mut changes = opening.changes(outcome, now).unwrap();
    let mut all = Vec::new();
    while let Some(change) = changes.advance().unwrap() {
        all.push(change);
    }
    (all, told)
}

proptest! {
    // Goal: items opened out of a sink are those that `advance` opens, in the same order under the same
    // ids, and the groups are the same. Method: findings of few units and kinds, so that several are
    // alike and are told apart by their ordinals; units come in their order, as a rule gives them.
    #[test]
    fn a_sink_opens_what_advance_opens(
        mut drawn in prop::collection::vec((0..4_u8, 0..3_u8, 0..3_usize, -2..3_i64), 0..40),
    ) {
        let mut outcome = found().clone();
        let model = outcome.findings[0].clone();
        drawn.sort_by_key(|(account, sku, _, _)| (*account, *sku));
        let kinds = [Kind::Quantity, Kind::UnitPrice, Kind::MissingInBilling];
        let findings = drawn.iter().map(|(account, sku, kind, impact)| {
            let mut finding = model.clone();
            finding.account.id = format!("account {account}");
            finding.sku = format!("sku {sku}");
            finding.kind = kinds[*kind];
            finding.impact = (*impact).into();
            finding
        });
        outcome.findings = findings.collect();
        outcome.rule = "sold_vs_billed".into();
        let now: Timestamp = "2026-04-10T00:00:00Z".parse().unwrap();
        let (changes, told) = opened(&outcome, now);
        prop_assert_eq!(changes, advance(&outcome, Vec::new(), now, Duration::ZERO));
        let groups = group_findings(outcome.findings.iter().map(Into::into));
        let listed: Vec<String> = groups.iter().map(|group| format!("{group:?}")).collect();
        prop_assert_eq!(told, listed);
    }
}
