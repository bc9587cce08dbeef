//! Which documents a payment names, and what the payer took off.

use super::super::row::{Delivery, NO_AMOUNT, Row};
use super::super::xml::Node;
use super::entry::Entry;
use crate::canonical::parse_decimal;
use crate::sources::json::Tree;

/// Something that the payer took off, or with a negative amount added.
struct Deduction {
    amount: String,
    reason: Option<String>,
}

/// One row per document, and one more for each further deduction of it.
pub(super) fn rows(entry: &Entry<'_>, line: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, transaction) in entry.transactions.iter().enumerate() {
        let blocks: Vec<&Node> = transaction
            .all("RmtInf")
            .flat_map(|information| information.all("Strd"))
            .collect();
        let named = blocks
            .iter()
            .filter(|block| block.at("RfrdDocInf").is_some())
            .count();
        let whole = transaction
            .first_text(&["Amt", "AmtDtls/TxAmt/Amt"])
            .or_else(|| (entry.transactions.len() == 1).then_some(entry.amount));
        for (block_at, block) in blocks.iter().enumerate() {
            let documents: Vec<&Node> = block.all("RfrdDocInf").collect();
            let amounts = block.at("RfrdDocAmt");
            let deductions = amounts.map(deductions_of).unwrap_or_default();
            if documents.is_empty() && deductions.is_empty() {
                continue;
            }
            // An amount for several documents at once belongs to none of them; a row without one
            // is quarantined.
            let paid = if documents.len() > 1 {
                None
            } else {
                amounts
                    .and_then(|node| node.first_text(&["RmtdAmt", "DuePyblAmt"]))
                    .or_else(|| whole.filter(|_| named == 1))
            };
            let mut deductions = deductions.into_iter();
            let count = documents.len().max(1);
            for document_at in 0..count {
                let document = documents.get(document_at);
                let kind = document
                    .and_then(|one| one.first_text(&["Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry"]));
                let signed = paid.map(|amount| match (kind, document) {
                    (Some("CREN"), _) => format!("-{amount}"),
                    (_, None) => "0".to_owned(),
                    _ => amount.to_owned(),
                });
                let remittance = Remittance {
                    entry,
                    line,
                    key: format!(
                        "{}/{}.{}.{}",
                        entry.id,
                        at + 1,
                        block_at + 1,
                        document_at + 1
                    ),
                    invoice_number: document.and_then(|one| one.text_at("Nb")),
                    kind,
                };
                let first = if count == 1 { deductions.next() } else { None };
                let amount = if document.is_none() {
                    Some("0".to_owned())
                } else {
                    signed
                };
                rows.push(remittance.row(0, amount, first));
                if count == 1 {
                    for (extra, deduction) in deductions.by_ref().enumerate() {
                        rows.push(remittance.row(extra + 1, Some("0".to_owned()), Some(deduction)));
                    }
                }
            }
            // What is taken off several documents at once names none of them.
            for (extra, deduction) in deductions.enumerate() {
                let remittance = Remittance {
                    entry,
                    line,
                    key: format!("{}/{}.{}", entry.id, at + 1, block_at + 1),
                    invoice_number: None,
                    kind: None,
                };
                rows.push(remittance.row(extra + 1, Some("0".to_owned()), Some(deduction)));
            }
        }
    }
    rows
}

/// What one row is about.
struct Remittance<'e> {
    entry: &'e Entry<'e>,
    line: u64,
    key: String,
    invoice_number: Option<&'e str>,
    kind: Option<&'e str>,
}

impl Remittance<'_> {
    fn row(&self, extra: usize, amount: Option<String>, deduction: Option<Deduction>) -> Row {
        let text = |text: Option<String>| text.map_or(Tree::Null, Tree::Text);
        let own = |text: Option<&str>| text.map(str::to_owned);
        let id = match extra {
            0 => self.key.clone(),
            further => format!("{}+{further}", self.key),
        };
        let (taken_off, reason) = match deduction {
            Some(deduction) => (Some(deduction.amount), deduction.reason),
            None => (None, None),
        };
        let entries = vec![
            ("id".to_owned(), Tree::Text(id.clone())),
            ("payment_id".to_owned(), Tree::Text(self.entry.id.clone())),
            ("invoice_number".to_owned(), text(own(self.invoice_number))),
            ("amount".to_owned(), text(amount)),
            ("deduction_amount".to_owned(), text(taken_off)),
            ("reason_code".to_owned(), text(reason)),
            ("document_kind".to_owned(), text(own(self.kind))),
        ];
        Row::Delivered {
            line: self.line,
            entries,
            delivery: Delivery {
                id,
                rank: self.entry.rank,
                reference: None,
                is_reversal: false,
            },
        }
    }
}

fn deductions_of(amounts: &Node) -> Vec<Deduction> {
    let mut found = Vec::new();
    for discount in amounts.all("DscntApldAmt") {
        // Newer versions wrap the amount and name its kind.
        let amount = discount.text_at("Amt").unwrap_or(discount.text.trim());
        let reason = discount
            .first_text(&["Tp/Cd", "Tp/Prtry"])
            .unwrap_or("DISCOUNT");
        found.push(taken_off(amount, Some(reason)));
    }
    for note in amounts.all("CdtNoteAmt") {
        found.push(taken_off(note.text.trim(), Some("CREDIT_NOTE")));
    }
    for adjustment in amounts.all("AdjstmntAmtAndRsn") {
        let amount = adjustment.text_at("Amt").unwrap_or_default();
        let reason = adjustment.first_text(&["Rsn", "AddtlInf"]);
        // A credit is an increase of what is paid, a debit a decrease.
        let mut deduction = taken_off(amount, reason);
        if adjustment.text_at("CdtDbtInd") == Some("CRDT") {
            deduction.amount = format!("-{}", deduction.amount);
        }
        found.push(deduction);
    }
    // A deduction of nothing is none.
    found.retain(|one| !parse_decimal(&one.amount).is_ok_and(|amount| amount.is_zero()));
    found
}

/// What has no amount is no deduction of nothing: the column refuses it, and the row is kept.
fn taken_off(amount: &str, reason: Option<&str>) -> Deduction {
    let amount = if amount.is_empty() { NO_AMOUNT } else { amount };
    Deduction {
        amount: amount.to_owned(),
        reason: reason.map(str::to_owned),
    }
}
