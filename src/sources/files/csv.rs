//! CSV as RFC 4180 says: comma-separated, quoted where needed, UTF-8, with a header. Stricter than
//! most readers in one thing: a quote that never closes is an error and not a very long cell, since
//! it would swallow the rows behind it without a word.

use std::collections::BTreeSet;
use std::io::Read;

use super::row::{Fault, Row, RowReader};
use crate::sources::json::Tree;
use crate::sources::mapping::BadRow;

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
    doubts: Vec<String>,
}

/// One record, cut into cells.
#[derive(Debug, Default)]
pub(super) struct Cut {
    pub(super) line: u64,
    pub(super) cells: Vec<Vec<u8>>,
    fault: Option<&'static str>,
    /// The input ended in it.
    is_last: bool,
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
            doubts: Vec::new(),
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

    /// The next record, which need not fit the header.
    pub(super) fn next_cut(&mut self) -> Result<Option<Cut>, Fault> {
        self.cells()
    }

    /// Whether a record has the header's columns.
    pub(super) fn fits(&self, cut: &Cut) -> bool {
        cut.fault.is_none() && cut.cells.len() == self.header.len()
    }

    /// Whether the input ends in the middle of a record.
    pub(super) fn is_cut_off(&self, cut: &Cut) -> bool {
        let is_text = |cell: &Vec<u8>| std::str::from_utf8(cell).is_ok();
        let is_short = cut.cells.len() < self.header.len();
        cut.is_last && (is_short || !cut.cells.last().is_some_and(is_text))
    }

    /// A record that is no row, for the quarantine.
    pub(super) fn bad_row(&self, cut: &Cut) -> Result<BadRow, String> {
        let raw = as_list(&cut.cells);
        let whole = |reason: String, raw: String| BadRow::whole(cut.line, reason, raw);
        if let Some(fault) = cut.fault {
            return Ok(whole(fault.to_owned(), raw));
        }
        if !self.fits(cut) {
            let (came, wanted) = (cut.cells.len(), self.header.len());
            let reason = format!("has {came} cells where the header has {wanted}");
            return Ok(whole(reason, raw));
        }
        let mut spoilt = Vec::new();
        let mut rest = Vec::new();
        for (name, cell) in self.header.iter().zip(&cut.cells) {
            match std::str::from_utf8(cell) {
                Ok(text) => rest.push((name.clone(), Tree::Text(text.to_owned()))),
                Err(_) => spoilt.push((name, String::from_utf8_lossy(cell).into_owned())),
            }
        }
        let names: Vec<String> = spoilt.iter().map(|(name, _)| format!("`{name}`")).collect();
        let mut row = whole(format!("is no UTF-8 text in {}", names.join(" and ")), raw);
        if let [(name, text)] = spoilt.as_slice() {
            row.cell = Some(((*name).clone(), text.clone()));
            row.rest = Some(Tree::Object(rest).to_document()?);
        }
        Ok(row)
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
                    found.is_last = byte.is_none();
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

    fn row_of(&mut self, cut: &Cut) -> Result<Row, String> {
        let texts = cut.cells.iter().map(|cell| std::str::from_utf8(cell));
        let texts: Result<Vec<&str>, _> = texts.collect();
        let Some(texts) = texts.ok().filter(|_| self.fits(cut)) else {
            if self.is_cut_off(cut) {
                self.doubts.push(cut_off(cut.line));
            }
            return self.bad_row(cut).map(Row::Bad);
        };
        let cells = texts.into_iter().map(|text| Tree::Text(text.to_owned()));
        let entries = self.header.iter().cloned().zip(cells).collect();
        let record = Tree::Object(entries).to_document()?;
        let line = cut.line;
        Ok(Row::Good { line, record })
    }
}

/// What is said of an input that ends in the middle of a row.
pub(super) fn cut_off(line: u64) -> String {
    format!("it ends in the middle of the row at line {line}, so that rows may be missing")
}

impl<R: Read> RowReader for CsvReader<R> {
    fn header(&self) -> Option<&[String]> {
        Some(&self.header)
    }

    fn next_row(&mut self) -> Result<Option<Row>, Fault> {
        let Some(cut) = self.cells()? else {
            return Ok(None);
        };
        self.row_of(&cut).map(Some).map_err(Fault::NotFormat)
    }

    fn doubts(&self) -> &[String] {
        &self.doubts
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
                Row::Bad(bad) => format!("{} {} {}", bad.line, bad.reason, bad.raw),
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
        let Ok(Some(Row::Bad(bad))) = reader.next_row() else {
            panic!("no bad row");
        };
        assert_eq!(bad.line, 2);
        assert_eq!(bad.cell, Some(("name".to_owned(), "\u{fffd}".to_owned())));
        assert_eq!(bad.rest.unwrap().root().to_text(), r#"{"id":"1"}"#);
        assert!(reader.doubts().is_empty());
    }

    // Goal: a table that ends in the middle of a row is not all of it. Method: ends of three kinds.
    #[test]
    fn a_table_that_is_cut_off_is_in_doubt() {
        for (text, is_cut) in [
            (&b"id,name\n1,a\n2"[..], true),
            (&b"id,name\n1,a\n2,b\xc3"[..], true),
            (&b"id,name\n1,a\n2\n"[..], false),
            (&b"id,name\n1,a\n2,b"[..], false),
        ] {
            let mut reader = CsvReader::open(text, 1 << 20).unwrap();
            while reader.next_row().unwrap().is_some() {}
            assert_eq!(reader.doubts().len(), usize::from(is_cut), "{text:?}");
        }
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
