//! Zuora's AQuA: what is too much for pages comes as an export.

use crossfoot::canonical::Entity;
use crossfoot::config::HumanDuration;
use crossfoot::sources::Seal;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, failed, unsealed};
use super::fixtures;
use super::held::{Held, ok, refused};
use super::zuora;

const JOBS: &str = "/v1/batch-query/jobs";

/// A tenant: what it holds, and the exports that were ordered of it.
struct Tenant {
    held: Held,
    queries: Vec<String>,
    polls: usize,
    /// The state that every job ends in, where it is not `completed`.
    state: Option<&'static str>,
    /// Added to every number of rows.
    miscount: usize,
    /// Whether the result is one file without segments.
    is_one_file: bool,
    /// An object whose exports are refused.
    closed: Option<&'static str>,
}

/// 2,101 accounts; two invoices of which one has 2,100 items, and as many payments.
fn tenant() -> Tenant {
    let stamp = "2026-11-20T23:58:41+0000";
    let account = |at: usize| {
        json!({"id": format!("a{at:04}"), "accountNumber": format!("A{at}"), "currency": "USD",
            "name": format!("Customer, \"{at}\"\nof many"), "status": "Active", "crmId": "001TO",
            "updatedDate": stamp})
    };
    let invoice = |at: usize| {
        json!({"id": format!("i{at:04}"), "invoiceNumber": format!("INV{at}"), "accountId": "a0001",
            "amount": 0.2, "taxAmount": 0, "amountWithoutTax": 0.2, "balance": 0.1, "currency": "USD",
            "invoiceDate": "2026-11-01", "dueDate": "2026-12-01", "status": "Posted",
            "updatedDate": stamp, "invoiceItems": []})
    };
    let payment = json!({"id": "p1", "paymentNumber": "P-1", "accountId": "a0001", "amount": 300.0,
        "currency": "USD", "effectiveDate": "2026-11-20", "status": "Processed", "updatedDate": stamp});
    let mut held =
        Held::of(json!({"credit-memos": [], "subscriptions": [], "payments": [payment]}));
    held.page_size = 99;
    held.lists
        .insert("accounts".into(), (0..2_101).map(account).collect());
    held.lists
        .insert("invoices".into(), (0..2_101).map(invoice).collect());
    Tenant {
        held,
        queries: Vec::new(),
        polls: 0,
        state: None,
        miscount: 0,
        is_one_file: false,
        closed: None,
    }
}

/// What an export calls the field of an object query.
fn exported(row: &Value, object: &str, field: &str) -> Value {
    let (of, name) = field.split_once('.').unwrap();
    let mut own = name[..1].to_lowercase() + &name[1..];
    if of == "Account" && object != "Account" {
        own = match name {
            "Id" => "accountId".into(),
            _ => "currency".into(),
        };
    }
    row[own.as_str()].clone()
}

