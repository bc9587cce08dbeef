//! Tests of `mail`.
#![expect(clippy::unwrap_used, reason = "what the tests stand on must hold")]

mod composing;
mod delivery;
mod folder;
mod security;
mod smtp_server;

use crossfoot::config::{MailConfig, ReportKind};
use crossfoot::mail::{MailEnvelope, compose};
use crossfoot::report::render;
use crossfoot::store::OutboxMail;

use super::report::sample;

/// An envelope to the CFO.
pub(crate) fn envelope() -> MailEnvelope {
    MailEnvelope {
        from: "Finance reports <reports@northwind.example>".to_owned(),
        reply_to: Some("finance@northwind.example".to_owned()),
        to: "cfo@northwind.example".to_owned(),
        report: "discrepancy-rate".to_owned(),
        scope: "north".to_owned(),
        period: "2026-03".to_owned(),
        version: 1,
        at: sample::instant("2026-04-01T11:00:00Z"),
    }
}

/// A report in a mail to the CFO.
pub(crate) fn mail() -> OutboxMail {
    let rendered = render(&sample::input(ReportKind::DiscrepancyRate)).unwrap();
    compose(&rendered, &envelope()).unwrap()
}

/// `[mail]` with this URL and nothing else.
pub(crate) fn config(url: impl Into<String>) -> MailConfig {
    MailConfig {
        url: url.into(),
        password: None,
        from: "Finance reports <reports@northwind.example>".to_owned(),
        reply_to: None,
        allowed_domains: None,
        ca: None,
    }
}
