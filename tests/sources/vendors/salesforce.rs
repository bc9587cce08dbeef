//! The Salesforce connector against Salesforce's wire format.

use crossfoot::canonical::Entity;
use serde_json::{Map, Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, failed, unsealed};
use super::fixtures;
use super::salesforce_bulk::{self, Exports};
use crate::sources::harness::{header, query};

pub(super) const DATA: &str = "/services/data/v66.0";
const TOKEN: &str = "00D1!AQ";

/// An organisation: its records by object, and how it behaves.
pub(super) struct Organisation {
    pub(super) objects: Map<String, Value>,
    /// What was deleted: object and id, in the afternoon of the 21st.
    purged: Vec<(String, String)>,
    /// Fields that the integration user does not have.
    pub(super) missing: Vec<&'static str>,
    pub(super) page_size: usize,
    /// What is added to the number of records that it counts.
    pub(super) miscount: usize,
    /// The queries whose pages, or whose exports, are under way.
    pub(super) queries: Vec<(String, bool)>,
    pub(super) tokens: usize,
    pub(super) exports: Exports,
}

impl Organisation {
    /// Three accounts, one of them in the recycle bin, and one won line of 25 seats.
    fn northwind() -> Self {
        let account = |id: &str, name: &str, deleted: bool| {
            json!({"Id": id, "Name": name, "IsDeleted": deleted, "MasterRecordId": null,
                "Website": null, "CurrencyIsoCode": "USD", "OwnerId": "005",
                "SystemModstamp": "2026-11-19T10:00:00.000+0000"})
        };
        let objects = json!({
            "Account": [
                account("001NWDNT", "Northwind Dental Group", false),
                account("001ACMEF", "Acme Fabrication Ltd", false),
                account("001BLUEH", "Blue Heron Logistics", true),
            ],
            "Product2": [{"Id": "01tSEAT", "ProductCode": "M365-BP", "IsDeleted": false,
                "Name": "Microsoft 365 Business Premium",
                "SystemModstamp": "2026-01-02T00:00:00.000+0000"}],
            "OpportunityLineItem": [
                line("00kWON", "006WON", true, "22.00"),
                line("00kLOST", "006LOST", false, "9.99"),
            ],
        });
        let Value::Object(objects) = objects else {
            unreachable!()
        };
        Self {
            objects,
            purged: Vec::new(),
            missing: Vec::new(),
            page_size: 2,
            miscount: 0,
            queries: Vec::new(),
            tokens: 0,
            exports: Exports::default(),
        }
    }

    pub(super) fn all(&mut self, object: &str) -> &mut Vec<Value> {
        self.objects[object].as_array_mut().unwrap()
    }

    pub(super) fn one(&mut self, object: &str, id: &str) -> &mut Value {
        self.all(object)
            .iter_mut()
            .find(|record| record["Id"] == id)
            .unwrap()
    }
}

fn line(id: &str, opportunity: &str, is_won: bool, price: &str) -> Value {
    let price: Value = serde_json::from_str(price).unwrap();
    json!({"Id": id, "ProductCode": "M365-BP", "Product2Id": "01tSEAT", "Quantity": 25.0,
        "UnitPrice": price, "Discount": null, "CurrencyIsoCode": "USD", "ServiceDate": "2026-11-01",
        "IsDeleted": false, "SystemModstamp": "2026-11-18T10:00:00.000+0000",
        "Opportunity": {"AccountId": "001NWDNT", "IsWon": is_won, "CloseDate": "2026-10-28",
            "Id": opportunity, "SystemModstamp": "2026-11-18T10:00:00.000+0000"}})
}

pub(super) fn error(status: u16, code: &str, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!([{"message": message, "errorCode": code}]))
}

