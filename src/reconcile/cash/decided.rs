//! What people decided, applied before anything else: the rules find only what that leaves, so that
//! no later payment and no rule takes the invoice away again.

use super::apply::Application;
use super::error::CashError;
use super::payment::MatchedBy;
use crate::store::CashDecision;

impl Application<'_> {
    /// Applies the decisions in the order of the payments' ids. A part whose invoice is gone, or is
    /// smaller by now, stays unapplied.
    pub(super) fn apply_decisions(&mut self, decisions: &[CashDecision]) -> Result<(), CashError> {
        let mut known: Vec<(usize, &CashDecision)> = decisions
            .iter()
            .filter_map(|one| Some((self.ledger.payment_index.at(&one.payment)?, one)))
            .filter(|(at, one)| self.ledger.payments[*at].currency == one.currency)
            .collect();
        known.sort_by_key(|(at, _)| *at);
        for (payment, decision) in known {
            self.decided.insert(payment);
            self.ledger.payments[payment].rule = Some(MatchedBy::Manual);
            for part in &decision.parts {
                let Some(invoice) = self.ledger.invoice_index.at(&part.invoice) else {
                    continue;
                };
                let entry = &self.ledger.invoices[invoice];
                if entry.is_credit || entry.charged_off || entry.currency != decision.currency {
                    continue;
                }
                self.decide(payment, MatchedBy::Manual, invoice);
                self.pay(payment, invoice, part.amount)?;
            }
        }
        Ok(())
    }

    /// On the day of the receipt: what an all used up payment leaves of its invoices is written off
    /// where it is noise, as with any other payment. A larger rest stays open.
    pub(super) fn settle_decided(&mut self, payment: usize) -> Result<(), CashError> {
        if !self.ledger.payments[payment].left.is_zero() {
            return Ok(());
        }
        let parts: Vec<_> = self.ledger.payments[payment]
            .applied
            .iter()
            .map(|part| (part.invoice, part.amount))
            .collect();
        for (invoice, paid) in parts {
            let expected = super::exact::plus(self.open[invoice], paid)?;
            self.write_off_residual(payment, invoice, expected, expected)?;
        }
        Ok(())
    }
}
