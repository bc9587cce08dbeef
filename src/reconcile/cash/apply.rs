//! The order in which cash is applied, and the movements that it makes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::book::CashBook;
use super::error::CashError;
use super::exact::{minus, plus};
use super::invoice::{Movement, MovementKind};
use super::ledger::{CashInput, Ledger};
use super::payment::{MatchedBy, Part};
use super::remittance::rows_by_payment;
use super::tolerance::cash_limit;
use crate::config::{CashRule, ToleranceConfig};
use crate::currency::Currency;
use crate::fault::Failure;

/// Applies all payments and credit memos to the invoices, and proves that every receipt and every
/// invoice adds up. The result does not depend on the order of the records.
pub fn apply_cash(input: &CashInput<'_>) -> Result<CashBook, Failure> {
    let mut application =
        Application::new(Ledger::build(input), &input.rules.rules, input.tolerance);
    application.apply_decisions(input.decisions)?;
    application.run()?;
    Ok(application.into_book()?)
}

/// What happens on a day, in the order in which it is taken: credits first, so that a payment that
/// allows for them finds the rest; reversals last, so that they find what they take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Credit(usize),
    Receipt(usize),
    Reversal(usize, usize),
}

/// Invoices of one account and currency with something open, the earliest due first.
pub(super) type OpenSet = BTreeSet<(Date, usize)>;

pub(super) struct Application<'a> {
    pub(super) ledger: Ledger,
    pub(super) rules: &'a [CashRule],
    tolerance: &'a ToleranceConfig,
    /// What is open of every invoice, and negative what is unused of every credit memo.
    pub(super) open: Vec<Decimal>,
    open_sets: BTreeMap<(String, Currency), OpenSet>,
    /// Deductions of every invoice that are open: the payment, and how much.
    pub(super) deductions: Vec<Vec<(usize, Decimal)>>,
    /// The payments that a person decided.
    pub(super) decided: BTreeSet<usize>,
}

impl<'a> Application<'a> {
    fn new(ledger: Ledger, rules: &'a [CashRule], tolerance: &'a ToleranceConfig) -> Self {
        let mut open_sets: BTreeMap<_, OpenSet> = BTreeMap::new();
        for (at, invoice) in ledger.invoices.iter().enumerate() {
            if !invoice.is_credit && !invoice.charged_off && invoice.total > Decimal::ZERO {
                open_sets
                    .entry((invoice.account.clone(), invoice.currency))
                    .or_default()
                    .insert((invoice.due_on, at));
            }
        }
        Self {
            open: ledger
                .invoices
                .iter()
                .map(|invoice| invoice.total)
                .collect(),
            deductions: vec![Vec::new(); ledger.invoices.len()],
            decided: BTreeSet::new(),
            open_sets,
            ledger,
            rules,
            tolerance,
        }
    }

    fn run(&mut self) -> Result<(), CashError> {
        let rows_of = rows_by_payment(&self.ledger);
        for (_, event) in self.events() {
            match event {
                Event::Credit(memo) => self.credit_original(memo)?,
                Event::Receipt(payment) => {
                    let rows = rows_of.get(&payment).map_or(&[][..], Vec::as_slice);
                    self.apply_receipt(payment, rows)?;
                }
                Event::Reversal(reversal, original) => self.reverse(reversal, original)?,
            }
        }
        Ok(())
    }

    /// Everything that happens, by day, and within a day by kind and then id.
    fn events(&mut self) -> Vec<(Date, Event)> {
        let mut events = Vec::new();
        for (at, invoice) in self.ledger.invoices.iter().enumerate() {
            if invoice.is_credit && invoice.original.is_some() {
                events.push((invoice.issued_on, Event::Credit(at)));
            }
        }
        for at in 0..self.ledger.payments.len() {
            let payment = &self.ledger.payments[at];
            let original = payment.reversal_of.as_deref().and_then(|reference| {
                let original = self.ledger.payment_index.find(&payment.source, reference)?;
                let candidate = self.ledger.payments.get(original)?;
                let fits = payment.amount < Decimal::ZERO
                    && candidate.amount > Decimal::ZERO
                    && candidate.currency == payment.currency;
                fits.then_some((original, candidate.received_on))
            });
            match original {
                Some((original, received_on)) => {
                    let on = payment.received_on.max(received_on);
                    events.push((on, Event::Reversal(at, original)));
                    self.ledger.payments[at].is_reversal = true;
                }
                None => events.push((payment.received_on, Event::Receipt(at))),
            }
        }
        events.sort_unstable();
        events
    }

