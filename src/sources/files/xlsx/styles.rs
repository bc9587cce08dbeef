//! Which cells hold a date: a date is a number whose format says so.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::super::row::Fault;
use super::super::xml::{Piece, XmlReader};

/// By the number of a cell's style, whether it shows a date.
#[derive(Debug, Default)]
pub(super) struct Styles {
    dates: Vec<bool>,
}

impl Styles {
    pub(super) fn read<R: BufRead>(reader: &mut XmlReader<R>) -> Result<Self, Fault> {
        let mut own: BTreeMap<u32, bool> = BTreeMap::new();
        let mut styles = Self::default();
        let mut in_cell_formats = false;
        loop {
            let element = match reader.next()? {
                Piece::Open(element) => element,
                Piece::End => return Ok(styles),
                _ => continue,
            };
            let number = || element.attribute("numFmtId").and_then(|id| id.parse().ok());
            match element.name.as_str() {
                "numFmt" => {
                    if let (Some(id), Some(code)) = (number(), element.attribute("formatCode")) {
                        own.insert(id, shows_date(code));
                    }
                }
                "cellXfs" => in_cell_formats = true,
                "cellStyleXfs" | "cellStyles" | "dxfs" => in_cell_formats = false,
                "xf" if in_cell_formats => {
                    let id = number().unwrap_or(0);
                    let is_date = own
                        .get(&id)
                        .copied()
                        .unwrap_or_else(|| is_built_in_date(id));
                    styles.dates.push(is_date);
                }
                _ => {}
            }
        }
    }

    pub(super) fn is_date(&self, style: usize) -> bool {
        self.dates.get(style).copied().unwrap_or(false)
    }
}

/// The numbers below 164 are the same in every file; 27 to 36 and 50 to 58 are dates of East Asia.
fn is_built_in_date(id: u32) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45 | 47 | 50..=58)
}

/// Whether a format code shows a date or a time of the day; a duration (`[h]:mm`) is neither.
fn shows_date(code: &str) -> bool {
    let mut shows = false;
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ';' => break,
            '"' => {
                letters.find(|letter| *letter == '"');
            }
            '\\' | '_' | '*' => {
                letters.next();
            }
            '[' => {
                let inside: String = letters
                    .by_ref()
                    .take_while(|letter| *letter != ']')
                    .collect();
                let is_elapsed = !inside.is_empty()
                    && inside
                        .chars()
                        .all(|letter| matches!(letter, 'h' | 'm' | 's' | 'H' | 'M' | 'S'));
                if is_elapsed {
                    return false;
                }
            }
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => shows = true,
            _ => {}
        }
    }
    shows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_code_says_whether_it_shows_a_date() {
        for (code, expected) in [
            ("yyyy-mm-dd", true),
            ("[$-409]d\\-mmm\\-yy;@", true),
            ("h:mm AM/PM", true),
            ("[h]:mm", false),
            ("General", false),
            ("0.00E+00", false),
            ("#,##0.00 \"days\"", false),
            ("[Red]#,##0.00_);(#,##0.00)", false),
            ("#,##0.00\\ [$USD]", false),
            ("0_d", false),
        ] {
            assert_eq!(shows_date(code), expected, "{code}");
        }
    }
}
