//! Texts of XML files in other encodings than UTF-8: a bank's older software writes ISO-8859-1,
//! Windows writes UTF-16. They are read as UTF-8, piece by piece.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::row::Fault;

/// So many bytes are decoded at once.
const PIECE_BYTES: usize = 8 << 10;

/// The text of an XML file as UTF-8; `head` is how the file begins.
pub(super) fn as_utf8(mut stream: Box<dyn Read>, head: &[u8]) -> Result<Box<dyn Read>, Fault> {
    let (encoding, mark_bytes) = encoding_of(head)?;
    if encoding == UTF_8 {
        return Ok(stream);
    }
    io::copy(&mut stream.by_ref().take(mark_bytes), &mut io::sink())?;
    Ok(Box::new(Decoded {
        stream,
        decoder: encoding.new_decoder_without_bom_handling(),
        raw: vec![0; PIECE_BYTES],
        raw_left: 0..0,
        text: Vec::new(),
        text_at: 0,
        is_over: false,
    }))
}

/// The encoding that a file says it has, and the length of the mark in front of its text.
fn encoding_of(head: &[u8]) -> Result<(&'static Encoding, u64), Fault> {
    if let Some((encoding, length)) = Encoding::for_bom(head) {
        return Ok((encoding, length as u64));
    }
    // Without a mark, the first letter of any XML file says how wide letters are.
    if head.starts_with(b"<\0") {
        return Ok((UTF_16LE, 0));
    }
    if head.starts_with(b"\0<") {
        return Ok((UTF_16BE, 0));
    }
    let Some(label) = declared(head) else {
        return Ok((UTF_8, 0));
    };
    match Encoding::for_label(label) {
        // It could be read as single bytes, so it is not what it says: programs that make a text
        // in memory and write it as UTF-8 say so.
        Some(wide) if wide == UTF_16LE || wide == UTF_16BE => Ok((UTF_8, 0)),
        Some(encoding) => Ok((encoding, 0)),
        None => Err(Fault::NotFormat(format!(
            "its encoding is {}, which is not known",
            String::from_utf8_lossy(label)
        ))),
    }
}

/// The encoding that the declaration in front names.
fn declared(head: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"encoding";
    let head = head.trim_ascii_start();
    if !head.starts_with(b"<?xml") {
        return None;
    }
    let end = head.iter().position(|byte| *byte == b'>')?;
    let declaration = &head[..end];
    let at = declaration
        .windows(NAME.len())
        .position(|found| found == NAME)?;
    let rest = declaration[at + NAME.len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    let length = rest.iter().position(|byte| byte == quote)?;
    Some(&rest[..length])
}

/// A text under way.
struct Decoded {
    stream: Box<dyn Read>,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Where in `raw` the bytes are that are not decoded yet.
    raw_left: std::ops::Range<usize>,
    text: Vec<u8>,
    text_at: usize,
    is_over: bool,
}

impl Decoded {
    fn decode(&mut self) -> io::Result<()> {
        if self.raw_left.is_empty() {
            self.raw_left = 0..self.stream.read(&mut self.raw)?;
        }
        let is_last = self.raw_left.is_empty();
        self.text.resize(PIECE_BYTES, 0);
        self.text_at = 0;
        let raw = &self.raw[self.raw_left.clone()];
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(raw, &mut self.text, is_last);
        self.raw_left.start += read;
        self.text.truncate(written);
        match result {
            DecoderResult::Malformed(..) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "it has bytes that are no letters of its encoding, {}",
                    self.decoder.encoding().name()
                ),
            )),
            DecoderResult::InputEmpty => {
                self.is_over = is_last;
                Ok(())
            }
            DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text.len() && !self.is_over {
            self.decode()?;
        }
        let text = &self.text[self.text_at..];
        let taken = text.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&text[..taken]);
        self.text_at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Fault> {
        let mut text = String::new();
        let head = bytes[..bytes.len().min(512)].to_vec();
        as_utf8(Box::new(Cursor::new(bytes.to_vec())), &head)?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn wide(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn every_encoding_gives_one_text() {
        // Goal: a name reads alike from each encoding, also where a letter lies on the border of
        // two pieces. Method: a long text in each, with its mark and without.
        let text = |label: &str| {
            let names = "<N>Müller & Søn, 5 €</N>".repeat(2_000);
            format!("<?xml version=\"1.0\" encoding=\"{label}\"?><a>{names}</a>")
        };
        let latin = |label: &str, euro: u8| -> Vec<u8> {
            let byte = |letter: char| match letter {
                '€' => euro,
                letter => u8::try_from(u32::from(letter)).unwrap(),
            };
            text(label).chars().map(byte).collect()
        };
        assert_eq!(read(text("UTF-8").as_bytes()).unwrap(), text("UTF-8"));
        for (label, euro) in [("windows-1252", 0x80), ("ISO-8859-15", 0xa4)] {
            assert_eq!(read(&latin(label, euro)).unwrap(), text(label));
        }
        let without_euro = text("ISO-8859-1").replace('€', "EUR");
        let bytes: Vec<u8> = without_euro
            .chars()
            .map(|letter| u8::try_from(u32::from(letter)).unwrap())
            .collect();
        assert_eq!(read(&bytes).unwrap(), without_euro);
        let marked = format!("\u{feff}{}", text("UTF-16"));
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(read(&wide(&marked, to_bytes)).unwrap(), text("UTF-16"));
            assert_eq!(
                read(&wide(&text("UTF-16"), to_bytes)).unwrap(),
                text("UTF-16")
            );
        }
        assert_eq!(read(text("utf-16").as_bytes()).unwrap(), text("utf-16"));
    }

    #[test]
    fn what_is_in_no_encoding_is_told() {
        let broken = wide("<a>", u16::to_le_bytes);
        let cut = &broken[..broken.len() - 1];
        for (bytes, expected) in [
            (
                b"<?xml version='1.0' encoding='EBCDIC-XY'?><a/>".as_slice(),
                "EBCDIC-XY",
            ),
            (cut, "UTF-16LE"),
        ] {
            let told = format!("{:?}", read(bytes).unwrap_err());
            assert!(told.contains(expected), "{told}");
        }
    }
}