fn answer(organisation: &mut Organisation, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if path == "/services/oauth2/token" {
        organisation.tokens += 1;
        return ResponseTemplate::new(200).set_body_json(json!({"access_token": TOKEN,
            "instance_url": "https://acme.my.salesforce.com", "token_type": "Bearer"}));
    }
    if header(request, "authorization") != Some("Bearer 00D1!AQ") {
        return error(401, "INVALID_SESSION_ID", "Session expired or invalid");
    }
    let path = path.strip_prefix(DATA).unwrap();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", [kind @ ("query" | "queryAll")]) => {
            assert_eq!(
                header(request, "sforce-query-options"),
                Some("batchSize=2000")
            );
            let soql = query(request, "q").unwrap();
            if let Some(field) = organisation
                .missing
                .iter()
                .find(|field| soql.contains(*field))
            {
                let message = format!(
                    "\nSELECT Id\nERROR at Row:1:Column:8\nNo such column '{field}' on entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c'."
                );
                return error(400, "INVALID_FIELD", &message);
            }
            organisation.queries.push((soql, *kind == "queryAll"));
            page(organisation, organisation.queries.len() - 1, 0)
        }
        ("GET", ["query", locator]) => {
            let (number, from) = locator
                .strip_prefix("01g")
                .unwrap()
                .split_once('-')
                .unwrap();
            page(organisation, number.parse().unwrap(), from.parse().unwrap())
        }
        ("GET", ["sobjects", object, "deleted"]) => {
            let deleted = "2026-11-21T15:00:00.000+0000";
            let window = query(request, "start").unwrap()..query(request, "end").unwrap();
            let is_inside = window.contains(&deleted.to_owned());
            let purged = organisation.purged.iter();
            let gone: Vec<Value> = purged
                .filter(|(kind, _)| kind == object && is_inside)
                .map(|(_, id)| json!({"id": id, "deletedDate": deleted}))
                .collect();
            ResponseTemplate::new(200).set_body_json(json!({"deletedRecords": gone,
                "earliestDateAvailable": "2026-08-02T05:00:00.000+0000",
                "latestDateCovered": "2026-11-21T00:55:00.000+0000"}))
        }
        (method, ["jobs", "query", rest @ ..]) => {
            salesforce_bulk::answer(organisation, request, method, rest)
        }
        _ => ResponseTemplate::new(404),
    }
}

/// The records that a query selects, with the fields that it names.
pub(super) fn selected(organisation: &Organisation, number: usize) -> Vec<Value> {
    let (soql, with_bin) = &organisation.queries[number];
    let (fields, behind) = soql
        .strip_prefix("SELECT ")
        .unwrap()
        .split_once(" FROM ")
        .unwrap();
    let object = behind.split(' ').next().unwrap();
    let bound = |sign: &str| {
        let (_, instant) = soql.split_once(&format!("SystemModstamp {sign} "))?;
        Some(instant[..19].to_owned())
    };
    let window = bound(">=").zip(bound("<"));
    let is_inside = |stamp: &Value| {
        let stamp = &stamp.as_str().unwrap()[..19];
        window
            .as_ref()
            .is_none_or(|(from, to)| *stamp >= **from && *stamp < **to)
    };
    let records = organisation.objects[object].as_array().unwrap();
    records
        .iter()
        .filter(|record| *with_bin || record["IsDeleted"] == false)
        .filter(|record| {
            let above = &record["Opportunity"]["SystemModstamp"];
            is_inside(&record["SystemModstamp"]) || (above.is_string() && is_inside(above))
        })
        .filter(|record| {
            !soql.contains("Opportunity.IsWon = true") || record["Opportunity"]["IsWon"] == true
        })
        .map(|record| {
            let mut shown = json!({"attributes": {"type": object}});
            for field in fields.split(',') {
                match field.split_once('.') {
                    None => shown[field] = record[field].clone(),
                    Some((above, inner)) => shown[above][inner] = record[above][inner].clone(),
                }
            }
            shown
        })
        .collect()
}

fn page(organisation: &Organisation, number: usize, from: usize) -> ResponseTemplate {
    let all = selected(organisation, number);
    let until = (from + organisation.page_size).min(all.len());
    let mut body = json!({"totalSize": all.len() + organisation.miscount, "done": until == all.len(),
        "records": all[from..until]});
    if until < all.len() {
        body["nextRecordsUrl"] = format!("{DATA}/query/01g{number}-{until}").into();
    }
    ResponseTemplate::new(200).set_body_json(body)
}

