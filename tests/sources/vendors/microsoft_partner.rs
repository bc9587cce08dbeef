//! The Microsoft partner connector against Graph's exports, Partner Center's invoices and a blob store.

use std::collections::BTreeMap;
use std::io::Write;

use crossfoot::canonical::Entity;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, amount, failed, unsealed};
use super::fixtures;
use super::held::{ok, refused};
use crate::sources::harness::{header, query};

const EXPORT: &str = "/v1.0/reports/partners/billing/reconciliation/billed/export";
const OPERATIONS: &str = "/v1.0/reports/partners/billing/operations";

/// A partner's tenant.
#[derive(Default)]
struct Partner {
    invoices: Vec<Value>,
    /// The files of each invoice, as lines.
    files: BTreeMap<String, Vec<Vec<Value>>>,
    /// The invoices that exports were ordered of, with how often each was asked for.
    operations: Vec<(String, usize)>,
    /// How many tokens of each kind were given.
    tokens: BTreeMap<&'static str, usize>,
    /// The state that every operation ends in, where it is not `succeeded`.
    state: Option<&'static str>,
    /// Added to every number of files.
    miscount: usize,
    /// Which of the addresses' tokens still holds; each answer gives the next one.
    address: usize,
    /// How many files were given.
    given: usize,
}

fn invoice(id: &str, kind: &str, day: &str) -> Value {
    json!({"id": id, "invoiceDate": format!("{day}T00:00:00Z"), "invoiceType": kind,
        "documentType": "invoice", "totalCharges": 475.2, "currencyCode": "USD"})
}

fn line(invoice: &str, charge: &str, quantity: i64) -> Value {
    json!({"CustomerId": "AAAABBBB-0000-cccc-1111-dddd2222eeee", "CustomerName": "Northwind Dental Group",
        "CustomerDomainName": "northwind.onmicrosoft.com", "CustomerCountry": "US",
        "InvoiceNumber": invoice, "OrderId": "8f1a", "ProductId": "CFQ7TTC0LCHC", "SkuId": "0002",
        "SkuName": "Microsoft 365 Business Premium", "ChargeType": charge, "UnitPrice": 17.6,
        "Quantity": quantity, "BillableQuantity": quantity, "SubscriptionId": "sub-ms-1",
        "ChargeStartDate": "2026-11-01T00:00:00Z", "ChargeEndDate": "2026-11-30T00:00:00Z"})
}

impl Partner {
    /// 27 seats in November on two files: 25 of old, 3 more in two orders alike, one given back.
    fn northwind() -> Self {
        let mut partner = Self {
            invoices: vec![
                invoice("G1", "OneTime", "2026-11-08"),
                invoice("D7", "Recurring", "2026-11-08"),
                invoice("G0", "OneTime", "2026-08-08"),
                invoice("G-old", "OneTime", "2023-08-08"),
            ],
            ..Self::default()
        };
        let seats = vec![line("G1", "cycleCharge", 25), line("G1", "addQuantity", 1)];
        let moves = vec![
            line("G1", "addQuantity", 2),
            line("G1", "removeQuantity", -1),
            line("G1", "customerCredit", 1),
        ];
        partner.files.insert("G1".into(), vec![seats, moves]);
        partner.files.insert("G0".into(), vec![vec![]]);
        partner
    }

    fn token(&mut self, body: &str) -> ResponseTemplate {
        assert!(body.contains("grant_type=client_credentials") && body.contains("client_id=app"));
        let kind = if body.contains("scope=https%3A%2F%2Fgraph.microsoft.com%2F.default") {
            "graph"
        } else {
            assert!(
                body.contains("scope=https%3A%2F%2Fapi.partnercenter.microsoft.com%2F.default")
            );
            "center"
        };
        let count = self.tokens.entry(kind).or_default();
        *count += 1;
        ok(
            json!({"token_type": "Bearer", "expires_in": 3599, "access_token": format!("{kind}-{count}")}),
        )
    }

    fn knows(&self, request: &Request, kind: &str) -> bool {
        let newest = self.tokens.get(kind).copied().unwrap_or_default();
        header(request, "authorization") == Some(&format!("Bearer {kind}-{newest}"))
    }

