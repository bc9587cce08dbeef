//! The kinds of the billing rule that need more than one figure to be told: parts of a month,
//! discounts, commitments, vendors, tax.

use crossfoot::canonical::Entity;
use crossfoot::reconcile::{Kind, Severity};

use super::world::{World, number, only, only_finding, told};

const MARCH: &str = "2026-03";

/// A world with one contract and one bill of March: what is sold, and `quantity net more` of the line.
fn billed(contract: &str, quantity: &str, net: &str, more: &str) -> World {
    let mut world = World::new();
    world
        .contract("k1", "SEAT", "10", "31", contract)
        .invoice("i1", "2026-03-02", net, "");
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(", {more}")
    };
    world.line(
        "i1",
        "i1",
        &format!("sku=SEAT, quantity={quantity}, net={net}{more}"),
    );
    world
}

// Goal: a part of a month is expected as agreed, and a bill that took the whole or counted the days
// otherwise is PRORATION, with the money of the difference. Method: 310.00 a month from the 16th on,
// billed by every other count.
#[test]
fn a_wrong_factor_is_told_from_a_wrong_price() {
    let from_16th = "starts_on=2026-03-16";
    for (proration, net, told_as) in [
        ("day_actual", "160", None),
        ("day_actual", "310", Some("PRORATION 150")),
        ("day_actual", "155", Some("PRORATION -5")),
        ("day_actual", "170", Some("AMOUNT 10")),
        ("day_30", "155", None),
        ("day_30", "160", Some("PRORATION 5")),
        ("none", "310", None),
        ("none", "160", Some("PRORATION -150")),
        // The next cycle is the first one that is charged.
        ("next_cycle", "310", Some("PRORATION 310")),
        ("next_cycle", "100", Some("AMOUNT 100")),
    ] {
        let world = billed(
            &format!("{from_16th}, proration={proration}"),
            "10",
            net,
            "service_from=2026-03-16, service_to=2026-04-01",
        );
        let expected: Vec<String> = told_as.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(told(&world.reconcile(MARCH)), expected, "{proration} {net}");
    }
}

// Goal: a change in mid-month is two rows that meet, and each way to charge it is one expectation.
// Method: 10 seats of 31.00 until the 16th, 12 from then on.
#[test]
fn a_change_in_mid_month_is_prorated() {
    for (proration, expected) in [
        ("day_actual", "342"),
        ("day_30", "341"),
        ("none", "372"),
        ("next_cycle", "310"),
    ] {
        let mut world = World::new();
        let more = format!("proration={proration}");
        world
            .contract(
                "k1",
                "SEAT",
                "10",
                "31",
                &format!("{more}, ends_on=2026-03-16"),
            )
            .contract(
                "k2",
                "SEAT",
                "12",
                "31",
                &format!("{more}, starts_on=2026-03-16"),
            )
            .invoice("i1", "2026-03-01", expected, "");
        let line = format!("sku=SEAT, net={expected}");
        world.line("l1", "i1", &line);
        let outcome = world.reconcile(MARCH);
        assert_eq!(told(&outcome), Vec::<String>::new(), "{proration}");
        assert_eq!(
            only(&outcome).expected_value,
            number(expected),
            "{proration}"
        );
        // The other ways are told as a wrong factor.
        let other = if expected == "372" { "310" } else { "372" };
        world.records.pop();
        world.line("l1", "i1", &format!("sku=SEAT, net={other}"));
        let outcome = world.reconcile(MARCH);
        assert_eq!(only_finding(&outcome).kind, Kind::Proration, "{proration}");
    }
}

// Goal: service billed beyond the end is BILLED_AFTER_END, and the part after it its money; a line that
// ends with the contract and has a wrong factor is PRORATION; what begins after a cancellation is
// CANCELLED_BILLED. Method: 310.00 a month, ended on the 16th.
#[test]
fn service_after_the_end_is_told() {
    let ended = "ends_on=2026-03-16";
    let cancelled = "ends_on=2026-03-16, status=cancelled";
    let whole = "service_from=2026-03-01, service_to=2026-04-01";
    let half = "service_from=2026-03-01, service_to=2026-03-16";
    for (contract, net, service, told_as) in [
        (ended, "150", half, vec![]),
        (ended, "310", whole, vec!["BILLED_AFTER_END 160"]),
        (cancelled, "310", whole, vec!["BILLED_AFTER_END 160"]),
        (
            ended,
            "310",
            "service_from=2026-03-01",
            vec!["BILLED_AFTER_END 160"],
        ),
        (ended, "310", half, vec!["PRORATION 160"]),
        (ended, "155", half, vec!["PRORATION 5"]),
        // Of the days the wrong number, and none after the end.
        (ended, "155", whole, vec!["PRORATION 5"]),
    ] {
        let world = billed(contract, "10", net, service);
        assert_eq!(
            told(&world.reconcile(MARCH)),
            told_as,
            "{contract} {net} {service}"
        );
    }
    let mut world = billed(cancelled, "10", "150", half);
    world.invoice("i2", "2026-03-20", "160", "").line(
        "i2",
        "i2",
        "sku=SEAT, quantity=10, net=160, service_from=2026-03-16, service_to=2026-04-01",
    );
    assert_eq!(told(&world.reconcile(MARCH)), ["CANCELLED_BILLED 160"]);
}

