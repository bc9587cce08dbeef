//! `crossfoot cash`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::discrepancies::golden_id;
use super::output::{self, Table};
use crate::fault::{Exit, Failure, Fault, Retry};
use crate::money::money_text;
use crate::period::{Period, local_day};
use crate::reconcile::cash::CashPayment;
use crate::scheduler::jobs::{cash_book, load_ledger};
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
}

#[derive(Debug, thiserror::Error)]
#[error("there is no payment `{0}`")]
struct NoPayment(String);

impl Fault for NoPayment {
    fn code(&self) -> &'static str {
        "XF-K024"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("`crossfoot cash list` shows every payment".into())
    }
}

pub(super) async fn run(context: &Context, verb: &CashVerb) -> Result<Exit, Failure> {
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
                return Err(NoPayment(payment.clone()).into());
            }
        }
    }
    if context.json() {
        let rows: Vec<Value> = payments.iter().map(payment_json).collect();
        match (verb, rows.first()) {
            (CashVerb::Show { .. }, Some(row)) => output::json(row)?,
            _ => output::json(&rows)?,
        }
        return Ok(Exit::Done);
    }
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
    for one in &payments {
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
    Ok(Exit::Done)
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
    json!({
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
    })
}
