//! CSV as RFC 4180 says: comma-separated, quoted where needed, UTF-8, with a header. Stricter than
//! most readers in one thing: a quote that never closes is an error and not a very long cell, since
//! it would swallow the rows behind it without a word.

use std::collections::BTreeSet;
use std::io::Read;

use super::row::{Fault, Row, RowReader};
use crate::sources::json::Tree;

const BUFFER_BYTES: usize = 64 << 10;

/// A CSV file under way.
pub(super) struct CsvReader<R> {
    input: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    line: u64,
    row_bytes_max: u64,
    header: Vec<String>,
}

/// One record, cut into cells.
#[derive(Debug, Default)]
struct Cut {
    line: u64,
    cells: Vec<Vec<u8>>,
    fault: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// A quote inside a quoted cell: its end, or the first half of a doubled one.
    Closed,
}

impl<R: Read> CsvReader<R> {
    /// Reads the header.
    pub(super) fn open(input: R, row_bytes_max: u64) -> Result<Self, Fault> {
        let mut reader = Self {
            input,
            buffer: vec![0; BUFFER_BYTES],
            at: 0,
            filled: 0,
            line: 1,
            row_bytes_max,
            header: Vec::new(),
        };
        let not = |detail: &str| Fault::NotFormat(detail.to_owned());
        reader.pass_byte_order_mark()?;
        let first = reader
            .cells()?
            .ok_or_else(|| not("it is empty, without a header"))?;
        let mut seen = BTreeSet::new();
        for cell in first.cells {
            let name = String::from_utf8(cell).map_err(|_| not("its header is no UTF-8 text"))?;
            if name.contains('\0') {
                return Err(not("its header is no UTF-8 text"));
            }
            let name = name.trim().to_owned();
            if !seen.insert(name.clone()) {
                return Err(Fault::NotFormat(format!("its header has `{name}` twice")));
            }
            reader.header.push(name);
        }
        Ok(reader)
    }

    /// The columns of the header.
    pub(super) fn columns(&self) -> &[String] {
        &self.header
    }

    /// What it reads from.
    pub(super) fn input(&self) -> &R {
        &self.input
    }

    /// The texts of the next row; an error where it does not fit the header.
    pub(super) fn next_texts(&mut self) -> Result<Option<Vec<String>>, Fault> {
        let Some(Cut { line, cells, fault }) = self.cells()? else {
            return Ok(None);
        };
        let bad = |reason: &str| Fault::NotFormat(format!("the row at line {line} {reason}"));
        if let Some(fault) = fault {
            return Err(bad(fault));
        }
        if cells.len() != self.header.len() {
            let (came, wanted) = (cells.len(), self.header.len());
            return Err(bad(&format!(
                "has {came} cells where the header has {wanted}"
            )));
        }
        let texts = cells.into_iter().map(String::from_utf8);
        let texts: Result<Vec<String>, _> = texts.collect();
        texts.map(Some).map_err(|_| bad("is no UTF-8 text"))
    }

