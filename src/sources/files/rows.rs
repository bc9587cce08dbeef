//! The rows of a body that an API sends in place of pages: CSV or JSON Lines, plain or in gzip. They
//! are given some at a time, so that an export of any size never stands in memory as values.

use std::fmt;
use std::io::{BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::bounded::Bounded;
use super::csv::CsvReader;
use super::row::Fault;
use crate::sources::json::{self, Document, write_text};

/// So many rows are given at once, or so many bytes of them.
const ROWS_AT_ONCE: usize = 2_000;
const BYTES_AT_ONCE: usize = 4 << 20;
const GZIP: &[u8] = b"\x1f\x8b";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sources) enum RowFormat {
    /// RFC 4180, with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl RowFormat {
    /// What a person calls it.
    pub(in crate::sources) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Jsonl => "JSON Lines",
        }
    }
}

/// What is decoded of a body; its bytes are bounded.
type Input = Bounded<Box<dyn Read + Send + Sync>>;

/// A body under way.
pub(in crate::sources) struct Rows {
    reader: Reader,
}

enum Reader {
    Csv {
        reader: CsvReader<Input>,
        /// The columns as the keys of an object: `"Id":`.
        keys: Vec<String>,
    },
    Lines {
        input: BufReader<Input>,
        line: u64,
        line_bytes_max: u64,
    },
}

impl Rows {
    /// Opens a body. It may decode to `decoded_bytes_max` bytes, of which no row has more than
    /// `row_bytes_max`.
    pub(in crate::sources) fn open(
        format: RowFormat,
        body: Vec<u8>,
        row_bytes_max: u64,
        decoded_bytes_max: u64,
    ) -> Result<Self, Fault> {
        let is_packed = body.starts_with(GZIP);
        let plain = Cursor::new(body);
        let input: Box<dyn Read + Send + Sync> = if is_packed {
            Box::new(MultiGzDecoder::new(plain))
        } else {
            Box::new(plain)
        };
        let input = Bounded::exactly(input, decoded_bytes_max);
        let reader = match format {
            RowFormat::Csv => {
                let reader = CsvReader::open(input, row_bytes_max)?;
                let keys = reader.columns().iter().map(|name| {
                    let mut key = String::new();
                    write_text(name, &mut key);
                    key.push(':');
                    key
                });
                let keys = keys.collect();
                Reader::Csv { reader, keys }
            }
            RowFormat::Jsonl => Reader::Lines {
                input: BufReader::new(input),
                line: 0,
                line_bytes_max: row_bytes_max,
            },
        };
        Ok(Self { reader })
    }

    /// The columns that every row has; none where each row names its own.
    pub(in crate::sources) fn columns(&self) -> &[String] {
        match &self.reader {
            Reader::Csv { reader, .. } => reader.columns(),
            Reader::Lines { .. } => &[],
        }
    }

    /// How many bytes were decoded so far.
    pub(in crate::sources) fn decoded_bytes(&self) -> u64 {
        match &self.reader {
            Reader::Csv { reader, .. } => reader.input().taken(),
            Reader::Lines { input, .. } => input.get_ref().taken(),
        }
    }

    /// The next rows as a list of objects; nothing after the last. A cell without letters is an
    /// empty text. A row that cannot be taken apart ends the body: nobody can say what else in it is
    /// not what was sent.
    pub(in crate::sources) fn some_rows(&mut self) -> Result<Option<Document>, Fault> {
        match &mut self.reader {
            Reader::Csv { reader, keys } => some_cells(reader, keys),
            Reader::Lines {
                input,
                line,
                line_bytes_max,
            } => some_lines(input, line, *line_bytes_max),
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rows")
            .field("columns", &self.columns())
            .finish_non_exhaustive()
    }
}

fn some_cells(reader: &mut CsvReader<Input>, keys: &[String]) -> Result<Option<Document>, Fault> {
    let mut text = String::from("[");
    let mut row_count = 0;
    while row_count < ROWS_AT_ONCE && text.len() < BYTES_AT_ONCE {
        let Some(cells) = reader.next_texts()? else {
            break;
        };
        text.push(if row_count == 0 { '{' } else { ',' });
        if row_count > 0 {
            text.push('{');
        }
        for (at, (key, cell)) in keys.iter().zip(&cells).enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(key);
            write_text(cell, &mut text);
        }
        text.push('}');
        row_count += 1;
    }
    if row_count == 0 {
        return Ok(None);
    }
    text.push(']');
    Document::of_own(text).map(Some).map_err(Fault::NotFormat)
}

