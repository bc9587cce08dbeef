//! Salesforce's Bulk API 2.0: what is too much for pages comes as an export.

use crossfoot::canonical::Entity;
use crossfoot::config::HumanDuration;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, failed, unsealed};
use super::fixtures;
use super::salesforce::{DATA, Organisation, error, organisation, selected};
use crate::sources::harness::{header, query};

/// How the exports of an organisation behave.
#[derive(Default)]
pub(super) struct Exports {
    polls: usize,
    /// The state that every job ends in, where it is not `JobComplete`.
    state: Option<&'static str>,
    /// What is added to the number of rows that a job says it has.
    miscount: usize,
    /// Rows that are left out of the first part, behind its header's count.
    lost: usize,
    /// A column that the results do not have.
    lacking: Option<&'static str>,
}

/// The arms of the API below `jobs/query`.
pub(super) fn answer(
    organisation: &mut Organisation,
    request: &Request,
    method: &str,
    rest: &[&str],
) -> ResponseTemplate {
    let number = |id: &str| -> usize { id.strip_prefix("750").unwrap().parse().unwrap() };
    match (method, rest) {
        ("POST", []) => {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body["contentType"], "CSV");
            assert_eq!(body["columnDelimiter"], "COMMA");
            assert_eq!(body["lineEnding"], "LF");
            let soql = body["query"].as_str().unwrap().to_owned();
            let with_bin = body["operation"] == "queryAll";
            organisation.queries.push((soql, with_bin));
            organisation.exports.polls = 0;
            let id = format!("750{}", organisation.queries.len() - 1);
            ResponseTemplate::new(200).set_body_json(json!({"id": id, "state": "UploadComplete"}))
        }
        ("GET", [id]) => {
            organisation.exports.polls += 1;
            let last = organisation.exports.state.unwrap_or("JobComplete");
            let state =
                ["UploadComplete", "InProgress", last][organisation.exports.polls.min(3) - 1];
            let rows = selected(organisation, number(id)).len() + organisation.exports.miscount;
            ResponseTemplate::new(200)
                .insert_header("Retry-After", "0")
                .set_body_json(
                    json!({"id": id, "state": state, "numberRecordsProcessed": rows,
                    "errorMessage": "InvalidBatch : Failed to process query: QUERY_TIMEOUT"}),
                )
        }
        ("GET", [id, "results"]) => {
            assert_eq!(header(request, "accept"), Some("text/csv"));
            assert_eq!(query(request, "maxRecords").as_deref(), Some("50000"));
            let from = query(request, "locator").map_or(0, |text| text.parse().unwrap());
            csv(organisation, number(id), from)
        }
        ("DELETE", [_]) => ResponseTemplate::new(204),
        _ => ResponseTemplate::new(404),
    }
}

/// Two thirds of an export, then the rest.
fn csv(organisation: &Organisation, number: usize, from: usize) -> ResponseTemplate {
    let all = selected(organisation, number);
    let two_thirds = all.len() * 2 / 3;
    let until = if from == 0 { two_thirds } else { all.len() };
    let (fields, _) = organisation.queries[number].0.split_once(" FROM ").unwrap();
    let fields = fields.strip_prefix("SELECT ").unwrap().split(',');
    let lacking = organisation.exports.lacking;
    let fields: Vec<&str> = fields.filter(|field| Some(*field) != lacking).collect();
    let mut text = format!("\"{}\"\n", fields.join("\",\""));
    let lost = if from == 0 {
        organisation.exports.lost
    } else {
        0
    };
    for record in &all[from..until - lost] {
        let cells = fields.iter().map(|field| {
            let cell = field.split('.').fold(record, |value, name| &value[name]);
            let cell = match cell {
                Value::Null => String::new(),
                Value::String(text) => text.replace(".000+0000", ".000Z").replace('"', "\"\""),
                other => other.to_string(),
            };
            format!("\"{cell}\"")
        });
        text += &cells.collect::<Vec<_>>().join(",");
        text += "\n";
    }
    let locator = if until < all.len() {
        until.to_string()
    } else {
        "null".to_owned()
    };
    ResponseTemplate::new(200)
        .insert_header("Sforce-Locator", locator)
        .insert_header("Sforce-NumberOfRecords", (until - from).to_string())
        .set_body_raw(text, "text/csv")
}

