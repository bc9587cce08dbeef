//! The Zoho CRM connector against Zoho's wire format, night after night.

use crossfoot::canonical::Entity;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, failed, unsealed};
use super::fixtures;
use crate::sources::harness::{header, query};

/// An organisation: its records by module.
struct Organisation {
    modules: Map<String, Value>,
    /// Module, id, and when it was deleted.
    deleted: Vec<(String, String, String)>,
    page_size: usize,
    tokens: usize,
    /// Whether the last page says that there is more, and has no token for it.
    breaks_off: bool,
}

fn account(id: &str, name: &str) -> Value {
    json!({"id": id, "Account_Name": name, "Currency": "USD", "Website": null,
        "Parent_Account": null, "Owner": {"name": "Rev Ops", "id": "5545", "email": "revops@example.com"},
        "Modified_Time": "2026-11-20T05:28:41+05:30"})
}

fn order(id: &str, status: &str, items: &[(&str, u32, &str)]) -> Value {
    let items: Vec<Value> = items
        .iter()
        .map(|(id, quantity, price)| {
            let price: Value = serde_json::from_str(price).unwrap();
            json!({"id": id, "Product_Name": {"name": "M365-BP", "id": "5200"},
                "Quantity": quantity, "List_Price": price, "Total": 0})
        })
        .collect();
    json!({"id": id, "Status": status, "Account_Name": {"name": "Northwind", "id": "5321"},
        "Currency": "USD", "Due_Date": "2026-11-01", "Created_Time": "2026-10-28T22:00:00+05:30",
        "Modified_Time": "2026-11-20T05:28:41+05:30", "Ordered_Items": items})
}

impl Organisation {
    fn northwind() -> Self {
        let modules = json!({
            "Accounts": [
                account("5321", "Northwind Dental Group"),
                account("5322", "Acme Fabrication Ltd"),
                account("5323", "Blue Heron Logistics"),
            ],
            "Products": [{"id": "5200", "Product_Code": "M365-BP", "Product_Name": "Business Premium",
                "Unit_Price": 22, "Usage_Unit": "seat", "Modified_Time": "2026-11-20T05:28:41+05:30"}],
            "Sales_Orders": [
                order("6001", "Approved", &[("7001", 25, "22.00"), ("7002", 1, "9.95")]),
                order("6002", "Cancelled", &[("7003", 9, "1")]),
            ],
            "Invoices": [{"id": "8001", "Subject": "INV-10442", "Status": "Approved",
                "Account_Name": {"name": "Northwind", "id": "5321"}, "Currency": "USD",
                "Invoice_Date": "2026-11-01", "Due_Date": "2026-12-01", "Grand_Total": 506, "Tax": 0,
                "Modified_Time": "2026-11-20T05:28:41+05:30",
                "Invoiced_Items": [{"id": "9001", "Product_Name": {"name": "M365-BP", "id": "5200"},
                    "Quantity": 23, "List_Price": 22, "Total": 506}]}],
        });
        let Value::Object(modules) = modules else {
            unreachable!()
        };
        Self {
            modules,
            deleted: Vec::new(),
            page_size: 2,
            tokens: 0,
            breaks_off: false,
        }
    }

    fn all(&mut self, module: &str) -> &mut Vec<Value> {
        self.modules[module].as_array_mut().unwrap()
    }
}

fn error(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(
        json!({"code": code, "details": {}, "message": "refused", "status": "error"}),
    )
}

fn since(request: &Request) -> Option<Timestamp> {
    let text = header(request, "if-modified-since")?;
    assert!(text.ends_with("+00:00"), "{text}");
    Some(text.parse().unwrap())
}

fn is_since(text: &Value, since: Option<Timestamp>) -> bool {
    let at: Timestamp = text.as_str().unwrap().parse().unwrap();
    since.is_none_or(|since| at >= since)
}

