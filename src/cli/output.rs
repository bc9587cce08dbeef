//! Standard output: JSON for machines, aligned tables for people.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::fault::{Failure, Fault, Retry};

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output could not be written")]
pub(crate) struct OutputError(#[source] io::Error);

impl Fault for OutputError {
    fn code(&self) -> &'static str {
        if self.0.kind() == io::ErrorKind::BrokenPipe {
            "XF-K011"
        } else {
            "XF-K010"
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }
}

/// Whether a failure only says that the reader of our output has gone, which is no error of ours.
pub(crate) fn is_closed_pipe(failure: &Failure) -> bool {
    failure.code() == "XF-K011"
}

/// Writes one line to standard error.
pub(crate) fn error_line(line: &str) {
    // Nothing is left to tell the failure of this to.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Writes one line to standard output.
pub(crate) fn line(text: impl AsRef<str>) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{}", text.as_ref()).map_err(|error| OutputError(error).into())
}

/// Writes a value as indented JSON.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    serde_json::to_writer_pretty(&mut output, value)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(output))
        .map_err(|error| OutputError(error).into())
}

/// Whether colours may be used on standard output.
pub(crate) fn colours() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR is the environment's to say"
    )]
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && io::stdout().is_terminal()
}

/// Text in bold on a terminal.
pub(crate) fn bold(text: &str) -> String {
    if colours() {
        format!("\u{1b}[1m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// A table for people. Columns that hold numbers are aligned to the right.
pub(crate) struct Table {
    headers: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table; a header that starts with `>` aligns its column to the right.
    pub(crate) fn new(headers: &[&'static str]) -> Self {
        Self {
            headers: headers.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table, or `nothing` where it has no rows.
    pub(crate) fn print(&self, nothing: &str) -> Result<(), Failure> {
        if self.is_empty() {
            return line(nothing);
        }
        let titles: Vec<&str> = self
            .headers
            .iter()
            .map(|title| title.trim_start_matches('>'))
            .collect();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(titles[column].len())
        };
        let widths: Vec<usize> = (0..titles.len()).map(width).collect();
        let render = |cells: &[&str]| {
            let mut text = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let padding = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
                let right = self.headers[column].starts_with('>');
                let aligned = if right {
                    format!("{padding}{cell}")
                } else {
                    format!("{cell}{padding}")
                };
                text.push_str(&aligned);
                text.push_str("  ");
            }
            text.trim_end().to_owned()
        };
        line(bold(&render(&titles)))?;
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            line(render(&cells))?;
        }
        Ok(())
    }
}

/// Text of a source as a terminal may show it: no control characters, no line breaks, not endless.
pub(crate) fn plain(text: &str) -> String {
    const LONGEST: usize = 60;
    let clean = without_controls(text);
    if clean.chars().count() > LONGEST {
        let cut: String = clean.chars().take(LONGEST - 1).collect();
        format!("{cut}…")
    } else {
        clean
    }
}

/// Text with a blank for everything that steers a terminal or turns the direction of writing.
pub(crate) fn without_controls(text: &str) -> String {
    let visible = |letter: char| {
        let bidi = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}');
        !letter.is_control() && !bidi
    };
    text.chars()
        .map(|letter| if visible(letter) { letter } else { ' ' })
        .collect()
}

/// A CSV cell that a spreadsheet opens as text or number, never as a formula. Numbers keep their
/// sign.
pub(crate) fn csv_cell(text: &str) -> String {
    let number = text.parse::<rust_decimal::Decimal>().is_ok();
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0']) && !number;
    let safe = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if safe.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}
