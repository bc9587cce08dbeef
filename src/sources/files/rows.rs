//! The rows of a body that an API sends in place of pages: CSV or JSON Lines, plain or in gzip. They
//! are given some at a time, so that an export of any size never stands in memory as values.

use std::fmt;
use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::bounded::Bounded;
use super::row::Fault;
use super::some_rows::{Lines, SomeRows, Table};

const GZIP: &[u8] = b"\x1f\x8b";

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

/// A body under way.
pub(in crate::sources) struct Rows {
    reader: Reader,
}

enum Reader {
    Csv(Table),
    Lines(Lines),
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
            RowFormat::Csv => Reader::Csv(Table::open(input, row_bytes_max)?),
            RowFormat::Jsonl => Reader::Lines(Lines::open(input, row_bytes_max)),
        };
        Ok(Self { reader })
    }

    /// The columns that every row has; none where each row names its own.
    pub(in crate::sources) fn columns(&self) -> &[String] {
        match &self.reader {
            Reader::Csv(table) => table.columns(),
            Reader::Lines(_) => &[],
        }
    }

    /// How many bytes were decoded so far.
    pub(in crate::sources) fn decoded_bytes(&self) -> u64 {
        match &self.reader {
            Reader::Csv(table) => table.decoded_bytes(),
            Reader::Lines(lines) => lines.decoded_bytes(),
        }
    }

    /// The next rows; nothing after the last. A cell without letters is an empty text. A row that
    /// cannot be taken apart stands apart; one that the body ends in is an error, since nobody knows
    /// what would have followed it.
    pub(in crate::sources) fn some_rows(&mut self) -> Result<Option<SomeRows>, Fault> {
        match &mut self.reader {
            Reader::Csv(table) => table.some_rows(),
            Reader::Lines(lines) => lines.some_rows(),
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::sources::json::Json;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn all(format: RowFormat, body: impl Into<Vec<u8>>) -> Result<Vec<String>, Fault> {
        let mut rows = Rows::open(format, body.into(), 1 << 20, 1 << 24)?;
        let mut texts = Vec::new();
        while let Some(some) = rows.some_rows()? {
            texts.extend(some.good.root().items().unwrap().map(Json::to_text));
            let bad = some.bad.iter();
            texts.extend(bad.map(|row| format!("{} {} {}", row.line, row.reason, row.raw)));
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
        assert!(all(RowFormat::Csv, "Id\n\"never closed\n").is_err());
    }

    // Goal: a row that cannot be read stands apart, and one in which the body ends is an error.
    // Method: rows of every kind of wrong between good ones.
    #[test]
    fn bad_rows_stand_apart() {
        let table = b"Id,Name\n1\n2,b\n3,c,d\n4,\xe9\n5,\"e\"f\n6,g";
        assert_eq!(
            all(RowFormat::Csv, *table).unwrap(),
            [
                r#"{"Id":"2","Name":"b"}"#,
                r#"{"Id":"6","Name":"g"}"#,
                r#"2 has 1 cells where the header has 2 ["1"]"#,
                r#"4 has 3 cells where the header has 2 ["3","c","d"]"#,
                "5 is no UTF-8 text in `Name` [\"4\",\"\u{fffd}\"]",
                r#"6 has text behind a closing quote ["5","ef"]"#,
            ]
        );
        let lines = b"{\"id\":1}\n{\"id\":\n[2]\n{\"id\":3},{\"id\":4}\n{\"id\":5,\"n\":\"\xe9\"}\n{\"id\":6}";
        assert_eq!(
            all(RowFormat::Jsonl, *lines).unwrap(),
            [
                r#"{"id":1}"#,
                r#"{"id":6}"#,
                r#"2 is no JSON at byte 6 {"id":"#,
                "3 is a list, not an object [2]",
                r#"4 is no JSON at byte 8 {"id":3},{"id":4}"#,
                "5 is no UTF-8 text in `n` {\"id\":5,\"n\":\"\u{fffd}\"}",
            ]
        );
        for cut in ["Id,Name\n1,a\n2", "Id,Name\n1"] {
            let Err(Fault::NotFormat(told)) = all(RowFormat::Csv, cut) else {
                panic!("{cut}");
            };
            assert!(told.contains("in the middle of the row"), "{told}");
        }
        assert!(all(RowFormat::Jsonl, "{\"id\":1}\n{\"id\":2").is_err());
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
            sizes.push(some.good.root().items().unwrap().count());
        }
        assert_eq!(sizes, [2_000, 2_000, 500]);
        assert_eq!(rows.decoded_bytes(), text.len() as u64);
        assert!(all(RowFormat::Jsonl, "").unwrap().is_empty());
        for wrong in ["<html>\n", "<html>\n<p>no\n", "[1]\n", "{"] {
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
