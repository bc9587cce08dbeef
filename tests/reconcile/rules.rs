//! Rule files.

use std::path::Path;

use crossfoot::canonical::Entity;
use crossfoot::reconcile::RuleFile;

use super::world::{World, told};

fn deals() -> World {
    let mut world = World::new();
    world.add(
        Entity::Products,
        "source=crm, id=p1, sku=GTX Pro, list_price=100, currency=USD",
    );
    for (id, sku, price, day) in [
        ("d1", "GTX Pro", "100", "2026-03-03"),
        ("d2", "GTXPro", "100", "2026-03-04"),
        ("d3", "GTXPro", "95", "2026-03-05"),
        ("d4", "GTX Pro", "60", "2026-03-06"),
        ("d5", "GTXPro", "100", "2026-04-06"),
    ] {
        world.add(
            Entity::Documents,
            &format!(
                "source=crm, id={id}, kind=agreement, account_id=c1, sku={sku}, quantity=1, \
                 unit_price={price}, dated_on={day}"
            ),
        );
    }
    world
}

// Goal: deals of an unknown product are found one by one, until an alias names it; deals within the
// rule's own tolerance are not. Method: the rule that crossfoot has, before and after the alias.
#[test]
fn deals_of_an_unknown_product_are_found_one_by_one() {
    let rule = RuleFile::find("deals_vs_price_list", Path::new(".")).unwrap();
    let mut world = deals();
    let outcome = world.reconcile_rule("2026-03", &rule).unwrap();
    let mut found = told(&outcome);
    found.sort();
    assert_eq!(
        found,
        ["UNIT_PRICE 40", "WRONG_CODE -100", "WRONG_CODE -95"]
    );
    let ids: Vec<&str> = outcome
        .findings
        .iter()
        .map(|finding| finding.sides[0].id.as_str())
        .collect();
    assert_eq!(ids, ["d4", "d2", "d3"]);
    assert!(outcome.completeness.iter().all(|proof| proof.holds));
    assert_eq!(outcome.completeness[0].out_of_scope, 1);

    world
        .config
        .push_str("[reconcile]\nsku_aliases = { GTXPro = \"GTX Pro\" }\n");
    let outcome = world.reconcile_rule("2026-03", &rule).unwrap();
    assert_eq!(told(&outcome), ["UNIT_PRICE 40"]);
}

// Goal: a blind source makes the rule's units unknown, and only one that the rule reads. Method: blind
// the deals, then something else.
#[test]
fn a_blind_leg_finds_nothing() {
    let rule = RuleFile::find("deals_vs_price_list", Path::new(".")).unwrap();
    let mut world = deals();
    world.blind("crm");
    world.blind[0].entities = vec![Entity::Invoices];
    assert_eq!(
        world
            .reconcile_rule("2026-03", &rule)
            .unwrap()
            .findings
            .len(),
        3
    );
    world.blind[0].entities = vec![Entity::Documents];
    let outcome = world.reconcile_rule("2026-03", &rule).unwrap();
    assert_eq!(outcome.findings.len(), 0);
    assert_eq!(outcome.totals[0].unknown, 4);
}

// Goal: a leg that is no query, lacks a column or has a float is refused with the reason. Method: spoil
// the SQL in each way.
#[test]
fn unsound_legs_are_refused() {
    let leg = |sql: &str| {
        let text = format!(
            "name = \"r\"\nkinds = {{ base_only = \"AMOUNT\" }}\n\
             [base]\nentities = [\"documents\"]\nsql = \"{sql}\"\n\
             [peer]\nentities = [\"products\"]\nsql = \"select 'a' as account, 's' as sku, 1 as amount\"\n"
        );
        RuleFile::parse("r.toml", &text).unwrap()
    };
    for (sql, code) in [
        ("select 'a' as account, 's' as sku", "XF-R007"),
        (
            "select 'a' as account, 's' as sku, cast(1 as double) as amount",
            "XF-R007",
        ),
        ("drop view accounts", "XF-R006"),
        ("select nothing", "XF-R006"),
    ] {
        let failure = deals().reconcile_rule("2026-03", &leg(sql)).unwrap_err();
        assert_eq!(failure.code(), code, "{sql}: {}", failure.line());
    }
    let sound = leg("select 'a' as account, 's' as sku, 1.0 as amount");
    assert!(
        deals()
            .reconcile_rule("2026-03", &sound)
            .unwrap()
            .findings
            .is_empty()
    );
}