    /// Applies a credit memo to the invoice that it names. What that cannot take stays a credit.
    fn credit_original(&mut self, memo: usize) -> Result<(), CashError> {
        let credit = &self.ledger.invoices[memo];
        let named = credit.original.as_deref().and_then(|reference| {
            let at = self.ledger.invoice_index.find(&credit.source, reference)?;
            let original = self.ledger.invoices.get(at)?;
            let fits = !original.is_credit && original.currency == credit.currency;
            fits.then_some(at)
        });
        let Some(invoice) = named else {
            return Ok(());
        };
        let on = credit.issued_on;
        let entry = &mut self.ledger.invoices[invoice];
        entry.corrected_on = Some(entry.corrected_on.map_or(on, |first| first.min(on)));
        self.give_credit(memo, invoice, -self.open[memo])
            .map(|_| ())
    }

    /// Moves up to `amount` of a credit memo's unused credit to an invoice, and says how much.
    pub(super) fn give_credit(
        &mut self,
        memo: usize,
        invoice: usize,
        amount: Decimal,
    ) -> Result<Decimal, CashError> {
        let given = amount.min(-self.open[memo]).min(self.open[invoice]);
        if given <= Decimal::ZERO {
            return Ok(Decimal::ZERO);
        }
        let on = self.ledger.invoices[memo]
            .issued_on
            .max(self.ledger.invoices[invoice].issued_on);
        let (memo_key, invoice_key) = (
            self.ledger.invoices[memo].key.clone(),
            self.ledger.invoices[invoice].key.clone(),
        );
        self.open[memo] = plus(self.open[memo], given)?;
        self.ledger.invoices[memo].movements.push(Movement {
            on,
            kind: MovementKind::Credit,
            by: invoice_key,
            amount: given,
        });
        self.take_off(invoice, on, MovementKind::Credit, memo_key, given)?;
        Ok(given)
    }

    /// Takes an amount off an invoice; a negative one restores.
    pub(super) fn take_off(
        &mut self,
        invoice: usize,
        on: Date,
        kind: MovementKind,
        by: String,
        amount: Decimal,
    ) -> Result<(), CashError> {
        self.open[invoice] = minus(self.open[invoice], amount)?;
        let entry = &mut self.ledger.invoices[invoice];
        entry.movements.push(Movement {
            on,
            kind,
            by,
            amount,
        });
        let set = self
            .open_sets
            .entry((entry.account.clone(), entry.currency))
            .or_default();
        if self.open[invoice] > Decimal::ZERO && !entry.charged_off {
            set.insert((entry.due_on, invoice));
        } else {
            set.remove(&(entry.due_on, invoice));
        }
        self.trim_deductions(invoice, on)
    }

    /// A deduction is a part of what is open: where less is open, the newest deductions give way.
    fn trim_deductions(&mut self, invoice: usize, on: Date) -> Result<(), CashError> {
        let mut excess = -self.open[invoice].max(Decimal::ZERO);
        for (_, amount) in &self.deductions[invoice] {
            excess = plus(excess, *amount)?;
        }
        while excess > Decimal::ZERO {
            let Some((payment, amount)) = self.deductions[invoice].pop() else {
                break;
            };
            let gone = amount.min(excess);
            excess = minus(excess, gone)?;
            self.ledger.payments[payment].deducted.push(Part {
                on,
                invoice,
                amount: -gone,
            });
            if amount > gone {
                self.deductions[invoice].push((payment, minus(amount, gone)?));
            }
        }
        Ok(())
    }

