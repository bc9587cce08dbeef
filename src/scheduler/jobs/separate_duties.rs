//! Duties that one person must not have together.

use super::evaluate_collections::cash_book;
use super::ledger::load_ledger;
use crate::config::is_same_person;
use crate::env::Env;
use crate::fault::{Failure, Fault, Retry};

/// A person who would approve what their own work could hide.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{approver}` applied cash of this customer by hand ({payment}) and cannot approve its write-offs"
)]
struct OwnCashError {
    approver: String,
    payment: String,
}

impl Fault for OwnCashError {
    fn code(&self) -> &'static str {
        "XF-J127"
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some("name another approver; `crossfoot audit list` tells who applied what".into())
    }

    fn effect(&self) -> Option<String> {
        Some("nothing was changed".into())
    }
}

/// Refuses an approver of a write-off who applied cash of the same customer by hand.
pub async fn refuse_own_cash(env: &Env, account: &str, approver: &str) -> Result<(), Failure> {
    let now = env.clock.now();
    let mut own = env.store.cash_decisions(now).await?;
    own.retain(|one| is_same_person(&one.actor, approver));
    if own.is_empty() {
        return Ok(());
    }
    let ledger = load_ledger(env, now, false).await?;
    let book = cash_book(env, &ledger)?;
    let is_of = |payment: &str, invoices: &[&str]| {
        let payer = book
            .payments()
            .iter()
            .any(|one| one.key == payment && one.account.as_deref() == Some(account));
        payer
            || book
                .invoices()
                .iter()
                .any(|one| one.account == account && invoices.contains(&one.key.as_str()))
    };
    for decision in own {
        let parts = decision.parts.iter().map(|part| part.invoice.as_str());
        if is_of(&decision.payment, &parts.collect::<Vec<_>>()) {
            return Err(OwnCashError {
                approver: approver.to_owned(),
                payment: decision.payment,
            }
            .into());
        }
    }
    Ok(())
}
