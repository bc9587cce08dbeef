//! The manual match: a person says which invoices a payment is for.

use rust_decimal::Decimal;

use super::evaluate_collections::cash_book;
use super::ledger::load_ledger;
use super::period_book::refuse_kept_period;
use crate::config::Right;
use crate::env::Env;
use crate::fault::Failure;
use crate::period::{Period, local_day};
use crate::reconcile::cash::{CashPayment, MatchRequest};
use crate::store::CashDecision;

/// What a person asks.
#[derive(Debug, Clone)]
pub struct ApplyRequest {
    /// The payment, by its source's id or as `source:id`.
    pub payment: String,
    /// The invoices, and how much for each.
    pub parts: Vec<(String, Decimal)>,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// Applies a payment as a person says, and gives it back as it stands then. Later comparisons leave
/// it so. Nothing is written when anything of it is refused.
pub async fn apply_payment(env: &Env, request: &ApplyRequest) -> Result<CashPayment, Failure> {
    let now = env.clock.now();
    let mut ledger = load_ledger(env, now, false).await?;
    let day = local_day(now, &env.config.zone(None));
    let book = cash_book(env, &ledger)?;
    let wanted = book.decide(&MatchRequest {
        payment: &request.payment,
        parts: &request.parts,
        day,
    })?;
    let payment = wanted.payment;
    env.config
        .check_right(&request.by, Right::Work, payment.branch.as_deref())?;
    let dated = format!("the application of payment {}", payment.id);
    refuse_kept_period(env, Period::of(payment.received_on), &dated).await?;
    let replaces = ledger
        .cash_decisions
        .iter()
        .find(|one| one.payment == payment.key)
        .map(|one| one.decision_id.clone());
    let decision = CashDecision {
        decision_id: env.new_id(),
        payment: payment.key.clone(),
        currency: payment.currency,
        decided_at: now,
        actor: request.by.clone(),
        reason: request.reason.clone(),
        replaces,
        parts: wanted.parts,
    };
    env.store
        .record_cash_decision(&decision, &wanted.before)
        .await?;
    let (source, id) = (payment.source.clone(), payment.id.clone());
    ledger
        .cash_decisions
        .retain(|one| one.payment != decision.payment);
    ledger.cash_decisions.push(decision);
    let applied = cash_book(env, &ledger)?;
    let mut listed = applied.payments_on(day);
    listed.retain(|one| one.source == source && one.payment == id);
    let found = listed.into_iter().next();
    found.ok_or_else(|| crate::reconcile::cash::MatchError::NoPayment(id).into())
}