fn answer(organisation: &mut Organisation, request: &Request) -> ResponseTemplate {
    let path = request.url.path();
    if path == "/oauth/v2/token" {
        organisation.tokens += 1;
        return ResponseTemplate::new(200).set_body_json(json!({"access_token": "1000.demo",
            "api_domain": "https://www.zohoapis.com", "token_type": "Bearer", "expires_in": 3600}));
    }
    if header(request, "authorization") != Some("Zoho-oauthtoken 1000.demo") {
        return error(401, "INVALID_TOKEN");
    }
    let parts: Vec<&str> = path.split('/').skip(3).collect();
    match parts.as_slice() {
        [module, "deleted"] => {
            assert_eq!(query(request, "type").as_deref(), Some("all"));
            let since = since(request).expect("deletions are asked for since the last window");
            let rows: Vec<Value> = organisation
                .deleted
                .iter()
                .filter(|(of, _, at)| of == module && is_since(&at.as_str().into(), Some(since)))
                .map(|(_, id, at)| json!({"id": id, "type": "recycle", "deleted_time": at}))
                .collect();
            if rows.is_empty() {
                return ResponseTemplate::new(204);
            }
            ResponseTemplate::new(200).set_body_json(json!({"data": rows,
                "info": {"per_page": 200, "count": rows.len(), "page": 1, "more_records": false}}))
        }
        [module, id] => {
            let found = organisation.all(module).iter().find(|one| one["id"] == *id);
            found.map_or(ResponseTemplate::new(204), |one| {
                ResponseTemplate::new(200).set_body_json(json!({"data": [one]}))
            })
        }
        [module] => list(organisation, request, module),
        _ => ResponseTemplate::new(404),
    }
}

fn list(organisation: &mut Organisation, request: &Request, module: &str) -> ResponseTemplate {
    let fields = query(request, "fields").expect("`fields` is mandatory");
    assert!(
        !fields.contains('.') && fields.split(',').count() <= 50,
        "{fields}"
    );
    assert_eq!(query(request, "per_page").as_deref(), Some("200"));
    assert_eq!(query(request, "page"), None);
    let since = since(request);
    let (page_size, breaks_off) = (organisation.page_size, organisation.breaks_off);
    let all = organisation.all(module).iter();
    let all: Vec<&Value> = all
        .filter(|one| is_since(&one["Modified_Time"], since))
        .collect();
    if all.is_empty() {
        return ResponseTemplate::new(if since.is_some() { 304 } else { 204 });
    }
    let from = query(request, "page_token").map_or(0, |text| text[1..].parse().unwrap());
    let until = (from + page_size).min(all.len());
    let rows: Vec<Value> = all[from..until]
        .iter()
        .map(|one| {
            let shown = fields
                .split(',')
                .map(|name| (name.to_owned(), one[name].clone()));
            Value::Object(
                shown
                    .chain([("id".to_owned(), one["id"].clone())])
                    .collect(),
            )
        })
        .collect();
    let more = until < all.len();
    let token = more.then(|| format!("t{until}"));
    ResponseTemplate::new(200).set_body_json(json!({"data": rows, "info": {"per_page": 200,
        "count": rows.len(), "next_page_token": token, "page_token_expiry": null,
        "more_records": more || breaks_off}}))
}

async fn organisation() -> (Vendor<Organisation>, Bench) {
    let vendor = Vendor::start(Organisation::northwind(), answer).await;
    let keys = format!(
        "client_id = 'app'\nclient_secret = {{ file = 'secret' }}\n\
         refresh_token = {{ file = 'refresh' }}\nauth_url = '{}'",
        vendor.server.uri()
    );
    let bench = Bench::new("zoho-crm", &vendor, &keys);
    bench.desk.secret("secret", "shhh");
    bench.desk.secret("refresh", "1000.refresh");
    (vendor, bench)
}

#[tokio::test]
async fn the_sold_leg_lands_page_by_page() {
    // Goal: accounts by their page tokens, and the items of every order, which no list shows.
    // Method: pages of two records.
    let (vendor, mut bench) = organisation().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["5321", "5322", "5323"]);
    let account = bench.one(Entity::Accounts, "5321");
    assert_eq!(account.text("owner"), Some("Rev Ops"));
    assert_eq!(
        account.instant("updated_at").unwrap().to_string(),
        "2026-11-19T23:58:41Z"
    );
    assert_eq!(bench.ids(Entity::Contracts), ["7001", "7002"]);
    let sold = bench.one(Entity::Contracts, "7001");
    assert_eq!(
        (sold.text("account_id"), sold.text("sku")),
        (Some("5321"), Some("M365-BP"))
    );
    let amount = sold.decimal("quantity").unwrap() * sold.decimal("unit_price").unwrap();
    assert_eq!(amount.normalize().to_string(), "550");
    assert_eq!(bench.sum(Entity::Contracts, "unit_price"), "31.95");
    let product = bench.one(Entity::Products, "5200");
    assert_eq!(product.list("aliases"), ["Business Premium", "5200"]);
    let asked = bench.asked(&vendor).await;
    assert_eq!(
        asked[0],
        "POST /oauth/v2/token grant_type=refresh_token&refresh_token=1000.refresh&client_id=app&client_secret=shhh"
    );
    assert_eq!(
        asked[2],
        "GET /crm/v8/Accounts?fields=Account_Name,Billing_City,Billing_Code,Billing_Country,\
         Billing_State,Billing_Street,Currency,Industry,Modified_Time,Owner,Parent_Account,Phone,\
         Website,id&per_page=200&sort_by=id&sort_order=asc&page_token=t2"
    );
    assert!(
        asked.iter().all(|line| !line.contains("Invoices")),
        "{asked:?}"
    );
    assert!(
        asked.iter().all(|line| !line.contains("6002")),
        "a cancelled order has no contracts"
    );
}

