//! `crossfoot kpi`.

use clap::Args;
use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::context::Context;
use super::output::{self, Table};
use crate::canonical::parse_decimal;
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::money::{decimal_text, money_text, round_money};
use crate::period::PeriodSpan;
use crate::report::kpi::Kpi;
use crate::scheduler::jobs::compute_kpi;
use crate::store::Access;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crossfoot kpi --period 2026-10\n  crossfoot kpi --period \
                        2026-Q3 --as-of 2026-10-15T00:00:00Z --json\n  crossfoot kpi --period \
                        2026-10 --fail-on discrepancy.count_rate=0.02"
)]
pub(super) struct KpiArguments {
    /// YYYY-MM, YYYY-Qn or YYYY
    #[arg(long)]
    period: PeriodSpan,
    /// What was known at this instant [default: now]
    #[arg(long, value_name = "RFC3339")]
    as_of: Option<Timestamp>,
    /// Only this branch
    #[arg(long)]
    branch: Option<String>,
    /// Exit with 4 when a figure is above a limit, as discrepancy.count_rate=0.02; may be repeated
    #[arg(long, value_name = "FIGURE=LIMIT", value_parser = parse_threshold)]
    fail_on: Vec<Threshold>,
}

/// A figure by its path in the JSON, and the largest value that is accepted.
#[derive(Debug, Clone)]
struct Threshold {
    path: String,
    limit: Decimal,
}

fn parse_threshold(text: &str) -> Result<Threshold, String> {
    let (path, limit) = text
        .split_once('=')
        .ok_or("write a figure and its limit, as discrepancy.count_rate=0.02")?;
    let limit = parse_decimal(limit).map_err(|reason| format!("`{limit}` {reason}"))?;
    Ok(Threshold {
        path: path.to_owned(),
        limit,
    })
}

