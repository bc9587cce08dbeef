//! The HubSpot connector against HubSpot's wire format, night after night.

use crossfoot::canonical::Entity;
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use super::bench::{Bench, Vendor, failed, unsealed};
use super::fixtures;
use crate::sources::harness::{header, query};

const OBJECTS: &str = "/crm/objects/2026-09";

/// A portal: its objects by type, archived ones among them.
struct Portal {
    companies: Vec<Value>,
    deals: Vec<Value>,
    line_items: Vec<Value>,
    page_size: usize,
    /// What is added to the number of records that a search counts.
    miscount: usize,
}

fn object(id: u64, updated: &str, properties: Value) -> Value {
    let mut object = json!({"id": id.to_string(), "createdAt": "2026-01-12T09:14:55.101Z",
        "updatedAt": updated, "archived": false});
    object["properties"] = properties;
    object
}

fn company(id: u64, name: &str, updated: &str) -> Value {
    object(
        id,
        updated,
        json!({"name": name, "domain": null, "hs_merged_object_ids": null}),
    )
}

fn line_item(id: u64, quantity: &str, price: &str) -> Value {
    object(
        id,
        "2026-11-18T18:02:10.555Z",
        json!({"hs_sku": "M365-BP", "quantity": quantity,
        "price": price, "hs_line_item_currency_code": "USD", "recurringbillingfrequency": "monthly",
        "hs_recurring_billing_start_date": "2026-11-01"}),
    )
}

fn deal(id: u64, is_won: bool, line_items: &[u64]) -> Value {
    let mut deal = object(
        id,
        "2026-11-18T18:02:10.555Z",
        json!({"deal_currency_code": "USD",
        "hs_is_closed_won": is_won.to_string(), "closedate": "2026-10-28T16:00:00Z"}),
    );
    let items: Vec<Value> = line_items
        .iter()
        .map(|id| json!({"id": id.to_string(), "type": "deal_to_line_item"}))
        .collect();
    deal["associations"] = json!({
        "companies": {"results": [{"id": "9001", "type": "deal_to_company"}]},
        "line items": {"results": items},
    });
    deal
}

impl Portal {
    fn northwind() -> Self {
        Self {
            companies: vec![
                company(9001, "Northwind Dental Group", "2026-11-18T10:00:00Z"),
                company(9002, "Acme Fabrication Ltd", "2026-11-18T10:00:00.5Z"),
                company(9003, "Blue Heron Logistics", "2026-11-18T10:00:00.5Z"),
            ],
            deals: vec![deal(30011, true, &[51001]), deal(30012, false, &[51002])],
            line_items: vec![line_item(51001, "25", "22.00"), line_item(51002, "7", "1")],
            page_size: 2,
            miscount: 0,
        }
    }

    fn all(&self, kind: &str) -> &[Value] {
        match kind {
            "companies" => &self.companies,
            "deals" => &self.deals,
            "line_items" => &self.line_items,
            _ => &[],
        }
    }

    fn company(&mut self, id: &str) -> &mut Value {
        let mut companies = self.companies.iter_mut();
        companies.find(|company| company["id"] == id).unwrap()
    }
}

fn answer(portal: &mut Portal, request: &Request) -> ResponseTemplate {
    if header(request, "authorization") != Some("Bearer pat-1") {
        return error(401, "INVALID_AUTHENTICATION");
    }
    let path = request.url.path().strip_prefix("/crm/").unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let body = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["objects", "2026-09", kind]) => list(portal, request, kind),
        ("POST", ["objects", "2026-09", kind, "search"]) => search(portal, kind, &body),
        ("POST", ["objects", "2026-09", kind, "batch", "read"]) => {
            let ids = body["inputs"].as_array().unwrap();
            assert!(ids.len() <= 100);
            let found = portal.all(kind).iter();
            let found = found.filter(|one| ids.iter().any(|input| input["id"] == one["id"]));
            json!({"status": "COMPLETE", "results": found.collect::<Vec<_>>()})
        }
        _ => return error(404, "OBJECT_NOT_FOUND"),
    };
    ResponseTemplate::new(200).set_body_json(body)
}

fn error(status: u16, category: &str) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .insert_header("X-HubSpot-Correlation-Id", "corr-1")
        .set_body_json(
            json!({"status": "error", "message": "refused", "category": category,
            "correlationId": "corr-1"}),
        )
}

