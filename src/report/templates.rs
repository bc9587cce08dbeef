//! The templates, which are in the binary, and the engine that fills them: HTML is escaped, an
//! undefined name is an error, and a loop without an end runs out of fuel.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::ReportError;
use super::document::{Document, isolated};

const HTML: &str = include_str!("../../config/templates/report.html");
const TEXT: &str = include_str!("../../config/templates/report.txt");

/// Steps that a template may take: a full report takes a hundredth of it.
const FUEL: u64 = 5_000_000;
/// The columns of the text part's sentences.
const TEXT_COLUMNS: usize = 76;

/// The HTML part.
pub(super) fn html_of(document: &Document) -> Result<String, ReportError> {
    fill("report.html", HTML, document)
}

/// The text part.
pub(super) fn text_of(document: &Document) -> Result<String, ReportError> {
    fill("report.txt", TEXT, document)
}

fn fill(
    name: &'static str,
    source: &'static str,
    document: &Document,
) -> Result<String, ReportError> {
    let failed = |cause| ReportError::Template { name, cause };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .map_err(failed)?;
    environment.set_syntax(syntax);
    environment.set_auto_escape_callback(|template| {
        if template == "report.txt" {
            AutoEscape::None
        } else {
            AutoEscape::Html
        }
    });
    environment.add_filter("wrapped", |text: String| wrapped(&text, TEXT_COLUMNS));
    environment.add_filter("isolated", |text: String| isolated(&text));
    environment.add_template(name, source).map_err(failed)?;
    environment
        .get_template(name)
        .and_then(|template| template.render(Serde(document)))
        .map_err(failed)
}

/// The text in lines of at most `columns`, broken at blanks.
fn wrapped(text: &str, columns: usize) -> String {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let needed = word.chars().count();
        if length > 0 && length + 1 + needed > columns {
            lines.push(String::new());
            length = 0;
        }
        if let Some(line) = lines.last_mut() {
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
        }
        length += needed;
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_at_blanks() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(
            wrapped("a-word-that-is-too-long b", 5),
            "a-word-that-is-too-long\nb"
        );
    }
}