/// 2,101 accounts with names over two lines, one of them in the recycle bin.
async fn many() -> (Vendor<Organisation>, Bench) {
    let (vendor, bench) = organisation().await;
    vendor.change(|organisation| {
        organisation.page_size = 2_000;
        let accounts = organisation.all("Account");
        accounts.clear();
        accounts.extend((0..2_101).map(|number| {
            json!({"Id": format!("001{number:06}"), "Name": format!("Customer, \"{number}\"\nof many"),
                "IsDeleted": number == 7, "CurrencyIsoCode": "USD",
                "SystemModstamp": "2026-11-19T10:00:00.000+0000"})
        }));
    });
    (vendor, bench)
}

/// The requests to the Bulk API, without their bodies.
async fn of_jobs(bench: &mut Bench, vendor: &Vendor<Organisation>) -> Vec<String> {
    let asked = bench.asked(vendor).await;
    let of_jobs = asked.iter().filter(|line| line.contains("/jobs/"));
    let plain = of_jobs.map(|line| line.split(" {").next().unwrap().replace(DATA, ""));
    plain.collect()
}

#[tokio::test]
async fn many_records_come_as_an_export() {
    // Goal: above 2,000 records the Bulk API is asked, part by part by its locator, with the same
    // values; the job is cleared away; a window of few records is read by REST again. Method: 2,101
    // accounts, then a night in which one of them is edited.
    let (vendor, mut bench) = many().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 2_100);
    let one = bench.one(Entity::Accounts, "001000042");
    assert_eq!(one.text("name"), Some("Customer, \"42\"\nof many"));
    assert_eq!(one.text("city"), None);
    let stamp = one.instant("updated_at").unwrap().to_string();
    assert_eq!(stamp, "2026-11-19T10:00:00Z");
    let results = "GET /jobs/query/7501/results?maxRecords=50000";
    assert_eq!(
        of_jobs(&mut bench, &vendor).await,
        [
            "POST /jobs/query",
            "GET /jobs/query/7501",
            "GET /jobs/query/7501",
            "GET /jobs/query/7501",
            results,
            &format!("{results}&locator=1400"),
            "DELETE /jobs/query/7501",
        ]
    );
    vendor.change(|organisation| {
        let account = organisation.one("Account", "001000042");
        account["Name"] = "Renamed".into();
        account["SystemModstamp"] = "2026-11-21T20:00:00.000+0000".into();
    });
    bench.whole_night(&vendor, 2).await;
    let renamed = bench.one(Entity::Accounts, "001000042");
    assert_eq!(renamed.text("name"), Some("Renamed"));
    assert!(of_jobs(&mut bench, &vendor).await.is_empty());
}

#[tokio::test]
async fn amounts_of_an_export_are_those_of_the_pages() {
    // Goal: money and dotted fields by CSV, to the cent. Method: 2,002 line items, one of them lost.
    let (vendor, mut bench) = organisation().await;
    vendor.change(|organisation| {
        organisation.page_size = 2_000;
        let line = organisation.all("OpportunityLineItem")[0].clone();
        let lines = organisation.all("OpportunityLineItem");
        lines.extend((0..2_000).map(|number| {
            let mut line = line.clone();
            line["Id"] = format!("00k{number:06}").into();
            line["UnitPrice"] = serde_json::from_str("0.01").unwrap();
            line
        }));
    });
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Contracts).len(), 2_001);
    // 2,000 cents and one seat at 22.00.
    assert_eq!(bench.sum(Entity::Contracts, "unit_price"), "42");
    let sold = bench.one(Entity::Contracts, "00kWON");
    assert_eq!(sold.text("account_id"), Some("001NWDNT"));
    assert_eq!(sold.date("closed_on").unwrap().to_string(), "2026-10-28");
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_is_overcome() {
    // Goal: an expired session while the job is waited for, a limit and a failure between its parts, a
    // field that is missing. Method: one of each.
    let (vendor, mut bench) = many().await;
    bench.config.limits.retry_for = HumanDuration(std::time::Duration::from_secs(20));
    vendor.change(|organisation| organisation.missing = vec!["CurrencyIsoCode"]);
    let jobs = format!("{DATA}/jobs/query");
    vendor.fail(
        &format!("{jobs}/7"),
        error(401, "INVALID_SESSION_ID", "expired"),
    );
    vendor.fail(
        &format!("{jobs}/7"),
        error(503, "SERVER_UNAVAILABLE", "busy"),
    );
    vendor.change(|organisation| organisation.exports.polls = 0);
    vendor.fail(
        &jobs,
        ResponseTemplate::new(429).insert_header("Retry-After", "0"),
    );
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 2_100);
    let orders = bench.asked(&vendor).await;
    let orders = orders
        .iter()
        .filter(|line| line.starts_with("POST") && line.contains("/jobs/"));
    assert!(orders.clone().count() > 0);
    assert!(orders.clone().all(|line| !line.contains("CurrencyIsoCode")));
    vendor.change(|organisation| assert_eq!(organisation.tokens, 2));
}

