//! XML, piece by piece or one element with all that it holds. Entities of a document type are not
//! known here, so none can grow without end or read another file.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::bounded::Meter;
use super::row::Fault;

/// Deeper than any statement or sheet is nested.
const DEPTH_MAX: usize = 64;

/// An XML file under way.
pub(super) struct XmlReader<R> {
    reader: Reader<Meter<R>>,
    buffer: Vec<u8>,
    depth: usize,
    has_root: bool,
    /// Whether the text was brought into UTF-8 already, whatever it says of itself.
    is_decoded: bool,
}

/// The start of an element. Prefixes of names are left out: a namespace says the version, and all
/// versions are read alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, text)| text.as_str())
    }
}

/// A piece of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Open(Element),
    Close,
    Text(String),
    End,
}

/// An element with all that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) element: Element,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    /// The children with a name.
    pub(super) fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.children
            .iter()
            .filter(move |child| child.element.name == name)
    }

    /// The first element at the end of a path of names, `RltdPties/Dbtr/Nm`.
    pub(super) fn at(&self, path: &str) -> Option<&Node> {
        path.split('/').try_fold(self, |node, name| {
            node.children
                .iter()
                .find(|child| child.element.name == name)
        })
    }

    /// The text there, unless it is blank.
    pub(super) fn text_at(&self, path: &str) -> Option<&str> {
        self.at(path)
            .map(|node| node.text.trim())
            .filter(|text| !text.is_empty())
    }

    /// The text at the first of several paths that has one.
    pub(super) fn first_text(&self, paths: &[&str]) -> Option<&str> {
        paths.iter().find_map(|path| self.text_at(path))
    }
}

impl<R: BufRead> XmlReader<R> {
    pub(super) fn new(input: R, row_bytes_max: u64) -> Self {
        let mut reader = Reader::from_reader(Meter::new(input, row_bytes_max));
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            depth: 0,
            has_root: false,
            is_decoded: false,
        }
    }

    /// The same for a text that was brought into UTF-8 from what it says it is in.
    pub(super) fn decoded(mut self) -> Self {
        self.is_decoded = true;
        self
    }

    /// The line that is being read.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    /// What is read from here on is a new row, for the limit of a row.
    pub(super) fn begin_row(&mut self) {
        self.reader.get_mut().begin_row();
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> Result<Piece, Fault> {
        loop {
            self.buffer.clear();
            let line = self.reader.get_ref().line();
            let at = |detail: &str| Fault::NotFormat(format!("at line {line}, {detail}"));
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => {
                    return Err(std::io::Error::new(error.kind(), error.to_string()).into());
                }
                Err(error) => return Err(at(&format!("it is no XML: {error}"))),
            };
            let no_text = |_| at("a text is not in UTF-8");
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(at("elements are nested deeper than 64"));
                    }
                    self.has_root = true;
                    return element_of(&start).map(Piece::Open).map_err(|why| at(&why));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Piece::Close);
                }
                Event::Text(text) => {
                    return Ok(Piece::Text(text.decode().map_err(no_text)?.into_owned()));
                }
                Event::CData(text) => {
                    return Ok(Piece::Text(text.decode().map_err(no_text)?.into_owned()));
                }
                Event::GeneralRef(name) => {
                    let letter = name
                        .resolve_char_ref()
                        .map_err(|_| at("a character is named that does not exist"))?;
                    if let Some(letter) = letter {
                        return Ok(Piece::Text(letter.to_string()));
                    }
                    let name = name.decode().map_err(no_text)?;
                    return match quick_xml::escape::resolve_predefined_entity(&name) {
                        Some(text) => Ok(Piece::Text(text.to_owned())),
                        None => Err(at(&format!("the entity `{name}` is not known"))),
                    };
                }
                Event::DocType(_) => {
                    return Err(at(
                        "it has a document type (`<!DOCTYPE`), which is not read",
                    ));
                }
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().and_then(Result::ok);
                    if let Some(name) = encoding
                        && !self.is_decoded
                        && !name.eq_ignore_ascii_case(b"utf-8")
                        && !name.eq_ignore_ascii_case(b"us-ascii")
                    {
                        let name = String::from_utf8_lossy(&name);
                        return Err(at(&format!("its encoding is {name}; only UTF-8 is read")));
                    }
                }
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof if self.depth > 0 => {
                    return Err(at("it ends in the middle: elements stay open"));
                }
                Event::Eof if !self.has_root => return Err(at("it has no element")),
                Event::Eof => return Ok(Piece::End),
            }
        }
    }

    /// The next start of an element; nothing at the end of the element around.
    pub(super) fn next_child(&mut self) -> Result<Option<Element>, Fault> {
        loop {
            match self.next()? {
                Piece::Open(element) => return Ok(Some(element)),
                Piece::Close | Piece::End => return Ok(None),
                Piece::Text(_) => {}
            }
        }
    }

    /// All of an element whose start was read.
    pub(super) fn node(&mut self, element: Element) -> Result<Node, Fault> {
        let start = |element| Node {
            element,
            text: String::new(),
            children: Vec::new(),
        };
        let mut around: Vec<Node> = Vec::new();
        let mut node = start(element);
        loop {
            match self.next()? {
                Piece::Open(inner) => around.push(std::mem::replace(&mut node, start(inner))),
                Piece::Text(text) => node.text.push_str(&text),
                Piece::Close => match around.pop() {
                    Some(mut outer) => {
                        outer.children.push(node);
                        node = outer;
                    }
                    None => return Ok(node),
                },
                Piece::End => return Ok(node),
            }
        }
    }

    /// Passes over an element whose start was read.
    pub(super) fn pass(&mut self) -> Result<(), Fault> {
        let mut open = 1_usize;
        while open > 0 {
            match self.next()? {
                Piece::Open(_) => open += 1,
                Piece::Close => open -= 1,
                Piece::Text(_) => {}
                Piece::End => return Ok(()),
            }
        }
        Ok(())
    }
}

fn element_of(start: &BytesStart<'_>) -> Result<Element, String> {
    let local = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("an attribute is wrong: {error}"))?;
        let value = attribute
            .unescape_value()
            .map_err(|error| format!("an attribute is wrong: {error}"))?;
        let name = local(attribute.key.local_name().as_ref());
        attributes.push((name, value.into_owned()));
    }
    Ok(Element {
        name: local(start.local_name().as_ref()),
        attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Result<Node, Fault> {
        let mut reader = XmlReader::new(text.as_bytes(), 1 << 20);
        let element = reader.next_child()?;
        let node = reader.node(element.unwrap())?;
        assert_eq!(reader.next()?, Piece::End);
        Ok(node)
    }

    #[test]
    fn names_lose_their_prefix_and_texts_their_escapes() {
        let node = root(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- x --><n:a xmlns:n='u' n:k='1&amp;2'>\
             <n:b>x &amp; <![CDATA[<y>]]>&#65;</n:b><c/></n:a>",
        )
        .unwrap();
        assert_eq!(node.element.attribute("k"), Some("1&2"));
        assert_eq!(node.text_at("b"), Some("x & <y>A"));
        assert_eq!(node.text_at("c"), None);
        assert_eq!(node.all("b").count(), 1);
    }

    #[test]
    fn what_is_no_plain_xml_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        for (text, expected) in [
            ("<a><b></a>", "no XML"),
            ("<a><b>", "ends in the middle"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type"),
            ("<a>&x;</a>", "`x` is not known"),
            (
                "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
                "ISO-8859-1",
            ),
            (deep.as_str(), "deeper"),
        ] {
            let told = format!("{:?}", root(text).unwrap_err());
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
