//! Where one receipt goes: by remittance, by its reference, or by the configured rules.

use rust_decimal::Decimal;

use super::apply::Application;
use super::error::CashError;
use super::exact::{minus, plus};
use super::payment::MatchedBy;
use crate::config::CashRule;

impl Application<'_> {
    /// Tries the strongest key first; the first that finds an invoice decides.
    pub(super) fn apply_receipt(
        &mut self,
        payment: usize,
        rows: &[usize],
    ) -> Result<(), CashError> {
        if self.decided.contains(&payment) {
            return self.settle_decided(payment);
        }
        if self.apply_remittance(payment, rows)? || self.apply_reference(payment)? {
            return Ok(());
        }
        if self.ledger.payments[payment].left <= Decimal::ZERO {
            return Ok(());
        }
        for rule in self.rules {
            let decided = match rule {
                CashRule::MatchSingle => self.match_single(payment)?,
                CashRule::ClearAccount => self.clear(payment, false)?,
                CashRule::ClearPastDue => self.clear(payment, true)?,
                CashRule::ClearPastDueByTerm => self.clear_by_term(payment)?,
                CashRule::Combo => self.combine(payment)?,
                CashRule::SubsetProposals => self.propose_subsets(payment),
                CashRule::OldestFirst => self.oldest_first(payment)?,
            };
            if decided {
                self.ledger.payments[payment].rule = Some((*rule).into());
                break;
            }
        }
        Ok(())
    }

    /// Credit memos that the remittance names are used first, then the cash.
    fn apply_remittance(&mut self, payment: usize, rows: &[usize]) -> Result<bool, CashError> {
        let mut credits = Vec::new();
        let mut invoices = Vec::new();
        for row in rows {
            match self.row_invoice(payment, *row) {
                Some(at) if self.ledger.invoices[at].is_credit => credits.push((*row, at)),
                Some(at) => invoices.push((*row, at)),
                None => {}
            }
        }
        let Some((_, first)) = invoices.first().copied() else {
            return Ok(false);
        };
        self.decide(payment, MatchedBy::Remittance, first);
        for (row, invoice) in invoices {
            for (credit_row, memo) in &credits {
                let wanted = self.ledger.rows[row].amount;
                let offered = self.ledger.rows[*credit_row].amount.abs();
                let given = self.give_credit(*memo, invoice, wanted.min(offered))?;
                self.ledger.rows[row].amount = minus(wanted, given)?;
                self.ledger.rows[*credit_row].amount = minus(offered, given)?;
            }
            self.pay_row(payment, row, invoice)?;
        }
        Ok(true)
    }

    fn row_invoice(&self, payment: usize, row: usize) -> Option<usize> {
        let receipt = &self.ledger.payments[payment];
        let row = &self.ledger.rows[row];
        [&row.invoice_id, &row.invoice_number]
            .into_iter()
            .flatten()
            .find_map(|text| {
                self.ledger.invoice_named(
                    &row.source,
                    text,
                    receipt.account.as_deref(),
                    receipt.currency,
                )
            })
    }

    fn pay_row(&mut self, payment: usize, row: usize, invoice: usize) -> Result<(), CashError> {
        let expected = self.open[invoice];
        let wanted = self.ledger.rows[row].amount;
        let paid = self.pay(payment, invoice, wanted)?;
        self.ledger.rows[row].amount = minus(wanted, paid)?;
        // A row that is not used up waits for the other payments of its batch.
        if wanted > paid {
            return Ok(());
        }
        let stated = std::mem::take(&mut self.ledger.rows[row].deduction);
        if stated > Decimal::ZERO {
            self.deduct(payment, invoice, stated)
        } else {
            self.settle_residual(payment, invoice, expected)
        }
    }

    /// A residual of an invoice that the payment names: noise is written off, the rest is a
    /// deduction.
    fn settle_residual(
        &mut self,
        payment: usize,
        invoice: usize,
        expected: Decimal,
    ) -> Result<(), CashError> {
        if self.open[invoice] < expected
            && !self.write_off_residual(payment, invoice, expected, expected)?
        {
            self.deduct(payment, invoice, self.open[invoice])?;
        }
        Ok(())
    }

    /// The reference is an invoice's number or id. An invoice that is paid already takes nothing:
    /// then the money waits for a person rather than going to another invoice.
    fn apply_reference(&mut self, payment: usize) -> Result<bool, CashError> {
        let receipt = &self.ledger.payments[payment];
        let named = receipt.reference.as_deref().and_then(|reference| {
            self.ledger.invoice_named(
                &receipt.source,
                reference,
                receipt.account.as_deref(),
                receipt.currency,
            )
        });
        let Some(invoice) = named.filter(|at| !self.ledger.invoices[*at].is_credit) else {
            return Ok(false);
        };
        self.decide(payment, MatchedBy::Reference, invoice);
        let expected = self.open[invoice];
        self.pay(payment, invoice, self.ledger.payments[payment].left)?;
        self.settle_residual(payment, invoice, expected)?;
        Ok(true)
    }

    /// One open invoice has exactly the payment's amount, or else is within tolerance of it. Of
    /// several the earliest due is taken, then the lowest id, and the payment is ambiguous.
    fn match_single(&mut self, payment: usize) -> Result<bool, CashError> {
        let (amount, currency) = {
            let receipt = &self.ledger.payments[payment];
            (receipt.left, receipt.currency)
        };
        let candidates = self.candidates(payment);
        let mut near: Vec<usize> = candidates
            .iter()
            .copied()
            .filter(|at| self.open[*at] == amount)
            .collect();
        if near.is_empty() {
            for at in candidates {
                if self.is_within(currency, self.open[at], amount)? {
                    near.push(at);
                }
            }
        }
        let Some(first) = near.first().copied() else {
            return Ok(false);
        };
        if near.len() > 1 {
            let proposals = near
                .iter()
                .map(|at| vec![self.ledger.invoices[*at].id.clone()])
                .collect();
            let receipt = &mut self.ledger.payments[payment];
            receipt.ambiguous = true;
            receipt.proposals = proposals;
        }
        let expected = self.open[first];
        self.pay(payment, first, amount)?;
        self.write_off_residual(payment, first, expected, expected)?;
        Ok(true)
    }

    /// All open invoices together, or all that are past due on the day of the receipt, come to the
    /// payment's amount.
    fn clear(&mut self, payment: usize, past_due_only: bool) -> Result<bool, CashError> {
        let receipt = &self.ledger.payments[payment];
        let (amount, currency, day) = (receipt.left, receipt.currency, receipt.received_on);
        let mut taken = self.candidates(payment);
        taken.retain(|at| !past_due_only || self.ledger.invoices[*at].due_on < day);
        let mut owed = Decimal::ZERO;
        for at in &taken {
            owed = plus(owed, self.open[*at])?;
        }
        if taken.is_empty() || !self.is_within(currency, owed, amount)? {
            return Ok(false);
        }
        self.clear_together(payment, &taken, owed)?;
        Ok(true)
    }

    /// Pays invoices that together come to the payment's amount; `owed` is their sum.
    pub(super) fn clear_together(
        &mut self,
        payment: usize,
        taken: &[usize],
        owed: Decimal,
    ) -> Result<(), CashError> {
        for invoice in taken {
            let expected = self.open[*invoice];
            self.pay(payment, *invoice, expected)?;
            self.write_off_residual(payment, *invoice, expected, owed)?;
        }
        Ok(())
    }

    /// The oldest are paid first, the last one in part.
    fn oldest_first(&mut self, payment: usize) -> Result<bool, CashError> {
        let mut decided = false;
        for invoice in self.candidates(payment) {
            let paid = self.pay(payment, invoice, self.open[invoice])?;
            if paid.is_zero() {
                break;
            }
            decided = true;
        }
        Ok(decided)
    }
}
