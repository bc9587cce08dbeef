//! One payment order: who paid how much, for which documents, and what was taken off.

use rust_decimal::Decimal;

use super::super::row::{Delivery, NO_AMOUNT, Row};
use super::segment::Segment;
use crate::canonical::parse_decimal;
use crate::sources::json::Tree;

/// Who sent the interchange.
pub(super) struct Sender {
    pub(super) id: String,
}

/// A payment with what it pays.
#[derive(Debug, Default)]
pub(super) struct Advice {
    pub(super) id: String,
    amount: String,
    currency: Option<String>,
    status: Option<String>,
    method: Option<String>,
    received_on: Option<String>,
    trace: Option<String>,
    payer: Party,
    payee: Party,
    lines: Vec<Line>,
}

#[derive(Debug, Default)]
struct Party {
    name: Option<String>,
    id: Option<String>,
}

/// A document that is paid, or an adjustment that names none.
#[derive(Debug, Default)]
struct Line {
    place: u64,
    qualifier: Option<String>,
    number: Option<String>,
    paid: Option<String>,
    billed: Option<String>,
    dated_on: Option<String>,
    /// Amounts that were taken off, and why.
    deductions: Vec<(String, Option<String>)>,
    /// The amounts of ADX, as they are written: they may or may not be in the paid amount.
    adjustments: Vec<String>,
    /// Whether it is an adjustment on its own.
    is_alone: bool,
}

impl Advice {
    /// Reads the segments between ST and SE, each with its number in the file.
    pub(super) fn of(
        segments: &[(u64, Segment)],
        sender: &Sender,
        interchange: &str,
        set: &str,
    ) -> Result<Self, String> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let mut advice = Self::default();
        let mut order: Option<&Segment> = None;
        let mut in_document = false;
        for (place, segment) in segments {
            let element = |number| segment.element(number);
            match segment.name() {
                "BPR" => order = Some(segment),
                "TRN" if advice.trace.is_none() => advice.trace = own(element(2)),
                "CUR" => advice.currency = own(element(2)),
                "N1" if advice.lines.is_empty() => {
                    let party = Party {
                        name: own(element(2)),
                        id: own(element(4)),
                    };
                    match element(1) {
                        Some("PR") => advice.payer = party,
                        Some("PE") => advice.payee = party,
                        _ => {}
                    }
                }
                "DTM" if in_document => {
                    if let Some(line) = advice.lines.last_mut() {
                        line.dated_on = element(2).map(day);
                    }
                }
                "DTM" if advice.lines.is_empty() && advice.received_on.is_none() => {
                    advice.received_on = element(2).map(day);
                }
                "RMR" => {
                    in_document = true;
                    advice.lines.push(document(*place, segment));
                }
                "ADX" => advice.adjust(*place, segment, in_document),
                "REF" if matches!(element(1), Some("IV")) => {
                    if let Some(line) = advice.lines.last_mut().filter(|line| line.is_alone) {
                        line.number = line.number.take().or_else(|| own(element(2)));
                    }
                }
                // Another entity of the same payment: what follows is not of the last document.
                "ENT" => in_document = false,
                _ => {}
            }
        }
        let order = order.ok_or("has no `BPR`, which holds the payment")?;
        advice.order(order)?;
        let name = advice
            .trace
            .clone()
            .unwrap_or_else(|| format!("{interchange}.{set}"));
        advice.id = format!("{}:{name}", sender.id);
        Ok(advice)
    }

    /// Where the payment (BPR02) is not what its documents add up to. Senders differ in whether an
    /// adjustment is in the paid amounts (RMR04) already, so each of these sums ties.
    pub(super) fn doubt(&self) -> Option<String> {
        let payment = parse_decimal(&self.amount).ok()?;
        let documents: Vec<&Line> = self.lines.iter().filter(|line| !line.is_alone).collect();
        // Advice that names no amounts has nothing to compare.
        let mut paid = Decimal::ZERO;
        for line in &documents {
            paid = paid.checked_add(parse_decimal(line.paid.as_deref()?).ok()?)?;
        }
        let taken_off = |is_alone: bool| {
            let lines = self.lines.iter().filter(|line| line.is_alone == is_alone);
            let mut amounts = lines.flat_map(|line| &line.adjustments);
            amounts.try_fold(Decimal::ZERO, |sum, text| {
                sum.checked_add(parse_decimal(text).ok()?)
            })
        };
        let with_alone = paid.checked_add(taken_off(true)?)?;
        let with_all = with_alone.checked_add(taken_off(false)?)?;
        let ties = [paid, with_alone, with_all]
            .iter()
            .any(|sum| sum.abs() == payment.abs());
        let is_silent = documents.is_empty() || payment.is_zero();
        (!ties && !is_silent).then(|| {
            format!("pays {payment} (BPR02), and its documents (RMR04) add up to {with_alone}")
        })
    }

    fn order(&mut self, order: &Segment) -> Result<(), String> {
        let amount = number(order.element(2).ok_or("has no amount (BPR02)")?);
        self.amount = match order.element(3) {
            Some("C") => amount,
            Some("D") => negated(&amount),
            _ => return Err("says neither credit nor debit (BPR03 is neither C nor D)".to_owned()),
        };
        self.status = order.element(1).map(str::to_owned);
        self.method = order.element(4).map(|code| {
            match code {
                "ACH" => "ACH",
                "CHK" => "check",
                "FWT" => "wire transfer",
                "BOP" => "bank transfer",
                other => other,
            }
            .to_owned()
        });
        if let Some(date) = order.element(16) {
            self.received_on = Some(day(date));
        }
        let is_canadian = order.element(12) == Some("04");
        if self.currency.is_none() && !is_canadian {
            self.currency = Some("USD".to_owned());
        }
        Ok(())
    }

    /// An adjustment of the last document, or one on its own.
    fn adjust(&mut self, place: u64, segment: &Segment, in_document: bool) {
        // What has no amount is no deduction of nothing: the column refuses it, and the row is kept.
        let amount = segment
            .element(1)
            .map_or_else(|| NO_AMOUNT.to_owned(), |amount| negated(&number(amount)));
        let reason = segment.element(2).map(str::to_owned);
        let deduction = (amount, reason);
        let adjustments: Vec<String> = segment.element(1).map(number).into_iter().collect();
        if let Some(line) = self.lines.last_mut().filter(|_| in_document) {
            line.adjustments.extend(adjustments);
            line.deductions.push(deduction);
            return;
        }
        let number = segment
            .element(4)
            .filter(|_| is_invoice(segment.element(3)));
        self.lines.push(Line {
            place,
            qualifier: segment.element(3).map(str::to_owned),
            number: number.map(str::to_owned),
            paid: Some("0".to_owned()),
            deductions: vec![deduction],
            adjustments,
            is_alone: true,
            ..Line::default()
        });
    }

    /// The payment as a row.
    pub(super) fn payment(self, line: u64) -> Row {
        let is_reversal = self.amount.starts_with('-');
        let account = self.payer.id.clone().or_else(|| self.payer.name.clone());
        let entries = entries(vec![
            ("id", Some(self.id.clone())),
            ("received_on", self.received_on),
            ("amount", Some(self.amount)),
            ("currency", self.currency),
            ("account_id", account),
            ("method", self.method),
            ("reference", self.trace.clone()),
            ("status", self.status),
            ("payer_id", self.payer.id),
            ("payer_name", self.payer.name),
            ("payee_id", self.payee.id),
            ("payee_name", self.payee.name),
        ]);
        Row::Delivered {
            line,
            entries,
            delivery: Delivery {
                id: self.id,
                rank: 0,
                reference: self.trace,
                is_reversal,
            },
        }
    }

    /// One row per document, and one more for each further deduction of it.
    pub(super) fn remittances(self) -> Vec<Row> {
        // Advice without money is of a payment that comes by another way, under the same trace.
        let is_advice_only = matches!(self.status.as_deref(), Some("H" | "I"));
        let payment = match &self.trace {
            Some(trace) if is_advice_only => trace.clone(),
            _ => self.id.clone(),
        };
        let mut rows = Vec::new();
        for (at, line) in self.lines.into_iter().enumerate() {
            let number = if is_invoice(line.qualifier.as_deref()) || line.is_alone {
                line.number.clone()
            } else {
                None
            };
            let mut deductions: Vec<Option<(String, Option<String>)>> =
                line.deductions.into_iter().map(Some).collect();
            if deductions.is_empty() {
                deductions.push(None);
            }
            for (extra, deduction) in deductions.into_iter().enumerate() {
                let id = match extra {
                    0 => format!("{}/{}", self.id, at + 1),
                    further => format!("{}/{}+{further}", self.id, at + 1),
                };
                let paid = if extra == 0 {
                    line.paid.clone()
                } else {
                    Some("0".to_owned())
                };
                let (taken_off, reason) = deduction.unzip();
                let entries = entries(vec![
                    ("id", Some(id.clone())),
                    ("payment_id", Some(payment.clone())),
                    ("invoice_number", number.clone()),
                    ("amount", paid),
                    ("deduction_amount", taken_off),
                    ("reason_code", reason.flatten()),
                    ("reference_qualifier", line.qualifier.clone()),
                    ("reference_number", line.number.clone()),
                    ("billed_amount", line.billed.clone()),
                    ("dated_on", line.dated_on.clone()),
                ]);
                rows.push(Row::Delivered {
                    line: line.place,
                    entries,
                    delivery: Delivery {
                        id,
                        rank: 0,
                        reference: None,
                        is_reversal: false,
                    },
                });
            }
        }
        rows
    }
}

