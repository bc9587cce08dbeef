//! From a message to its entries.

use std::collections::VecDeque;
use std::io::BufRead;

use super::super::row::{Fault, Numbering, Row, RowReader};
use super::super::xml::{Node, Piece, XmlReader};
use super::entry::{Account, Entry};
use super::remittance;
use super::totals::Totals;
use crate::canonical::Entity;

/// A message under way.
pub(in super::super) struct CamtReader<R> {
    reader: XmlReader<R>,
    entity: Entity,
    /// How final the message is.
    message_rank: u8,
    statements: u64,
    account: Account,
    /// What the statement says of its entries, and what came.
    totals: Totals,
    doubts: Vec<String>,
    /// How often an id came in this statement.
    numbering: Numbering,
    rows: VecDeque<Row>,
    is_over: bool,
}

impl<R: BufRead> CamtReader<R> {
    /// Reads up to the message's own element.
    pub(in super::super) fn open(
        input: R,
        entity: Entity,
        row_bytes_max: u64,
    ) -> Result<Self, Fault> {
        let mut reader = XmlReader::new(input, row_bytes_max).decoded();
        let root = reader
            .next_child()?
            .map_or_else(String::new, |root| root.name);
        let message = if root == "Document" {
            reader
                .next_child()?
                .map_or_else(String::new, |inner| inner.name)
        } else {
            root.clone()
        };
        let message_rank = if message.starts_with("BkToCstmrStmt") {
            3
        } else if message.starts_with("BkToCstmrDbtCdtNtfctn") {
            2
        } else if message.starts_with("BkToCstmrAcctRpt") {
            1
        } else {
            let inside = if message == root || message.is_empty() {
                String::new()
            } else {
                format!(" with `{message}` inside")
            };
            return Err(Fault::NotFormat(format!(
                "its outermost element is `{root}`{inside}; a statement has `Document` with \
                 `BkToCstmrStmt`, `BkToCstmrDbtCdtNtfctn` or `BkToCstmrAcctRpt`"
            )));
        };
        if !matches!(entity, Entity::Payments | Entity::Remittances) {
            return Err(Fault::NotFormat(format!(
                "it can be read as payments and remittances, not as {entity}"
            )));
        }
        Ok(Self {
            reader,
            entity,
            message_rank,
            statements: 0,
            account: Account::default(),
            totals: Totals::default(),
            doubts: Vec::new(),
            numbering: Numbering::default(),
            rows: VecDeque::new(),
            is_over: false,
        })
    }

    /// Reads on to the next entry.
    fn advance(&mut self) -> Result<(), Fault> {
        match self.reader.next()? {
            Piece::Open(element) => match element.name.as_str() {
                "Stmt" | "Rpt" | "Ntfctn" => {
                    self.tie();
                    self.statements += 1;
                    self.totals.begin();
                    self.account = Account::default();
                    self.numbering.begin();
                }
                "Acct" => {
                    let node = self.reader.node(element)?;
                    self.account = Account::of(&node);
                }
                "TxsSummry" => {
                    let node = self.reader.node(element)?;
                    self.totals.tell(&node);
                    self.reader.begin_row();
                }
                "GrpHdr" => {
                    let node = self.reader.node(element)?;
                    self.totals.page_of_message(&node);
                    self.reader.begin_row();
                }
                "StmtPgntn" | "RptPgntn" | "NtfctnPgntn" => {
                    let node = self.reader.node(element)?;
                    self.totals.page_of_statement(&node);
                }
                "Ntry" => {
                    self.reader.begin_row();
                    let line = self.reader.line();
                    let node = self.reader.node(element)?;
                    self.totals.count(&node);
                    self.entry(line, &node)?;
                    self.reader.begin_row();
                }
                _ => {
                    self.reader.pass()?;
                    self.reader.begin_row();
                }
            },
            Piece::Close | Piece::Text(_) => {}
            Piece::End if self.statements == 0 => {
                return Err(Fault::NotFormat(
                    "it holds no statement: there is no `Stmt`, `Ntfctn` or `Rpt` in it".to_owned(),
                ));
            }
            Piece::End => {
                self.tie();
                self.is_over = true;
            }
        }
        Ok(())
    }

    /// Compares a statement that ended with what it says of itself.
    fn tie(&mut self) {
        let account = self.account.number.as_deref().unwrap_or("an account");
        let doubts = self.totals.doubts();
        let said = doubts
            .into_iter()
            .map(|doubt| format!("statement {} (of {account}) {doubt}", self.statements));
        self.doubts.extend(said);
    }

    fn entry(&mut self, line: u64, node: &Node) -> Result<(), Fault> {
        let fault = |detail: String| {
            Fault::NotFormat(format!("the entry (`Ntry`) at line {line} {detail}"))
        };
        let Some(mut entry) = Entry::of(node, &self.account, self.message_rank).map_err(fault)?
        else {
            return Ok(());
        };
        entry.id = self.numbering.numbered(std::mem::take(&mut entry.id));
        match self.entity {
            Entity::Payments => self.rows.push_back(entry.payment(line)),
            // What is taken back pays no invoice.
            _ if entry.is_reversal => {}
            _ => self.rows.extend(remittance::rows(&entry, line)),
        }
        Ok(())
    }
}

impl<R: BufRead> RowReader for CamtReader<R> {
    fn header(&self) -> Option<&[String]> {
        None
    }

    fn next_row(&mut self) -> Result<Option<Row>, Fault> {
        while self.rows.is_empty() && !self.is_over {
            self.advance()?;
        }
        Ok(self.rows.pop_front())
    }

    fn brings_deliveries(&self) -> bool {
        true
    }

    fn doubts(&self) -> &[String] {
        &self.doubts
    }
}