    fn operation(&mut self, number: usize) -> ResponseTemplate {
        self.operations[number].1 += 1;
        let (invoice, polls) = self.operations[number].clone();
        let mut body =
            json!({"id": format!("op-{number}"), "createdDateTime": "2026-11-21T01:00:00Z"});
        if polls == 1 {
            body["status"] = "running".into();
            return ok(body).insert_header("Retry-After", "0");
        }
        body["status"] = self.state.unwrap_or("succeeded").into();
        body["error"] = json!({"code": "2000", "message": "The manifest does not exist"});
        self.address += 1;
        let files = &self.files[&invoice];
        let names = (0..files.len()).map(|at| {
            json!({"name": format!("part-{at}.json.gz"),
            "partitionValue": "default"})
        });
        let content = json!(files).to_string();
        let tag = format!("{invoice}-{}", blake3::hash(content.as_bytes()).to_hex());
        body["resourceLocation"] = json!({"eTag": tag, "dataFormat": "compressedJSON",
            "rootDirectory": format!("https://adls1.blob.core.windows.net/billing/{invoice}"),
            "sasToken": format!("sv=1&sig={}%3D", self.address),
            "blobCount": files.len() + self.miscount, "blobs": names.collect::<Vec<_>>()});
        ok(body)
    }

    fn file(&mut self, request: &Request, invoice: &str, name: &str) -> ResponseTemplate {
        assert_eq!(header(request, "authorization"), None);
        if query(request, "sig") != Some(format!("{}=", self.address)) {
            return ResponseTemplate::new(403).set_body_raw(
                "<Error><Code>AuthenticationFailed</Code></Error>",
                "application/xml",
            );
        }
        self.given += 1;
        let at: usize = name[5..6].parse().unwrap();
        let lines = self.files[invoice][at].iter();
        let lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
        packed(&lines.concat())
    }
}

fn packed(text: &str) -> ResponseTemplate {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    ResponseTemplate::new(200).set_body_raw(encoder.finish().unwrap(), "application/octet-stream")
}

fn answer(partner: &mut Partner, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let unknown = || {
        refused(
            401,
            json!({"error": {"code": "InvalidAuthenticationToken"}}),
        )
    };
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["tenant-1", "oauth2", "v2.0", "token"]) => partner.token(&body),
        ("GET", ["v1", "invoices"]) if partner.knows(request, "center") => {
            assert_eq!(query(request, "size").as_deref(), Some("500"));
            let from: usize = query(request, "offset").unwrap().parse().unwrap();
            // Three a page, whatever was asked for.
            let page: Vec<&Value> = partner.invoices.iter().skip(from).take(3).collect();
            ok(json!({"totalCount": partner.invoices.len(), "items": page}))
        }
        ("POST", _) if path == EXPORT && partner.knows(request, "graph") => {
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["attributeSet"], "full");
            let invoice = body["invoiceId"].as_str().unwrap().to_owned();
            let number = partner.operations.len();
            partner.operations.push((invoice, 0));
            let place = format!("https://graph.microsoft.com{OPERATIONS}/op-{number}");
            ResponseTemplate::new(202).insert_header("Location", place)
        }
        ("GET", [.., "operations", id]) if partner.knows(request, "graph") => {
            partner.operation(id[3..].parse().unwrap())
        }
        ("GET", ["billing", invoice, name]) => partner.file(request, invoice, name),
        ("GET", ["v1", "invoices"] | [.., "operations", _]) => unknown(),
        ("POST", _) if path == EXPORT => unknown(),
        _ => ResponseTemplate::new(404),
    }
}

async fn partner() -> (Vendor<Partner>, Bench) {
    let vendor = Vendor::start(Partner::northwind(), answer).await;
    let keys = "tenant_id = 'tenant-1'\nclient_id = 'app'\nclient_secret = { file = 'secret' }\n\
                rate = { requests = 1000, concurrent = 1 }";
    let bench = Bench::with("microsoft-partner", &vendor, keys);
    bench.desk.secret("secret", "shhh");
    (vendor, bench)
}

