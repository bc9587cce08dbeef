//! The rows of a sheet, one after the other.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;

use jiff::tz::TimeZone;

use super::super::row::{Fault, Row, RowReader, SpoiltCell};
use super::super::xml::{Element, Piece, XmlReader};
use super::cell::{self, Calendar};
use super::package::{Package, Part, text_of};
use super::styles::Styles;
use crate::sources::json::Tree;
use crate::sources::mapping::BadRow;

/// What of a workbook is read, and how.
pub(in super::super) struct Wanted<'w> {
    /// The sheet's name; without it, the first one.
    pub(in super::super) sheet: Option<&'w str>,
    /// The zone of the books.
    pub(in super::super) zone: TimeZone,
    /// What may be held in memory at once.
    pub(in super::super) page_bytes: u64,
}

/// A sheet under way.
pub(in super::super) struct XlsxReader {
    reader: XmlReader<BufReader<Part>>,
    texts: Vec<String>,
    styles: Styles,
    calendar: Calendar,
    row_number: u64,
    header: Vec<String>,
    /// For each column of the sheet, whether the header names it.
    named: Vec<Option<String>>,
}

/// A cell with something in it.
struct Filled {
    column: usize,
    value: Result<Tree, SpoiltText>,
}

struct SpoiltText {
    text: String,
    reason: String,
}

