//! An interchange, cut into segments.

use std::io::{BufRead, Read};

use super::super::row::Fault;

/// The first segment has a fixed length: its last bytes are the separators.
const ISA_BYTES: usize = 106;

/// One segment: its name and its elements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Segment {
    elements: Vec<String>,
}

impl Segment {
    pub(super) fn name(&self) -> &str {
        self.elements.first().map_or("", String::as_str)
    }

    /// An element by its number, as in `BPR02`; nothing where it is blank.
    pub(super) fn element(&self, number: usize) -> Option<&str> {
        self.elements
            .get(number)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }

    /// About how much memory it takes.
    pub(super) fn size_bytes(&self) -> u64 {
        self.elements
            .iter()
            .map(|text| text.len() as u64 + 24)
            .sum()
    }
}

/// The segments of a file.
pub(super) struct Segments<R> {
    input: R,
    separator: u8,
    terminator: u8,
    segment_bytes_max: u64,
    count: u64,
}

impl<R: BufRead> Segments<R> {
    pub(super) fn new(input: R, segment_bytes_max: u64) -> Self {
        Self {
            input,
            separator: b'*',
            terminator: b'~',
            segment_bytes_max,
            count: 0,
        }
    }

    /// The number of the segment that was read last, from 1.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The segment that starts an interchange; nothing at the end of the file.
    pub(super) fn start(&mut self) -> Result<Option<Segment>, Fault> {
        self.pass_blanks()?;
        let mut head = Vec::new();
        self.input
            .by_ref()
            .take(ISA_BYTES as u64)
            .read_to_end(&mut head)?;
        if head.is_empty() {
            return Ok(None);
        }
        let place = self.count + 1;
        if !head.starts_with(b"ISA") {
            return Err(Fault::NotFormat(format!(
                "segment {place} should start an interchange (`ISA`) and does not"
            )));
        }
        let separator = head.get(3).copied().unwrap_or_default();
        let terminator = head.get(ISA_BYTES - 1).copied().unwrap_or_default();
        let parts = head.split(|byte| *byte == separator).skip(1).count();
        let is_mark = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b' ' && byte != 0;
        if head.len() < ISA_BYTES || parts != 16 || !is_mark(separator) || !is_mark(terminator) {
            return Err(Fault::NotFormat(
                "its first segment (`ISA`) does not have its 16 elements in 106 characters"
                    .to_owned(),
            ));
        }
        self.separator = separator;
        self.terminator = terminator;
        self.count = place;
        self.cut(&head[..ISA_BYTES - 1]).map(Some)
    }

    /// The next segment.
    pub(super) fn next(&mut self) -> Result<Option<Segment>, Fault> {
        self.pass_blanks()?;
        let mut bytes = Vec::new();
        let limit = self.segment_bytes_max.saturating_add(1);
        let size = self
            .input
            .by_ref()
            .take(limit)
            .read_until(self.terminator, &mut bytes)?;
        if size == 0 {
            return Ok(None);
        }
        self.count += 1;
        if size as u64 > self.segment_bytes_max {
            let detail = format!(
                "has a segment {} longer than `limits.page_bytes`",
                self.count
            );
            return Err(Fault::TooLarge(detail));
        }
        if bytes.pop() != Some(self.terminator) {
            let detail = format!("it ends in the middle of segment {}", self.count);
            return Err(Fault::NotFormat(detail));
        }
        self.cut(&bytes).map(Some)
    }

    /// Ends of lines between segments mean nothing.
    fn pass_blanks(&mut self) -> Result<(), Fault> {
        loop {
            let available = self.input.fill_buf()?;
            let blank = available
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace() && **byte != self.terminator)
                .count();
            if blank == 0 {
                return Ok(());
            }
            self.input.consume(blank);
        }
    }

    fn cut(&self, bytes: &[u8]) -> Result<Segment, Fault> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Fault::NotFormat(format!("segment {} is no UTF-8 text", self.count)))?;
        Ok(Segment {
            elements: text
                .split(char::from(self.separator))
                .map(str::to_owned)
                .collect(),
        })
    }
}