#[tokio::test]
async fn every_line_of_every_invoice_lands_once() {
    // Goal: 27 seats of November by customer, product and month, from two files of one invoice; lines
    // alike are counted each; legacy and old invoices are not asked for; the blob store sees no
    // credential. Method: a tenant with four invoices.
    let (vendor, mut bench) = partner().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.sum(Entity::Usage, "quantity"), "27");
    let ids = bench.ids(Entity::Usage);
    assert_eq!(ids.len(), 4);
    let alike = "g1:aaaabbbb-0000-cccc-1111-dddd2222eeee:8f1a:sub-ms-1:cfq7ttc0lchc:0002:addquantity:2026-11-01t00:00:00z";
    assert!(
        ids.contains(&alike.to_owned()) && ids.contains(&format!("{alike}#2")),
        "{ids:?}"
    );
    let seats = bench.one(Entity::Usage, &alike.replace("addquantity", "cyclecharge"));
    assert_eq!(amount(&seats, "quantity"), "25");
    assert_eq!(seats.text("sku"), Some("CFQ7TTC0LCHC:0002"));
    // The first and the day behind the last day of November, in New York.
    let starts_on = seats.instant("starts_on").unwrap().to_string();
    let ends_on = seats.instant("ends_on").unwrap().to_string();
    assert_eq!(
        (starts_on.as_str(), ends_on.as_str()),
        ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")
    );
    let customer = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
    assert_eq!(seats.text("account_id"), Some(customer));
    assert_eq!(bench.ids(Entity::Accounts), [customer]);
    assert_eq!(
        bench.one(Entity::Accounts, customer).text("name"),
        Some("Northwind Dental Group")
    );
    assert_eq!(bench.ids(Entity::Products), ["CFQ7TTC0LCHC:0002"]);
    vendor.change(|partner| {
        let ordered: Vec<&str> = partner
            .operations
            .iter()
            .map(|(id, _)| id.as_str())
            .collect();
        assert_eq!(ordered, ["G1", "G0"]);
        assert_eq!(
            partner.tokens,
            BTreeMap::from([("center", 1), ("graph", 1)])
        );
    });
}

#[tokio::test]
async fn only_the_last_weeks_are_exported_again() {
    // Goal: a window asks for the exports of recent invoices alone, and takes what changed in them;
    // everything is exported again after 60 days, and what is in it no more is gone. Method: three
    // nights.
    let (vendor, mut bench) = partner().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|partner| {
        partner.operations.clear();
        partner.files.get_mut("G1").unwrap()[0][0] = line("G1", "cycleCharge", 26);
    });
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.sum(Entity::Usage, "quantity"), "28");
    vendor.change(|partner| {
        assert_eq!(partner.operations.len(), 1);
        partner.files.get_mut("G1").unwrap()[1].clear();
    });
    bench.whole_night(&vendor, 62).await;
    assert_eq!(bench.sum(Entity::Usage, "quantity"), "27");
}

#[tokio::test]
async fn an_export_that_did_not_change_is_not_read_again() {
    // Goal: an export with the tag that it had costs no file; one that was changed is read,
    // and so is everything in a full read. Method: nights over one invoice, which is changed once.
    let (vendor, mut bench) = partner().await;
    bench.whole_night(&vendor, 1).await;
    let given = || {
        let mut given = 0;
        vendor.change(|partner| given = std::mem::take(&mut partner.given));
        given
    };
    assert_eq!(given(), 3);
    bench.whole_night(&vendor, 2).await;
    assert_eq!(
        (given(), bench.sum(Entity::Usage, "quantity")),
        (0, "27".into())
    );
    vendor.change(|partner| {
        partner.files.get_mut("G1").unwrap()[0][0] = line("G1", "cycleCharge", 26);
    });
    bench.whole_night(&vendor, 3).await;
    assert_eq!(
        (given(), bench.sum(Entity::Usage, "quantity")),
        (2, "28".into())
    );
    bench.whole_night(&vendor, 4).await;
    assert_eq!(given(), 0);
    // What is not read in a full read would be taken for gone.
    bench.whole_night(&vendor, 66).await;
    assert_eq!(
        (given(), bench.sum(Entity::Usage, "quantity")),
        (3, "28".into())
    );
    assert!(bench.cursor("billed").unwrap().contains("G1-"));
}