fn list(portal: &Portal, request: &Request, kind: &str) -> Value {
    assert_eq!(query(request, "limit").as_deref(), Some("100"));
    let archived = query(request, "archived").unwrap() == "true";
    let after: usize = query(request, "after").map_or(0, |text| text.parse().unwrap());
    let all = portal.all(kind).iter();
    let all: Vec<&Value> = all.filter(|one| one["archived"] == archived).collect();
    let until = (after + portal.page_size).min(all.len());
    let mut body = json!({"results": all[after..until]});
    if until < all.len() {
        body["paging"] = json!({"next": {"after": until.to_string(),
            "link": format!("https://api.hubapi.com{OBJECTS}/{kind}?after={until}")}});
    }
    body
}

/// A search, as HubSpot documents it: by id, above one, changed in a window, never past 10,000.
fn search(portal: &Portal, kind: &str, body: &Value) -> Value {
    let filters = &body["filterGroups"][0]["filters"];
    assert_eq!(body["sorts"], json!(["hs_object_id"]));
    assert_eq!((&body["limit"], &body["after"]), (&json!(200), &json!("0")));
    assert_eq!(filters[0]["propertyName"], "hs_lastmodifieddate");
    assert_eq!(filters[0]["operator"], "BETWEEN");
    assert_eq!(
        (&filters[1]["propertyName"], &filters[1]["operator"]),
        (&json!("hs_object_id"), &json!("GT"))
    );
    let number = |value: &Value| -> i64 { value.as_str().unwrap().parse().unwrap() };
    let window = number(&filters[0]["value"])..=number(&filters[0]["highValue"]);
    let above = number(&filters[1]["value"]);
    let all: Vec<&Value> = portal
        .all(kind)
        .iter()
        .filter(|one| one["archived"] == false && number(&one["id"]) > above)
        .filter(|one| {
            let updated: Timestamp = one["updatedAt"].as_str().unwrap().parse().unwrap();
            window.contains(&updated.as_millisecond())
        })
        .collect();
    let page_size = portal.page_size.min(200);
    let page: Vec<&Value> = all.iter().copied().take(page_size).collect();
    let total = all.len() + portal.miscount;
    let mut answer = json!({"total": total, "results": page});
    if all.len() > page_size {
        answer["paging"] = json!({"next": {"after": page_size.to_string()}});
    }
    answer
}

async fn portal() -> (Vendor<Portal>, Bench) {
    let vendor = Vendor::start(Portal::northwind(), answer).await;
    let bench = Bench::new("hubspot", &vendor, "token = { file = 'key' }");
    bench.desk.secret("key", "pat-1");
    (vendor, bench)
}