fn some_lines(
    input: &mut BufReader<Input>,
    line: &mut u64,
    line_bytes_max: u64,
) -> Result<Option<Document>, Fault> {
    let first_line = *line + 1;
    let mut text = vec![b'['];
    let mut row_count = 0;
    while row_count < ROWS_AT_ONCE && text.len() < BYTES_AT_ONCE {
        let mut bytes = Vec::new();
        let limit = line_bytes_max.saturating_add(1);
        let size = input.take(limit).read_until(b'\n', &mut bytes)?;
        if size == 0 {
            break;
        }
        *line += 1;
        if size as u64 > line_bytes_max {
            return Err(Fault::TooLarge(format!(
                "line {line} is longer than `limits.page_bytes`"
            )));
        }
        let bytes = bytes.trim_ascii();
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        if bytes.is_empty() {
            continue;
        }
        if row_count > 0 {
            text.push(b',');
        }
        text.extend_from_slice(bytes);
        row_count += 1;
    }
    if row_count == 0 {
        return Ok(None);
    }
    text.push(b']');
    let spoilt = || {
        Fault::NotFormat(format!(
            "not every line from {first_line} to {line} is a JSON object"
        ))
    };
    let document = json::parse(text).map_err(|_| spoilt())?;
    let are_rows = document.root().items().is_some_and(|mut items| {
        let mut count = 0;
        items.all(|item| {
            count += 1;
            item.entries().is_some()
        }) && count == row_count
    });
    if are_rows {
        Ok(Some(document))
    } else {
        Err(spoilt())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn all(format: RowFormat, body: impl Into<Vec<u8>>) -> Result<Vec<String>, Fault> {
        let mut rows = Rows::open(format, body.into(), 1 << 20, 1 << 24)?;
        let mut texts = Vec::new();
        while let Some(some) = rows.some_rows()? {
            texts.extend(some.root().items().unwrap().map(json::Json::to_text));
        }
        Ok(texts)
    }

    // Goal: cells become texts under their columns, with quotes, blanks and lines inside. Method: an
    // export as Salesforce writes it, plain and packed.
    #[test]
    fn a_table_becomes_objects() {
        let text = "\"Id\",\"Owner.Name\"\n\"1\",\"a, \"\"b\"\"\nc\"\n\"2\",\"\"\n";
        let expected = [
            r#"{"Id":"1","Owner.Name":"a, \"b\"\nc"}"#,
            r#"{"Id":"2","Owner.Name":""}"#,
        ];
        assert_eq!(all(RowFormat::Csv, text).unwrap(), expected);
        assert_eq!(all(RowFormat::Csv, packed(text)).unwrap(), expected);
        assert!(all(RowFormat::Csv, "Id\n").unwrap().is_empty());
        assert!(all(RowFormat::Csv, "").is_err());
        assert!(all(RowFormat::Csv, "Id,Name\n1\n").is_err());
        assert!(all(RowFormat::Csv, "Id\n\"never closed\n").is_err());
    }

    // Goal: lines are rows, many of them in several parts; a broken one is no row. Method: 4,500
    // lines, then what is none.
    #[test]
    fn lines_come_some_at_a_time() {
        let lines: Vec<String> = (0..4_500)
            .map(|at| format!("{{\"id\":{at}}}\r\n"))
            .collect();
        let text = lines.concat();
        let mut rows = Rows::open(RowFormat::Jsonl, packed(&text), 1 << 20, 1 << 24).unwrap();
        let mut sizes = Vec::new();
        while let Some(some) = rows.some_rows().unwrap() {
            sizes.push(some.root().items().unwrap().count());
        }
        assert_eq!(sizes, [2_000, 2_000, 500]);
        assert_eq!(rows.decoded_bytes(), text.len() as u64);
        assert!(all(RowFormat::Jsonl, "").unwrap().is_empty());
        for wrong in [
            "<html>\n",
            "{\"id\":1}\n[2]\n",
            "{\"a\":1},{\"a\":2}\n",
            "{",
        ] {
            assert!(all(RowFormat::Jsonl, wrong).is_err(), "{wrong}");
        }
    }

    // Goal: what is cut off, or unpacks without end, is no body. Method: half a gzip file, and one
    // of zeros.
    #[test]
    fn a_packed_body_is_whole_and_bounded() {
        let mut half = packed(&"{\"id\":1}\n".repeat(50));
        half.truncate(half.len() - 4);
        assert!(all(RowFormat::Jsonl, half).is_err());
        let bomb = packed(&"x".repeat(1 << 20));
        let mut rows = Rows::open(RowFormat::Jsonl, bomb, 1 << 24, 1 << 10).unwrap();
        assert!(matches!(rows.some_rows(), Err(Fault::TooLarge(_))));
    }
}
