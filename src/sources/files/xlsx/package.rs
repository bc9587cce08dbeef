//! The parts of the zip: which sheet there is, under which name, and the texts that cells share.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::super::bounded::Bounded;
use super::super::row::Fault;
use super::super::xml::{Element, Piece, XmlReader};

/// What the workbook says of itself.
pub(super) struct Workbook {
    /// The sheets in their order: their name, and the part that holds them.
    pub(super) sheets: Vec<(String, String)>,
    /// Whether days count from 1904, as old files of the Mac do.
    pub(super) counts_from_1904: bool,
    folder: String,
}

/// The zip.
pub(super) struct Package {
    archive: ZipArchive<File>,
    file: File,
    page_bytes: u64,
}

impl Package {
    pub(super) fn open(file: File, page_bytes: u64) -> Result<Self, Fault> {
        let archive = ZipArchive::new(file.try_clone()?)
            .map_err(|error| Fault::NotFormat(format!("it is no zip: {error}")))?;
        Ok(Self {
            archive,
            file,
            page_bytes,
        })
    }

    /// A part as XML, if there is one. Such a part is held in memory, so it may not be larger than
    /// a page.
    fn part(&mut self, name: &str) -> Result<Option<XmlReader<BufReader<Part>>>, Fault> {
        let Some(mut part) = self.stream(name, false)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes)?;
        let whole: Part = Box::new(std::io::Cursor::new(bytes));
        Ok(Some(XmlReader::new(BufReader::new(whole), self.page_bytes)))
    }

    /// A part as a stream, which outlives the archive. It has its place in the file in common with
    /// all others, so it is read before the next part is asked for.
    pub(super) fn stream(&mut self, name: &str, is_sheet: bool) -> Result<Option<Part>, Fault> {
        let broken = |detail: String| Fault::NotFormat(format!("its part `{name}` {detail}"));
        let (start, stored_bytes, method, checksum) = {
            let part = match self.archive.by_name(name) {
                Ok(part) => part,
                Err(zip::result::ZipError::FileNotFound) => return Ok(None),
                Err(error) => return Err(broken(format!("cannot be read: {error}"))),
            };
            if part.encrypted() {
                return Err(broken(
                    "is encrypted; save it without a password".to_owned(),
                ));
            }
            let start = part
                .data_start()
                .ok_or_else(|| broken("has no place".to_owned()))?;
            (
                start,
                part.compressed_size(),
                part.compression(),
                part.crc32(),
            )
        };
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        let stored = file.take(stored_bytes);
        let plain: Part = match method {
            CompressionMethod::Stored => Box::new(stored),
            CompressionMethod::Deflated => Box::new(DeflateDecoder::new(BufReader::new(stored))),
            other => return Err(broken(format!("is packed by {other}, which is not read"))),
        };
        let bounded = if is_sheet {
            Bounded::decoder(plain, stored_bytes, self.page_bytes)
        } else {
            Bounded::exactly(plain, self.page_bytes)
        };
        Ok(Some(Box::new(Checked {
            inner: bounded,
            found: Crc::new(),
            expected: checksum,
        })))
    }

    /// Reads the list of sheets.
    pub(super) fn workbook(&mut self) -> Result<Workbook, Fault> {
        let not = |detail: &str| Fault::NotFormat(detail.to_owned());
        let main = self
            .relations("_rels/.rels", "")?
            .into_iter()
            .find(|relation| relation.kind.ends_with("/officeDocument"))
            .ok_or_else(|| not("it holds no workbook"))?
            .target;
        let (folder, name) = main.rsplit_once('/').unwrap_or(("", &main));
        let relations = self.relations(&format!("{folder}/_rels/{name}.rels"), folder)?;
        let mut reader = self
            .part(&main)?
            .ok_or_else(|| not("it holds no workbook"))?;
        let mut workbook = Workbook {
            sheets: Vec::new(),
            counts_from_1904: false,
            folder: folder.to_owned(),
        };
        for_each(&mut reader, |element| match element.name.as_str() {
            "workbookPr" => {
                let flag = element.attribute("date1904");
                workbook.counts_from_1904 = matches!(flag, Some("1" | "true"));
            }
            "sheet" => {
                let id = element.attribute("id").unwrap_or_default();
                let part = relations.iter().find(|relation| relation.id == id);
                if let (Some(name), Some(part)) = (element.attribute("name"), part) {
                    let sheet = (name.to_owned(), part.target.clone());
                    workbook.sheets.push(sheet);
                }
            }
            _ => {}
        })?;
        Ok(workbook)
    }

    fn relations(&mut self, name: &str, folder: &str) -> Result<Vec<Relation>, Fault> {
        let name = name.strip_prefix('/').unwrap_or(name);
        let mut found = Vec::new();
        let Some(mut reader) = self.part(name)? else {
            return Ok(found);
        };
        for_each(&mut reader, |element| {
            let text = |name| element.attribute(name).unwrap_or_default().to_owned();
            if element.name == "Relationship" {
                found.push(Relation {
                    id: text("Id"),
                    kind: text("Type"),
                    target: resolved(folder, &text("Target")),
                });
            }
        })?;
        Ok(found)
    }

    /// A part beside the workbook, as `styles.xml`.
    pub(super) fn beside(
        &mut self,
        workbook: &Workbook,
        name: &str,
    ) -> Result<Option<XmlReader<BufReader<Part>>>, Fault> {
        self.part(&resolved(&workbook.folder, name))
    }

    /// The texts that cells share, in their order.
    pub(super) fn shared_texts(&mut self, workbook: &Workbook) -> Result<Vec<String>, Fault> {
        let mut texts = Vec::new();
        let Some(mut reader) = self.beside(workbook, "sharedStrings.xml")? else {
            return Ok(texts);
        };
        loop {
            match reader.next()? {
                Piece::Open(element) if element.name == "si" => {
                    texts.push(text_of(&mut reader)?);
                }
                Piece::End => return Ok(texts),
                _ => {}
            }
        }
    }
}

/// The text of an element whose start was read: all its runs, without what only says how it is
/// pronounced.
pub(super) fn text_of<R: std::io::BufRead>(reader: &mut XmlReader<R>) -> Result<String, Fault> {
    let mut text = String::new();
    let mut around: Vec<bool> = Vec::new();
    loop {
        match reader.next()? {
            Piece::Open(element) if element.name == "rPh" => reader.pass()?,
            Piece::Open(element) => around.push(element.name == "t"),
            Piece::Text(part) if around.last() == Some(&true) => text.push_str(&part),
            Piece::Text(_) => {}
            Piece::Close => {
                if around.pop().is_none() {
                    return Ok(text);
                }
            }
            Piece::End => return Ok(text),
        }
    }
}

struct Relation {
    id: String,
    kind: String,
    target: String,
}

/// A stream of a part's bytes.
pub(super) type Part = Box<dyn Read>;

fn resolved(folder: &str, target: &str) -> String {
    match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None if folder.is_empty() => target.to_owned(),
        None => format!("{folder}/{target}"),
    }
}

fn for_each<R: std::io::BufRead>(
    reader: &mut XmlReader<R>,
    mut see: impl FnMut(&Element),
) -> Result<(), Fault> {
    loop {
        match reader.next()? {
            Piece::Open(element) => see(&element),
            Piece::End => return Ok(()),
            _ => {}
        }
    }
}

/// Compares the checksum at the end.
struct Checked<R> {
    inner: R,
    found: Crc,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.found.sum() != self.expected {
            let detail = "a part of it is damaged: its checksum does not tie";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, detail));
        }
        self.found.update(&buffer[..read]);
        Ok(read)
    }
}