pub(super) async fn organisation() -> (Vendor<Organisation>, Bench) {
    let vendor = Vendor::start(Organisation::northwind(), answer).await;
    let keys = "client_id = 'app'\nclient_secret = { file = 'secret' }";
    let bench = Bench::new("salesforce", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    (vendor, bench)
}

#[tokio::test]
async fn the_sold_leg_lands_page_by_page() {
    // Goal: the scenario's 25 seats, deleted accounts as tombstones, and exactly the requests that
    // Salesforce documents. Method: pages of two records.
    let (vendor, mut bench) = organisation().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["001ACMEF", "001NWDNT"]);
    let sold = bench.one(Entity::Contracts, "00kWON");
    assert_eq!(bench.ids(Entity::Contracts), ["00kWON"]);
    assert_eq!(sold.text("account_id"), Some("001NWDNT"));
    assert_eq!(sold.text("sku"), Some("M365-BP"));
    assert_eq!(amount(&sold, "quantity"), "25");
    let amount = sold.decimal("quantity").unwrap() * sold.decimal("unit_price").unwrap();
    assert_eq!(amount.normalize().to_string(), "550");
    assert_eq!(sold.text("currency"), Some("USD"));
    // Midnight in New York.
    assert_eq!(
        sold.instant("starts_on").unwrap().to_string(),
        "2026-11-01T04:00:00Z"
    );
    assert_eq!(sold.date("closed_on").unwrap().to_string(), "2026-10-28");
    assert_eq!(
        bench.one(Entity::Products, "01tSEAT").text("sku"),
        Some("M365-BP")
    );
    let asked = bench.asked(&vendor).await;
    assert_eq!(
        asked[0],
        "POST /services/oauth2/token grant_type=client_credentials&client_id=app&client_secret=shhh"
    );
    assert_eq!(
        asked[1],
        "GET /services/data/v66.0/queryAll?q=SELECT BillingCity,BillingCountry,BillingPostalCode,\
         BillingState,BillingStreet,CurrencyIsoCode,Id,Industry,IsDeleted,MasterRecordId,Name,\
         OwnerId,ParentId,Phone,SystemModstamp,Website FROM Account  ORDER BY SystemModstamp, Id"
    );
    assert_eq!(asked[2], "GET /services/data/v66.0/query/01g0-2");
    assert!(
        asked.iter().all(|line| !line.contains("/deleted")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn nothing_is_there() {
    // Goal: an empty organisation is a success. Method: no record of any object.
    let (vendor, mut bench) = organisation().await;
    vendor.change(|organisation| {
        for (_, records) in &mut organisation.objects {
            *records = json!([]);
        }
    });
    bench.whole_night(&vendor, 1).await;
    bench.whole_night(&vendor, 2).await;
    assert!(bench.ids(Entity::Accounts).is_empty());
}

#[tokio::test]
async fn a_late_edit_comes_with_the_next_window() {
    // Goal: only the window is asked for, 15 minutes back, and what moved in it lands: an edit, an
    // account from the recycle bin, one deleted for good, and an opportunity that is lost again
    // though its line was not touched. Method: two nights.
    let (vendor, mut bench) = organisation().await;
    bench.whole_night(&vendor, 1).await;
    bench.asked(&vendor).await;
    vendor.change(|organisation| {
        organisation
            .all("OpportunityLineItem")
            .push(line("00kMORE", "006MORE", true, "4.50"));
        let more = organisation.one("OpportunityLineItem", "00kMORE");
        more["SystemModstamp"] = "2026-11-21T00:50:00.000+0000".into();
        let acme = organisation.one("Account", "001ACMEF");
        acme["IsDeleted"] = true.into();
        acme["SystemModstamp"] = "2026-11-21T15:00:00.000+0000".into();
        let lost = &mut organisation.one("OpportunityLineItem", "00kWON")["Opportunity"];
        lost["IsWon"] = false.into();
        lost["SystemModstamp"] = "2026-11-21T16:00:00.000+0000".into();
        organisation
            .all("Account")
            .retain(|account| account["Id"] != "001NWDNT");
        organisation
            .purged
            .push(("Account".into(), "001NWDNT".into()));
    });
    bench.whole_night(&vendor, 2).await;
    assert!(bench.ids(Entity::Accounts).is_empty());
    assert_eq!(bench.ids(Entity::Contracts), ["00kMORE"]);
    assert_eq!(bench.sum(Entity::Contracts, "unit_price"), "4.5");
    let asked = bench.asked(&vendor).await;
    let accounts = asked
        .iter()
        .find(|line| line.contains("FROM Account"))
        .unwrap();
    let window = "FROM Account WHERE SystemModstamp >= 2026-11-21T00:45:00Z \
                  AND SystemModstamp < 2026-11-22T01:00:00Z ORDER BY";
    assert!(accounts.contains(window), "{accounts}");
    let deleted = "GET /services/data/v66.0/sobjects/Account/deleted\
                   ?end=2026-11-22T01:00:00Z&start=2026-11-21T00:45:00Z";
    assert!(asked.iter().any(|line| line == deleted), "{asked:?}");
    assert_eq!(
        asked.iter().filter(|line| line.contains("SELECT")).count(),
        3
    );
}

#[tokio::test]
async fn a_merge_is_a_link_and_no_deletion() {
    // Goal: a merged account stays, linked to its survivor and to what it was linked to itself, also
    // when the recycle bin has forgotten it. Method: a merge, then the weekly sweep, which names
    // only the survivor; then the survivor is deleted for good, and the next sweep buries both.
    let (vendor, mut bench) = organisation().await;
    let own = "linked_ids = { from = \"Billing_Id__c\", prefix = \"billing:\" }";
    bench
        .config
        .map
        .insert(Entity::Accounts, toml::from_str(own).unwrap());
    vendor.change(|organisation| {
        organisation.one("Account", "001ACMEF")["Billing_Id__c"] = "cus_1".into();
    });
    bench.whole_night(&vendor, 1).await;
    vendor.change(|organisation| {
        let acme = organisation.one("Account", "001ACMEF");
        acme["IsDeleted"] = true.into();
        acme["MasterRecordId"] = "001NWDNT".into();
        acme["SystemModstamp"] = "2026-11-21T15:00:00.000+0000".into();
        organisation
            .purged
            .push(("Account".into(), "001ACMEF".into()));
    });
    bench.whole_night(&vendor, 2).await;
    let merged = bench.one(Entity::Accounts, "001ACMEF");
    assert_eq!(merged.list("linked_ids"), ["billing:cus_1", "crm:001NWDNT"]);
    vendor.change(|organisation| {
        organisation
            .all("Account")
            .retain(|account| account["Id"] != "001ACMEF");
    });
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 8).await;
    let asked = bench.asked(&vendor).await;
    let sweep = "GET /services/data/v66.0/query?q=SELECT Id FROM Account";
    assert!(asked.iter().any(|line| line == sweep), "{asked:?}");
    assert_eq!(bench.ids(Entity::Accounts), ["001ACMEF", "001NWDNT"]);
    vendor.change(|organisation| organisation.all("Account").clear());
    bench.whole_night(&vendor, 15).await;
    assert!(bench.ids(Entity::Accounts).is_empty());
}

#[tokio::test]
async fn a_count_that_does_not_tie_is_not_sealed() {
    // Goal: Salesforce's own count decides. Method: it counts one more than it sends; the next
    // night reads everything again.
    let (vendor, mut bench) = organisation().await;
    vendor.change(|organisation| organisation.miscount = 1);
    let reports = bench.night(&vendor, 1).await;
    assert_eq!(
        unsealed(&reports, "accounts"),
        "the vendor counts 4 records and 3 came"
    );
    assert_eq!(bench.cursor("accounts"), None);
    vendor.change(|organisation| organisation.miscount = 0);
    bench.whole_night(&vendor, 2).await;
    assert!(bench.cursor("accounts").is_some());
}

#[tokio::test]
async fn what_salesforce_refuses_and_what_is_done_about_it() {
    // Goal: an expired session is renewed once, short limits and failures are waited for, a spent
    // budget parks the source, a locator that expired starts the list anew. Method: one answer of
    // each in place of the right one.
    let (vendor, mut bench) = organisation().await;
    let patience = std::time::Duration::from_secs(20);
    bench.config.limits.retry_for = crossfoot::config::HumanDuration(patience);
    let query_all = format!("{DATA}/queryAll");
    vendor.fail_after(
        1,
        &query_all,
        error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
    );
    vendor.fail(
        &query_all,
        error(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        ),
    );
    vendor.fail(
        &query_all,
        error(
            503,
            "SERVER_UNAVAILABLE",
            "The server is temporarily unable to respond.",
        ),
    );
    vendor.fail(
        &query_all,
        ResponseTemplate::new(429).insert_header("Retry-After", "0"),
    );
    vendor.fail(&query_all, ResponseTemplate::new(500));
    vendor.fail(
        &format!("{DATA}/query/"),
        error(400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    );
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 2);
    vendor.change(|organisation| assert_eq!(organisation.tokens, 2));

    let spent = error(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    );
    vendor.fail(&query_all, spent);
    bench.asked(&vendor).await;
    let reports = bench.night(&vendor, 2).await;
    assert!(
        failed(&reports, "accounts").contains("TotalRequests"),
        "{}",
        failed(&reports, "accounts")
    );
    assert_eq!(
        bench.ids(Entity::Accounts).len(),
        2,
        "nothing of the failed pull lands"
    );
}

#[tokio::test]
async fn the_last_fifth_of_the_day_is_left_to_others() {
    // Goal: the organisation's budget is watched. Method: an answer says that 81 % are used.
    let (vendor, mut bench) = organisation().await;
    let used = ResponseTemplate::new(200)
        .insert_header("Sforce-Limit-Info", "api-usage=93151/115000")
        .set_body_json(json!({"totalSize": 1, "done": true, "records": [{"Id": "001NWDNT",
            "Name": "Northwind", "IsDeleted": false, "SystemModstamp": "2026-11-19T10:00:00.000+0000"}]}));
    vendor.fail(&format!("{DATA}/queryAll"), used);
    let reports = bench.night(&vendor, 1).await;
    let line = failed(&reports, "contracts");
    assert!(line.contains("93151") || line.contains("81"), "{line}");
}

#[tokio::test]
async fn fields_that_are_not_there() {
    // Goal: an organisation with one currency misses nothing by it; a field that was taken from the
    // integration user is dropped and told. Method: two fields, one after the other.
    let (vendor, mut bench) = organisation().await;
    vendor.change(|organisation| organisation.missing = vec!["CurrencyIsoCode"]);
    bench.whole_night(&vendor, 1).await;
    assert_eq!(
        bench.one(Entity::Contracts, "00kWON").text("currency"),
        Some("USD")
    );

    let (vendor, mut bench) = organisation().await;
    vendor.change(|organisation| organisation.missing = vec!["Website"]);
    let reports = bench.night(&vendor, 1).await;
    let report = reports["accounts"].as_ref().unwrap();
    assert!(
        report.gaps.iter().any(|gap| gap.contains("Website")),
        "{report:?}"
    );
    assert_eq!(bench.ids(Entity::Accounts).len(), 2);
}

#[tokio::test]
async fn the_keys_decide_how_the_token_is_asked_for() {
    // Goal: a certificate in place of a secret; without either, the keys of both are named. Method:
    // a key of the test's own, and no key at all.
    let (vendor, mut bench) = organisation().await;
    bench.config.client_secret = None;
    let refused = bench.desk.open(&bench.config).err().unwrap().report();
    for key in ["client_secret", "username", "private_key"] {
        assert!(refused.contains(key), "{refused}");
    }
    bench.config.base_url = None;
    let refused = bench.desk.open(&bench.config).err().unwrap().report();
    assert!(
        refused.contains("https://acme.my.salesforce.com"),
        "{refused}"
    );

    bench.config.base_url = Some(vendor.server.uri());
    bench.desk.secret("key.pem", PRIVATE_KEY);
    bench.config.username = Some(
        toml::from_str::<Named>("name = 'int@acme.example'")
            .unwrap()
            .name,
    );
    bench.config.private_key = Some(crossfoot::secret::SecretRef::File("key.pem".into()));
    bench.whole_night(&vendor, 1).await;
    let asked = bench.asked(&vendor).await;
    let token = &asked[0];
    assert!(
        token.starts_with("POST /services/oauth2/token grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ"),
        "{token}"
    );
    assert!(!token.contains("PRIVATE"));
}

#[derive(serde::Deserialize)]
struct Named {
    name: crossfoot::config::Credential,
}

/// A key made for this test alone.
const PRIVATE_KEY: &str = include_str!("salesforce_test_key.pem");

#[tokio::test]
async fn the_fixtures_beside_the_repository_land() {
    // Goal: the shared scenario comes out as its authors wrote it. Method: their bodies, as a
    // server of static pages; nothing where they are not.
    let Some(folder) = fixtures::folder("salesforce") else {
        return;
    };
    let vendor = Vendor::start(folder, |folder, request| {
        let path = request.url.path();
        let soql = query(request, "q").unwrap_or_default();
        let name = match path.strip_prefix(DATA) {
            None => "post_services_oauth2_token.200.json",
            Some("/queryAll") if soql.contains("OpportunityLineItem") => {
                "get_services_data_v66.0_queryAll.200.lineitems.json"
            }
            Some("/queryAll") if soql.contains("FROM Account") => {
                "get_services_data_v66.0_queryAll.200.page1.json"
            }
            Some("/queryAll") => "get_services_data_v66.0_queryAll.200.empty.json",
            Some(_) => "get_services_data_v66.0_query_locator.200.json",
        };
        ResponseTemplate::new(200).set_body_json(fixtures::body(folder, name))
    })
    .await;
    let keys = "client_id = 'app'\nclient_secret = { file = 'token' }";
    let mut bench = Bench::new("salesforce", &vendor, keys);
    bench.whole_night(&vendor, 1).await;
    let accounts = ["001TO00000ACMEF1YAK", "001TO00000NWDNT1YAK"];
    assert_eq!(
        bench.ids(Entity::Accounts),
        accounts,
        "Blue Heron was deleted"
    );
    let sold = bench.one(Entity::Contracts, "00kTO000000LI01YAM");
    assert_eq!(sold.text("account_id"), Some(accounts[1]));
    let amount = sold.decimal("quantity").unwrap() * sold.decimal("unit_price").unwrap();
    assert_eq!(amount.normalize().to_string(), "550");
}