impl Tenant {
    /// The rows of an export, as the cells of its fields.
    fn rows(&mut self, number: usize) -> (Vec<String>, Vec<Vec<String>>) {
        let query = self.queries[number].clone();
        let (fields, object) = query
            .strip_prefix("select ")
            .and_then(|rest| rest.split_once(" from "))
            .unwrap();
        let fields: Vec<String> = fields.split(',').map(str::to_owned).collect();
        let rows = match object {
            "Account" => self.held.all("accounts").clone(),
            "Invoice" => self.held.all("invoices").clone(),
            "Payment" => self.held.all("payments").clone(),
            "InvoiceItem" => return (fields.clone(), items(&fields)),
            other => panic!("nobody exports {other}"),
        };
        let cell = |row: &Value, field: &String| match exported(row, object, field) {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        let rows = rows
            .iter()
            .map(|row| fields.iter().map(|field| cell(row, field)).collect());
        (fields.clone(), rows.collect())
    }

    /// One of the two files of an export.
    fn file(&mut self, number: usize, half: usize) -> ResponseTemplate {
        let is_one = self.is_one_file;
        let (fields, rows) = self.rows(number);
        let middle = rows.len() / 2;
        let part = match (is_one, half) {
            (true, _) => &rows[..],
            (false, 0) => &rows[..middle],
            (false, _) => &rows[middle..],
        };
        let mut text = fields.join(",") + "\n";
        for row in part {
            let cells = row
                .iter()
                .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
            text += &cells.collect::<Vec<_>>().join(",");
            text += "\n";
        }
        ResponseTemplate::new(200).set_body_raw(text, "text/csv")
    }

    fn job(&mut self, number: usize) -> ResponseTemplate {
        self.polls += 1;
        if self.polls % 2 == 1 {
            let body = json!({"id": format!("job{number}"), "status": "executing",
                "batches": [{"status": "executing"}]});
            return ok(body).insert_header("Retry-After", "0");
        }
        let rows = self.rows(number).1.len() + self.miscount;
        let mut batch = json!({"status": "completed", "recordCount": rows, "fileId": format!("f{number}-0"),
            "message": "the query timed out"});
        if !self.is_one_file {
            batch["segments"] = json!([format!("f{number}-0"), format!("f{number}-1")]);
        }
        ok(
            json!({"id": format!("job{number}"), "status": self.state.unwrap_or("completed"),
            "batches": [batch]}),
        )
    }
}

/// 2,100 items of one cent, on the first invoice.
fn items(fields: &[String]) -> Vec<Vec<String>> {
    let cell = |at: usize, field: &str| match field {
        "InvoiceItem.Id" => format!("t{at:04}"),
        "InvoiceItem.ChargeName" => "M365-BP".into(),
        "InvoiceItem.ChargeAmount" | "InvoiceItem.UnitPrice" => "0.01".into(),
        "InvoiceItem.Quantity" => "1".into(),
        "InvoiceItem.TaxAmount" => "0".into(),
        "InvoiceItem.ServiceStartDate" => "2026-11-01".into(),
        "InvoiceItem.ServiceEndDate" => "2026-11-30".into(),
        "InvoiceItem.SKU" => String::new(),
        "Invoice.Id" => "i0000".into(),
        "Invoice.UpdatedDate" => "2026-11-20T23:58:41+0000".into(),
        "Invoice.Currency" => "USD".into(),
        "Account.Id" => "a0001".into(),
        other => panic!("nobody has {other}"),
    };
    let rows = (0..2_100).map(|at| fields.iter().map(|field| cell(at, field)).collect());
    rows.collect()
}

fn answer(tenant: &mut Tenant, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if !path.starts_with("/v1/") {
        return zuora::answer(&mut tenant.held, request);
    }
    if !tenant.held.knows(request) {
        return refused(401, json!({"reasons": [{"code": 90_000_011}]}));
    }
    let number = |text: &str| -> usize {
        let digits = text.trim_start_matches(|letter: char| letter.is_alphabetic());
        digits.split('-').next().unwrap().parse().unwrap()
    };
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["v1", "batch-query", ""]) => {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body["format"], "csv");
            assert_eq!(body["version"], "1.2");
            assert_eq!(body["encrypted"], "none");
            assert_eq!(body["dateTimeUtc"], "true");
            assert_eq!(body["queries"][0]["type"], "zoqlexport");
            let query = body["queries"][0]["query"].as_str().unwrap().to_owned();
            let refused = tenant.closed.is_some_and(|object| query.ends_with(object));
            if refused {
                return ok(json!({"errorCode": "90005",
                    "message": "There is a syntax error in one of the queries in the AQuA input"}));
            }
            tenant.queries.push(query);
            let id = format!("job{}", tenant.queries.len() - 1);
            ok(json!({"id": id, "status": "submitted", "batches": [{"status": "pending"}]}))
        }
        ("GET", ["v1", "batch-query", "jobs", id]) => tenant.job(number(id)),
        ("GET", ["v1", "file", id]) => {
            let half = id.split_once('-').unwrap().1.parse().unwrap();
            tenant.file(number(id), half)
        }
        _ => ResponseTemplate::new(404),
    }
}

