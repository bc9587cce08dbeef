//! What holds of every rule, whatever its rows are.

use crossfoot::canonical::Entity;
use crossfoot::reconcile::{Outcome, RuleFile};
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert_eq, proptest};

use super::world::World;

/// Two legs over documents and claims; units are products, and their amounts are summed.
const RULE: &str = r#"
name = "ordered_vs_claimed"

[measure.quantity]
[measure.amount]

[kinds]
base_only = "MISSING_IN_BILLING"
peer_only = "MISSING_IN_CRM"
quantity = "QUANTITY"
amount = "AMOUNT"

[tolerance.amount]
absolute = "0.50"

[base]
entities = ["documents"]
sql = """
select golden_account(source, account_id) as account, sku, 'USD' as currency, quantity, unit_price as amount
from documents
"""

[peer]
entities = ["claims"]
sql = """
select golden_account(source, account_id) as account, sku, currency, quantity, amount
from claims
"""
"#;

/// Product, quantity, cents: few of each, so that units are often the same on both sides.
type Rows = Vec<(u8, u8, u8)>;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec((0_u8..5, 0_u8..2, 0_u8..120), 0..12)
}

fn world(shared: &Rows, base: &Rows, peer: &Rows) -> World {
    let mut world = World::new();
    for (at, (sku, quantity, cents)) in shared.iter().chain(base).enumerate() {
        world.add(
            Entity::Documents,
            &format!(
                "source=crm, id=d{at}, kind=agreement, account_id=c1, sku=S{sku}, \
                 quantity={quantity}, unit_price=0.{cents:03}"
            ),
        );
    }
    for (at, (sku, quantity, cents)) in shared.iter().chain(peer).enumerate() {
        world.add(
            Entity::Claims,
            &format!(
                "source=billing, id=c{at}, account_id=b1, sku=S{sku}, quantity={quantity}, \
                 amount=0.{cents:03}, currency=USD"
            ),
        );
    }
    world
}

fn told(outcome: &Outcome) -> String {
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}",
        outcome.totals, outcome.sums, outcome.findings, outcome.completeness
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    // Goal: units that are only counted come to the same as units that are looked at one by one.
    // Method: rows that both sides share and rows of one side; once with an item of every unit in the
    // book, so that each is given whole, and once with none.
    #[test]
    fn counting_equal_units_changes_nothing(shared in rows(), base in rows(), peer in rows()) {
        let rule = RuleFile::parse("ordered_vs_claimed.toml", RULE).unwrap();
        let mut world = world(&shared, &base, &peer);
        let whole = world.reconcile_rule("2026-03", &rule).unwrap();
        world.is_watched = false;
        let counted = world.reconcile_rule("2026-03", &rule).unwrap();
        prop_assert_eq!(told(&whole), told(&counted));
        prop_assert_eq!(&counted.watched, &Vec::new());
    }
}
