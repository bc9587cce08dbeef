//! Which format a file has, and its reader. The ending decides for formats that have no mark of
//! their own; the first bytes decide for all others, since banks name their files as they like.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::bounded::Bounded;
use super::camt::CamtReader;
use super::csv::CsvReader;
use super::encoding::as_utf8;
use super::jsonl::JsonlReader;
use super::parquet::ParquetReader;
use super::row::{Fault, RowReader};
use super::source::FileSet;
use super::x12::X12Reader;
use super::xlsx::{self, XlsxReader};
use crate::canonical::Entity;
use crate::sources::error::SourceError;

/// So many bytes tell what a file is.
const HEAD_BYTES: u64 = 512;
/// How XML in UTF-16 begins.
const WIDE_XML: [&[u8]; 3] = [b"\xff\xfe<\0", b"\xfe\xff\0<", b"\0<"];
const ENDINGS: &str = "its name must end with .csv, .jsonl, .xml, .820, .x12 or .edi (each also \
                       with .gz), .parquet or .xlsx";

/// A file under way.
pub(super) struct Opened {
    pub(super) reader: Box<dyn RowReader>,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Jsonl,
    Parquet,
    Xlsx,
    Camt,
    X12,
    Unknown,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV file",
            Self::Jsonl => "JSONL file",
            Self::Parquet => "Parquet file",
            Self::Xlsx => "XLSX file",
            Self::Camt => "bank statement (camt)",
            Self::X12 => "X12 820 file",
            Self::Unknown => "file of a known format",
        }
    }

    fn by_ending(name: &str) -> Self {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "csv" => Self::Csv,
            "jsonl" | "ndjson" => Self::Jsonl,
            "parquet" => Self::Parquet,
            "xlsx" | "xlsm" => Self::Xlsx,
            "xml" => Self::Camt,
            "820" | "x12" | "edi" => Self::X12,
            _ => Self::Unknown,
        }
    }

    /// What the first bytes say, for an ending that leaves it open.
    fn of(name: &str, head: &[u8]) -> Self {
        let by_ending = Self::by_ending(name);
        if matches!(
            by_ending,
            Self::Csv | Self::Jsonl | Self::Parquet | Self::Xlsx
        ) {
            return by_ending;
        }
        let text = head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(head)
            .trim_ascii_start();
        if text.starts_with(b"ISA") {
            Self::X12
        } else if text.starts_with(b"<") || WIDE_XML.iter().any(|wide| head.starts_with(wide)) {
            Self::Camt
        } else if head.starts_with(b"PK\x03\x04") {
            Self::Xlsx
        } else if head.starts_with(b"PAR1") {
            Self::Parquet
        } else {
            by_ending
        }
    }
}

impl Opened {
    /// A fault of the file as the source's error.
    pub(super) fn error(&self, fault: Fault, files: &FileSet, path: &Path) -> SourceError {
        fault.of(&files.books.source, path.to_owned(), self.format.name())
    }
}

/// Opens a file.
pub(super) fn open(files: &FileSet, entity: Entity, path: &Path) -> Result<Opened, SourceError> {
    let (format, opened) = attempt(files, entity, path);
    match opened {
        Ok(reader) => Ok(Opened { reader, format }),
        Err(fault) => Err(fault.of(&files.books.source, path.to_owned(), format.name())),
    }
}

type Attempt = (Format, Result<Box<dyn RowReader>, Fault>);

fn attempt(files: &FileSet, entity: Entity, path: &Path) -> Attempt {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let plain_name = name.strip_suffix(".gz").unwrap_or(&name);
    let unpacked = match unpacked(files, path, plain_name != name) {
        Ok(found) => found,
        Err(fault) => return (Format::by_ending(plain_name), Err(fault)),
    };
    let format = Format::of(plain_name, &unpacked.head);
    let opened = reader_of(files, entity, path, format, unpacked);
    (format, opened)
}

/// A file as the stream of its text.
struct Unpacked {
    stream: Box<dyn Read>,
    /// How it begins.
    head: Vec<u8>,
    is_packed: bool,
}

fn unpacked(files: &FileSet, path: &Path, says_packed: bool) -> Result<Unpacked, Fault> {
    const GZIP_MARK: &[u8] = b"\x1f\x8b";
    let file = File::open(path)?;
    let stored_bytes = file.metadata()?.len();
    let (mark, rest) = peeked(file, GZIP_MARK.len() as u64)?;
    let is_packed = mark == GZIP_MARK;
    if says_packed && !is_packed {
        let detail = "its name ends with .gz, and it is not compressed by gzip".to_owned();
        return Err(Fault::NotFormat(detail));
    }
    let stream: Box<dyn Read> = if is_packed {
        let decoder = MultiGzDecoder::new(BufReader::new(rest));
        Box::new(Bounded::decoder(decoder, stored_bytes, files.row_bytes_max))
    } else {
        Box::new(rest)
    };
    let (head, whole) = peeked(stream, HEAD_BYTES)?;
    Ok(Unpacked {
        stream: Box::new(whole),
        head,
        is_packed,
    })
}

/// The first bytes, and a stream that begins with them.
fn peeked<R: Read>(mut stream: R, most: u64) -> Result<(Vec<u8>, impl Read), Fault> {
    let mut head = Vec::new();
    stream.by_ref().take(most).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(stream)))
}

fn reader_of(
    files: &FileSet,
    entity: Entity,
    path: &Path,
    format: Format,
    unpacked: Unpacked,
) -> Result<Box<dyn RowReader>, Fault> {
    let most = files.row_bytes_max;
    let stream = unpacked.stream;
    if unpacked.is_packed && matches!(format, Format::Parquet | Format::Xlsx) {
        let detail = "it is compressed already; take the .gz off".to_owned();
        return Err(Fault::NotFormat(detail));
    }
    Ok(match format {
        Format::Csv => Box::new(CsvReader::open(stream, most)?),
        Format::Jsonl => Box::new(JsonlReader::open(BufReader::new(stream), most)),
        Format::Parquet => Box::new(ParquetReader::open(File::open(path)?)?),
        Format::Xlsx => {
            let wanted = xlsx::Wanted {
                sheet: files.sheets.get(&entity).map(String::as_str),
                zone: files.books.zone.clone(),
                page_bytes: most,
            };
            Box::new(XlsxReader::open(File::open(path)?, &wanted)?)
        }
        Format::Camt => {
            let text = as_utf8(stream, &unpacked.head)?;
            Box::new(CamtReader::open(BufReader::new(text), entity, most)?)
        }
        Format::X12 => Box::new(X12Reader::open(BufReader::new(stream), entity, most)?),
        Format::Unknown => return Err(Fault::NotFormat(ENDINGS.to_owned())),
    })
}