    /// Applies up to `amount` of what is left of a payment to an invoice, and says how much.
    pub(super) fn pay(
        &mut self,
        payment: usize,
        invoice: usize,
        amount: Decimal,
    ) -> Result<Decimal, CashError> {
        let receipt = &mut self.ledger.payments[payment];
        let paid = amount.min(receipt.left).min(self.open[invoice]);
        if paid <= Decimal::ZERO {
            return Ok(Decimal::ZERO);
        }
        let on = receipt
            .received_on
            .max(self.ledger.invoices[invoice].issued_on);
        receipt.left = minus(receipt.left, paid)?;
        receipt.applied.push(Part {
            on,
            invoice,
            amount: paid,
        });
        let by = receipt.key.clone();
        self.take_off(invoice, on, MovementKind::Cash, by, paid)?;
        Ok(paid)
    }

    /// What a payment left open of an invoice that it settles: written off within the tolerance of
    /// what was `owed`. `expected` is what was open of the invoice before. Says whether nothing is
    /// open now.
    pub(super) fn write_off_residual(
        &mut self,
        payment: usize,
        invoice: usize,
        expected: Decimal,
        owed: Decimal,
    ) -> Result<bool, CashError> {
        let residual = self.open[invoice];
        let receipt = &self.ledger.payments[payment];
        let limit = cash_limit(self.tolerance, receipt.currency, owed)?;
        // A payment must have paid something: an invoice of one cent is not rounding noise.
        let is_noise = residual <= limit && residual < expected;
        if residual <= Decimal::ZERO || !is_noise {
            return Ok(residual <= Decimal::ZERO);
        }
        let on = receipt
            .received_on
            .max(self.ledger.invoices[invoice].issued_on);
        let by = receipt.key.clone();
        self.ledger.payments[payment].written_off.push(Part {
            on,
            invoice,
            amount: residual,
        });
        self.take_off(invoice, on, MovementKind::WriteOff, by, residual)?;
        Ok(true)
    }

    /// Records that a payment left an amount of an invoice short. It stays open.
    pub(super) fn deduct(
        &mut self,
        payment: usize,
        invoice: usize,
        amount: Decimal,
    ) -> Result<(), CashError> {
        let mut already = Decimal::ZERO;
        for (_, deducted) in &self.deductions[invoice] {
            already = plus(already, *deducted)?;
        }
        let amount = amount.min(minus(self.open[invoice], already)?);
        if amount <= Decimal::ZERO {
            return Ok(());
        }
        let receipt = &mut self.ledger.payments[payment];
        let on = receipt
            .received_on
            .max(self.ledger.invoices[invoice].issued_on);
        receipt.deducted.push(Part {
            on,
            invoice,
            amount,
        });
        self.deductions[invoice].push((payment, amount));
        Ok(())
    }

    /// Whether a difference from an open amount is within the cash tolerance.
    pub(super) fn is_within(
        &self,
        currency: Currency,
        expected: Decimal,
        paid: Decimal,
    ) -> Result<bool, CashError> {
        let difference = minus(expected, paid)?.abs();
        Ok(difference <= cash_limit(self.tolerance, currency, expected)?)
    }

    /// The invoices that a payment may be matched with by rule: of its account and currency, open,
    /// and issued by the day on which it was received. The earliest due first, then by id.
    pub(super) fn candidates(&self, payment: usize) -> Vec<usize> {
        let receipt = &self.ledger.payments[payment];
        let Some(account) = &receipt.account else {
            return Vec::new();
        };
        self.open_sets
            .get(&(account.clone(), receipt.currency))
            .into_iter()
            .flatten()
            .map(|(_, at)| *at)
            .filter(|at| self.ledger.invoices[*at].issued_on <= receipt.received_on)
            .collect()
    }

    /// Notes what decided a payment, and takes over the account of an invoice where its own is
    /// unknown.
    pub(super) fn decide(&mut self, payment: usize, rule: MatchedBy, invoice: usize) {
        let owner = &self.ledger.invoices[invoice];
        let receipt = &mut self.ledger.payments[payment];
        receipt.rule = Some(rule);
        if receipt.account.is_none() {
            receipt.account = Some(owner.account.clone());
            receipt.branch = receipt.branch.take().or_else(|| owner.branch.clone());
        }
    }

    fn into_book(self) -> Result<CashBook, CashError> {
        CashBook::prove(self.ledger.invoices, self.ledger.payments, &self.open)
    }
}
