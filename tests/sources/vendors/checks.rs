//! `crossfoot check` of every built-in connector: what is wrong is named as each vendor says it.

use std::collections::BTreeSet;
use std::path::Path;

use crossfoot::config::SourceConfig;
use tokio::net::TcpListener;
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::sources::harness::{Desk, json, server};

/// How a vendor refuses a credential, and a right.
struct Refusals {
    connector: &'static str,
    keys: &'static str,
    /// Status and body for a credential that it does not know.
    unknown: (u16, &'static str),
    /// Status and body for a right that the credential lacks.
    forbidden: (u16, &'static str),
}

const CLIENT: &str = "client_id = 'app'\nclient_secret = { file = 'token' }";

/// Every vendor that there may be a connector of.
const VENDORS: [Refusals; 12] = [
    Refusals {
        connector: "salesforce",
        keys: CLIENT,
        unknown: (
            401,
            r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#,
        ),
        forbidden: (
            403,
            r#"[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]"#,
        ),
    },
    Refusals {
        connector: "hubspot",
        keys: "token = { file = 'token' }",
        unknown: (
            401,
            r#"{"status":"error","message":"Authentication credentials not found","category":"INVALID_AUTHENTICATION"}"#,
        ),
        forbidden: (
            403,
            r#"{"status":"error","message":"This app hasn't been granted all required scopes","category":"MISSING_SCOPES"}"#,
        ),
    },
    Refusals {
        connector: "zoho-crm",
        keys: "client_id = 'app'\nclient_secret = { file = 'token' }\n\
               refresh_token = { file = 'token' }",
        unknown: (
            401,
            r#"{"code":"INVALID_TOKEN","details":{},"message":"invalid oauth token","status":"error"}"#,
        ),
        forbidden: (
            401,
            r#"{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"invalid oauth scope to access this URL","status":"error"}"#,
        ),
    },
    Refusals {
        connector: "stripe",
        keys: "api_key = { file = 'token' }",
        unknown: (
            401,
            r#"{"error":{"message":"Invalid API Key provided: rk_live_***","type":"invalid_request_error"}}"#,
        ),
        forbidden: (
            403,
            r#"{"error":{"message":"The provided key does not have the required permissions","type":"invalid_request_error"}}"#,
        ),
    },
    Refusals {
        connector: "chargebee",
        keys: "api_key = { file = 'token' }",
        unknown: (
            401,
            r#"{"message":"Sorry, authentication failed. Invalid api key","api_error_code":"api_authentication_failed","http_status_code":401}"#,
        ),
        forbidden: (
            403,
            r#"{"message":"Sorry, you are not allowed to perform this operation","api_error_code":"api_authorization_failed","http_status_code":403}"#,
        ),
    },
    Refusals {
        connector: "xero",
        keys: "client_id = 'app'\nclient_secret = { file = 'token' }\ntenant_id = 't1'",
        unknown: (
            401,
            r#"{"Title":"Unauthorized","Status":401,"Detail":"AuthenticationUnsuccessful"}"#,
        ),
        forbidden: (
            403,
            r#"{"Title":"Forbidden","Status":403,"Detail":"AuthorizationUnsuccessful"}"#,
        ),
    },
    Refusals {
        connector: "quickbooks",
        keys: "realm_id = '4620'\nclient_id = 'app'\nclient_secret = { file = 'token' }\n\
               refresh_token = { file = 'token' }",
        unknown: (
            401,
            r#"{"Fault":{"Error":[{"Message":"AuthenticationFailed","Detail":"Token expired","code":"3200"}],"type":"AUTHENTICATION"}}"#,
        ),
        forbidden: (
            403,
            r#"{"Fault":{"Error":[{"Message":"ApplicationAuthorizationFailed","Detail":"no consent of the company","code":"003100"}],"type":"AuthorizationFault"}}"#,
        ),
    },
    Refusals {
        connector: "zuora",
        keys: CLIENT,
        unknown: (
            401,
            r#"{"success":false,"reasons":[{"code":90000011,"message":"Authentication error"}]}"#,
        ),
        forbidden: (
            403,
            r#"{"success":false,"reasons":[{"code":50000020,"message":"User lacks permission"}]}"#,
        ),
    },
    Refusals {
        connector: "connectwise",
        keys: "company = 'acme'\npublic_key = 'pub'\nprivate_key = { file = 'token' }\n\
               client_id = 'guid-1'",
        unknown: (
            401,
            r#"{"code":"Unauthorized","message":"You do not have permission to perform this action"}"#,
        ),
        forbidden: (
            403,
            r#"{"code":"SecurityFailed","message":"You do not have security permission to perform this action."}"#,
        ),
    },
    Refusals {
        connector: "autotask",
        keys: "username = 'api@acme.example'\nsecret = { file = 'token' }\nintegration_code = 'IC'",
        unknown: (401, r#"{"errors":["The logged in user is not known."]}"#),
        forbidden: (
            403,
            r#"{"errors":["The logged in Resource does not have the adequate permissions"]}"#,
        ),
    },
    Refusals {
        connector: "halopsa",
        keys: CLIENT,
        unknown: (
            401,
            r#"{"error":"invalid_token","error_description":"The token is not valid"}"#,
        ),
        forbidden: (
            403,
            r#"{"error":"access_denied","error_description":"The agent has no permission"}"#,
        ),
    },
    Refusals {
        connector: "microsoft-partner",
        keys: "tenant_id = 't1'\nclient_id = 'app'\nclient_secret = { file = 'token' }",
        unknown: (
            401,
            r#"{"error":{"code":"InvalidAuthenticationToken","message":"Access token has expired or is not yet valid."}}"#,
        ),
        forbidden: (
            403,
            r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}"#,
        ),
    },
];

/// The names of the connectors that are built in.
fn built_in() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/connectors");
    std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
        .collect()
}

/// The rows of those.
fn vendors() -> Vec<&'static Refusals> {
    let built_in = built_in();
    let rows = VENDORS.iter();
    rows.filter(|vendor| built_in.contains(vendor.connector))
        .collect()
}

