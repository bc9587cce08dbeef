//! The billing rule: what it finds, what it leaves alone, and what it says of it.

use std::collections::BTreeMap;

use crossfoot::canonical::Entity;
use crossfoot::reconcile::{Kind, LandingQuestion, Severity};

use super::world::{World, number, only, only_finding, told};

const MARCH: &str = "2026-03";

// Goal: a unit that agrees is counted and opens nothing, and what belongs to other months, drafts and
// void invoices counts nowhere. Method: one contract billed right, among rows that are out of scope.
#[test]
fn what_agrees_is_counted_and_opens_nothing() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "12.50", "")
        .contract("k2", "DRAFT", "10", "12.50", "status=draft")
        .contract("k3", "OVER", "10", "12.50", "ends_on=2026-01-01")
        .bill("i0", "2026-02-01", "SEAT", "10", "12.50")
        .bill("i1", "2026-03-01", "SEAT", "10", "12.50")
        .bill("i2", "2026-04-01", "SEAT", "10", "12.50");
    world
        .invoice("i3", "2026-03-05", "99", "")
        .line("l3", "i3", "sku=SEAT, net=99");
    world
        .records
        .last_mut()
        .unwrap()
        .0
        .set("deleted", Some(crossfoot::canonical::Value::Bool(true)));
    world.add(
        Entity::Invoices,
        "source=billing, id=i4, number=V, account_id=b1, issued_on=2026-03-05, currency=USD, total=7, status=void",
    );
    world.line("l4", "i4", "sku=SEAT, net=7");
    let outcome = world.reconcile(MARCH);
    assert_eq!(told(&outcome), Vec::<String>::new());
    let totals = only(&outcome);
    assert_eq!((totals.units, totals.discrepant), (1, 0));
    assert_eq!(totals.compared_value, number("125"));
    assert_eq!(totals.account, world.golden("crm:c1"));
    assert!(outcome.completeness.iter().all(|proof| proof.holds));
    let lines = outcome
        .completeness
        .iter()
        .find(|proof| proof.entity == "invoice_lines")
        .unwrap();
    assert_eq!(
        (lines.extracted, lines.matched, lines.out_of_scope),
        (4, 1, 3)
    );
}

// Goal: each kind of this rule is found, typed once, with the money of the whole difference. Method:
// one product per kind, under one customer.
#[test]
fn every_kind_has_its_money() {
    let mut world = World::new();
    world
        .contract("k1", "A-MISSING", "10", "5", "")
        .bill("i2", "2026-03-01", "B-UNSOLD", "3", "7")
        .contract("k3", "C-QUANTITY", "10", "5", "")
        .bill("i3", "2026-03-01", "C-QUANTITY", "12", "5")
        .contract("k4", "D-PRICE", "10", "5", "")
        .bill("i4", "2026-03-01", "D-PRICE", "10", "4")
        .contract("k5", "E-BOTH", "10", "5", "")
        .bill("i5", "2026-03-01", "E-BOTH", "8", "6")
        .contract("k6", "F-COPY", "10", "5", "")
        .bill("i6", "2026-03-01", "F-COPY", "10", "5")
        .bill("i7", "2026-03-01", "F-COPY", "10", "5")
        .contract("k8", "G-AMOUNT", "10", "5", "");
    world.invoice("i8", "2026-03-01", "48", "").line(
        "i8",
        "i8",
        "sku=G-AMOUNT, quantity=10, unit_price=5, net=48, service_from=2026-03-01",
    );
    world
        .contract("k9", "H-CURRENCY", "10", "5", "currency=EUR")
        .bill("i9", "2026-03-01", "H-CURRENCY", "10", "6")
        .contract(
            "k10",
            "J-CANCELLED",
            "10",
            "5",
            "status=cancelled, ends_on=2026-02-01",
        )
        .bill("i10", "2026-03-01", "J-CANCELLED", "10", "5");
    world.add(
        Entity::Products,
        "source=crm, id=p1, sku=I-ORPHAN, list_price=2, currency=USD",
    );
    world.usage("u1", "I-ORPHAN", "2026-03-10", "4");
    world.add(
        Entity::FxRates,
        "source=billing, id=r1, from_currency=EUR, to_currency=USD, rate=1.1, dated_on=2026-03-30",
    );
    let outcome = world.reconcile(MARCH);
    assert_eq!(
        told(&outcome),
        [
            "MISSING_IN_BILLING -50",
            "MISSING_IN_CRM 21",
            "QUANTITY 10",
            "UNIT_PRICE -10",
            "QUANTITY -10",
            "UNIT_PRICE 8",
            "DUPLICATE 50",
            "AMOUNT -2",
            "CURRENCY 5",
            "ORPHAN_USAGE -8",
            "CANCELLED_BILLED 50",
        ]
    );
    let both = &outcome.findings[4];
    assert_eq!(both.secondary, [Kind::UnitPrice]);
    assert_eq!(
        (both.expected.as_deref(), both.actual.as_deref()),
        (Some("10"), Some("8"))
    );
    assert_eq!(both.annualised, Some(number("-120")));
    let currency = &outcome.findings[8];
    assert_eq!(
        (currency.expected.as_deref(), currency.actual.as_deref()),
        (Some("EUR"), Some("USD"))
    );
    assert!(currency.estimated && currency.severity >= Severity::High);
    assert_eq!(outcome.findings[1].severity, Severity::Medium);
    assert!(outcome.findings[9].estimated);
    let totals = only(&outcome);
    assert_eq!((totals.units, totals.discrepant), (10, 10));
}

