//! Rules with any number of legs, measures and texts.

use std::path::Path;

use crossfoot::canonical::Entity;
use crossfoot::reconcile::{Outcome, RuleFile};

use super::world::World;

/// The worked example of the README.
fn example() -> RuleFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once("## A worked example").unwrap();
    let (_, block) = after.split_once("```toml\n").unwrap();
    RuleFile::parse("seats.toml", block.split_once("```").unwrap().0).unwrap()
}

/// `KIND field expected -> actual (impact)` of every finding, sorted.
fn found(outcome: &Outcome) -> Vec<String> {
    let nothing = || "nothing".to_owned();
    let mut told: Vec<String> = outcome
        .findings
        .iter()
        .map(|one| {
            format!(
                "{} {} {}: {} -> {} ({})",
                one.kind,
                one.sku,
                one.field,
                one.expected.clone().unwrap_or_else(nothing),
                one.actual.clone().unwrap_or_else(nothing),
                one.impact.normalize()
            )
        })
        .collect();
    told.sort();
    told
}

/// Matched, unmatched, out of scope and rejected rows of a leg.
fn rows(outcome: &Outcome, leg: &str) -> [u64; 4] {
    let proof = outcome
        .completeness
        .iter()
        .find(|proof| proof.entity == leg)
        .unwrap();
    assert!(proof.holds);
    [
        proof.matched,
        proof.unmatched,
        proof.out_of_scope,
        proof.rejected,
    ]
}

fn seats() -> World {
    let mut world = World::new();
    world.contract("k1", "SEAT", "10", "5", "payment_terms=NET30");
    world.contract("k2", "BACKUP", "4", "20", "");
    world.contract("k3", "PHONE", "2", "3", "");
    world.contract("k4", "DRAFT", "1", "1", "status=draft");
    world.contract("k5", "ENDED", "1", "1", "ends_on=2026-03-01");
    // A quantity and a price that together explain the amount, and terms that differ.
    world.bill("i1", "2026-03-02", "SEAT", "12", "5");
    // Within the lenient tolerance: five cents of 80.
    world.invoice("i2", "2026-03-02", "79.95", "");
    world.line("l2", "i2", "sku=BACKUP, quantity=4, net=79.95");
    world.bill("i3", "2026-03-02", "UNSOLD", "1", "7");
    // Out of scope, and of another period.
    world.invoice("i4", "2026-03-02", "9", "status=void");
    world.line("l4", "i4", "sku=PHONE, quantity=3, net=9");
    world.bill("i5", "2026-04-02", "PHONE", "2", "3");
    world.usage("u1", "SEAT", "2026-03-10", "11");
    world.usage("u2", "SEAT", "2026-03-31", "2");
    world
        .records
        .retain(|(record, _)| record.entity != Entity::Accounts || record.source() == "crm");
    world.add(
        Entity::Accounts,
        "source=billing, id=b1, name=Acme, payment_terms=NET45",
    );
    world
}

// Goal: three legs are compared in pairs, each by its own measures, and every row is in one place.
// Method: the README's file over a small landing.
#[test]
fn the_worked_example_finds_what_it_says() {
    let rule = example();
    let outcome = seats().reconcile_rule("2026-03", &rule).unwrap();
    assert_eq!(
        found(&outcome),
        [
            "MISSING_IN_CRM UNSOLD billed.amount: nothing -> 7.00 (7)",
            "QUANTITY SEAT billed.quantity: 10 -> 12 (10)",
            "TERMS_MISMATCH SEAT billed.terms: NET30 -> NET45 (0)",
            "VENDOR_COST SEAT seats_used: 13 -> 12 (0)",
        ]
    );
    // PHONE was billed two days after the period: that is timing while the lag lasts.
    assert_eq!(outcome.totals[0].timing, 1);
    assert_eq!(outcome.totals[0].within_tolerance, 1);
    assert_eq!(rows(&outcome, "sold"), [1, 2, 1, 0]);
    assert_eq!(rows(&outcome, "used"), [0, 2, 0, 0]);
    assert_eq!(rows(&outcome, "billed"), [1, 2, 2, 0]);
    assert_eq!(outcome.rules_version.len(), 16);
}