fn document(place: u64, segment: &Segment) -> Line {
    let text = |at| segment.element(at).map(str::to_owned);
    let mut deductions = Vec::new();
    if let Some(discount) = segment.element(6).map(number).filter(|text| !is_zero(text)) {
        deductions.push((discount, Some("DISCOUNT".to_owned())));
    }
    if let Some(adjustment) = segment.element(8).map(number).filter(|text| !is_zero(text)) {
        deductions.push((negated(&adjustment), text(7)));
    }
    Line {
        place,
        qualifier: text(1),
        number: text(2),
        paid: segment.element(4).map(number),
        billed: segment.element(5).map(number),
        deductions,
        ..Line::default()
    }
}

/// Whether a qualifier says that a number is an invoice's or a credit memo's.
fn is_invoice(qualifier: Option<&str>) -> bool {
    matches!(qualifier, Some("IV" | "IK" | "OI" | "CM"))
}

/// X12 may leave the zero in front of the point out.
fn number(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let zero = if digits.starts_with('.') { "0" } else { "" };
    let digits = digits.strip_suffix('.').unwrap_or(digits);
    format!("{sign}{zero}{digits}")
}

fn negated(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(digits) => digits.to_owned(),
        None if is_zero(text) => text.to_owned(),
        None => format!("-{text}"),
    }
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-'))
}

/// `CCYYMMDD` as a date; anything else stays as it is, and the column refuses it.
fn day(text: &str) -> String {
    match (text.get(..4), text.get(4..6), text.get(6..8)) {
        (Some(year), Some(month), Some(day)) if text.len() == 8 => {
            format!("{year}-{month}-{day}")
        }
        _ => text.to_owned(),
    }
}

fn entries(columns: Vec<(&str, Option<String>)>) -> Vec<(String, Tree)> {
    columns
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.map_or(Tree::Null, Tree::Text)))
        .collect()
}
