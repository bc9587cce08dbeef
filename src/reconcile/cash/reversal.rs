//! A payment that is taken back: a returned cheque, a refused debit, a refund.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::apply::Application;
use super::error::CashError;
use super::exact::{minus, plus};
use super::invoice::MovementKind;
use super::payment::{MatchedBy, Part};

impl Application<'_> {
    /// Takes back what the original left unapplied, then its applications, the last one first, and
    /// with each what was written off beside it. History is not edited: all of it is new parts.
    pub(super) fn reverse(&mut self, reversal: usize, original: usize) -> Result<(), CashError> {
        let received_on = self.ledger.payments[reversal]
            .received_on
            .max(self.ledger.payments[original].received_on);
        let mut to_undo = -self.ledger.payments[reversal].amount;
        let taken_back = self.taken_back(original)?;
        let idle = minus(self.ledger.payments[original].left, taken_back.from_left)?;
        let from_left = to_undo.min(idle.max(Decimal::ZERO));
        to_undo = minus(to_undo, from_left)?;

        let applied = self.ledger.payments[original].applied.clone();
        for (at, part) in applied.iter().enumerate().rev() {
            let standing = minus(part.amount, taken_back.of_part(at))?;
            let undone = to_undo.min(standing);
            if undone <= Decimal::ZERO {
                continue;
            }
            to_undo = minus(to_undo, undone)?;
            let on = received_on.max(part.on);
            self.restore(reversal, part.invoice, on, undone)?;
            if undone == standing {
                self.restore_write_off(original, part.invoice, on)?;
            }
        }

        let (account, branch) = {
            let original = &self.ledger.payments[original];
            (original.account.clone(), original.branch.clone())
        };
        let amount = -self.ledger.payments[reversal].amount;
        self.ledger.payments[original]
            .reversed
            .push((received_on, amount));
        let entry = &mut self.ledger.payments[reversal];
        entry.rule = Some(MatchedBy::Reversal);
        entry.account = account.or_else(|| entry.account.take());
        entry.branch = branch.or_else(|| entry.branch.take());
        Ok(())
    }

    fn restore(
        &mut self,
        reversal: usize,
        invoice: usize,
        on: Date,
        amount: Decimal,
    ) -> Result<(), CashError> {
        let entry = &mut self.ledger.payments[reversal];
        entry.left = plus(entry.left, amount)?;
        entry.applied.push(Part {
            on,
            invoice,
            amount: -amount,
        });
        let by = entry.key.clone();
        self.take_off(invoice, on, MovementKind::Cash, by, -amount)
    }

    fn restore_write_off(
        &mut self,
        original: usize,
        invoice: usize,
        on: Date,
    ) -> Result<(), CashError> {
        let mut standing = Decimal::ZERO;
        for part in &self.ledger.payments[original].written_off {
            if part.invoice == invoice {
                standing = plus(standing, part.amount)?;
            }
        }
        if standing.is_zero() {
            return Ok(());
        }
        self.ledger.payments[original].written_off.push(Part {
            on,
            invoice,
            amount: -standing,
        });
        let by = self.ledger.payments[original].key.clone();
        self.take_off(invoice, on, MovementKind::WriteOff, by, -standing)
    }

    /// What earlier reversals of a payment took back already, replayed in their order.
    fn taken_back(&self, original: usize) -> Result<TakenBack, CashError> {
        let payment = &self.ledger.payments[original];
        let mut taken = TakenBack {
            from_left: Decimal::ZERO,
            parts: vec![Decimal::ZERO; payment.applied.len()],
        };
        for (_, amount) in &payment.reversed {
            let mut to_undo = *amount;
            let idle = minus(payment.left, taken.from_left)?.max(Decimal::ZERO);
            let from_left = to_undo.min(idle);
            taken.from_left = plus(taken.from_left, from_left)?;
            to_undo = minus(to_undo, from_left)?;
            for (part, undone) in payment.applied.iter().zip(&mut taken.parts).rev() {
                let more = to_undo.min(minus(part.amount, *undone)?);
                *undone = plus(*undone, more)?;
                to_undo = minus(to_undo, more)?;
            }
        }
        Ok(taken)
    }
}

struct TakenBack {
    from_left: Decimal,
    parts: Vec<Decimal>,
}

impl TakenBack {
    fn of_part(&self, at: usize) -> Decimal {
        self.parts.get(at).copied().unwrap_or_default()
    }
}
