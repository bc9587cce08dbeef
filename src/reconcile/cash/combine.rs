//! Several invoices with one payment: what is past due on one term, and combinations that come to
//! the payment's amount. Where more than one could be meant, all of them are proposed and none is
//! applied.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::apply::Application;
use super::error::CashError;
use super::exact::plus;
use super::subsets::subsets;

impl Application<'_> {
    /// The past-due invoices of one payment term together come to the payment's amount. The term of
    /// an invoice is what it states itself: the days from its issue to its due date.
    pub(super) fn clear_by_term(&mut self, payment: usize) -> Result<bool, CashError> {
        let receipt = &self.ledger.payments[payment];
        let (amount, currency, day) = (receipt.left, receipt.currency, receipt.received_on);
        let mut terms: BTreeMap<i32, (Vec<usize>, Decimal)> = BTreeMap::new();
        for at in self.candidates(payment) {
            let invoice = &self.ledger.invoices[at];
            if invoice.due_on < day {
                let term = (invoice.due_on - invoice.issued_on).get_days();
                let (taken, owed) = terms.entry(term).or_default();
                taken.push(at);
                *owed = plus(*owed, self.open[at])?;
            }
        }
        let mut near: Vec<(Vec<usize>, Decimal)> = terms
            .values()
            .filter(|(_, owed)| *owed == amount)
            .cloned()
            .collect();
        if near.is_empty() {
            for (taken, owed) in terms.into_values() {
                if self.is_within(currency, owed, amount)? {
                    near.push((taken, owed));
                }
            }
        }
        if let [(taken, owed)] = near.as_slice() {
            self.clear_together(payment, taken, *owed)?;
            return Ok(true);
        }
        let proposals: Vec<Vec<usize>> = near.into_iter().map(|(taken, _)| taken).collect();
        Ok(self.propose(payment, &proposals))
    }

    /// One combination of open invoices comes to exactly the payment's amount, and a search that was
    /// not ended by a bound shows that no other one does.
    pub(super) fn combine(&mut self, payment: usize) -> Result<bool, CashError> {
        let (found, is_complete) = self.combinations(payment);
        if let ([only], true) = (found.as_slice(), is_complete) {
            let owed = self.ledger.payments[payment].left;
            self.clear_together(payment, only, owed)?;
            return Ok(true);
        }
        let is_proposed = self.propose(payment, &found);
        // One that is not shown to be the only one is as good as several.
        self.ledger.payments[payment].ambiguous |= is_proposed;
        Ok(is_proposed)
    }

    /// Whatever combinations there are wait for a person.
    pub(super) fn propose_subsets(&mut self, payment: usize) -> bool {
        let (found, _) = self.combinations(payment);
        self.propose(payment, &found)
    }

    fn combinations(&mut self, payment: usize) -> (Vec<Vec<usize>>, bool) {
        let candidates = self.candidates(payment);
        let amounts: Vec<Decimal> = candidates.iter().map(|at| self.open[*at]).collect();
        let receipt = &mut self.ledger.payments[payment];
        let result = subsets(&amounts, receipt.left);
        let is_complete = result.stopped.is_none();
        receipt.search_stopped = result.stopped;
        let found = result.found.into_iter();
        let invoices = found.map(|places| places.iter().map(|at| candidates[*at]).collect());
        (invoices.collect(), is_complete)
    }

    /// Leaves the payment to a person, with what it could be for. Says whether there is anything.
    fn propose(&mut self, payment: usize, proposals: &[Vec<usize>]) -> bool {
        let invoices = &self.ledger.invoices;
        let named = proposals
            .iter()
            .map(|taken| taken.iter().map(|at| invoices[*at].id.clone()).collect())
            .collect();
        let receipt = &mut self.ledger.payments[payment];
        receipt.ambiguous = proposals.len() > 1;
        receipt.proposals = named;
        !proposals.is_empty()
    }
}
