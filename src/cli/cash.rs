//! `crossfoot cash`.

use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::context::{Context, login_name};
use super::discrepancies::golden_id;
use super::output::{self, Table};
use crate::canonical::parse_decimal;
use crate::fault::{Exit, Failure};
use crate::money::money_text;
use crate::period::{Period, local_day};
use crate::reconcile::cash::{CashPayment, MatchError};
use crate::scheduler::jobs::{ApplyRequest, apply_payment, cash_book, load_ledger};
use crate::store::Access;

#[derive(Debug, Subcommand)]
pub(super) enum CashVerb {
    /// Every payment and what it settled
    List {
        /// Only this account: a golden id or source:id
        #[arg(long)]
        account: Option<String>,
        /// Only payments received in this period
        #[arg(long, value_name = "YYYY-MM")]
        period: Option<Period>,
    },
    /// One payment
    Show {
        /// The payment's id in its source
        payment: String,
    },
    /// Say which invoices a payment is for; later reconciles leave it so
    #[command(
        after_help = "Examples:\n  crossfoot cash apply pay_17 --invoice INV-104=250.00 --by \
                      ann\n  crossfoot cash apply pay_17 --invoice INV-104=200 --invoice \
                      INV-107=50 --by ann --note \"told by phone\"\n\nWhat is applied of the \
                      payment already stays; only an ambiguous match by a rule gives way. Refused \
                      are more than is left of the payment or open of an invoice, another \
                      currency, a payment that is applied already or was taken back, and one that \
                      was received in a closed period. Each match is in `crossfoot audit list`."
    )]
    Apply(ApplyArguments),
}

#[derive(Debug, Args)]
pub(super) struct ApplyArguments {
    /// The payment: its id in its source, or source:id
    payment: String,
    /// An invoice, by id, number or source:id, and how much of the payment is for it; may be repeated
    #[arg(long = "invoice", value_name = "ID=AMOUNT", required = true, value_parser = parse_part)]
    invoices: Vec<(String, Decimal)>,
    /// Who says it [default: the login name]
    #[arg(long)]
    by: Option<String>,
    /// Why
    #[arg(long)]
    note: Option<String>,
}

fn parse_part(text: &str) -> Result<(String, Decimal), String> {
    let (invoice, amount) = text
        .rsplit_once('=')
        .filter(|(invoice, _)| !invoice.trim().is_empty())
        .ok_or("write an invoice and an amount, as INV-104=250.00")?;
    let amount = parse_decimal(amount).map_err(|reason| format!("`{amount}` {reason}"))?;
    Ok((invoice.trim().to_owned(), amount))
}

pub(super) async fn run(context: &Context, verb: &CashVerb) -> Result<Exit, Failure> {
    if let CashVerb::Apply(arguments) = verb {
        return apply(context, arguments).await;
    }
    let env = context.open(Access::Read).await?;
    let now = env.clock.now();
    let ledger = load_ledger(&env, now, false).await?;
    let book = cash_book(&env, &ledger)?;
    let mut payments = book.payments_on(local_day(now, &env.config.zone(None)));
    match verb {
        CashVerb::List { account, period } => {
            if let Some(text) = account {
                let golden = golden_id(&env, text).await?;
                payments.retain(|one| one.account.as_ref() == Some(&golden));
            }
            if let Some(period) = period {
                payments.retain(|one| Period::of(one.received_on) == *period);
            }
        }
        CashVerb::Show { payment } => {
            payments.retain(|one| one.payment == *payment);
            if payments.is_empty() {
                return Err(MatchError::NoPayment(payment.clone()).into());
            }
        }
        CashVerb::Apply(_) => {}
    }
    if context.json() {
        let rows: Vec<Value> = payments.iter().map(payment_json).collect();
        match (verb, rows.first()) {
            (CashVerb::Show { .. }, Some(row)) => output::json(row)?,
            _ => output::json(&rows)?,
        }
        return Ok(Exit::Done);
    }
    print_payments(&payments)
}

async fn apply(context: &Context, arguments: &ApplyArguments) -> Result<Exit, Failure> {
    let env = context.open(Access::Write).await?;
    let request = ApplyRequest {
        payment: arguments.payment.clone(),
        parts: arguments.invoices.clone(),
        by: arguments.by.clone().unwrap_or_else(login_name),
        reason: arguments.note.clone(),
    };
    let applied = apply_payment(&env, &request).await?;
    if context.json() {
        output::json(&payment_json(&applied))?;
        return Ok(Exit::Done);
    }
    print_payments(&[applied])
}

fn print_payments(payments: &[CashPayment]) -> Result<Exit, Failure> {
    let mut table = Table::new(&[
        "payment",
        "account",
        "received",
        ">amount",
        "currency",
        "state",
        "rule",
        "applied to",
        ">unapplied",
    ]);
    for one in payments {
        let applied: Vec<String> = one
            .applied
            .iter()
            .map(|part| format!("{}={}", part.invoice, money_text(part.amount, one.currency)))
            .collect();
        table.row(vec![
            one.payment.clone(),
            one.account.clone().unwrap_or_default(),
            one.received_on.to_string(),
            money_text(one.amount, one.currency),
            one.currency.to_string(),
            spelling(&one.state),
            one.rule.as_ref().map(spelling).unwrap_or_default(),
            applied.join(" "),
            money_text(one.unapplied, one.currency),
        ]);
    }
    table.print("no payment is landed")?;
    for one in payments {
        print_proposals(one)?;
    }
    Ok(Exit::Done)
}

/// What a payment could be for, where a person must say it.
fn print_proposals(one: &CashPayment) -> Result<(), Failure> {
    if !one.proposals.is_empty() {
        let choices: Vec<String> = one
            .proposals
            .iter()
            .map(|invoices| invoices.join(" + "))
            .collect();
        output::line(format!(
            "{} could be for {}: say so with `crossfoot cash apply`",
            one.payment,
            choices.join(", or ")
        ))?;
    }
    match &one.search_stopped {
        Some(reason) => output::line(format!("{}: {reason}", one.payment)),
        None => Ok(()),
    }
}

/// An enum as its JSON spells it.
fn spelling<T: serde::Serialize>(value: &T) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

fn payment_json(one: &CashPayment) -> Value {
    let money = |amount| money_text(amount, one.currency);
    let applied: Vec<Value> = one
        .applied
        .iter()
        .map(|part| json!({ "invoice": part.invoice, "amount": money(part.amount) }))
        .collect();
    let mut shown = json!({
        "payment": one.payment,
        "account": one.account,
        "received_on": one.received_on,
        "amount": money(one.amount),
        "currency": one.currency,
        "state": one.state,
        "rule": one.rule,
        "ambiguous": one.ambiguous,
        "applied": applied,
        "write_off": money(one.write_off),
        "deduction": money(one.deduction),
        "discount": money(one.discount),
        "unapplied": money(one.unapplied),
        "on_account": money(one.on_account),
        "suspense": money(one.suspense),
        "proposals": one.proposals,
    });
    if let (Some(reason), Some(shown)) = (&one.search_stopped, shown.as_object_mut()) {
        shown.insert("search_stopped".into(), json!(reason));
    }
    shown
}
