//! Receivables of a real ledger: 2,466 invoices of 100 customers over 24 months, read through the
//! `files` source with a map of its columns, one file feeding invoices and payments.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{data, decimal};
use crate::support::cli::Workspace;

fn config(csv: &str) -> String {
    format!(
        r#"
[company]
name = "Ledger"
timezone = "UTC"
currency = "USD"

[source.ledger]
connector = "files"
role = "billing"
files = {{ invoices = "{csv}", payments = "{csv}" }}
max_age = "9000d"

[source.ledger.map.invoices]
id = "invoiceNumber"
number = "invoiceNumber"
account_id = "customerID"
issued_on = {{ from = "InvoiceDate", format = "%m/%d/%Y" }}
due_on = {{ from = "DueDate", format = "%m/%d/%Y" }}
total = "InvoiceAmount"
currency = {{ value = "USD" }}

[source.ledger.map.payments]
id = "invoiceNumber"
account_id = "customerID"
received_on = {{ from = "SettledDate", format = "%m/%d/%Y" }}
amount = "InvoiceAmount"
currency = {{ value = "USD" }}
reference = "invoiceNumber"

[[collections.level]]
name = "L1"
days_past_due = 3
"#
    )
}

/// The figure as printed in the reference: both rounded to its six decimals.
#[track_caller]
fn assert_near(actual: &Value, expected: &Value, what: &str) {
    assert_eq!(
        decimal(actual).round_dp(4),
        decimal(expected).round_dp(4),
        "{what}"
    );
}

/// Goal: ageing, DSO countback and CEI of a real ledger equal independently computed figures.
/// Method: sync once, backfill all 24 months, and ask the KPIs of the months in the reference.
#[test]
fn the_ledger_ages_as_the_reference_says() {
    let Some(folder) = data("ar_ibm") else { return };
    let csv = folder.join("WA_Fn-UseC_-Accounts-Receivable.csv");
    let csv = csv.canonicalize().unwrap();
    let reference: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap())
            .unwrap();
    let workspace = Workspace::new(&config(csv.to_str().unwrap()), "2014-01-15T06:00:00Z");

    let pulls = workspace.run(&["sync", "--json"]).expect(0).json();
    for pull in pulls.as_array().unwrap() {
        assert_eq!(pull["rows"], 2466, "{pull}");
        assert_eq!(pull["rejected"], 0, "{pull}");
    }
    let periods = workspace
        .run(&["backfill", "--from", "2012-01", "--to", "2013-12", "--json"])
        .expect(0)
        .json();
    assert_eq!(periods.as_array().unwrap().len(), 24);

    for (day, expected) in reference["as_of"].as_object().unwrap() {
        let period = &day[..7];
        let kpi = workspace
            .run(&["kpi", "--period", period, "--json"])
            .expect(0)
            .json();
        let owed = &kpi["receivables"];
        assert_eq!(
            owed["open_invoices"], expected["open_count"],
            "{period} open count"
        );
        assert_near(&owed["gross"], &expected["open_amount"], "gross");
        for bucket in ["current", "1-30", "31-60", "61-90", "91+"] {
            assert_near(
                &owed["aging"][bucket],
                &expected["aging_due"][bucket]["amount"],
                bucket,
            );
        }
        assert_near(
            &owed["dso_countback"],
            &expected["dso_countback"],
            "countback",
        );
        let cei = decimal(&owed["cei"]) * Decimal::ONE_HUNDRED;
        let cei_expected = decimal(&expected["cei_month"]["cei_pct"]);
        assert_eq!(cei.round_dp(4), cei_expected.round_dp(4), "CEI of {period}");
    }
}