fn config(vendor: &Refusals, uri: &str) -> SourceConfig {
    toml::from_str(&format!(
        "connector = '{}'\nbase_url = '{uri}'\nauth_url = '{uri}'\n{}",
        vendor.connector, vendor.keys
    ))
    .unwrap()
}

/// A vendor that gives a token to everyone, and refuses every list.
async fn refusing((status, body): (u16, &'static str)) -> MockServer {
    server(move |request: &Request| {
        let path = request.url.path();
        if path.to_ascii_lowercase().contains("token") || path.contains("/oauth") {
            return json(r#"{"access_token":"a1","expires_in":3600}"#);
        }
        if path.ends_with("/zoneInformation") {
            return json(r#"{"url":"https://webservices5.autotask.net/ATServicesRest/"}"#);
        }
        ResponseTemplate::new(status).set_body_raw(body, "application/json")
    })
    .await
}

/// What a probe says is wrong.
async fn told(desk: &Desk, config: &SourceConfig) -> String {
    let source = desk.open(config).unwrap();
    match source.probe().await {
        Ok(report) => format!("nothing is wrong: {:?}", report.works),
        Err(failure) => failure.report(),
    }
}

#[test]
fn every_connector_has_its_row() {
    // Goal: no connector is left out. Method: the files of the folder.
    let rows = vendors().into_iter().map(|vendor| vendor.connector);
    assert_eq!(built_in(), rows.map(str::to_owned).collect());
}

#[tokio::test]
async fn each_vendor_s_refusals_are_told_apart() {
    // Goal: a bad credential, a missing right and a host that does not answer each say what is
    // wrong and what to do, at once and without the secret. Method: each vendor's own words.
    let desk = Desk::new();
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    for vendor in vendors() {
        let name = vendor.connector;
        for ((status, body), code, cure) in [
            (vendor.unknown, "XF-S004", "hint: renew "),
            (
                vendor.forbidden,
                "XF-S005",
                "hint: grant the credential the right to read ",
            ),
        ] {
            let server = refusing((status, body)).await;
            let report = told(&desk, &config(vendor, &server.uri())).await;
            assert!(
                report.contains(code) && report.contains(cure),
                "{name} {status}: {report}"
            );
            // The vendor's own sentence is in it.
            let sentence = body
                .split('"')
                .filter(|part| part.contains(' ') || part.ends_with("Unsuccessful"))
                .max_by_key(|part| part.len())
                .unwrap();
            assert!(report.contains(sentence), "{name}: {report}");
            assert!(!report.contains("tok-secret-1"), "{name}: {report}");
            let asked = server.received_requests().await.unwrap().len();
            assert!(asked <= 3, "{name}: {asked}");
        }
        let report = told(&desk, &config(vendor, &format!("http://{closed}"))).await;
        assert!(
            report.contains("XF-S008")
                && report.contains("refused")
                && report.contains("hint: check the host"),
            "{name}: {report}"
        );
    }
}

#[test]
fn every_connector_says_what_it_can_miss() {
    // Goal: `check` prints the gaps of a source before it is relied on. Method: each connector.
    let desk = Desk::new();
    for vendor in vendors() {
        let source = desk
            .open(&config(vendor, "http://127.0.0.1:9"))
            .unwrap_or_else(|failure| panic!("{}: {}", vendor.connector, failure.report()));
        assert!(!source.can_miss().is_empty(), "{}", vendor.connector);
    }
}
