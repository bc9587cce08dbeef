//! One entry of a statement.

use super::super::row::{Delivery, Row};
use super::super::xml::Node;
use crate::canonical::parse_decimal;
use crate::sources::json::Tree;

/// The account that the statement is of.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub(super) number: Option<String>,
    pub(super) currency: Option<String>,
}

impl Account {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            number: account_number(node).map(str::to_owned),
            currency: node.text_at("Ccy").map(str::to_owned),
        }
    }
}

/// An entry that is kept.
pub(super) struct Entry<'n> {
    pub(super) id: String,
    pub(super) is_reversal: bool,
    pub(super) rank: u8,
    pub(super) transactions: Vec<&'n Node>,
    /// The amount as it is written, without a sign.
    pub(super) amount: &'n str,
    pub(super) currency: Option<String>,
    reference: Option<String>,
    /// The references of payer and account, by which a reversal finds its original.
    pair: Option<String>,
    columns: Vec<(&'static str, Option<String>)>,
}

/// Who gave the money.
#[derive(Debug, Default, PartialEq, Eq)]
struct Payer {
    number: Option<String>,
    name: Option<String>,
}

impl<'n> Entry<'n> {
    /// The entry, unless it is nothing that is kept.
    pub(super) fn of(
        node: &'n Node,
        account: &Account,
        message_rank: u8,
    ) -> Result<Option<Self>, String> {
        let lacks = |name: &str| format!("has no `{name}`");
        let status = node
            .first_text(&["Sts/Cd", "Sts/Prtry", "Sts"])
            .ok_or_else(|| lacks("Sts"))?;
        let direction = node
            .text_at("CdtDbtInd")
            .ok_or_else(|| lacks("CdtDbtInd"))?;
        let is_credit = match direction {
            "CRDT" => true,
            "DBIT" => false,
            other => return Err(format!("has `CdtDbtInd` `{other}`, neither CRDT nor DBIT")),
        };
        let mut transactions: Vec<&Node> = node.all("TxDtls").collect();
        for details in node.all("NtryDtls") {
            transactions.extend(details.all("TxDtls"));
        }
        let is_turned = matches!(node.text_at("RvslInd"), Some("true" | "1"))
            || (!transactions.is_empty()
                && transactions.iter().all(|one| one.at("RtrInf").is_some()));
        // A debit that takes a credit back is a reversal; a credit that takes a debit back is
        // money of our own.
        if status == "INFO" || is_credit == is_turned {
            return Ok(None);
        }
        let amount_node = node.at("Amt").ok_or_else(|| lacks("Amt"))?;
        let amount = amount_node.text.trim();
        let currency = amount_node
            .element
            .attribute("Ccy")
            .map(str::to_owned)
            .or_else(|| account.currency.clone());
        let booked_on = node.at("BookgDt").and_then(day_of);
        let valued_on = node.at("ValDt").and_then(day_of);
        let end_to_end = only(&transactions, |one| given(one.text_at("Refs/EndToEndId")));
        let structured = only(&transactions, |one| {
            one.text_at("RmtInf/Strd/CdtrRefInf/Ref")
        });
        let text = only(&transactions, |one| one.text_at("RmtInf/Ustrd"));
        let bank_reference = node.text_at("AcctSvcrRef").or_else(|| {
            only(&transactions, |one| {
                one.first_text(&["Refs/AcctSvcrRef", "Refs/UETR", "Refs/TxId"])
            })
        });
        let payer = payer_of(&transactions, account);
        let own_number = account.number.as_deref().unwrap_or("account");
        let id = if let Some(reference) = bank_reference {
            format!("{own_number}:{reference}")
        } else {
            let day = booked_on.or(valued_on).unwrap_or_default();
            let sum = parse_decimal(amount)
                .map_or_else(|_| amount.to_owned(), |sum| sum.normalize().to_string());
            let unit = currency.as_deref().unwrap_or_default();
            let name = end_to_end
                .or_else(|| node.text_at("NtryRef"))
                .or(structured)
                .or(payer.number.as_deref())
                .unwrap_or_default();
            format!("{own_number}:{day}:{direction}:{sum}{unit}:{name}")
        };
        // One entry is never both: a bank that reuses its reference for the return means another.
        let id = if is_turned {
            format!("{id}:reversal")
        } else {
            id
        };
        let own = |text: Option<&str>| text.map(str::to_owned);
        let reference = own(end_to_end.or(structured).or(text));
        let pair = end_to_end.map(|reference| format!("{own_number}:{reference}"));
        let columns = vec![
            ("received_on", own(booked_on.or(valued_on))),
            (
                "account_id",
                payer.number.clone().or_else(|| payer.name.clone()),
            ),
            ("status", own(Some(status))),
            ("booked_on", own(booked_on)),
            ("valued_on", own(valued_on)),
            ("payer_account", payer.number),
            ("payer_name", payer.name),
            ("own_account", account.number.clone()),
            ("entry_reference", own(node.text_at("NtryRef"))),
            ("bank_reference", own(bank_reference)),
            ("end_to_end_id", own(end_to_end)),
            ("creditor_reference", own(structured)),
            ("remittance_text", own(text)),
            ("additional_information", own(node.text_at("AddtlNtryInf"))),
        ];
        Ok(Some(Self {
            id,
            is_reversal: is_turned,
            rank: message_rank + if status == "BOOK" { 10 } else { 0 },
            transactions,
            amount,
            currency,
            reference,
            pair,
            columns,
        }))
    }