#[tokio::test]
async fn what_goes_wrong_on_the_way_is_overcome() {
    // Goal: an expired token while the operation runs, limits, failures, and an address that does not
    // hold any more. Method: one of each.
    let (vendor, mut bench) = partner().await;
    let expired = || {
        refused(
            401,
            json!({"error": {"code": "InvalidAuthenticationToken"}}),
        )
    };
    vendor.fail(OPERATIONS, expired());
    // The list of invoices has two pages.
    vendor.fail_after(1, "/v1/invoices", expired());
    vendor.fail(
        EXPORT,
        ResponseTemplate::new(429).insert_header("Retry-After", "0"),
    );
    vendor.fail(OPERATIONS, ResponseTemplate::new(500));
    vendor.fail("/billing/G1", ResponseTemplate::new(503));
    vendor.fail("/billing/G1", ResponseTemplate::new(403));
    bench.config.limits.retry_for =
        crossfoot::config::HumanDuration(std::time::Duration::from_secs(20));
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.sum(Entity::Usage, "quantity"), "27");
    vendor.change(|partner| {
        assert_eq!(
            partner.tokens,
            BTreeMap::from([("center", 2), ("graph", 2)])
        );
    });
}

#[tokio::test]
async fn an_export_without_a_result_is_no_empty_invoice() {
    // Goal: failed and unknown states, files that are missing or spoilt or refused are told and land
    // nothing; a partner without invoices is whole. Method: one night of each.
    let (vendor, mut bench) = partner().await;
    vendor.change(|partner| partner.state = Some("failed"));
    let told = failed(&bench.night(&vendor, 1).await, "billed");
    assert!(
        told.contains("XF-S029") && told.contains("The manifest does not exist"),
        "{told}"
    );
    vendor.change(|partner| {
        partner.state = None;
        partner.miscount = 1;
    });
    let why = unsealed(&bench.night(&vendor, 2).await, "billed");
    assert_eq!(why, "the vendor counts 3 files and names 2");
    vendor.change(|partner| partner.miscount = 0);
    vendor.fail("/billing/G1", packed("<html>\n"));
    let told = failed(&bench.night(&vendor, 3).await, "billed");
    assert!(
        told.contains("XF-S031") && told.contains("JSON object"),
        "{told}"
    );
    for _ in 0..3 {
        vendor.fail("/billing/G1", ResponseTemplate::new(403));
    }
    let told = failed(&bench.night(&vendor, 4).await, "billed");
    assert!(told.contains("file 1 of 2 is not given"), "{told}");
    assert!(!told.contains("sig="), "{told}");
    vendor.change(|partner| partner.invoices.clear());
    bench.whole_night(&vendor, 5).await;
    assert!(bench.ids(Entity::Usage).is_empty());
}

#[tokio::test]
async fn the_fixtures_say_the_same() {
    // Goal: the wire bodies beside the repository. Method: they answer in place of our own.
    let Some(folder) = fixtures::folder("partner-center") else {
        return;
    };
    let body = |name: &str| fixtures::body(&folder, &format!("get_{name}.json"));
    let operation = |state: &str| {
        let name = format!("v1.0_reports_partners_billing_operations_id.200.{state}");
        ok(body(&name)).insert_header("Retry-After", "0")
    };
    let (vendor, mut bench) = partner().await;
    let listed = body("v1_invoices.200");
    vendor.change(|partner| {
        partner.files.insert("G09876543".into(), vec![vec![]]);
        partner.invoices = listed["items"].as_array().unwrap().clone();
    });
    vendor.fail(OPERATIONS, operation("failed"));
    let told = failed(&bench.night(&vendor, 1).await, "billed");
    assert!(told.contains("The manifest does not exist"), "{told}");
    for state in ["running", "running", "done"] {
        vendor.fail(OPERATIONS, operation(state));
    }
    let lines = body("billing_invoice_blob.200.body");
    vendor.fail(
        "/billing/G09876543/part-00000-demo",
        packed(lines["body"].as_str().unwrap()),
    );
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.sum(Entity::Usage, "quantity"), "27");
}
