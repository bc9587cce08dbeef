//! JSON Lines: one object a line, UTF-8.

use std::io::{BufRead, Read};

use super::row::{Fault, Row, RowReader};
use crate::sources::json::{Shape, parse};

/// A JSONL file under way.
pub(super) struct JsonlReader<R> {
    input: R,
    line: u64,
    line_bytes_max: u64,
    good_count: u64,
    bad_count: u64,
}

impl<R: BufRead> JsonlReader<R> {
    pub(super) fn open(input: R, line_bytes_max: u64) -> Self {
        Self {
            input,
            line: 0,
            line_bytes_max,
            good_count: 0,
            bad_count: 0,
        }
    }
}

impl<R: BufRead> RowReader for JsonlReader<R> {
    fn header(&self) -> Option<&[String]> {
        None
    }

    fn next_row(&mut self) -> Result<Option<Row>, Fault> {
        loop {
            let mut bytes = Vec::new();
            let limit = self.line_bytes_max.saturating_add(1);
            let size = self
                .input
                .by_ref()
                .take(limit)
                .read_until(b'\n', &mut bytes)?;
            if size == 0 {
                // Single lines may be broken; a file of nothing but broken lines is another format.
                return match (self.good_count, self.bad_count) {
                    (0, 1..) => Err(Fault::NotFormat("no line is a JSON object".to_owned())),
                    _ => Ok(None),
                };
            }
            self.line += 1;
            if size as u64 > self.line_bytes_max {
                let detail = format!("line {} is longer than `limits.page_bytes`", self.line);
                return Err(Fault::NotFormat(detail));
            }
            let text = bytes.trim_ascii();
            if text.is_empty() || text == b"\xef\xbb\xbf" {
                continue;
            }
            let reason = match parse(text) {
                Ok(record) if matches!(record.root().shape(), Shape::Object(_)) => {
                    self.good_count += 1;
                    return Ok(Some(Row::Good {
                        line: self.line,
                        record,
                    }));
                }
                Ok(other) => format!("is {}, not an object", other.root().noun()),
                Err(error) => format!("is {error}"),
            };
            self.bad_count += 1;
            let raw = String::from_utf8_lossy(text).into_owned();
            return Ok(Some(Row::Bad {
                line: self.line,
                reason,
                raw,
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_lines_stand_alone() {
        let text = b"\xef\xbb\xbf{\"id\":1}\n\n{\"id\":\n[1]\n{\"id\":2}";
        let mut reader = JsonlReader::open(&text[..], 1 << 20);
        let mut lines = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            lines.push(match row {
                Row::Good { line, .. } => (line, true),
                Row::Bad { line, .. } => (line, false),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(lines, [(1, true), (3, false), (4, false), (5, true)]);
    }

    #[test]
    fn another_format_is_refused() {
        let mut reader = JsonlReader::open(&b"<html>\n<body>\n"[..], 1 << 20);
        assert!(matches!(reader.next_row(), Ok(Some(Row::Bad { .. }))));
        assert!(matches!(reader.next_row(), Ok(Some(Row::Bad { .. }))));
        assert!(reader.next_row().is_err());
        let mut empty = JsonlReader::open(&b""[..], 1 << 20);
        assert!(matches!(empty.next_row(), Ok(None)));
    }
}