    fn pass_byte_order_mark(&mut self) -> Result<(), Fault> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        while self.filled < MARK.len() {
            match self.input.read(&mut self.buffer[self.filled..])? {
                0 => break,
                read => self.filled += read,
            }
        }
        if self.buffer[..self.filled].starts_with(MARK) {
            self.at = MARK.len();
        }
        Ok(())
    }

    fn next_byte(&mut self) -> Result<Option<u8>, Fault> {
        if self.at == self.filled {
            self.filled = self.input.read(&mut self.buffer)?;
            self.at = 0;
            if self.filled == 0 {
                return Ok(None);
            }
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        Ok(Some(byte))
    }

    /// The next record that is no blank line.
    fn cells(&mut self) -> Result<Option<Cut>, Fault> {
        loop {
            let Some(cells) = self.any_cells()? else {
                return Ok(None);
            };
            if cells.cells.len() > 1 || cells.cells.iter().any(|cell| !cell.is_empty()) {
                return Ok(Some(cells));
            }
        }
    }

    fn any_cells(&mut self) -> Result<Option<Cut>, Fault> {
        let mut found = Cut {
            line: self.line,
            ..Cut::default()
        };
        let mut cell = Vec::new();
        let mut state = State::Start;
        let mut size: u64 = 0;
        loop {
            let byte = self.next_byte()?;
            size += 1;
            if size > self.row_bytes_max {
                let detail = format!(
                    "the row at line {} is longer than `limits.page_bytes`",
                    found.line
                );
                return Err(Fault::NotFormat(detail));
            }
            match (state, byte) {
                (State::Quoted, None) => {
                    let detail = format!(
                        "the quote that opens in the row at line {} never closes",
                        found.line
                    );
                    return Err(Fault::NotFormat(detail));
                }
                (_, None) if size == 1 => return Ok(None),
                (State::Quoted, Some(b'"')) => state = State::Closed,
                (State::Quoted, Some(letter)) => {
                    if letter == b'\n' {
                        self.line += 1;
                    }
                    cell.push(letter);
                }
                (State::Closed, Some(b'"')) => {
                    cell.push(b'"');
                    state = State::Quoted;
                }
                (State::Start, Some(b'"')) => state = State::Quoted,
                (_, Some(b',')) => {
                    found.cells.push(std::mem::take(&mut cell));
                    state = State::Start;
                }
                (_, None | Some(b'\n')) => {
                    self.line += 1;
                    // The line ended with CR LF.
                    if cell.last() == Some(&b'\r') && state != State::Closed {
                        cell.pop();
                    }
                    found.cells.push(cell);
                    return Ok(Some(found));
                }
                (State::Closed, Some(b'\r')) => {}
                (State::Closed, Some(letter)) => {
                    found.fault = Some("has text behind a closing quote");
                    cell.push(letter);
                    state = State::Plain;
                }
                (_, Some(letter)) => {
                    cell.push(letter);
                    state = State::Plain;
                }
            }
        }
    }

    fn row_of(&self, cut: Cut) -> Row {
        let Cut { line, cells, fault } = cut;
        let bad = |reason: String| Row::Bad {
            line,
            reason,
            raw: as_list(&cells),
        };
        if let Some(fault) = fault {
            return bad(fault.to_owned());
        }
        if cells.len() != self.header.len() {
            return bad(format!(
                "has {} cells where the header has {}",
                cells.len(),
                self.header.len()
            ));
        }
        let mut entries = Vec::with_capacity(cells.len());
        for (name, cell) in self.header.iter().zip(&cells) {
            match std::str::from_utf8(cell) {
                Ok(text) => entries.push((name.clone(), Tree::Text(text.to_owned()))),
                Err(_) => return bad(format!("`{name}` is no UTF-8 text")),
            }
        }
        match Tree::Object(entries).to_document() {
            Ok(record) => Row::Good { line, record },
            Err(reason) => bad(format!("is {reason}")),
        }
    }
}

impl<R: Read> RowReader for CsvReader<R> {
    fn header(&self) -> Option<&[String]> {
        Some(&self.header)
    }

    fn next_row(&mut self) -> Result<Option<Row>, Fault> {
        Ok(self.cells()?.map(|cells| self.row_of(cells)))
    }
}

/// The cells as a JSON list, for the quarantine.
fn as_list(cells: &[Vec<u8>]) -> String {
    let texts = cells
        .iter()
        .map(|cell| Tree::Text(String::from_utf8_lossy(cell).into_owned()));
    Tree::List(texts.collect()).to_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<String>, Fault> {
        let mut reader = CsvReader::open(text.as_bytes(), 1 << 20)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row()? {
            rows.push(match row {
                Row::Good { line, record } => format!("{line} {}", record.root().to_text()),
                Row::Bad { line, reason, raw } => format!("{line} {reason} {raw}"),
                other => panic!("{other:?}"),
            });
        }
        Ok(rows)
    }

    #[test]
    fn rows_follow_rfc_4180() {
        let text = "\u{feff}\"id\",name\r\n1,\"a, \"\"b\"\"\r\nc\"\r\n\r\n2,5\" pipe\n3,";
        assert_eq!(
            rows(text).unwrap(),
            [
                r#"2 {"id":"1","name":"a, \"b\"\r\nc"}"#,
                r#"5 {"id":"2","name":"5\" pipe"}"#,
                r#"6 {"id":"3","name":""}"#,
            ]
        );
        assert!(rows("id,name\n").unwrap().is_empty());
        assert!(rows("id,name").unwrap().is_empty());
    }

    #[test]
    fn rows_that_are_no_rows_are_told_with_their_line() {
        assert_eq!(
            rows("id,name\n1\n2,b,c\n3,\"x\"y\n4,d\n").unwrap(),
            [
                r#"2 has 1 cells where the header has 2 ["1"]"#,
                r#"3 has 3 cells where the header has 2 ["2","b","c"]"#,
                r#"4 has text behind a closing quote ["3","xy"]"#,
                r#"5 {"id":"4","name":"d"}"#,
            ]
        );
        let mut reader = CsvReader::open(&b"id,name\n1,\xff\n"[..], 1 << 20).unwrap();
        assert!(matches!(
            reader.next_row(),
            Ok(Some(Row::Bad { line: 2, .. }))
        ));
    }

    #[test]
    fn files_that_are_no_csv_are_refused() {
        for text in ["", "id,id\n1,2\n", "id,name\n1,\"never closed\n2,b\n"] {
            assert!(rows(text).is_err(), "{text:?}");
        }
        assert!(CsvReader::open(&b"\xff\xfei\0d\0"[..], 1 << 20).is_err());
        let long = format!("id\n{}\n", "x".repeat(100));
        let mut reader = CsvReader::open(long.as_bytes(), 50).unwrap();
        assert!(reader.next_row().is_err());
    }
}