// Goal: what is missing is timing until the lag is over, and true from then on. Method: the same unit
// on two days.
#[test]
fn a_missing_side_is_timing_while_the_lag_lasts() {
    let rule = example();
    let mut world = World::new();
    world.contract("k1", "SEAT", "10", "5", "");
    world.today = "2026-04-04".parse().unwrap();
    let early = world.reconcile_rule("2026-03", &rule).unwrap();
    assert_eq!((early.findings.len(), early.totals[0].timing), (0, 1));
    world.today = "2026-04-05".parse().unwrap();
    let late = world.reconcile_rule("2026-03", &rule).unwrap();
    assert_eq!(
        found(&late),
        ["MISSING_IN_BILLING SEAT billed.amount: 50.00 -> nothing (-50)"]
    );
}

// Goal: only what a blind source could decide is unknown. Method: blind the usage, then the billing.
#[test]
fn only_the_comparisons_of_a_blind_leg_are_unknown() {
    let rule = example();
    let mut world = seats();
    world.blind("seats");
    world.blind[0].entities = vec![Entity::Usage];
    let outcome = world.reconcile_rule("2026-03", &rule).unwrap();
    assert!(
        found(&outcome)
            .iter()
            .all(|one| !one.starts_with("VENDOR_COST"))
    );
    assert!(
        found(&outcome)
            .iter()
            .any(|one| one.starts_with("MISSING_IN_CRM"))
    );
    world.blind[0].entities = vec![Entity::InvoiceLines];
    let outcome = world.reconcile_rule("2026-03", &rule).unwrap();
    assert_eq!(outcome.findings.len(), 0);
    assert_eq!(outcome.seen_units, Some(Vec::new()));
}

const TWO_COSTS: &str = r#"
name = "costs"
key = ["id"]

[measure.list_cost]
type = "money"
floor = false
tolerance = { absolute = "0.000001" }

[measure.unit_price]

[kinds]
list_cost = "AMOUNT"
unit_price = "UNIT_PRICE"

[[leg]]
name = "priced"
entities = ["documents"]
sql = "select id, unit_price, quantity * unit_price as list_cost from documents where kind = 'a'"

[[leg]]
name = "costed"
entities = ["documents"]
sql = "select id, unit_price, exact(raw_text(raw, 'cost.list')) as list_cost from documents where kind = 'b'"
"#;

