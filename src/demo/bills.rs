//! What was billed: one regular bill for each customer and month, and the bills between them.

use jiff::Timestamp;
use jiff::civil::Date;

use super::catalogue::{Charge, ProductIndex};
use super::contracts::{Contract, ContractIndex};
use super::customers::{Customer, Tender};
use super::night::{at, months};
use super::story::{ExtraBill, Script, Treatment};
use super::usage::Counts;
use crate::period::{Period, local_day};

/// A line of a bill.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Its record in the billing system.
    pub(super) billing_id: String,
    /// The contract line whose price it has.
    pub(super) contract_id: String,
    /// The product's place in the catalogue.
    pub(super) product: ProductIndex,
    /// How many; a credit and what replaces it have none.
    pub(super) quantity: Option<i64>,
    /// The price of one, in the currency's smallest unit.
    pub(super) price_minor: Option<i64>,
    /// The amount, in the currency's smallest unit.
    pub(super) amount_minor: i64,
    /// The first day of the service.
    pub(super) service_from: Date,
    /// The day after the last.
    pub(super) service_to: Date,
    /// What the customer reads.
    pub(super) description: String,
}

/// A bill.
#[derive(Debug)]
pub(super) struct Bill {
    /// Its record in the billing system.
    pub(super) billing_id: String,
    /// Its number.
    pub(super) number: String,
    /// The customer's place in the world's list.
    pub(super) customer: usize,
    /// What its amounts are in.
    pub(super) tender: Tender,
    /// When it was finalised.
    pub(super) issued_at: Timestamp,
    /// When it is due.
    pub(super) due_at: Timestamp,
    /// When it was voided.
    pub(super) voided_at: Option<Timestamp>,
    /// The month that it is the regular bill of.
    pub(super) regular: Option<Period>,
    /// Its lines.
    pub(super) lines: Vec<Line>,
}

impl Bill {
    /// The sum of its lines, in the currency's smallest unit.
    pub(super) fn total_minor(&self) -> i64 {
        self.lines.iter().map(|line| line.amount_minor).sum()
    }
}

// Bills go out at six in the morning, local time.
const ISSUE_HOUR: i64 = 6;

/// All bills that are ever issued, regular ones first, each list in the order of issue.
pub(super) fn issue(
    customers: &[Customer],
    contracts: &[Contract],
    counts: &Counts,
    script: &Script,
) -> Vec<Bill> {
    let mut press = Press {
        customers,
        contracts,
        counts,
        script,
        bills: Vec::new(),
        line_count: 0,
    };
    for month in months() {
        for customer in 0..customers.len() {
            press.regular_bill(customer, month);
        }
    }
    for (index, extra) in script.extras.iter().enumerate() {
        press.extra_bill(index, extra);
    }
    press.bills
}

struct Press<'a> {
    customers: &'a [Customer],
    contracts: &'a [Contract],
    counts: &'a Counts,
    script: &'a Script,
    bills: Vec<Bill>,
    line_count: usize,
}