    /// The payment as a row.
    pub(super) fn payment(self, line: u64) -> Row {
        let text = |text: Option<String>| text.map_or(Tree::Null, Tree::Text);
        let amount = if self.is_reversal {
            format!("-{}", self.amount)
        } else {
            self.amount.to_owned()
        };
        let mut entries = vec![
            ("id".to_owned(), Tree::Text(self.id.clone())),
            ("amount".to_owned(), Tree::Text(amount)),
            ("currency".to_owned(), text(self.currency)),
            ("method".to_owned(), Tree::Text("bank transfer".to_owned())),
            ("reference".to_owned(), text(self.reference)),
        ];
        for (name, value) in self.columns {
            entries.push((name.to_owned(), text(value)));
        }
        Row::Delivered {
            line,
            entries,
            delivery: Delivery {
                id: self.id,
                rank: self.rank,
                reference: self.pair,
                is_reversal: self.is_reversal,
            },
        }
    }
}

/// A date, or the day of a moment by the bank's own clock: the day that the bank prints.
fn day_of(node: &Node) -> Option<&str> {
    let text = node.first_text(&["Dt", "DtTm"])?;
    Some(text.get(..10).unwrap_or(text))
}

/// The text that all transactions have; nothing where they differ.
fn only<'n>(
    transactions: &[&'n Node],
    text_of: impl Fn(&'n Node) -> Option<&'n str>,
) -> Option<&'n str> {
    let mut texts = transactions.iter().map(|one| text_of(one));
    let first = texts.next()??;
    texts.all(|text| text == Some(first)).then_some(first)
}

/// A reference, unless it says that there is none.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.eq_ignore_ascii_case("NOTPROVIDED"))
}

/// The other party, if all transactions have the same one: the debtor, or in a return that keeps
/// its direction the creditor.
fn payer_of(transactions: &[&Node], account: &Account) -> Payer {
    let of = |one: &Node| {
        let parties = one.at("RltdPties");
        let number = |path: &str| {
            parties
                .and_then(|node| node.at(path))
                .and_then(account_number)
        };
        let name = |paths: &[&str]| parties.and_then(|node| node.first_text(paths));
        let debtor_number = number("DbtrAcct");
        let is_own = debtor_number.is_some() && debtor_number == account.number.as_deref();
        let (number, name) = if is_own {
            (number("CdtrAcct"), name(&["Cdtr/Nm", "Cdtr/Pty/Nm"]))
        } else {
            (
                debtor_number,
                name(&["Dbtr/Nm", "Dbtr/Pty/Nm", "UltmtDbtr/Nm", "UltmtDbtr/Pty/Nm"]),
            )
        };
        Payer {
            number: number.map(str::to_owned),
            name: name.map(str::to_owned),
        }
    };
    let mut payers = transactions.iter().map(|one| of(one));
    let Some(first) = payers.next() else {
        return Payer::default();
    };
    if payers.all(|payer| payer == first) {
        first
    } else {
        Payer::default()
    }
}

fn account_number(node: &Node) -> Option<&str> {
    node.first_text(&["Id/IBAN", "Id/Othr/Id", "Id/BBAN", "Id/PrtryAcct/Id"])
}
