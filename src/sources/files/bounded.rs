//! Limits on what a compressed file may become, and on how much of a file one row may take.

use std::io::{self, BufRead, Read};

/// Text exports shrink to a tenth, spreadsheets to a fiftieth; what claims more is made to fill the
/// memory or the disk.
const RATIO_MAX: u64 = 200;

/// Lets a decoder give so much and no more.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    most: u64,
}

impl<R: Read> Bounded<R> {
    /// What `stored_bytes` in the file may decode to: two hundred times that, and at least
    /// `page_bytes`.
    pub(super) fn decoder(inner: R, stored_bytes: u64, page_bytes: u64) -> Self {
        Self::exactly(
            inner,
            page_bytes.max(stored_bytes.saturating_mul(RATIO_MAX)),
        )
    }

    /// At most so many bytes.
    pub(super) fn exactly(inner: R, most: u64) -> Self {
        Self {
            inner,
            left: most,
            most,
        }
    }
}

impl<R> Bounded<R> {
    /// How many bytes it gave.
    pub(super) fn taken(&self) -> u64 {
        self.most - self.left
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        // One byte more than is left tells a file that ends here from one that goes on.
        let room = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let wanted = room.min(buffer.len());
        let read = self.inner.read(&mut buffer[..wanted])?;
        if read as u64 > self.left {
            return Err(too_large(format!(
                "unpacks to more than {} bytes",
                self.most
            )));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// Counts the lines, and the bytes since a row began.
pub(super) struct Meter<R> {
    inner: R,
    line: u64,
    row_bytes: u64,
    row_bytes_max: u64,
}

impl<R: BufRead> Meter<R> {
    pub(super) fn new(inner: R, row_bytes_max: u64) -> Self {
        Self {
            inner,
            line: 1,
            row_bytes: 0,
            row_bytes_max,
        }
    }

    /// The line that is being read.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// A new row begins.
    pub(super) fn begin_row(&mut self) {
        self.row_bytes = 0;
    }
}

impl<R: BufRead> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let taken = available.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&available[..taken]);
        self.consume(taken);
        Ok(taken)
    }
}

impl<R: BufRead> BufRead for Meter<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.row_bytes > self.row_bytes_max {
            return Err(too_large(format!(
                "has a row at line {} that is longer than `limits.page_bytes`",
                self.line
            )));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(bytes) = self.inner.fill_buf() {
            let taken = &bytes[..amount.min(bytes.len())];
            self.line += line_ends(taken);
        }
        self.row_bytes += amount as u64;
        self.inner.consume(amount);
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}

fn too_large(detail: String) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_gives_no_more_than_it_may() {
        let mut out = Vec::new();
        Bounded::exactly(&b"12345"[..], 5)
            .read_to_end(&mut out)
            .unwrap();
        assert_eq!(out, b"12345");
        let error = Bounded::exactly(&b"123456"[..], 5)
            .read_to_end(&mut out)
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_row_has_its_line_and_its_limit() {
        let mut meter = Meter::new(&b"ab\ncd\nef"[..], 4);
        let mut line = String::new();
        meter.read_line(&mut line).unwrap();
        assert_eq!((line.as_str(), meter.line()), ("ab\n", 2));
        meter.begin_row();
        meter.read_line(&mut line).unwrap();
        meter.begin_row();
        meter.read_line(&mut line).unwrap();
        assert_eq!(meter.line(), 3);
        let mut endless = Meter::new(&b"abcdefgh"[..], 4);
        let mut buffer = [0; 6];
        assert_eq!(endless.read(&mut buffer).unwrap(), 6);
        assert!(endless.read(&mut buffer).is_err());
    }
}