impl Press<'_> {
    fn regular_bill(&mut self, customer: usize, month: Period) {
        let contracts = self.contracts;
        let mut lines = Vec::new();
        for (index, contract) in contracts.iter().enumerate() {
            if contract.customer != customer {
                continue;
            }
            if contract.product().charge == Charge::Fixed {
                self.add_service_lines(index, contract, month, &mut lines);
                self.add_corrections(index, contract, month.previous(), &mut lines);
            } else {
                self.add_service_lines(index, contract, month.previous(), &mut lines);
            }
        }
        if lines.is_empty() {
            return;
        }
        let issued_at = self
            .script
            .late
            .get(&(customer, month))
            .copied()
            .unwrap_or_else(|| at(month.first_day(), ISSUE_HOUR));
        let record = &self.customers[customer];
        let (year, month_number) = (month.first_day().year(), month.first_day().month());
        self.bills.push(Bill {
            billing_id: format!("in_Dm{year}{month_number:02}{:04}", customer + 1),
            number: format!("INV-{year}{month_number:02}-{:04}", customer + 1),
            customer,
            tender: record.tender,
            issued_at,
            due_at: due_at(issued_at, record.net_days),
            voided_at: None,
            regular: Some(month),
            lines,
        });
    }

    fn extra_bill(&mut self, index: usize, extra: &ExtraBill) {
        let contract = &self.contracts[extra.contract];
        let record = &self.customers[contract.customer];
        let line = self.line(
            contract,
            extra.month,
            Some(extra.quantity),
            Some(contract.net_price_minor()),
            contract.amount_minor(extra.quantity, extra.month),
        );
        self.bills.push(Bill {
            billing_id: format!("in_DmX{:04}", index + 1),
            number: format!("INV-X{:04}", index + 1),
            customer: contract.customer,
            tender: extra.tender.unwrap_or(record.tender),
            issued_at: extra.issued_at,
            due_at: due_at(extra.issued_at, record.net_days),
            voided_at: extra.voided_at,
            regular: None,
            lines: vec![line],
        });
    }

    // What a contract is billed for a month of service, by the script, else rightly.
    fn add_service_lines(
        &mut self,
        index: ContractIndex,
        contract: &Contract,
        month: Period,
        lines: &mut Vec<Line>,
    ) {
        // A contract that starts within a month is billed when it starts, by a bill of its own.
        if contract.starts_on > month.first_day() {
            return;
        }
        let quantity = self.billable(index, contract, month);
        let price_minor = contract.net_price_minor();
        let right = contract.amount_minor(quantity, month);
        let (quantity, price_minor, amount_minor) = match self
            .script
            .treatments
            .get(&(index, month))
        {
            None => (quantity, price_minor, right),
            Some(Treatment::Nothing) => return,
            Some(Treatment::Quantity(billed)) => {
                (*billed, price_minor, contract.amount_minor(*billed, month))
            }
            Some(Treatment::Price(billed) | Treatment::PriceThenCredit(billed)) => {
                (quantity, *billed, quantity * billed)
            }
            Some(Treatment::QuantityAndPrice(billed, price)) => (*billed, *price, billed * price),
            Some(Treatment::AmountOff(difference)) => (quantity, price_minor, right + difference),
            Some(Treatment::InPieces) => {
                let piece = quantity / 3;
                for piece in [piece, quantity - piece] {
                    let amount = contract.amount_minor(piece, month);
                    let line = self.line(contract, month, Some(piece), Some(price_minor), amount);
                    lines.push(line);
                }
                return;
            }
        };
        let line = self.line(
            contract,
            month,
            Some(quantity),
            Some(price_minor),
            amount_minor,
        );
        lines.push(line);
    }

    // A wrong price of the month before is credited and billed again.
    fn add_corrections(
        &mut self,
        index: ContractIndex,
        contract: &Contract,
        month: Period,
        lines: &mut Vec<Line>,
    ) {
        let Some(Treatment::PriceThenCredit(billed)) = self.script.treatments.get(&(index, month))
        else {
            return;
        };
        let quantity = self.billable(index, contract, month);
        for (word, amount_minor) in [
            ("Credit for", -(quantity * billed)),
            ("Corrected", contract.amount_minor(quantity, month)),
        ] {
            let mut line = self.line(contract, month, None, None, amount_minor);
            line.description = format!("{word} {}", line.description);
            lines.push(line);
        }
    }

    fn billable(&self, index: ContractIndex, contract: &Contract, month: Period) -> i64 {
        let used = self
            .counts
            .get(&(index, month))
            .map_or(0, |count| count.quantity);
        match contract.product().charge {
            Charge::Fixed => contract.quantity,
            Charge::TrueUp => contract.quantity.max(used),
            Charge::Usage => used,
        }
    }

    fn line(
        &mut self,
        contract: &Contract,
        month: Period,
        quantity: Option<i64>,
        price_minor: Option<i64>,
        amount_minor: i64,
    ) -> Line {
        self.line_count += 1;
        Line {
            billing_id: format!("il_Dm{:06}", self.line_count),
            contract_id: contract.crm_id.clone(),
            product: contract.product,
            quantity,
            price_minor,
            amount_minor,
            service_from: contract.starts_on.max(month.first_day()),
            service_to: month.end_day(),
            description: contract.product().name.to_owned(),
        }
    }
}

fn due_at(issued_at: Timestamp, net_days: i64) -> Timestamp {
    let zone = jiff::tz::TimeZone::UTC;
    local_day(issued_at, &zone)
        .checked_add(jiff::Span::new().days(net_days))
        .map_or(issued_at, |day| at(day, ISSUE_HOUR))
}