// Goal: an item names the records on both sides by their own numbers. Method: look at one.
#[test]
fn both_sides_are_named() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "model=per_seat_trueup")
        .usage("u1", "SEAT", "2026-03-02", "12")
        .bill("i1", "2026-03-01", "SEAT", "10", "5");
    let outcome = world.reconcile(MARCH);
    let finding = only_finding(&outcome);
    let names: Vec<String> = finding
        .sides
        .iter()
        .map(|side| {
            format!(
                "{} {} {}:{} {}",
                side.side, side.entity, side.source, side.id, side.label
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            "base contracts crm:k1 SEAT",
            "base usage seats:u1 SEAT",
            "peer invoice_lines billing:i1 N-i1",
        ]
    );
    assert_eq!(
        (finding.kind, finding.impact),
        (Kind::Quantity, number("-10"))
    );
}

// Goal: usage is billed as it was used, also before the first whole cycle of a contract whose other
// charges start with the next one. Method: a contract from 16 March with 40 used since, unbilled and
// then billed; beside it a fixed contract of the same day, which charges nothing yet.
#[test]
fn usage_before_the_first_whole_cycle_is_billed() {
    let mut world = World::new();
    world
        .contract(
            "k1",
            "METER",
            "0",
            "2",
            "model=usage, proration=next_cycle, starts_on=2026-03-16",
        )
        .usage("u1", "METER", "2026-03-20", "40")
        .contract(
            "k2",
            "SEAT",
            "10",
            "5",
            "proration=next_cycle, starts_on=2026-03-16",
        );
    let unbilled = world.reconcile(MARCH);
    assert_eq!(told(&unbilled), ["MISSING_IN_BILLING -80"]);
    assert_eq!(only(&unbilled).units, 1);
    world.bill("i1", "2026-03-16", "METER", "40", "2");
    let billed = world.reconcile(MARCH);
    assert_eq!(told(&billed), Vec::<String>::new());
    assert_eq!(only(&billed).expected_value, number("80"));
}

// Goal: usage above a fixed contract opens nothing while what was contracted is billed, a vendor's
// count is never added, and a billing system's own subscriptions are no second contract. Method: all
// three beside a unit that agrees.
#[test]
fn what_is_no_leg_changes_nothing() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .bill("i1", "2026-03-01", "SEAT", "10", "5")
        .usage("u1", "SEAT", "2026-03-02", "14")
        .contract("k2", "METER", "0", "2", "model=usage")
        .usage("u2", "METER", "2026-03-02", "30")
        .bill("i2", "2026-03-15", "METER", "30", "2");
    world.add(
        Entity::Usage,
        "source=vendor, id=v1, account_id=c1, sku=METER, quantity=7, starts_on=2026-03-02",
    );
    world.add(
        Entity::Contracts,
        "source=billing, id=sub1, account_id=b1, sku=SEAT, quantity=10, unit_price=5, currency=USD, starts_on=2025-01-01",
    );
    let outcome = world.reconcile(MARCH);
    assert_eq!(told(&outcome), Vec::<String>::new());
    assert_eq!(only(&outcome).units, 2);
}

// Goal: the newest version counts, a tombstone takes a record out, and `as_of` asks what was known
// then. Method: a line that is corrected, then deleted, seen at three instants.
#[test]
fn versions_are_read_as_they_were_known() {
    let mut world = World::new();
    world.contract("k1", "SEAT", "10", "5", "");
    world.invoice("i1", "2026-03-01", "50", "");
    let line = "source=billing, id=l1, invoice_id=i1, currency=USD, sku=SEAT, service_from=2026-03-01, unit_price=5";
    world.add_at(
        "2026-11-02T00:00:00Z",
        Entity::InvoiceLines,
        &format!("{line}, quantity=8, net=40"),
    );
    world.add_at(
        "2026-11-03T00:00:00Z",
        Entity::InvoiceLines,
        &format!("{line}, quantity=10, net=50"),
    );
    world.add_at(
        "2026-11-04T00:00:00Z",
        Entity::InvoiceLines,
        &format!("{line}, deleted=true"),
    );
    for (as_of, expected) in [
        ("2026-11-02T12:00:00Z", vec!["QUANTITY -10"]),
        ("2026-11-03T12:00:00Z", vec![]),
        ("2026-11-04T12:00:00Z", vec!["MISSING_IN_BILLING -50"]),
    ] {
        world.as_of = as_of.parse().unwrap();
        assert_eq!(told(&world.reconcile(MARCH)), expected, "{as_of}");
    }
}