async fn many() -> (Vendor<Tenant>, Bench) {
    let vendor = Vendor::start(tenant(), answer).await;
    let keys = "client_id = 'app'\nclient_secret = { file = 'secret' }";
    let mut bench = Bench::new("zuora", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    bench.config.limits.retry_for = HumanDuration(std::time::Duration::from_secs(20));
    (vendor, bench)
}

/// What was asked below the bulk API, without bodies.
async fn of_exports(bench: &mut Bench, vendor: &Vendor<Tenant>) -> Vec<String> {
    let asked = bench.asked(vendor).await;
    let of_exports = asked.iter().filter(|line| line.contains(" /v1/"));
    let plain = of_exports.map(|line| line.split(" {").next().unwrap().to_owned());
    plain.collect()
}

#[tokio::test]
async fn many_records_come_as_an_export() {
    // Goal: more than 2,000 records of a list are exported with the values of the pages, from several
    // segments, and their counts tie; a list that is shorter, and a night's window, are read by pages.
    // Method: 2,101 accounts and invoices with 2,100 items, and one payment; then a night in which one
    // invoice is paid.
    let (vendor, mut bench) = many().await;
    let reports = bench.night(&vendor, 1).await;
    for (stream, report) in &reports {
        let report = report
            .as_ref()
            .unwrap_or_else(|failure| panic!("{stream}: {failure}"));
        assert_eq!(report.seal, Seal::Sealed, "{stream}");
        assert_eq!(report.gaps, Vec::<String>::new());
        assert_eq!(report.warnings, Vec::<String>::new());
    }
    let accounts = reports["accounts"].as_ref().unwrap();
    assert_eq!(
        (accounts.reported_rows, accounts.listed_rows),
        (Some(2_101), Some(2_101))
    );
    assert_eq!(bench.ids(Entity::Accounts).len(), 2_101);
    let one = bench.one(Entity::Accounts, "a0042");
    assert_eq!(one.text("name"), Some("Customer, \"42\"\nof many"));
    assert_eq!(
        (one.text("status"), one.text("parent_id")),
        (Some("active"), None)
    );
    assert_eq!(one.list("linked_ids"), ["001TO"]);
    let stamp = one.instant("updated_at").unwrap().to_string();
    assert_eq!(stamp, "2026-11-20T23:58:41Z");
    assert_eq!(bench.ids(Entity::Invoices).len(), 2_101);
    assert_eq!(bench.sum(Entity::Invoices, "total"), "420.2");
    assert_eq!(bench.sum(Entity::Invoices, "balance"), "210.1");
    assert_eq!(bench.ids(Entity::InvoiceLines).len(), 2_100);
    assert_eq!(bench.sum(Entity::InvoiceLines, "net"), "21");
    let line = bench.one(Entity::InvoiceLines, "t0007");
    assert_eq!(
        (
            line.text("sku"),
            line.text("invoice_id"),
            line.text("account_id")
        ),
        (Some("M365-BP"), Some("i0000"), Some("a0001"))
    );
    assert_eq!(line.date("service_to").unwrap().to_string(), "2026-12-01");
    assert_eq!(bench.sum(Entity::Payments, "amount"), "300");
    let asked = of_exports(&mut bench, &vendor).await;
    let poll = "GET /v1/batch-query/jobs/job";
    let expected: Vec<String> = (0..3)
        .flat_map(|number| {
            let part = |half: usize| format!("GET /v1/file/f{number}-{half}");
            [
                "POST /v1/batch-query/".to_owned(),
                format!("{poll}{number}"),
                format!("{poll}{number}"),
                part(0),
                part(1),
            ]
        })
        .collect();
    assert_eq!(asked, expected);
    vendor.change(|tenant| {
        let objects = tenant
            .queries
            .iter()
            .map(|query| query.split_once(" from ").unwrap().1);
        assert_eq!(
            objects.collect::<Vec<_>>(),
            ["Account", "Invoice", "InvoiceItem"]
        );
        let invoice = &mut tenant.held.all("invoices")[7];
        invoice["balance"] = 0.into();
        invoice["updatedDate"] = "2026-11-21T10:00:00-08:00".into();
    });
    bench.whole_night(&vendor, 2).await;
    let paid = bench.one(Entity::Invoices, "i0007");
    assert_eq!(
        (paid.text("status"), amount(&paid, "balance")),
        (Some("paid"), "0".into())
    );
    assert!(of_exports(&mut bench, &vendor).await.is_empty());
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_is_overcome() {
    // Goal: an expired token while the job is waited for, a limit, failures at each step, and a result
    // in one file. Method: one of each.
    let (vendor, mut bench) = many().await;
    vendor.change(|tenant| tenant.is_one_file = true);
    vendor.fail(
        JOBS,
        refused(401, json!({"reasons": [{"code": 90_000_011}]})),
    );
    vendor.fail(JOBS, ResponseTemplate::new(503));
    vendor.fail(
        "/v1/batch-query/",
        ResponseTemplate::new(429).insert_header("Retry-After", "0"),
    );
    vendor.fail("/v1/file/", ResponseTemplate::new(500));
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 2_101);
    assert_eq!(bench.sum(Entity::InvoiceLines, "net"), "21");
    vendor.change(|tenant| assert_eq!(tenant.held.tokens, 2));
}

#[tokio::test]
async fn where_no_export_is_to_be_had_the_pages_are_read() {
    // Goal: a tenant whose exports fail, are refused or lack a column loses nothing, and is told; one
    // that has nothing is whole. Method: a failed job, a refusal with status 200, a header without the
    // currency, and an empty tenant.
    let (vendor, mut bench) = many().await;
    let warned = |bench: &Bench, report: &crossfoot::sources::PullReport, why: &str| {
        assert_eq!(report.seal, Seal::Sealed);
        let told = report.warnings.join("; ");
        assert!(
            told.contains("so its pages are read") && told.contains(why),
            "{told}"
        );
        assert_eq!(bench.ids(Entity::Accounts).len(), 2_101);
    };
    vendor.change(|tenant| tenant.state = Some("aborted"));
    let reports = bench.night(&vendor, 1).await;
    let why = "its state is `aborted`: the query timed out";
    warned(&bench, reports["accounts"].as_ref().unwrap(), why);
    vendor.change(|tenant| {
        tenant.state = None;
        tenant.closed = Some("Account");
    });
    let reports = bench.night(&vendor, 9).await;
    warned(
        &bench,
        reports["accounts"].as_ref().unwrap(),
        "syntax error",
    );
    vendor.change(|tenant| tenant.closed = None);
    for _ in 0..3 {
        let header = ResponseTemplate::new(200).set_body_raw("Account.Id\n", "text/csv");
        vendor.fail("/v1/file/", header);
    }
    let reports = bench.night(&vendor, 17).await;
    warned(
        &bench,
        reports["accounts"].as_ref().unwrap(),
        "no column `Account.",
    );
    vendor.change(|tenant| tenant.held.lists.clear());
    bench.whole_night(&vendor, 25).await;
    assert!(bench.ids(Entity::Accounts).is_empty());
}

#[tokio::test]
async fn an_export_that_is_not_whole_is_not_sealed() {
    // Goal: the job's count is tied with what came, and what only failed for a while is no reason to read
    // pages. Method: a count of one too many; a vendor that is down between order and result.
    let (vendor, mut bench) = many().await;
    vendor.change(|tenant| tenant.miscount = 1);
    let reports = bench.night(&vendor, 1).await;
    assert_eq!(
        unsealed(&reports, "accounts"),
        "the vendor counts 2102 records and 2101 came"
    );
    assert_eq!(bench.cursor("accounts"), None);
    vendor.change(|tenant| tenant.miscount = 0);
    bench.config.limits.retry_for = HumanDuration(std::time::Duration::from_millis(300));
    for _ in 0..40 {
        vendor.fail(JOBS, ResponseTemplate::new(503));
    }
    let told = failed(&bench.night(&vendor, 2).await, "accounts");
    assert!(told.contains("503"), "{told}");
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they answer in place of our own.
    let Some(folder) = fixtures::folder("zuora") else {
        return;
    };
    let body = |name: &str| fixtures::body(&folder, name);
    let (vendor, mut bench) = many().await;
    vendor.change(|tenant| {
        tenant.held.lists.remove("accounts");
    });
    vendor.fail("/v1/batch-query/", ok(body("post_v1_batch-query.200.json")));
    for state in ["running", "done"] {
        let job = body(&format!("get_v1_batch-query_jobs_id.200.{state}.json"));
        vendor.fail(JOBS, ok(job).insert_header("Retry-After", "0"));
    }
    let file = body("get_v1_file_fileId.200.body.json");
    let file = file["body"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let file = ResponseTemplate::new(200).set_body_raw(file.clone(), "text/csv");
        vendor.fail("/v1/file/2c92f1", file);
    }
    let reports = bench.night(&vendor, 1).await;
    let told = reports["invoices"].as_ref().unwrap().warnings.join("; ");
    assert!(told.contains("no column `"), "{told}");
    vendor.fail(
        "/v1/batch-query/",
        ok(body("post_v1_batch-query.200.error.json")),
    );
    let reports = bench.night(&vendor, 9).await;
    let told = reports["invoices"].as_ref().unwrap().warnings.join("; ");
    assert!(told.contains("syntax error"), "{told}");
}