#[tokio::test]
async fn the_sold_leg_lands_page_by_page() {
    // Goal: the scenario's 25 seats, page by page. Method: pages of two records.
    let (vendor, mut bench) = portal().await;
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts), ["9001", "9002", "9003"]);
    assert_eq!(bench.ids(Entity::Contracts), ["51001"]);
    let sold = bench.one(Entity::Contracts, "51001");
    let amount = sold.decimal("quantity").unwrap() * sold.decimal("unit_price").unwrap();
    assert_eq!(amount.normalize().to_string(), "550");
    assert_eq!(
        sold.instant("starts_on").unwrap().to_string(),
        "2026-11-01T04:00:00Z"
    );
    let asked = bench.asked(&vendor).await;
    assert_eq!(
        asked[1],
        "GET /crm/objects/2026-09/companies?archived=false&limit=100&properties=address,city,\
         country,domain,hs_merged_object_ids,hs_parent_company_id,hubspot_owner_id,industry,name,\
         phone,state,zip&after=2"
    );
    assert!(
        asked.iter().all(|line| !line.contains("/search")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn every_list_can_be_probed() {
    // Goal: `crossfoot check` asks for one page of each list, the search among them. Method: it.
    let (_vendor, bench) = portal().await;
    let source = bench.desk.open(&bench.config).unwrap();
    let probe = source.probe().await.unwrap();
    assert_eq!(probe.works.len(), 5);
    assert!(
        probe
            .works
            .iter()
            .any(|line| line.contains("/companies/search"))
    );
}

#[tokio::test]
async fn nothing_is_there() {
    // Goal: an empty portal is a success, also when it is searched. Method: no objects.
    let (vendor, mut bench) = portal().await;
    vendor.change(|portal| {
        portal.companies.clear();
        portal.deals.clear();
    });
    bench.whole_night(&vendor, 1).await;
    bench.whole_night(&vendor, 2).await;
    assert!(bench.ids(Entity::Accounts).is_empty());
}

#[tokio::test]
async fn a_late_edit_comes_with_the_next_search() {
    // Goal: companies are searched for in the window alone, half an hour back; line items that
    // changed without a stamp of their deal come too; what was archived, or lost again, is gone.
    // Method: two nights.
    let (vendor, mut bench) = portal().await;
    bench.whole_night(&vendor, 1).await;
    bench.asked(&vendor).await;
    vendor.change(|portal| {
        portal.company("9002")["properties"]["name"] = "Acme Holding".into();
        portal.company("9002")["updatedAt"] = "2026-11-21T00:45:00.337Z".into();
        portal.company("9003")["archived"] = true.into();
        portal.company("9003")["archivedAt"] = "2026-11-21T10:00:00Z".into();
        portal.deals = vec![deal(30011, false, &[51001]), deal(30012, true, &[51002])];
        portal.line_items[1]["properties"]["price"] = "1.25".into();
    });
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.ids(Entity::Accounts), ["9001", "9002"]);
    assert_eq!(
        bench.one(Entity::Accounts, "9002").text("name"),
        Some("Acme Holding")
    );
    assert_eq!(bench.ids(Entity::Contracts), ["51002"]);
    assert_eq!(bench.sum(Entity::Contracts, "unit_price"), "1.25");
    let asked = bench.asked(&vendor).await;
    let of_companies: Vec<&String> = asked
        .iter()
        .filter(|line| line.contains("/companies"))
        .collect();
    assert_eq!(of_companies.len(), 2, "{of_companies:?}");
    let since: Timestamp = "2026-11-21T00:30:00Z".parse().unwrap();
    let until: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
    for bound in [since, until] {
        let bound = format!("\"{}\"", bound.as_millisecond());
        assert!(of_companies[0].contains(&bound), "{of_companies:?}");
    }
    assert!(
        of_companies[1].contains("archived=true"),
        "{of_companies:?}"
    );
}

#[tokio::test]
async fn a_search_goes_on_past_ten_thousand_rows() {
    // Goal: a bulk change of more rows than one search may show, all with one stamp. Method: 10,401
    // companies; every search starts above the last id.
    let (vendor, mut bench) = portal().await;
    bench.whole_night(&vendor, 1).await;
    vendor.change(|portal| {
        portal.page_size = 200;
        let stamp = "2026-11-21T12:00:00Z";
        portal.companies = (9001..19_402)
            .map(|id| company(id, "Bulk", stamp))
            .collect();
    });
    bench.asked(&vendor).await;
    bench.whole_night(&vendor, 2).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 10_401);
    let asked = bench.asked(&vendor).await;
    let searches: Vec<&String> = asked
        .iter()
        .filter(|line| line.contains("/search"))
        .collect();
    assert_eq!(searches.len(), 53);
    assert!(searches[52].contains("\"19400\""), "{}", searches[52]);
}

#[tokio::test]
async fn a_merge_is_a_link_and_no_deletion() {
    // Goal: the company that was merged into another stays with its own links, and the survivor
    // names it, night after night. Method: a merge in a window, then the weekly full read.
    let (vendor, mut bench) = portal().await;
    let own = "linked_ids = { from = \"properties.billing_id\", prefix = \"billing:\" }";
    let own = toml::from_str(own).unwrap();
    bench.config.map.insert(Entity::Accounts, own);
    vendor.change(|portal| portal.company("9002")["properties"]["billing_id"] = "cus_2".into());
    bench.whole_night(&vendor, 1).await;
    vendor.change(|portal| {
        portal.companies.retain(|company| company["id"] != "9002");
        let survivor = portal.company("9001");
        survivor["properties"]["hs_merged_object_ids"] = "9002;8999".into();
        survivor["updatedAt"] = "2026-11-21T12:00:00Z".into();
    });
    for night in [2, 3, 8, 9] {
        bench.whole_night(&vendor, night).await;
        assert_eq!(bench.ids(Entity::Accounts), ["9001", "9002", "9003"]);
    }
    let merged = bench.one(Entity::Accounts, "9002");
    assert_eq!(merged.list("linked_ids"), ["billing:cus_2"]);
    let survivor = bench.one(Entity::Accounts, "9001");
    assert_eq!(survivor.list("linked_ids"), ["crm:9002", "crm:8999"]);
}

#[tokio::test]
async fn a_count_that_does_not_tie_is_not_sealed() {
    // Goal: a search counts, and its count decides. Method: it counts one too many; the next night
    // asks for the same window again.
    let (vendor, mut bench) = portal().await;
    bench.whole_night(&vendor, 1).await;
    let cursor = bench.cursor("companies").map(str::to_owned);
    vendor.change(|portal| portal.miscount = 1);
    let reports = bench.night(&vendor, 2).await;
    assert_eq!(
        unsealed(&reports, "companies"),
        "the vendor counts 1 records and 0 came"
    );
    assert_eq!(bench.cursor("companies").map(str::to_owned), cursor);
}