// Goal: product codes meet through aliases, accounts through any id, and an account that nobody knows
// is found under its own name. Method: one line each.
#[test]
fn names_are_resolved_before_comparing() {
    let mut world = World::new();
    world
        .config
        .push_str("[reconcile]\nsku_aliases = { \"M365BP\" = \"M365-BP\" }\n");
    world
        .contract("k1", "M365-BP", "4", "20", "")
        .bill("i1", "2026-03-01", "M365BP", "4", "20");
    world.add(
        Entity::Products,
        "source=billing, id=prod_9, sku=BACKUP, aliases=Backup 1 TB",
    );
    world
        .contract("k2", "Backup 1 TB", "1", "9", "model=per_seat_trueup")
        .bill("i2", "2026-03-01", "prod_9", "1", "9");
    world.add(
        Entity::Usage,
        "source=seats, id=u1, account_id=billing:b1, sku=BACKUP, quantity=1, starts_on=2026-03-02",
    );
    world.invoice("i3", "2026-03-01", "5", "account_id=stranger");
    world.line("l3", "i3", "sku=M365BP, quantity=1, unit_price=5, net=5");
    let outcome = world.reconcile(MARCH);
    let finding = only_finding(&outcome);
    assert_eq!(finding.account.id, "unresolved:billing:stranger");
    assert_eq!(
        (finding.kind, finding.sku.as_str()),
        (Kind::MissingInCrm, "M365-BP")
    );
}

// Goal: a line finds its invoice in another source, bare or spelled out. Method: a source of lines
// beside the source of invoices.
#[test]
fn a_line_may_name_an_invoice_of_another_source() {
    let mut world = World::new();
    world
        .roles
        .insert("lines".into(), vec![crossfoot::config::Role::Billing]);
    world
        .contract("k1", "SEAT", "10", "5", "")
        .invoice("i1", "2026-03-01", "50", "");
    for (id, invoice) in [("l1", "i1"), ("l2", "billing:i1")] {
        world.add(
            Entity::InvoiceLines,
            &format!("source=lines, id={id}, invoice_id={invoice}, currency=USD, sku=SEAT, quantity=5, unit_price=5, net=25"),
        );
    }
    let outcome = world.reconcile(MARCH);
    assert_eq!(told(&outcome), Vec::<String>::new());
    assert_eq!(only(&outcome).units, 1);
}

// Goal: credits are added to what they correct, and a credited copy is no duplicate. Method: a bill,
// its copy, and the copy's credit memo.
#[test]
fn credits_are_summed_with_their_invoices() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .bill("i1", "2026-03-01", "SEAT", "10", "5")
        .bill("i2", "2026-03-01", "SEAT", "10", "5");
    assert_eq!(told(&world.reconcile(MARCH)), ["DUPLICATE 50"]);
    world
        .invoice(
            "i3",
            "2026-03-09",
            "-50",
            "kind=credit_memo, original_invoice_id=i2",
        )
        .line(
            "i3",
            "i3",
            "sku=SEAT, quantity=-10, unit_price=5, net=-50, service_from=2026-03-01",
        );
    assert_eq!(told(&world.reconcile(MARCH)), Vec::<String>::new());
}

// Goal: tolerance takes what is near, and reports its count and signed sum. Method: 4 cents off on one
// unit, 6 on another, under 5 cents.
#[test]
fn differences_within_tolerance_are_matched_and_told() {
    let mut world = World::new();
    world
        .config
        .push_str("[tolerance]\namount = { absolute = { USD = \"0.05\" } }\n");
    world
        .contract("k1", "A", "1", "10", "")
        .bill("i1", "2026-03-01", "A", "1", "9.96");
    world
        .contract("k2", "B", "1", "10", "")
        .bill("i2", "2026-03-01", "B", "1", "10.06");
    let outcome = world.reconcile(MARCH);
    assert_eq!(told(&outcome), ["UNIT_PRICE 0.06"]);
    let totals = only(&outcome);
    assert_eq!(
        (totals.within_tolerance, totals.within_tolerance_net),
        (1, number("-0.04"))
    );
}

