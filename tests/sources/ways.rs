//! Several ways to authorise, claims that are signed, and what is found out before anything else.

use crossfoot::canonical::Entity;
use wiremock::ResponseTemplate;

use super::harness::{Desk, SINGLE, header, items, json, server, status, with_auth};

const PKCS8: &str = include_str!("../fixtures/sources/signing-key.pem");

const WAYS: &str = r#"[
    { kind = "client_credentials", token_url = "/services/oauth2/token" },
    { kind = "jwt_bearer", token_url = "https://login.example.com/services/oauth2/token", audience = "https://login.example.com" },
]"#;

fn good() -> ResponseTemplate {
    json(format!(r#"{{"data":{}}}"#, items(&[1])))
}

#[tokio::test]
async fn the_first_way_that_is_configured_is_taken() {
    // Goal: the keys in the configuration choose the way. Method: a client's secret, then a key
    // and a user; the token endpoint says which grant came.
    let desk = Desk::new();
    desk.secret("client", "s1");
    desk.secret("key", PKCS8);
    let server = server(|request| {
        if request.url.path() != "/services/oauth2/token" {
            let grant = header(request, "authorization").unwrap();
            return match grant {
                "Bearer by-secret" => json(format!(r#"{{"data":{}}}"#, items(&[1]))),
                "Bearer by-claim" => json(format!(r#"{{"data":{}}}"#, items(&[2]))),
                _ => status(401),
            };
        }
        let form = String::from_utf8(request.body.clone()).unwrap();
        if form.contains("grant_type=client_credentials") && form.contains("client_secret=s1") {
            return json(r#"{"access_token":"by-secret"}"#);
        }
        assert!(form.contains("jwt-bearer&assertion=ey"), "{form}");
        assert!(!form.contains("client_secret"), "{form}");
        json(r#"{"access_token":"by-claim"}"#)
    })
    .await;
    for (more, expected) in [
        ("client_id = 'c1'\nclient_secret = { file = 'client' }", "1"),
        (
            "client_id = 'c1'\nusername = 'ops@x.example'\nprivate_key = { file = 'key' }",
            "2",
        ),
    ] {
        let config = desk.api(&server.uri(), &with_auth(WAYS, SINGLE), more);
        let pulled = desk
            .pull(&config, "items")
            .await
            .unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(pulled.ids(Entity::Products), [expected]);
    }
}

#[tokio::test]
async fn no_way_at_all_names_the_keys_of_each() {
    // Goal: a person sees what to configure. Method: half of one way, a key that is none, and an
    // unknown kind.
    let desk = Desk::new();
    desk.secret("key", "no key");
    let told = |auth: &str, more: &str| {
        let config = desk.api("https://api.example.com", &with_auth(auth, SINGLE), more);
        desk.open(&config).err().unwrap().report()
    };
    let report = told(WAYS, "client_id = 'c1'");
    assert!(
        report.contains("XF-S003")
            && report.contains("client_id, client_secret; or client_id, username, private_key"),
        "{report}"
    );
    let claim = "client_id = 'c1'\nusername = 'u'\nprivate_key = { file = 'key' }";
    let report = told(WAYS, claim);
    assert!(
        report.contains("XF-S003") && report.contains("no PEM text"),
        "{report}"
    );
    assert!(!report.contains("no key`"), "{report}");
    let report = told(r#"[{ kind = "magic" }]"#, "");
    assert!(
        report.contains("XF-S002") && report.contains("magic"),
        "{report}"
    );
}

#[tokio::test]
async fn a_tenant_stands_in_the_token_url_and_fields_in_its_form() {
    // Goal: one token endpoint per tenant, with more fields. Method: the endpoint wants both.
    let desk = Desk::new();
    desk.secret("client", "s1");
    let server = server(|request| {
        if request.url.path() == "/t-9/oauth2/token" {
            let form = String::from_utf8(request.body.clone()).unwrap();
            assert!(form.contains("resource=all-of-t-9"), "{form}");
            return json(r#"{"access_token":"a1"}"#);
        }
        good()
    })
    .await;
    let auth = r#"{ kind = "client_credentials", token_url = "https://login.example.com/{tenant_id}/oauth2/token", parameters = { resource = "all-of-{tenant_id}" } }"#;
    let more = "client_id = 'c1'\ntenant_id = 't-9'\nclient_secret = { file = 'client' }";
    let config = desk.api(&server.uri(), &with_auth(auth, SINGLE), more);
    desk.pull(&config, "items")
        .await
        .unwrap_or_else(|failure| panic!("{failure}"));
    // A secret never stands in a URL.
    let auth = r#"{ kind = "client_credentials", token_url = "/{client_secret}" }"#;
    let config = desk.api(&server.uri(), &with_auth(auth, SINGLE), more);
    assert_eq!(desk.open(&config).err().unwrap().code(), "XF-S002");
}

const DISCOVERS: &str = r#"
    [[discover]]
    request = { path = "/zone", query = { user = "{username}" } }
    authorised = false
    base_url = "url"
    hosts = ["example.com"]

    [[discover]]
    request = { path = "/companyinfo/{company}" }
    names = { codebase = "Codebase" }
"#;

#[tokio::test]
async fn what_differs_by_customer_is_found_out_once() {
    // Goal: the place and the names are asked for once for all pulls, and the first question
    // carries no credential. Method: two questions in front of the lists; two pulls.
    let desk = Desk::new();
    let server = server(|request| {
        let is_granted = header(request, "x-key").is_some();
        match request.url.path() {
            "/zone" if !is_granted => json(r#"{"url":"https://zone5.example.com/atservices/"}"#),
            "/atservices/companyinfo/co" if is_granted => json(r#"{"Codebase":"v2026_1/"}"#),
            "/atservices/v2026_1/items" if is_granted => good(),
            _ => status(404),
        }
    })
    .await;
    desk.secret("key", "k1");
    let auth = r#"{ kind = "header", headers = { "X-Key" = "{api_key}" } }"#;
    let connector = with_auth(auth, SINGLE).replace("\"/items\"", "\"/{codebase}/items\"");
    let connector = connector.replacen("[[stream]]", &format!("{DISCOVERS}\n[[stream]]"), 1);
    let more = "api_key = { file = 'key' }\ncompany = 'co'\nusername = 'u'";
    let config = desk.api(&server.uri(), &connector, more);
    let source = desk.open(&config).unwrap();
    for _ in 0..2 {
        super::harness::pull(source.as_ref(), "items", None, false)
            .await
            .unwrap_or_else(|failure| panic!("{failure}"));
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
    assert!(source.probe().await.is_ok());
}

#[tokio::test]
async fn a_credential_that_is_refused_is_told_with_few_requests() {
    // Goal: no storm of retries by many streams at once. Method: four pulls side by side and a
    // probe, for each kind of credential, against a vendor that refuses the token or the request.
    let desk = Desk::new();
    desk.secret("client", "s1");
    desk.secret("key", PKCS8);
    let client = "client_id = 'c1'\nclient_secret = { file = 'client' }\ntoken = { file = 'token' }\n\
                  refresh_token = { file = 'token' }\nusername = 'u'\nprivate_key = { file = 'key' }";
    for (auth, most_in_pulls) in [
        (r#"{ kind = "bearer", token = "token" }"#, 1),
        (r#"{ kind = "basic", username = "{token}" }"#, 1),
        (
            r#"{ kind = "header", headers = { "X-Key" = "{token}" } }"#,
            1,
        ),
        (
            r#"{ kind = "client_credentials", token_url = "/token" }"#,
            4,
        ),
        (r#"{ kind = "refresh_token", token_url = "/token" }"#, 4),
        (
            r#"{ kind = "jwt_bearer", token_url = "/token", audience = "x" }"#,
            4,
        ),
    ] {
        for refuses_token in [true, false] {
            let server = server(move |request| {
                if request.url.path() == "/token" && !refuses_token {
                    return json(r#"{"access_token":"a1"}"#);
                }
                let code = if request.url.path() == "/token" {
                    400
                } else {
                    401
                };
                ResponseTemplate::new(code)
                    .set_body_raw(r#"{"error":"invalid_grant"}"#, "application/json")
            })
            .await;
            let config = desk.api(&server.uri(), &with_auth(auth, SINGLE), client);
            let source = desk.open(&config).unwrap();
            let report = source.probe().await.err().unwrap().report();
            assert!(
                report.contains("XF-S004") && report.contains("invalid_grant"),
                "{report}"
            );
            let asked = server.received_requests().await.unwrap().len();
            assert!(asked <= 2, "{auth}: {asked}");
            server.reset().await;
            let server = super::harness::server(|request| {
                if request.url.path() == "/token" {
                    return json(r#"{"access_token":"a1"}"#);
                }
                status(401)
            })
            .await;
            let config = desk.api(&server.uri(), &with_auth(auth, SINGLE), client);
            let source = desk.open(&config).unwrap();
            let pulls = (0..4).map(|_| super::harness::pull(source.as_ref(), "items", None, false));
            for pulled in futures::future::join_all(pulls).await {
                assert_eq!(pulled.err().unwrap().code(), "XF-S004");
            }
            let asked = server.received_requests().await.unwrap().len();
            assert!(asked <= most_in_pulls, "{auth}: {asked}");
        }
    }
}