impl XlsxReader {
    /// Finds the sheet and reads its header.
    pub(in super::super) fn open(file: File, wanted: &Wanted<'_>) -> Result<Self, Fault> {
        let mut package = Package::open(file, wanted.page_bytes)?;
        let workbook = package.workbook()?;
        let sheet = match wanted.sheet {
            Some(name) => workbook.sheets.iter().find(|(own, _)| own == name),
            None => workbook.sheets.first(),
        };
        let Some((_, part)) = sheet else {
            return Err(Fault::NotFormat(no_sheet(wanted.sheet, &workbook.sheets)));
        };
        let styles = match package.beside(&workbook, "styles.xml")? {
            Some(mut reader) => Styles::read(&mut reader)?,
            None => Styles::default(),
        };
        let texts = package.shared_texts(&workbook)?;
        let stream = package
            .stream(part, true)?
            .ok_or_else(|| Fault::NotFormat(format!("its part `{part}` is not there")))?;
        let mut reader = Self {
            reader: XmlReader::new(BufReader::new(stream), wanted.page_bytes),
            texts,
            styles,
            calendar: Calendar {
                counts_from_1904: workbook.counts_from_1904,
                zone: wanted.zone.clone(),
            },
            row_number: 0,
            header: Vec::new(),
            named: Vec::new(),
        };
        reader.read_header()?;
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<(), Fault> {
        let empty = || Fault::NotFormat("the sheet is empty, without a header".to_owned());
        let cells = self.next_cells()?.ok_or_else(empty)?;
        let mut seen = BTreeSet::new();
        for Filled { column, value } in cells {
            let Ok(Tree::Text(text) | Tree::Number(text)) = value else {
                let letters = cell::letters_of(column);
                let detail = format!("its header has no name in column {letters}");
                return Err(Fault::NotFormat(detail));
            };
            let name = text.trim().to_owned();
            if name.is_empty() {
                continue;
            }
            if !seen.insert(name.clone()) {
                return Err(Fault::NotFormat(format!("its header has `{name}` twice")));
            }
            self.named.resize(column, None);
            self.named.push(Some(name.clone()));
            self.header.push(name);
        }
        if self.header.is_empty() {
            Err(empty())
        } else {
            Ok(())
        }
    }

    /// The filled cells of the next row that has any.
    fn next_cells(&mut self) -> Result<Option<Vec<Filled>>, Fault> {
        loop {
            match self.reader.next()? {
                Piece::Open(element) if element.name == "row" => {
                    self.reader.begin_row();
                    let own = element
                        .attribute("r")
                        .and_then(|number| number.parse().ok());
                    self.row_number = own.unwrap_or(self.row_number + 1);
                    let cells = self.cells()?;
                    if !cells.is_empty() {
                        return Ok(Some(cells));
                    }
                }
                Piece::End => return Ok(None),
                _ => {}
            }
        }
    }

    fn cells(&mut self) -> Result<Vec<Filled>, Fault> {
        let mut cells: Vec<Filled> = Vec::new();
        let mut next_column = 0;
        while let Some(element) = self.reader.next_child()? {
            if element.name != "c" {
                self.reader.pass()?;
                continue;
            }
            let column = match element.attribute("r") {
                Some(reference) => cell::column_of(reference).ok_or_else(|| {
                    Fault::NotFormat(format!("`{reference}` is no place of a cell"))
                })?,
                None => next_column,
            };
            if column < next_column {
                let detail = format!("the cells of row {} are out of order", self.row_number);
                return Err(Fault::NotFormat(detail));
            }
            next_column = column + 1;
            if let Some(value) = self.value(&element)? {
                cells.push(Filled { column, value });
            }
        }
        Ok(cells)
    }

    /// What a cell holds; of a formula, the value that was computed last.
    fn value(&mut self, cell: &Element) -> Result<Option<Result<Tree, SpoiltText>>, Fault> {
        let mut text = None;
        while let Some(inner) = self.reader.next_child()? {
            match inner.name.as_str() {
                "v" => text = Some(self.reader.node(inner)?.text),
                "is" => text = Some(text_of(&mut self.reader)?),
                _ => self.reader.pass()?,
            }
        }
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let style = cell.attribute("s").and_then(|style| style.parse().ok());
        let spoilt = |reason: String| SpoiltText {
            text: text.clone(),
            reason,
        };
        let value = match cell.attribute("t").unwrap_or("n") {
            "s" => {
                let at: Option<usize> = text.trim().parse().ok();
                let shared = at.and_then(|at| self.texts.get(at)).ok_or_else(|| {
                    let row = self.row_number;
                    Fault::NotFormat(format!("row {row} names a shared text that is not there"))
                })?;
                if shared.is_empty() {
                    return Ok(None);
                }
                Ok(Tree::Text(cell::unescaped(shared)))
            }
            "str" | "inlineStr" => Ok(Tree::Text(cell::unescaped(&text))),
            "b" => Ok(Tree::Bool(matches!(text.trim(), "1" | "true"))),
            "e" => Err(spoilt(
                "is an error of the spreadsheet, not a value".to_owned(),
            )),
            "d" => cell::iso_dated(text.trim(), &self.calendar).map_err(spoilt),
            _ if style.is_some_and(|style| self.styles.is_date(style)) => {
                cell::dated(text.trim(), &self.calendar).map_err(spoilt)
            }
            _ => Ok(cell::number(text.trim())),
        };
        Ok(Some(value))
    }

    fn row_of(&self, cells: Vec<Filled>) -> Row {
        let line = self.row_number;
        let mut entries: Vec<(String, Tree)> = Vec::new();
        let mut spoilt = Vec::new();
        let mut stray = None;
        for Filled { column, value } in cells {
            let name = if let Some(Some(name)) = self.named.get(column) {
                name.clone()
            } else {
                let letters = cell::letters_of(column);
                stray = stray.or(Some(letters.clone()));
                format!("column {letters}")
            };
            match value {
                Ok(value) => entries.push((name, value)),
                Err(SpoiltText { text, reason }) => {
                    entries.push((name.clone(), Tree::Text(text.clone())));
                    spoilt.push(SpoiltCell {
                        column: name,
                        text,
                        reason,
                    });
                }
            }
        }
        let tree = Tree::Object(entries);
        let bad = |reason: String| Row::Bad(BadRow::whole(line, reason, tree.to_text()));
        if let Some(letters) = stray {
            return bad(format!(
                "has a value in column {letters}, which has no header"
            ));
        }
        match tree.to_document() {
            Ok(record) if spoilt.is_empty() => Row::Good { line, record },
            Ok(record) => Row::Spoilt {
                line,
                record,
                cells: spoilt,
            },
            Err(reason) => bad(format!("is {reason}")),
        }
    }
}

impl RowReader for XlsxReader {
    fn header(&self) -> Option<&[String]> {
        Some(&self.header)
    }

    fn next_row(&mut self) -> Result<Option<Row>, Fault> {
        Ok(self.next_cells()?.map(|cells| self.row_of(cells)))
    }
}

fn no_sheet(wanted: Option<&str>, sheets: &[(String, String)]) -> String {
    let names: Vec<String> = sheets.iter().map(|(name, _)| format!("`{name}`")).collect();
    match wanted {
        Some(name) => format!(
            "it has no sheet `{name}`; its sheets are {}",
            names.join(", ")
        ),
        None => "it has no sheet".to_owned(),
    }
}
