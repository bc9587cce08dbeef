//! JSON Lines: one object a line, UTF-8.

use std::io::{BufRead, Read};

use super::csv::cut_off;
use super::row::{Fault, Row, RowReader};
use crate::sources::json::{Shape, parse, write_text};
use crate::sources::mapping::BadRow;

/// A JSONL file under way.
pub(super) struct JsonlReader<R> {
    input: R,
    line: u64,
    line_bytes_max: u64,
    good_count: u64,
    bad_count: u64,
    doubts: Vec<String>,
}

impl<R: BufRead> JsonlReader<R> {
    pub(super) fn open(input: R, line_bytes_max: u64) -> Self {
        Self {
            input,
            line: 0,
            line_bytes_max,
            good_count: 0,
            bad_count: 0,
            doubts: Vec::new(),
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
            if bytes.last() != Some(&b'\n') {
                self.doubts.push(cut_off(self.line));
            }
            return Ok(Some(Row::Bad(bad_line(self.line, text, reason))));
        }
    }

    fn doubts(&self) -> &[String] {
        &self.doubts
    }
}

/// A line that is no record, for the quarantine. Where only one of its values is no UTF-8, the rest
/// says which record it is.
pub(super) fn bad_line(line: u64, bytes: &[u8], reason: String) -> BadRow {
    const UNREADABLE: char = char::REPLACEMENT_CHARACTER;
    let raw = String::from_utf8_lossy(bytes).into_owned();
    let mut row = BadRow::whole(line, reason, raw);
    let read = std::str::from_utf8(bytes)
        .is_err()
        .then(|| parse(row.raw.as_str()));
    let Some(Ok(record)) = read else {
        return row;
    };
    let mut spoilt = Vec::new();
    let mut rest = String::from("{");
    for (key, value) in record.root().entries().into_iter().flatten() {
        let text = value.compact();
        if text.contains(UNREADABLE) || key.contains(UNREADABLE) {
            spoilt.push((key.to_owned(), value.scalar().unwrap_or(&*text).to_owned()));
            continue;
        }
        if rest.len() > 1 {
            rest.push(',');
        }
        write_text(key, &mut rest);
        rest.push(':');
        rest.push_str(&text);
    }
    rest.push('}');
    let is_one = spoilt.len() == 1;
    if let Some((key, text)) = spoilt
        .pop()
        .filter(|(key, _)| is_one && !key.contains(UNREADABLE))
    {
        row.reason = format!("is no UTF-8 text in `{key}`");
        row.rest = parse(rest).ok();
        row.cell = Some((key, text));
    }
    row
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
                Row::Bad(bad) => (bad.line, false),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(lines, [(1, true), (3, false), (4, false), (5, true)]);
    }

    #[test]
    fn another_format_is_refused() {
        let mut reader = JsonlReader::open(&b"<html>\n<body>\n"[..], 1 << 20);
        assert!(matches!(reader.next_row(), Ok(Some(Row::Bad(_)))));
        assert!(matches!(reader.next_row(), Ok(Some(Row::Bad(_)))));
        assert!(reader.next_row().is_err());
        let mut empty = JsonlReader::open(&b""[..], 1 << 20);
        assert!(matches!(empty.next_row(), Ok(None)));
    }
}
