//! Rows of a body, some at a time: those that can be read, and those that cannot.

use std::io::{BufRead, BufReader, Read};
use std::string::FromUtf8Error;

use super::bounded::Bounded;
use super::csv::{CsvReader, Cut, cut_off};
use super::jsonl::bad_line;
use super::row::Fault;
use crate::sources::json::{self, Document, write_text};
use crate::sources::mapping::BadRow;

/// So many rows are given at once, or so many bytes of them.
const ROWS_AT_ONCE: usize = 2_000;
const BYTES_AT_ONCE: usize = 4 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is decoded of a body; its bytes are bounded.
pub(super) type Input = Bounded<Box<dyn Read + Send + Sync>>;

/// Some rows of a body.
#[derive(Debug)]
pub(in crate::sources) struct SomeRows {
    /// Those that can be read, as a list of objects.
    pub(in crate::sources) good: Document,
    /// Those that cannot.
    pub(in crate::sources) bad: Vec<BadRow>,
}

/// A table under way.
pub(super) struct Table {
    reader: CsvReader<Input>,
    /// The columns as the keys of an object: `"Id":`.
    keys: Vec<String>,
}

impl Table {
    pub(super) fn open(input: Input, row_bytes_max: u64) -> Result<Self, Fault> {
        let reader = CsvReader::open(input, row_bytes_max)?;
        let keys = reader.columns().iter().map(|name| {
            let mut key = String::new();
            write_text(name, &mut key);
            key.push(':');
            key
        });
        let keys = keys.collect();
        Ok(Self { reader, keys })
    }

    pub(super) fn columns(&self) -> &[String] {
        self.reader.columns()
    }

    pub(super) fn decoded_bytes(&self) -> u64 {
        self.reader.input().taken()
    }

    pub(super) fn some_rows(&mut self) -> Result<Option<SomeRows>, Fault> {
        let mut text = String::from("[");
        let mut bad: Vec<BadRow> = Vec::new();
        let (mut row_count, mut bad_bytes) = (0, 0);
        while row_count < ROWS_AT_ONCE && text.len() + bad_bytes < BYTES_AT_ONCE {
            let Some(cut) = self.reader.next_cut()? else {
                break;
            };
            row_count += 1;
            if self.write(&cut, &mut text) {
                continue;
            }
            if self.reader.is_cut_off(&cut) {
                return Err(Fault::NotFormat(cut_off(cut.line)));
            }
            let row = self.reader.bad_row(&cut).map_err(Fault::NotFormat)?;
            bad_bytes += row.raw.len();
            bad.push(row);
        }
        if row_count == 0 {
            return Ok(None);
        }
        text.push(']');
        let good = Document::of_own(text).map_err(Fault::NotFormat)?;
        Ok(Some(SomeRows { good, bad }))
    }

    /// Writes a record as an object. `false`, and nothing is written, where it is no row.
    fn write(&self, cut: &Cut, text: &mut String) -> bool {
        if !self.reader.fits(cut) {
            return false;
        }
        let start = text.len();
        // Behind the bracket, the first object has nothing in front of it.
        text.push_str(if start > 1 { ",{" } else { "{" });
        for (at, (key, cell)) in self.keys.iter().zip(&cut.cells).enumerate() {
            let Ok(cell) = std::str::from_utf8(cell) else {
                text.truncate(start);
                return false;
            };
            if at > 0 {
                text.push(',');
            }
            text.push_str(key);
            write_text(cell, text);
        }
        text.push('}');
        true
    }
}

/// Lines under way.
pub(super) struct Lines {
    input: BufReader<Input>,
    line: u64,
    line_bytes_max: u64,
    /// Whether any line so far is an object, or begins as one.
    has_objects: bool,
}

/// Where a line stands in the text of some.
struct Placed {
    line: u64,
    start: usize,
    end: usize,
}

impl Lines {
    pub(super) fn open(input: Input, line_bytes_max: u64) -> Self {
        Self {
            input: BufReader::new(input),
            line: 0,
            line_bytes_max,
            has_objects: false,
        }
    }

    pub(super) fn decoded_bytes(&self) -> u64 {
        self.input.get_ref().taken()
    }

    pub(super) fn some_rows(&mut self) -> Result<Option<SomeRows>, Fault> {
        let mut text = vec![b'['];
        let mut placed: Vec<Placed> = Vec::new();
        let mut is_ended = true;
        while placed.len() < ROWS_AT_ONCE && text.len() < BYTES_AT_ONCE {
            let mut bytes = Vec::new();
            let limit = self.line_bytes_max.saturating_add(1);
            let mut bounded = self.input.by_ref().take(limit);
            let size = bounded.read_until(b'\n', &mut bytes)?;
            if size == 0 {
                break;
            }
            self.line += 1;
            let line = self.line;
            if size as u64 > self.line_bytes_max {
                let detail = format!("line {line} is longer than `limits.page_bytes`");
                return Err(Fault::TooLarge(detail));
            }
            is_ended = bytes.last() == Some(&b'\n');
            let bytes = bytes.trim_ascii();
            let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
            if bytes.is_empty() {
                continue;
            }
            if !placed.is_empty() {
                text.push(b',');
            }
            let start = text.len();
            text.extend_from_slice(bytes);
            let end = text.len();
            placed.push(Placed { line, start, end });
        }
        if placed.is_empty() {
            return Ok(None);
        }
        text.push(b']');
        let text = match whole(text, placed.len()) {
            Ok(good) => {
                self.has_objects = true;
                let bad = Vec::new();
                return Ok(Some(SomeRows { good, bad }));
            }
            Err(text) => text,
        };
        self.has_objects |= placed.iter().any(|one| text.get(one.start) == Some(&b'{'));
        if !self.has_objects {
            return Err(Fault::NotFormat("no line is a JSON object".to_owned()));
        }
        one_by_one(&text, &placed, is_ended).map(Some)
    }
}

/// Lines that are objects, all of them. What is anything else is given back.
fn whole(text: Vec<u8>, line_count: usize) -> Result<Document, Vec<u8>> {
    let text = String::from_utf8(text).map_err(FromUtf8Error::into_bytes)?;
    let document = json::parse_text(text).map_err(String::into_bytes)?;
    let mut count = 0;
    let are_objects = document.root().items().is_some_and(|mut items| {
        items.all(|item| {
            count += 1;
            item.entries().is_some()
        })
    });
    if are_objects && count == line_count {
        Ok(document)
    } else {
        Err(document.root().to_text().into_bytes())
    }
}

fn one_by_one(text: &[u8], placed: &[Placed], is_ended: bool) -> Result<SomeRows, Fault> {
    let mut good = vec![b'['];
    let mut bad = Vec::new();
    for one in placed {
        let bytes = text.get(one.start..one.end).unwrap_or_default();
        let reason = match json::parse(bytes) {
            Ok(record) if record.root().entries().is_some() => {
                if good.len() > 1 {
                    good.push(b',');
                }
                good.extend_from_slice(bytes);
                continue;
            }
            Ok(other) => format!("is {}, not an object", other.root().noun()),
            Err(error) => format!("is {error}"),
        };
        bad.push(bad_line(one.line, bytes, reason));
    }
    if let (false, Some(last), Some(row)) = (is_ended, placed.last(), bad.last())
        && row.line == last.line
    {
        return Err(Fault::NotFormat(cut_off(row.line)));
    }
    good.push(b']');
    let good = json::parse(good).map_err(|error| Fault::NotFormat(error.to_string()))?;
    Ok(SomeRows { good, bad })
}
