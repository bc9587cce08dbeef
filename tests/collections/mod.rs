//! Tests of cash application, of `collections`, and of the KPIs that stand on both.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what builds a test's data fails the test"
)]

mod accuracy;
mod cases;
mod cash;
mod cash_laws;
mod combinations;
mod decided;
mod kpi;
mod kpi_laws;
mod kpi_nights;
mod kpi_sample;
mod promises;
mod real_receivables;
mod receivables;
mod records;