// Goal: a unit's branch is that of its contract, else of its bill, else of its account, and figures are
// kept apart by it. Method: one unit each.
#[test]
fn branches_come_from_the_strongest_leg() {
    let mut world = World::new();
    world
        .contract("k1", "A", "1", "10", "branch=north")
        .bill("i1", "2026-03-01", "A", "1", "10");
    world.invoice("i2", "2026-03-01", "5", "branch=south");
    world.line("l2", "i2", "sku=B, quantity=1, unit_price=5, net=5");
    world.bill("i3", "2026-03-01", "C", "1", "10");
    for (record, _) in &mut world.records {
        if record.key() == "crm:c1" {
            record.set(
                "branch",
                Some(crossfoot::canonical::Value::Text("west".into())),
            );
        }
    }
    let outcome = world.reconcile(MARCH);
    let mut branches: Vec<(Option<&str>, u64)> = outcome
        .totals
        .iter()
        .map(|totals| (totals.branch.as_deref(), totals.units))
        .collect();
    branches.sort_unstable();
    assert_eq!(
        branches,
        [(Some("north"), 1), (Some("south"), 1), (Some("west"), 1)]
    );
}

// Goal: two currencies that could be the counterpart are not paired. Method: sold in euro, billed in
// dollars and in pounds; and without a rate a pair's amounts are left out, and the finding stays.
#[test]
fn currencies_are_paired_only_when_nothing_else_is_possible() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "currency=EUR")
        .bill("i1", "2026-03-01", "SEAT", "10", "6");
    let outcome = world.reconcile(MARCH);
    let finding = only_finding(&outcome);
    assert_eq!(
        (finding.kind, finding.impact),
        (Kind::Currency, number("0"))
    );
    assert_eq!(
        (finding.expected.as_deref(), finding.actual.as_deref()),
        (Some("EUR"), Some("USD"))
    );
    let totals = only(&outcome);
    assert_eq!((totals.units, totals.discrepant), (1, 1));
    assert_eq!(finding.severity.name(), "high");
    world
        .invoice("i2", "2026-03-01", "50", "currency=GBP")
        .line(
            "l2",
            "i2",
            "sku=SEAT, quantity=10, unit_price=5, net=50, currency=GBP",
        );
    let outcome = world.reconcile(MARCH);
    assert_eq!(outcome.findings.len(), 3, "{:?}", told(&outcome));
    assert!(outcome.findings.iter().all(|finding| finding.ambiguous));
    assert_eq!(
        outcome.totals.len(),
        3,
        "currencies are never added together"
    );
}

// Goal: a contract with a word that crossfoot does not know says nothing, instead of something wrong.
// Method: an unknown frequency.
#[test]
fn an_unreadable_contract_is_unknown() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "frequency=fortnight")
        .bill("i1", "2026-03-01", "SEAT", "10", "5");
    let outcome = world.reconcile(MARCH);
    assert_eq!(told(&outcome), Vec::<String>::new());
    assert_eq!(only(&outcome).unknown, 1);
    // The same without a bill, which would be missing.
    let mut world = World::new();
    world.contract("k1", "SEAT", "10", "5", "model=weird");
    let outcome = world.reconcile(MARCH);
    assert_eq!(told(&outcome), Vec::<String>::new());
    assert_eq!(only(&outcome).unknown, 1);
    assert_eq!(outcome.unknown_units.len(), 1, "its item does not move");
}

// Goal: a file that is gone is an error, not an empty table. Method: delete one.
#[test]
fn a_lost_file_is_no_empty_table() {
    let world = World::new();
    let (folder, files) = world.land(world.as_of);
    let path = files.of(Entity::Accounts)[0].path.clone();
    std::fs::remove_file(&path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let failure = runtime
        .block_on(crossfoot::reconcile::query(&LandingQuestion {
            sql: "select id from accounts",
            files: &files,
            directory: &world.directory(),
            zone: &jiff::tz::TimeZone::UTC,
            sku_aliases: &BTreeMap::new(),
            memory_limit: 1 << 30,
            spill_dir: folder.path(),
        }))
        .unwrap_err();
    assert_eq!(failure.code(), "XF-R005");
}

// Goal: two versions of one instant that nothing orders are one record all the same, whichever file
// they stand in. Method: the same line twice, in both orders.
#[test]
fn two_versions_of_one_instant_are_one_record() {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "5", "")
        .invoice("i1", "2026-03-01", "50", "");
    for raw in ["{\"v\":1}", "{\"v\":2}"] {
        let quantity = if raw.contains('1') { "9" } else { "8" };
        let net = number(quantity) * number("5");
        world.line(
            "l1",
            "i1",
            &format!("sku=SEAT, quantity={quantity}, unit_price=5, net={net}"),
        );
        world.records.last_mut().unwrap().0.raw = Some(raw.into());
    }
    let first = world.reconcile(MARCH);
    world.records.reverse();
    assert_eq!(told(&first), ["QUANTITY -10"]);
    assert_eq!(told(&world.reconcile(MARCH)), told(&first));
}
