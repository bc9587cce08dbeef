//! `crossfoot check` asks each source for the least that proves credentials, reach and rights.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use wiremock::ResponseTemplate;

use super::harness::{Desk, SINGLE, TOKEN, connector, items, json, server};

#[tokio::test]
async fn a_probe_names_what_is_wrong() {
    // Goal: bad credential, missing scope and unreachable host are told apart, at once. Method: a
    // server for each, and a port that nobody listens on.
    let desk = Desk::new();
    for (code, expected) in [(401, "XF-S004"), (403, "XF-S005"), (503, "XF-S008")] {
        let server = server(move |_| {
            ResponseTemplate::new(code).set_body_raw(
                r#"{"error":{"message":"scope crm.read is missing"}}"#,
                "application/json",
            )
        })
        .await;
        let source = desk
            .open(&desk.api(&server.uri(), &connector(SINGLE), TOKEN))
            .unwrap();
        let report = source.probe().await.err().unwrap().report();
        assert!(
            report.contains(expected) && report.contains("scope crm.read"),
            "{report}"
        );
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let config = desk.api(
        &format!("http://127.0.0.1:{port}"),
        &connector(SINGLE),
        TOKEN,
    );
    let started = Instant::now();
    let report = desk
        .open(&config)
        .unwrap()
        .probe()
        .await
        .err()
        .unwrap()
        .report();
    assert!(
        report.contains("XF-S008") && report.contains("refused"),
        "{report}"
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_probe_says_what_works_and_what_can_be_missed() {
    // Goal: the good case says what was seen. Method: one page, without any other request.
    let desk = Desk::new();
    let server = server(|_| json(format!(r#"{{"data":{}}}"#, items(&[1])))).await;
    let text = format!("can_miss = [\"refunds\"]\n{}", connector(SINGLE));
    let source = desk.open(&desk.api(&server.uri(), &text, TOKEN)).unwrap();
    let report = source.probe().await.unwrap();
    assert_eq!(
        report.works,
        [format!(
            "GET {}/items answers with items (complete by the end of its pages)",
            server.uri()
        )]
    );
    assert_eq!(report.can_miss, ["refunds"]);
}

#[tokio::test]
async fn a_probe_of_files_looks_at_each_header() {
    // Goal: files are probed too. Method: a good header, then one that lacks a column.
    let desk = Desk::new();
    let config =
        toml::from_str("connector = 'files'\nrole = 'usage'\nfiles = { usage = 'drop/*.csv' }")
            .unwrap();
    desk.file("drop/a.csv", "id,account_id,sku,quantity,starts_on\n");
    let source = desk.open(&config).unwrap();
    assert_eq!(
        source.probe().await.unwrap().works,
        ["usage: 1 files can be read"]
    );
    desk.file("drop/b.csv", "id,account_id,sku,quantity\n");
    assert_eq!(source.probe().await.err().unwrap().code(), "XF-S020");
}
