//! Bank statements of many banks and versions (camt.052, camt.053 and camt.054, versions 1 to 8),
//! each with what another reader makes of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_decimal::Decimal;
use serde_json::Value;

use super::data;
use crate::support::cli::Workspace;

/// The booked entries that give money: how many of a currency, and their sum.
type Sums = BTreeMap<(String, String), (u64, Decimal)>;

fn expected(name: &str, message: &Value, sums: &mut Sums) {
    for entry in message["getEntries"].as_array().into_iter().flatten() {
        let is_given = entry["getStatus"] == "BOOK"
            && entry["getCreditDebitIndicator"] == "CRDT"
            && entry["getReversalIndicator"] == false;
        if !is_given {
            continue;
        }
        let amount = &entry["getAmount"];
        let currency = amount["getCurrency"]["getCode"].as_str().unwrap();
        // The reference counts minor units; all of its currencies have two decimals.
        let minor: Decimal = amount["getAmount"].as_str().unwrap().parse().unwrap();
        let sum = sums
            .entry((name.to_owned(), currency.to_owned()))
            .or_default();
        sum.0 += 1;
        sum.1 += minor / Decimal::ONE_HUNDRED;
    }
}

/// The reference numbers entries by statement, and so of two statements in one message it keeps the
/// second one's only. What the first one gives is written here, from the file itself.
const OVERWRITTEN: (&str, &str, &str) = ("camt053.v2.multi.statement", "EUR", "8.85");

/// Goal: each statement lands the payments that the reference reads from it, and the one that is no
/// statement fails alone. Method: a source per file, one sync, sums by source and currency.
#[test]
fn statements_of_all_versions_give_the_payments_of_the_reference() {
    let Some(folder) = data("bank_camt/genkgo") else {
        return;
    };
    let folder = folder.canonicalize().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".xml").map(str::to_owned))
        .collect();
    names.sort();
    let mut config = "[company]\nname = 'Bank'\ntimezone = 'UTC'\ncurrency = 'EUR'\n".to_owned();
    let mut sums = Sums::new();
    for (at, name) in names.iter().enumerate() {
        let path = folder.join(format!("{name}.xml"));
        writeln!(
            config,
            "[source.s{at}]\nconnector = 'files'\nrole = 'bank'\nmax_age = '9000d'\n\
             files = {{ payments = '{path}', remittances = '{path}' }}",
            path = path.display()
        )
        .unwrap();
        if let Ok(json) = std::fs::read_to_string(folder.join(format!("{name}.json"))) {
            let message: Value = serde_json::from_str(&json).unwrap();
            expected(&format!("s{at}"), &message, &mut sums);
        }
        let (message, currency, amount) = OVERWRITTEN;
        if name == message {
            let key = (format!("s{at}"), currency.to_owned());
            sums.insert(key, (1, amount.parse().unwrap()));
        }
    }
    assert!(names.len() >= 25 && sums.len() >= 10, "{names:?}");
    let workspace = Workspace::new(&config, "2026-11-15T06:00:00Z");

    let pulls = workspace.run(&["sync", "--json"]).expect(3);
    let wrong = names
        .iter()
        .position(|name| name.ends_with("wrong"))
        .unwrap();
    for pull in pulls.json().as_array().unwrap() {
        let is_wrong = pull["source"] == format!("s{wrong}");
        assert_eq!(pull["state"] == "failed", is_wrong, "{pull}");
        if is_wrong {
            let reason = pull["reason"].as_str().unwrap();
            assert!(
                reason.contains("XF-S019") && reason.contains("it holds no statement"),
                "{reason}"
            );
        }
    }
    let sql = "select source, currency, count(*) as count, sum(amount) as total from payments \
               where status = 'succeeded' and amount > 0 group by source, currency";
    let found = workspace
        .run(&["landing", "query", sql, "--format", "json"])
        .expect(0)
        .json();
    let mut landed = Sums::new();
    for row in found.as_array().unwrap() {
        let text = |key: &str| row[key].to_string().trim_matches('"').to_owned();
        let total: Decimal = text("total").parse().unwrap();
        landed.insert(
            (text("source"), text("currency")),
            (text("count").parse().unwrap(), total.normalize()),
        );
    }
    let sums: Sums = sums
        .into_iter()
        .map(|(key, (count, total))| (key, (count, total.normalize())))
        .collect();
    assert_eq!(landed, sums);
}