// Goal: figures of the raw record are compared to all their decimals, an absent one is not compared,
// and prices are never added. Method: documents whose cost stands in their raw record alone.
#[test]
fn figures_of_the_raw_record_are_compared_exactly() {
    let rule = RuleFile::parse("costs.toml", TWO_COSTS).unwrap();
    let mut world = World::new();
    for (id, quantity, price, cost) in [
        ("1", "2", "0.0000004", r#""0.000000800000""#),
        ("2", "2", "0.5", "1.0000011"),
        ("3", "2", "0.5", "null"),
        ("4", "1", "7", "7"),
    ] {
        let of = |kind: &str| {
            let source = if kind == "a" { "crm" } else { "billing" };
            format!("source={source}, id={id}, kind={kind}, quantity={quantity}")
        };
        world.add(
            Entity::Documents,
            &format!("{}, unit_price={price}", of("a")),
        );
        let price = if id == "4" { "8" } else { price };
        world.add(
            Entity::Documents,
            &format!("{}, unit_price={price}", of("b")),
        );
        let last = world.records.last_mut().unwrap();
        last.0.raw = Some(format!(r#"{{"cost": {{"list": {cost}}}}}"#));
    }
    world.records.iter_mut().for_each(|(record, _)| {
        if record.raw.is_none() {
            record.raw = Some("{}".into());
        }
    });
    let outcome = world.reconcile_rule("2026-03", &rule).unwrap();
    assert_eq!(
        found(&outcome),
        [
            "AMOUNT (none) list_cost: 1.00 -> 1.0000011 (0)",
            "UNIT_PRICE (none) unit_price: 7.00 -> 8.00 (0)",
        ]
    );
    let units: u64 = outcome.totals.iter().map(|one| one.units).sum();
    assert_eq!(units, 4);
}

// Goal: every name that a file could get wrong is told with its line and the nearest known one.
// Method: spoil a sound file in one place at a time.
#[test]
fn wrong_names_are_told_with_their_line() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, after) = text.split_once("## A worked example").unwrap();
    let (_, block) = after.split_once("```toml\n").unwrap();
    let sound = block.split_once("```").unwrap().0;
    for (right, wrong, told) in [
        (
            "entity = \"contracts\"",
            "entity = \"contarcts\"",
            "13:10| did you mean `contracts`?",
        ),
        (
            "lag_days",
            "lag_day",
            "4:1| unknown key `lag_day`: did you mean `lag_days`?",
        ),
        (
            "\"QUANTITY\"\n",
            "\"QUANTTY\"\n",
            "51:12| there is no kind `QUANTTY`: did you mean `QUANTITY`?",
        ),
        (
            "base = \"sold\" ",
            "base = \"solld\" ",
            "45:8| there is no leg `solld`: did you mean `sold`?",
        ),
        (
            "amount = \"AMOUNT\"",
            "amuont = \"AMOUNT\"",
            "52:10| there is no difference `amuont`: did you mean `amount`?",
        ),
        (
            "measures = [\"quantity\"]",
            "measures = [\"quantty\"]",
            "58:12| there is no measure `quantty`",
        ),
        (
            "quantity * unit_price",
            "quantity * unit_prise",
            "17:34| there is no column `unit_prise`: did you mean `unit_price`?",
        ),
        (
            "    l.net as amount",
            "    l.nett as amount",
            "35:7| there is no column `nett`: did you mean `net`?",
        ),
        (
            "l.net as amount",
            "l.net as amout",
            "29:7| leg `billed` yields no column `amount`: did you mean `amout`?",
        ),
        (
            "l.net as amount",
            "cast(l.net as double) as amount",
            "must be an exact decimal, found: Float64",
        ),
        (
            "\"invoices\", \"accounts\"]",
            "\"accounts\"]",
            "there is no table `invoices` among `entities`",
        ),
        (
            "out_of_scope = \"status in",
            "out_of_scope = \"stautus in",
            "there is no column `stautus`: did you mean `status`?",
        ),
        (
            "sources = [\"crm\"] ",
            "sources = [\"crn\"] ",
            "there is no source `crn`: did you mean `crm`?",
        ),
    ] {
        let spoiled = sound.replacen(right, wrong, 1);
        assert_ne!(spoiled, sound, "{right}");
        let mut world = seats();
        world
            .config
            .push_str("[source.crm]\nconnector = \"hubspot\"\n");
        let failure = match RuleFile::parse("seats.toml", &spoiled) {
            Ok(rule) => world.check_rule(&rule).unwrap_err(),
            Err(failure) => failure,
        };
        let report = failure.line();
        for part in told.split("| ") {
            let part = if part
                .chars()
                .all(|letter| letter.is_ascii_digit() || letter == ':')
            {
                format!("seats.toml:{part}")
            } else {
                part.to_owned()
            };
            assert!(report.contains(&part), "`{part}` is missing in:\n{report}");
        }
    }
}

// Goal: files that make no rule are refused with what to do. Method: one fault each.
#[test]
fn what_makes_no_rule_is_refused() {
    let leg =
        "[[leg]]\nname = \"a\"\nentity = \"usage\"\n[[leg]]\nname = \"b\"\nentity = \"usage\"\n";
    for (head, told) in [
        ("name = \"r\"\n", "no difference has a kind"),
        (
            "name = \"r\"\nkey = [\"sku\"]\nkinds = { amount = \"AMOUNT\" }\n",
            "`sku` is part of every unit",
        ),
        (
            "name = \"r r\"\nkinds = { amount = \"AMOUNT\" }\n",
            "letters, digits and `_` only",
        ),
        (
            "name = \"r\"\nvalue = \"amuont\"\nkinds = { amount = \"AMOUNT\" }\n",
            "did you mean `amount`?",
        ),
    ] {
        let failure = RuleFile::parse("r.toml", &format!("{head}{leg}")).unwrap_err();
        assert!(failure.line().contains(told), "{}", failure.line());
    }
    let one = "name = \"r\"\nkinds = { amount = \"AMOUNT\" }\n[[leg]]\nname = \"a\"\nentity = \"usage\"\n";
    let failure = RuleFile::parse("r.toml", one).unwrap_err();
    assert!(
        failure.line().contains("a rule has 2 to 16 legs"),
        "{}",
        failure.line()
    );
}