#[tokio::test]
async fn what_hubspot_refuses_and_what_is_done_about_it() {
    // Goal: short limits and failures are waited for; a spent day parks the source; a token that
    // was revoked is told by its name. Method: one answer of each in place of the right one.
    let (vendor, mut bench) = portal().await;
    let throttled = |policy: &str| {
        ResponseTemplate::new(429).set_body_json(
            json!({"status": "error", "message": "You have reached your limit.",
            "errorType": "RATE_LIMIT", "correlationId": "c", "policyName": policy}),
        )
    };
    vendor.fail("/crm", throttled("TEN_SECONDLY_ROLLING"));
    vendor.fail("/crm", error(502, "INTERNAL"));
    vendor.fail("/crm", error(500, "INTERNAL"));
    bench.whole_night(&vendor, 1).await;
    assert_eq!(bench.ids(Entity::Accounts).len(), 3);

    vendor.fail("/crm", throttled("DAILY"));
    let reports = bench.night(&vendor, 2).await;
    let line = failed(&reports, "companies");
    assert!(line.contains("You have reached your limit."), "{line}");

    bench.desk.secret("key", "pat-2");
    let reports = bench.night(&vendor, 3).await;
    let line = failed(&reports, "companies");
    assert!(
        line.starts_with("XF-S004") && line.contains("corr-1"),
        "{line}"
    );
    assert_eq!(bench.ids(Entity::Accounts).len(), 3, "nothing of it lands");
}

#[tokio::test]
async fn a_missing_scope_is_never_taken_for_empty() {
    // Goal: 403 fails the stream that it concerns. Method: deals are forbidden.
    let (vendor, mut bench) = portal().await;
    vendor.fail("/crm/objects/2026-09/deals", error(403, "MISSING_SCOPES"));
    let reports = bench.night(&vendor, 1).await;
    assert!(reports["companies"].is_ok());
    let line = failed(&reports, "deals");
    assert!(
        line.starts_with("XF-S005") && line.contains("`deals`"),
        "{line}"
    );
}

#[tokio::test]
async fn an_oauth_app_renews_its_token() {
    // Goal: the second way to authorise. Method: a refresh token, which rotates.
    let (vendor, mut bench) = portal().await;
    bench.config.token = None;
    let keys = "connector = 'hubspot'\nclient_id = 'app'\nclient_secret = { file = 'secret' }\n\
                refresh_token = { file = 'refresh' }";
    let mut config: crossfoot::config::SourceConfig = toml::from_str(keys).unwrap();
    config.base_url.clone_from(&bench.config.base_url);
    bench.config = config;
    bench.desk.secret("secret", "shhh");
    bench.desk.secret("refresh", "na1-first");
    let token = json!({"token_type": "bearer", "access_token": "pat-1", "refresh_token": "na1-second",
        "expires_in": 1800});
    vendor.fail("/oauth", ResponseTemplate::new(200).set_body_json(token));
    bench.whole_night(&vendor, 1).await;
    let asked = bench.asked(&vendor).await;
    assert!(
        asked[0].starts_with(
            "POST /oauth/2026-09/token grant_type=refresh_token&refresh_token=na1-first"
        ),
        "{asked:?}"
    );
    assert_eq!(bench.desk.keeper.saved.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_fixtures_beside_the_repository_land() {
    // Goal: the shared scenario comes out as its authors wrote it. Method: their bodies, as a
    // server of static pages; nothing where they are not.
    let Some(folder) = fixtures::folder("hubspot") else {
        return;
    };
    let vendor = Vendor::start(folder, |folder, request| {
        let front = "crm_objects_2026-09_objectType";
        let name = match (request.url.path(), query(request, "after").as_deref()) {
            (path, _) if path.ends_with("/batch/read") => {
                format!("post_{front}_batch_read.200.json")
            }
            (path, None) if path.ends_with("/deals") => format!("get_{front}.200.page1.json"),
            (path, Some("30012")) if path.ends_with("/deals") => {
                format!("get_{front}.200.page2.json")
            }
            _ => format!("get_{front}.200.empty.json"),
        };
        ResponseTemplate::new(200).set_body_json(fixtures::body(folder, &name))
    })
    .await;
    let mut bench = Bench::new("hubspot", &vendor, "token = { file = 'token' }");
    bench.whole_night(&vendor, 1).await;
    let sold = bench.one(Entity::Contracts, "51001");
    assert_eq!(sold.text("account_id"), Some("9001"));
    let amount = sold.decimal("quantity").unwrap() * sold.decimal("unit_price").unwrap();
    assert_eq!(amount.normalize().to_string(), "550");
}