// Goal: a discount used after its end, or not used while it is valid, is DISCOUNT_EXPIRED; another
// price is UNIT_PRICE; with a wrong quantity beside it, it takes the price's part. Method: 10 at 31.00
// less 20 %, valid and expired.
#[test]
fn discounts_are_told_from_prices() {
    let valid = "discount_percent=20, discount_ends_on=2026-06-01";
    let expired = "discount_percent=20, discount_ends_on=2026-03-01";
    for (contract, quantity, price, told_as) in [
        (valid, "10", "24.8", vec![]),
        (valid, "10", "31", vec!["DISCOUNT_EXPIRED 62"]),
        (
            "discount_percent=20",
            "10",
            "31",
            vec!["DISCOUNT_EXPIRED 62"],
        ),
        (valid, "10", "26", vec!["UNIT_PRICE 12"]),
        (expired, "10", "31", vec![]),
        (expired, "10", "24.8", vec!["DISCOUNT_EXPIRED -62"]),
        (expired, "10", "30", vec!["UNIT_PRICE -10"]),
        (
            expired,
            "8",
            "24.8",
            vec!["QUANTITY -62", "DISCOUNT_EXPIRED -49.6"],
        ),
    ] {
        let net = number(quantity) * number(price);
        let world = billed(
            contract,
            quantity,
            &net.to_string(),
            &format!("unit_price={price}"),
        );
        assert_eq!(
            told(&world.reconcile(MARCH)),
            told_as,
            "{contract} {quantity} {price}"
        );
    }
}

// Goal: what was used beyond a commitment and not billed is UNBILLED_OVERAGE, at the price of overage
// where there is one; any other quantity is QUANTITY. Method: 10 at 31.00 committed, 14 used.
#[test]
fn overage_that_is_not_billed_is_told() {
    let commit = "model=commit, commit_quantity=10";
    for (contract, quantity, net, told_as) in [
        (commit, "14", "434", vec![]),
        (commit, "10", "310", vec!["UNBILLED_OVERAGE -124"]),
        (commit, "12", "372", vec!["QUANTITY -62"]),
        (
            "model=commit, commit_quantity=10, overage_price=40",
            "10",
            "310",
            vec!["UNBILLED_OVERAGE -160"],
        ),
        (
            commit,
            "10",
            "300",
            vec!["UNIT_PRICE -10", "UNBILLED_OVERAGE -124"],
        ),
    ] {
        let price = number(net) / number(quantity);
        let mut world = billed(contract, quantity, net, &format!("unit_price={price}"));
        world.usage("u1", "SEAT", "2026-03-05", "14");
        let outcome = world.reconcile(MARCH);
        assert_eq!(told(&outcome), told_as, "{contract} {quantity}");
    }
}

// Goal: what a vendor counts beyond what is billed is VENDOR_COST, valued like a quantity, and never
// added to usage; below it, or where revenue differs anyway, it opens nothing of its own. Method: a
// vendor's count beside a contract of 10 at 31.00, and of a product that nobody sold.
#[test]
fn vendors_are_compared_with_the_bill() {
    for (vended, quantity, net, told_as) in [
        ("10", "10", "310", vec![]),
        ("9", "10", "310", vec![]),
        ("12", "10", "310", vec!["VENDOR_COST -62"]),
        ("12", "8", "248", vec!["QUANTITY -62"]),
    ] {
        let mut world = billed("", quantity, net, "unit_price=31");
        world.add(
            Entity::Usage,
            &format!("source=vendor, id=v1, account_id=c1, sku=SEAT, quantity={vended}, starts_on=2026-03-01"),
        );
        let outcome = world.reconcile(MARCH);
        assert_eq!(told(&outcome), told_as, "{vended} {quantity}");
        if let [finding] = outcome.findings.as_slice() {
            let difference = finding.unit_actual - finding.unit_expected;
            assert_eq!(finding.impact, difference, "{vended}");
            let has_tag = finding.secondary.contains(&Kind::VendorCost);
            assert_eq!(has_tag, finding.kind == Kind::Quantity);
        }
        let proof = outcome
            .completeness
            .iter()
            .find(|proof| proof.source == "vendor");
        assert!(proof.is_some_and(|proof| proof.holds && proof.out_of_scope == 0));
    }
    let mut world = World::new();
    world.add(
        Entity::Products,
        "source=crm, id=p1, sku=BACKUP, list_price=7, currency=USD",
    );
    world.add(
        Entity::Usage,
        "source=vendor, id=v1, account_id=c1, sku=BACKUP, quantity=3, starts_on=2026-03-01",
    );
    let outcome = world.reconcile(MARCH);
    assert_eq!(told(&outcome), ["VENDOR_COST -21"]);
    assert!(only_finding(&outcome).estimated);
    world.blind("vendor");
    let outcome = world.reconcile(MARCH);
    assert_eq!((told(&outcome).len(), only(&outcome).unknown), (0, 1));
}