/// What a threshold says of a figure.
enum Crossing {
    Within,
    Above(Decimal),
    /// The figure cannot be said now, so neither can this.
    Withheld,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no figure `{0}`")]
struct NoFigure(String);

impl Fault for NoFigure {
    fn code(&self) -> &'static str {
        "XF-K026"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("`crossfoot kpi --json` shows every figure and its path".into())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl Threshold {
    fn judge(&self, figures: &Value) -> Result<Crossing, NoFigure> {
        let pointer = format!("/{}", self.path.replace('.', "/"));
        let no_figure = || NoFigure(self.path.clone());
        let figure = match figures.pointer(&pointer).ok_or_else(no_figure)? {
            Value::Null => return Ok(Crossing::Withheld),
            Value::String(text) => text.parse::<Decimal>().map_err(|_| no_figure())?,
            Value::Number(number) => number.to_string().parse().map_err(|_| no_figure())?,
            _ => return Err(no_figure()),
        };
        Ok(if figure > self.limit {
            Crossing::Above(figure)
        } else {
            Crossing::Within
        })
    }
}

pub(super) async fn run(context: &Context, arguments: &KpiArguments) -> Result<Exit, Failure> {
    let env = context.open(Access::Read).await?;
    let as_of = arguments.as_of.unwrap_or_else(|| env.clock.now());
    let kpi = compute_kpi(&env, arguments.period, as_of, arguments.branch.as_deref()).await?;
    if context.json() {
        output::json(&kpi)?;
    } else {
        print_kpi(&kpi)?;
    }
    judge(&kpi, &arguments.fail_on)
}

/// 4 when a figure is above its limit, else 3 when one cannot be said, else 0.
fn judge(kpi: &Kpi, thresholds: &[Threshold]) -> Result<Exit, Failure> {
    let figures = json!(kpi);
    let mut exit = Exit::Done;
    for threshold in thresholds {
        let Threshold { path, limit } = threshold;
        match threshold.judge(&figures)? {
            Crossing::Within => {}
            Crossing::Withheld => {
                output::error_line(&format!("{path} cannot be said: {}", kpi.banner.text));
                if exit == Exit::Done {
                    exit = Exit::Incomplete;
                }
            }
            Crossing::Above(figure) => {
                let figure = decimal_text(figure);
                output::error_line(&format!("{path} is above its limit: {figure} > {limit}"));
                exit = Exit::Threshold;
            }
        }
    }
    Ok(exit)
}

fn print_kpi(kpi: &Kpi) -> Result<(), Failure> {
    output::line(output::bold(&format!(
        "{} as of {}{}",
        kpi.period,
        kpi.as_of,
        match &kpi.close {
            Some(close) => format!(" ({}, as reported)", close.state),
            None if kpi.provisional => " (provisional)".to_owned(),
            None => String::new(),
        }
    )))?;
    output::line(&kpi.banner.text)?;
    let mut table = Table::new(&["figure", ">value", "of"]);
    let mut add = |name: &str, value: String, of: &str| {
        table.row(vec![name.to_owned(), value, of.to_owned()]);
    };
    let money = |amount: Option<Decimal>| {
        shown(amount.map(|amount| money_text(round_money(amount, kpi.currency), kpi.currency)))
    };
    let found = &kpi.discrepancy;
    add("units compared", found.units.to_string(), "N");
    add("discrepant units", found.discrepant.to_string(), "X");
    add("count rate", percent(found.count_rate), "X / N");
    add(
        "value rate",
        percent(found.value_rate),
        "sum_X |A-E| / sum_N max(|E|,|A|)",
    );
    add(
        "gross",
        money(found.gross),
        &format!("sum |A-E|, {}", kpi.currency),
    );
    add("leakage", money(found.leakage), "sum max(0, E-A)");
    add("overbilling", money(found.overbilling), "sum max(0, A-E)");
    add("net", money(found.net), "sum A-E");
    add(
        "timing",
        found.timing.to_string(),
        "not due yet, not counted",
    );
    add(
        "unknown",
        found.unknown.to_string(),
        "a source could not say, not counted",
    );
    add(
        "within tolerance",
        found.within_tolerance.to_string(),
        "counted as matched",
    );
    add("density", days(found.density), "items per 100 units");
    add(
        "recovery rate",
        percent(found.recovery_rate),
        "recovered / leakage",
    );
    let resolution = &kpi.resolution;
    add(
        "items resolved",
        resolution.n.to_string(),
        "verified, resolved in the period",
    );
    add(
        "median days",
        days(resolution.median_days),
        "opened to last resolved",
    );
    add("open items", resolution.open.n.to_string(), "now");
    add(
        "median age of open",
        days(resolution.open.median_age_days),
        "days",
    );
    if let Some(accuracy) = &kpi.payment_accuracy {
        add(
            "payment accuracy",
            percent(accuracy.count_rate),
            &format!("{} of {} payments", accuracy.accurate, accuracy.payments),
        );
        add(
            "invoice accuracy",
            percent(accuracy.invoice_accuracy),
            &format!(
                "{} of {} invoices without a credit memo",
                accuracy.invoices - accuracy.corrected_invoices,
                accuracy.invoices
            ),
        );
        if accuracy.claim_lines > 0 {
            add(
                "claim lines right",
                percent(accuracy.claim_line_rate),
                &format!("of {}: claimed = invoiced = paid", accuracy.claim_lines),
            );
        }
    }
    add(
        "cash matched",
        percent(kpi.matching.total_rate),
        "of payments",
    );
    let reason = kpi.unavailable.get("match.first_pass_rate");
    add(
        "in the first comparison",
        percent(kpi.matching.first_pass_rate),
        reason.map_or("of payments, by rules", String::as_str),
    );
    add("by hand", percent(kpi.matching.manual_rate), "of payments");
    let owed = &kpi.receivables;
    add("receivables", money(owed.gross), "open invoices");
    add(
        "net receivables",
        money(owed.net),
        "less credits and unapplied cash",
    );
    add("DSO", days(owed.dso), "net / sales x days");
    add("DSO countback", days(owed.dso_countback), "days");
    add(
        "best possible DSO",
        days(owed.bpdso),
        "current / sales x days",
    );
    add("ADD", days(owed.add), "DSO - best possible DSO");
    add("CEI", percent(owed.cei), "collected of what could be");
    add(
        "days late, paid",
        days(owed.avg_days_late_paid),
        "of invoices paid up in the period, weighted by total",
    );
    if let Some(promises) = &kpi.promises {
        add(
            "promises kept",
            percent(promises.kept_rate_count),
            &format!(
                "{} kept, {} in part, {} broken; {} pending",
                promises.kept, promises.partial, promises.broken, promises.pending
            ),
        );
    }
    table.print("")?;
    print_restatement(kpi)
}

/// What was found of a closed period since it was reported.
fn print_restatement(kpi: &Kpi) -> Result<(), Failure> {
    let Some(adjustments) = &kpi.prior_period_adjustments else {
        return Ok(());
    };
    let Some(restated) = &kpi.restated else {
        return output::line("nothing was compared or decided since it was closed");
    };
    let money = |amount: Option<Decimal>| {
        shown(amount.map(|amount| money_text(round_money(amount, kpi.currency), kpi.currency)))
    };
    output::line(format!(
        "restated: {} of {} units, gross {}, net {} {}",
        restated.discrepant,
        restated.units,
        money(restated.gross),
        money(restated.net),
        kpi.currency
    ))?;
    output::line(format!(
        "prior-period adjustments: {} units, gross {}, net {} {}",
        adjustments.count,
        money(adjustments.gross),
        money(adjustments.net),
        kpi.currency
    ))
}

/// What is printed of a figure: money in its currency's decimals, rates in percent with two, days
/// with one. The JSON has them at full precision.
fn shown(text: Option<String>) -> String {
    text.unwrap_or_else(|| "n/a".to_owned())
}

fn percent(rate: Option<Decimal>) -> String {
    let percent = rate.and_then(|rate| rate.checked_mul(Decimal::ONE_HUNDRED));
    shown(percent.map(|percent| format!("{} %", rounded(percent, 2))))
}

fn days(count: Option<Decimal>) -> String {
    shown(count.map(|count| rounded(count, 1)))
}

fn rounded(figure: Decimal, decimals: u32) -> String {
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    let mut figure = figure.round_dp_with_strategy(decimals, strategy);
    figure.rescale(decimals);
    figure.to_string()
}
