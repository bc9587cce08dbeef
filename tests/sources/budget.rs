//! Rate budgets: daily quotas that park a source, and what is shared and kept of them.

use std::time::{Duration, Instant};

use crossfoot::clock::Clock;
use jiff::ToSpan;
use wiremock::{MockServer, ResponseTemplate};

use super::harness::{Desk, SINGLE, TOKEN, connector, items, json, now, server, status};

fn good() -> ResponseTemplate {
    json(format!(r#"{{"data":{}}}"#, items(&[1])))
}

fn with_rules(rules: &str) -> String {
    connector(SINGLE).replacen("[[stream]]", &format!("{rules}\n[[stream]]"), 1)
}

const DAILY: &str = r#"
    [[error]]
    status = 429
    header = "X-Rate-Limit-Problem"
    header_is = "day"
    means = "quota"
    resume = "24h"
"#;

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_daily_quota_parks_the_source_until_it_is_over() {
    // Goal: no waiting, no more requests, also by the next process, and then all is well again.
    // Method: an hour's Retry-After on a day's quota; openings over one keeper; the clock moves.
    let mut desk = Desk::new();
    let server = server(|_| {
        status(429)
            .insert_header("X-Rate-Limit-Problem", "day")
            .insert_header("Retry-After", "3600")
    })
    .await;
    let config = desk.api(&server.uri(), &with_rules(DAILY), TOKEN);
    let started = Instant::now();
    for _ in 0..3 {
        let report = desk.pull(&config, "items").await.err().unwrap().report();
        assert!(
            report.contains("XF-S026") && report.contains("parked until 2026-11-21T02:00:00Z"),
            "{report}"
        );
        assert!(
            report.contains("retry: no, the next run tries again"),
            "{report}"
        );
    }
    let source = desk.open(&config).unwrap();
    assert_eq!(source.probe().await.err().unwrap().code(), "XF-S026");
    drop(source);
    assert_eq!(asked(&server).await, 1);
    assert!(started.elapsed() < Duration::from_secs(2));
    server.reset().await;
    desk.clock = Clock::set_at(now() + 61.minutes());
    let failure = desk.pull(&config, "items").await.err().unwrap();
    assert_ne!(failure.code(), "XF-S026");
    assert!(asked(&server).await >= 1);
}

#[tokio::test]
async fn a_wait_that_is_too_long_for_a_run_is_remembered() {
    // Goal: nothing is asked before the time that the server named, whatever asks. Method: a wait
    // of a day; then another source with the same credential at the same origin.
    let desk = Desk::new();
    let server = server(|_| status(429).insert_header("Retry-After", "86400")).await;
    let config = desk.api(&server.uri(), &connector(SINGLE), TOKEN);
    assert_eq!(
        desk.pull(&config, "items").await.err().unwrap().code(),
        "XF-S009"
    );
    assert_eq!(
        desk.pull(&config, "items").await.err().unwrap().code(),
        "XF-S026"
    );
    assert_eq!(asked(&server).await, 1);
    desk.secret("other", "tok-secret-2");
    let other = desk.api(
        &server.uri(),
        &connector(SINGLE),
        "token = { file = 'other' }",
    );
    assert_eq!(
        desk.pull(&other, "items").await.err().unwrap().code(),
        "XF-S009"
    );
    assert_eq!(asked(&server).await, 2);
    let kept = desk.budgets.kept.lock().unwrap();
    assert_eq!(kept.len(), 2);
    for (name, budget) in kept.iter() {
        assert!(!format!("{name}{budget:?}").contains("tok-secret"));
    }
}

#[tokio::test]
async fn a_quota_that_is_nearly_used_up_is_left_to_others() {
    // Goal: crossfoot stops before it takes the last of a shared quota. Method: the first answer's
    // header says 85 of 100; the page is used, and the next request is not made.
    let rules = r#"
        [[quota]]
        header = "Sforce-Limit-Info"
        used = 'api-usage=(\d+)/'
        limit = '/(\d+)'
        stop_at_percent = 80
    "#;
    let desk = Desk::new();
    let server = server(|_| good().insert_header("Sforce-Limit-Info", "api-usage=85/100")).await;
    let config = desk.api(&server.uri(), &with_rules(rules), TOKEN);
    assert_eq!(desk.pull(&config, "items").await.unwrap().records.len(), 1);
    let report = desk.pull(&config, "items").await.err().unwrap().report();
    assert!(
        report.contains("85 of 100 requests of the quota are used"),
        "{report}"
    );
    assert_eq!(asked(&server).await, 1);
}

#[tokio::test]
async fn sources_with_one_credential_share_its_budget() {
    // Goal: the vendor counts by credential, so two sources are no two budgets. Method: four
    // requests a second; two sources with one token ask three times each, at once.
    let desk = Desk::new();
    let server = server(|_| good()).await;
    let mut config = desk.api(&server.uri(), &connector(SINGLE), TOKEN);
    if let Some(rate) = &mut config.rate {
        rate.requests = 4;
    }
    let started = Instant::now();
    let (first, second) = (desk.open(&config).unwrap(), desk.open(&config).unwrap());
    let pulls = [&first, &second].map(|source| async {
        for _ in 0..3 {
            super::harness::pull(source.as_ref(), "items", None, false)
                .await
                .unwrap();
        }
    });
    futures::future::join_all(pulls).await;
    assert!(
        started.elapsed() >= Duration::from_millis(450),
        "{:?}",
        started.elapsed()
    );
}