// Goal: tax is compared apart: a wrong one counts its unit and adds nothing to its money; the floor takes
// rounding; another cause makes it a tag; without a rate it is not compared. Method: 310.00 at 8.875 %.
#[test]
fn tax_counts_a_unit_and_no_money() {
    for (rate, net, tax, told_as) in [
        ("8.875", "310", "27.51", vec![]),
        ("8.875", "310", "27.52", vec![]),
        ("8.875", "310", "27.53", vec!["TAX 0.02"]),
        ("8.875", "310", "0", vec!["TAX -27.51"]),
        // Within tolerance of the price, and the tax of what was billed.
        ("8.875", "310.01", "20", vec!["TAX -7.51"]),
        ("8.875", "279", "24.76", vec!["UNIT_PRICE -31"]),
        ("8.875", "279", "30", vec!["UNIT_PRICE -31"]),
    ] {
        let price = number(net) / number("10");
        let world = billed(
            &format!("tax_rate={rate}"),
            "10",
            net,
            &format!("unit_price={price}, tax={tax}"),
        );
        let outcome = world.reconcile(MARCH);
        assert_eq!(told(&outcome), told_as, "{net} {tax}");
        let totals = only(&outcome);
        assert_eq!(totals.discrepant, told_as.len() as u64);
        if told_as.iter().any(|text| text.starts_with("TAX")) {
            let finding = only_finding(&outcome);
            assert_eq!(finding.field, "tax");
            assert_eq!(finding.unit_actual, finding.unit_expected);
            assert_eq!(totals.discrepant_value, number("0"));
        } else if let [finding] = outcome.findings.as_slice() {
            assert_eq!(finding.secondary.contains(&Kind::Tax), tax == "30");
        }
    }
    let world = billed("", "10", "310", "unit_price=31, tax=1");
    assert_eq!(told(&world.reconcile(MARCH)), Vec::<String>::new());
    let mut severe = billed("tax_rate=10", "10", "310", "unit_price=31, tax=1");
    severe.config = severe
        .config
        .replace("[company]\n", "[company]\nmateriality = \"100\"\n");
    let outcome = severe.reconcile(MARCH);
    assert_eq!(only_finding(&outcome).severity, Severity::High);
}

// Goal: a source that rounds tax by the invoice is compared by the invoice, and one item tells what is
// wrong with it. Method: three lines whose own taxes are a cent off each, an invoice that is right, and
// one that is not; a line without a rate leaves the invoice's own tax out.
#[test]
fn tax_by_the_invoice_is_compared_by_the_invoice() {
    let world = |invoice_tax: &str, line_taxes: [&str; 3], rate: &str| {
        let mut world = World::new();
        world.config.push_str(
            "[reconcile]\ntax_rounding = \"line\"\n[source.billing]\nconnector = \"files\"\n\
             role = \"billing\"\ntax_rounding = \"invoice\"\n",
        );
        world.invoice("i1", "2026-03-01", "3", &format!("tax={invoice_tax}"));
        for (at, tax) in line_taxes.iter().enumerate() {
            let sku = format!("S{at}");
            let contract = if at == 2 { rate } else { "tax_rate=10" };
            world.contract(&sku, &sku, "1", "0.35", contract);
            let tax = if tax.is_empty() {
                String::new()
            } else {
                format!(", tax={tax}")
            };
            world.line(
                &sku,
                "i1",
                &format!("sku={sku}, quantity=1, unit_price=0.35, net=0.35{tax}"),
            );
        }
        told(&world.reconcile(MARCH))
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(world("0.11", ["0.04", "0.04", "0.04"], "tax_rate=10"), none);
    assert_eq!(world("0.11", ["", "", ""], "tax_rate=10"), none);
    assert_eq!(world("0.50", ["", "", ""], "tax_rate=10"), ["TAX 0.39"]);
    assert_eq!(
        world("0.50", ["0.04", "0.42", "0.04"], "tax_rate=10"),
        ["TAX 0.39"]
    );
    assert_eq!(world("9", ["0.04", "0.04", "9"], ""), none);
    assert_eq!(world("9", ["0.04", "1.04", "9"], ""), ["TAX 1.01"]);
}