#[tokio::test]
async fn nothing_is_there() {
    // Goal: 204 and 304 are empty lists. Method: no records, then nothing new.
    let (vendor, mut bench) = organisation().await;
    vendor.change(|organisation| {
        for (_, records) in &mut organisation.modules {
            *records = json!([]);
        }
    });
    bench.whole_night(&vendor, 1).await;
    bench.whole_night(&vendor, 2).await;
    assert!(bench.ids(Entity::Accounts).is_empty());
}

#[tokio::test]
async fn a_late_edit_comes_with_the_next_window() {
    // Goal: only what changed is asked for, ten minutes back; deletions come from their own list; an
    // item that was taken out of an order is gone, as are those of a cancelled one. Method: two
    // nights.
    let (vendor, mut bench) = organisation().await;
    bench.whole_night(&vendor, 1).await;
    bench.asked(&vendor).await;
    vendor.change(|organisation| {
        organisation.all("Accounts")[1]["Account_Name"] = "Acme Holding".into();
        organisation.all("Accounts")[1]["Modified_Time"] = "2026-11-21T06:25:00+05:30".into();
        organisation.all("Accounts").remove(2);
        let gone = ["Accounts", "5323", "2026-11-21T15:00:00+05:30"].map(str::to_owned);
        let [module, id, at] = gone;
        organisation.deleted.push((module, id, at));
        organisation.all("Sales_Orders")[0] = order("6001", "Approved", &[("7001", 24, "22.00")]);
    });
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.ids(Entity::Accounts), ["5321", "5322"]);
    assert_eq!(
        bench.one(Entity::Accounts, "5322").text("name"),
        Some("Acme Holding")
    );
    assert_eq!(bench.ids(Entity::Contracts), ["7001"]);
    assert_eq!(bench.sum(Entity::Contracts, "quantity"), "24");
    let requests = vendor.server.received_requests().await.unwrap();
    let mut of_accounts = requests
        .iter()
        .filter(|one| one.url.path().ends_with("/Accounts"));
    let last = of_accounts.next_back().unwrap();
    assert_eq!(
        header(last, "if-modified-since"),
        Some("2026-11-21T00:50:00+00:00")
    );
}

#[tokio::test]
async fn the_weekly_sweep_finds_what_vanished() {
    // Goal: what is in no list of deletions is found by its absence. Method: an account vanishes;
    // the sweep of the eighth night reads ids alone.
    let (vendor, mut bench) = organisation().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|organisation| {
        organisation.all("Accounts").remove(2);
    });
    bench.whole_night(&vendor, 7).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 3);
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 8).await;
    assert_eq!(bench.ids(Entity::Accounts), ["5321", "5322"]);
    let asked = bench.asked(&vendor).await;
    let sweep = "GET /crm/v8/Accounts?fields=id&per_page=200&sort_by=id&sort_order=asc";
    assert!(asked.iter().any(|line| line == sweep), "{asked:?}");
}

#[tokio::test]
async fn invoices_land_where_zoho_also_bills() {
    // Goal: the invoices of a CRM that bills. Method: both roles.
    let (vendor, mut bench) = organisation().await;
    let roles: toml::Table = toml::from_str("role = ['crm', 'billing']").unwrap();
    bench.config.role = Some(roles["role"].clone().try_into().unwrap());
    bench.whole_night(&vendor, 1).await;
    let invoice = bench.one(Entity::Invoices, "8001");
    assert_eq!(
        (invoice.text("number"), invoice.text("status")),
        (Some("INV-10442"), Some("open"))
    );
    assert_eq!(bench.sum(Entity::Invoices, "total"), "506");
    let line = bench.one(Entity::InvoiceLines, "9001");
    assert_eq!(
        (line.text("invoice_id"), line.text("account_id")),
        (Some("8001"), Some("5321"))
    );
    assert_eq!(bench.sum(Entity::InvoiceLines, "net"), "506");
    assert_eq!(bench.sum(Entity::InvoiceLines, "quantity"), "23");
}