#[tokio::test]
async fn a_job_without_a_result_is_no_empty_list() {
    // Goal: failed, cancelled, unknown and vanished jobs are told with their id, land nothing, and are
    // cleared away; the next night orders a new one. Method: one night of each.
    let (vendor, mut bench) = many().await;
    for (night, state, expected) in [
        (
            1,
            "Failed",
            "its state is `Failed`: InvalidBatch : Failed to process query: QUERY_TIMEOUT",
        ),
        (2, "Aborted", "its state is `Aborted`"),
        (
            3,
            "Dreaming",
            "its state is `Dreaming`, which the connector does not know",
        ),
    ] {
        vendor.change(|organisation| organisation.exports.state = Some(state));
        let reports = bench.night(&vendor, night).await;
        let told = failed(&reports, "accounts");
        assert!(
            told.contains("XF-S029") && told.contains(expected),
            "{told}"
        );
        assert!(told.contains("job 750"), "{told}");
        let asked = of_jobs(&mut bench, &vendor).await;
        assert!(
            asked.last().unwrap().starts_with("DELETE /jobs/query/750"),
            "{asked:?}"
        );
    }
    assert_eq!(bench.cursor("accounts"), None);
    vendor.change(|organisation| organisation.exports.state = None);
    vendor.fail(
        &format!("{DATA}/jobs/query/7"),
        error(404, "NOT_FOUND", "no job"),
    );
    let told = failed(&bench.night(&vendor, 4).await, "accounts");
    assert!(told.contains("does not know it any more"), "{told}");
    bench.whole_night(&vendor, 5).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 2_100);
}

#[tokio::test]
async fn an_export_that_is_not_whole_is_not_sealed() {
    // Goal: the counts of the job and of each part are tied, and a column that was asked for must be
    // there. Method: one count too many, one row too few, and a header without the name.
    let (vendor, mut bench) = many().await;
    vendor.change(|organisation| organisation.exports.miscount = 1);
    let why = unsealed(&bench.night(&vendor, 1).await, "accounts");
    assert_eq!(why, "the vendor counts 2102 records and 2101 came");
    vendor.change(|organisation| {
        organisation.exports.miscount = 0;
        organisation.exports.lost = 1;
    });
    let why = unsealed(&bench.night(&vendor, 2).await, "accounts");
    assert_eq!(why, "the vendor counts 1400 rows in a part and 1399 came");
    assert_eq!(bench.cursor("accounts"), None);
    vendor.change(|organisation| {
        organisation.exports.lost = 0;
        organisation.exports.lacking = Some("Name");
    });
    let told = failed(&bench.night(&vendor, 3).await, "accounts");
    assert!(told.contains("the header has no column `Name`"), "{told}");
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they answer in place of our own.
    let Some(folder) = fixtures::folder("salesforce") else {
        return;
    };
    let body = |name: &str| fixtures::body(&folder, name);
    let (vendor, mut bench) = many().await;
    let jobs = format!("{DATA}/jobs/query/7");
    for state in ["running", "failed"] {
        let state = body(&format!(
            "get_services_data_v66.0_jobs_query_id.200.{state}.json"
        ));
        let state = ResponseTemplate::new(200).set_body_json(state);
        vendor.fail(&jobs, state.insert_header("Retry-After", "0"));
    }
    let told = failed(&bench.night(&vendor, 1).await, "accounts");
    assert!(told.contains("QUERY_TIMEOUT"), "{told}");
    let done = body("get_services_data_v66.0_jobs_query_id.200.done.json");
    vendor.fail(&jobs, ResponseTemplate::new(200).set_body_json(done));
    let chunk = body("get_services_data_v66.0_jobs_query_id_results.200.chunk1.body.json");
    let text = chunk["body"].as_str().unwrap().to_owned();
    let columns = "\"BillingCity\"";
    assert!(!text.contains(columns));
    for _ in 0..3 {
        let chunk = ResponseTemplate::new(200).set_body_raw(text.clone(), "text/csv");
        vendor.fail(&jobs, chunk);
    }
    let told = failed(&bench.night(&vendor, 2).await, "accounts");
    assert!(told.contains("no column `BillingCity`"), "{told}");
}
