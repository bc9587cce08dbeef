//! The control totals of a statement: how many entries it says it has and what they add up to,
//! against those that came.

use rust_decimal::Decimal;

use super::super::xml::Node;
use crate::canonical::parse_decimal;

/// A number of entries and their sum, each where it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    count: Option<u64>,
    sum: Option<Decimal>,
}

/// What came of one kind of entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Came {
    count: u64,
    /// Absent once an amount could not be added: its entry is told elsewhere.
    sum: Option<Decimal>,
}

/// The totals of the statement under way.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// All entries, credits, debits.
    told: [Told; 3],
    came: [Came; 3],
    /// Whether its entries are spread over several messages or pages, so that this one has not
    /// all of what the totals are of.
    is_part: bool,
    message_is_part: bool,
}

/// The elements of the totals, and the words for them.
const KINDS: [(&str, &str); 3] = [
    ("TtlNtries", "entries"),
    ("TtlCdtNtries", "credit entries"),
    ("TtlDbtNtries", "debit entries"),
];

impl Totals {
    /// A statement begins.
    pub(super) fn begin(&mut self) {
        self.told = Default::default();
        self.came = [(); 3].map(|()| Came {
            count: 0,
            sum: Some(Decimal::ZERO),
        });
        self.is_part = self.message_is_part;
    }

    /// The header of the message: whether it is one of several pages.
    pub(super) fn page_of_message(&mut self, header: &Node) {
        self.message_is_part = header.at("MsgPgntn").is_some_and(is_one_of_several);
    }

    /// Whether the statement is one of several pages.
    pub(super) fn page_of_statement(&mut self, page: &Node) {
        self.is_part |= is_one_of_several(page);
    }

    /// The summary, `TxsSummry`.
    pub(super) fn tell(&mut self, summary: &Node) {
        for (told, (name, _)) in self.told.iter_mut().zip(KINDS) {
            let text = |part: &str| summary.at(name)?.text_at(part);
            told.count = text("NbOfNtries").and_then(|count| count.parse().ok());
            told.sum = text("Sum").and_then(|sum| parse_decimal(sum).ok());
        }
    }

    /// An entry came, of whatever kind.
    pub(super) fn count(&mut self, entry: &Node) {
        let direction = match entry.text_at("CdtDbtInd") {
            Some("CRDT") => 1,
            _ => 2,
        };
        let amount = entry
            .text_at("Amt")
            .and_then(|text| parse_decimal(text).ok());
        for kind in [0, direction] {
            let came = &mut self.came[kind];
            came.count += 1;
            came.sum = came
                .sum
                .zip(amount)
                .and_then(|(sum, amount)| sum.checked_add(amount));
        }
    }

    /// Where the two contradict each other.
    pub(super) fn doubts(&self) -> Vec<String> {
        if self.is_part {
            return Vec::new();
        }
        let mut doubts = Vec::new();
        for ((told, came), (_, words)) in self.told.iter().zip(&self.came).zip(KINDS) {
            if let Some(count) = told.count.filter(|count| *count != came.count) {
                let have = came.count;
                doubts.push(format!("says it has {count} {words}, and {have} came"));
            }
            if let (Some(told), Some(sum)) = (told.sum, came.sum)
                && told != sum
            {
                doubts.push(format!(
                    "says that its {words} add up to {told}, and they add up to {sum}"
                ));
            }
        }
        doubts
    }
}

fn is_one_of_several(page: &Node) -> bool {
    let is_first = page.text_at("PgNb").is_none_or(|number| number == "1");
    let is_last = matches!(page.text_at("LastPgInd"), None | Some("true" | "1"));
    !(is_first && is_last)
}