#[tokio::test]
async fn a_list_that_breaks_off_is_not_sealed() {
    // Goal: past 100,000 records there is no page token any more. Method: the last page says that
    // more follows.
    let (vendor, mut bench) = organisation().await;
    vendor.change(|organisation| organisation.breaks_off = true);
    let reports = bench.night(&vendor, 1).await;
    assert!(!unsealed(&reports, "accounts").is_empty());
    assert_eq!(bench.cursor("accounts"), None);
}

#[tokio::test]
async fn what_zoho_refuses_and_what_is_done_about_it() {
    // Goal: an expired token is renewed once; short limits and failures are waited for; a missing
    // scope, which Zoho tells as it tells an expired token, is not; spent credits park the source.
    // Method: one answer of each in place of the right one.
    let (vendor, mut bench) = organisation().await;
    vendor.fail_after(1, "/crm", error(401, "INVALID_TOKEN"));
    vendor.fail("/crm", error(429, "TOO_MANY_REQUESTS"));
    vendor.fail("/crm", error(500, "INTERNAL_ERROR"));
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 3);
    vendor.change(|organisation| assert_eq!(organisation.tokens, 2));

    vendor.fail("/crm/v8/Accounts", error(401, "OAUTH_SCOPE_MISMATCH"));
    vendor.fail("/crm/v8/Products", error(400, "LIMIT_EXCEEDED"));
    let reports = bench.night(&vendor, 2).await;
    let line = failed(&reports, "accounts");
    assert!(line.starts_with("XF-S005"), "{line}");
    let line = failed(&reports, "products");
    assert!(!line.starts_with("XF-S005"), "{line}");

    // An error may come with status 200, and is never taken for an empty list.
    let (vendor, mut bench) = organisation().await;
    vendor.fail("/crm/v8/Accounts", error(200, "INVALID_MODULE"));
    assert!(failed(&bench.night(&vendor, 1).await, "accounts").contains("refused"));
}

#[tokio::test]
async fn a_refresh_token_that_is_dead_says_so() {
    // Goal: Zoho refuses with status 200. Method: its answer to a revoked refresh token.
    let (vendor, mut bench) = organisation().await;
    let refused = json!({"error": "invalid_code"});
    vendor.fail("/oauth", ResponseTemplate::new(200).set_body_json(refused));
    let line = failed(&bench.night(&vendor, 1).await, "accounts");
    assert!(
        line.starts_with("XF-S004") && line.contains("invalid_code"),
        "{line}"
    );
}

#[tokio::test]
async fn the_fixtures_beside_the_repository_land() {
    // Goal: the shared bodies are understood. Method: they, as a server of static pages; nothing
    // where they are not.
    let Some(folder) = fixtures::folder("zoho") else {
        return;
    };
    let vendor = Vendor::start(folder, |folder, request| {
        let path = request.url.path();
        let name = match (path.ends_with("/Accounts"), query(request, "page_token")) {
            _ if path == "/oauth/v2/token" => "post_oauth_v2_token.200.json",
            _ if path.ends_with("/deleted") => "get_crm_v8_module_deleted.200.json",
            (true, None) => "get_crm_v8_module.200.page1.json",
            (true, Some(_)) => "get_crm_v8_module.200.last.json",
            (false, _) => return ResponseTemplate::new(204),
        };
        ResponseTemplate::new(200).set_body_json(fixtures::body(folder, name))
    })
    .await;
    let keys =
        "client_id = 'app'\nclient_secret = { file = 'token' }\nrefresh_token = { file = 'token' }";
    let mut bench = Bench::new("zoho-crm", &vendor, keys);
    bench.whole_night(&vendor, 1).await;
    bench.whole_night(&vendor, 2).await;
    let names: Vec<String> = bench
        .records(Entity::Accounts)
        .iter()
        .filter_map(|account| account.text("name").map(str::to_owned))
        .collect();
    assert_eq!(names, ["Northwind Dental Group", "Acme Fabrication Ltd"]);
}
