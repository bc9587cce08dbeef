//! From the file's text to a [`Config`], or every error that is in it, each with its place.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::Config;
use super::problem::{ConfigError, Problem};
use super::validate::{span_of, validate};

/// How many errors are told at once; a file with more is not a configuration of crossfoot.
const PROBLEM_COUNT_MAX: usize = 50;

impl Config {
    /// Reads and checks a configuration file. All errors are told at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let base = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        Self::parse(&text, path, &base)
    }

    /// Checks a configuration's text. `path` names it in errors; relative paths start at `base`.
    pub fn parse(text: &str, path: &Path, base: &Path) -> Result<Self, ConfigError> {
        let invalid = |problems| ConfigError::Invalid {
            path: path.to_owned(),
            problems: Problem::sorted(problems),
        };
        let table = table_of(text).map_err(invalid)?;
        let (config, mut problems) = typed::<Self>(text, table.clone());
        let Some(mut config) = config else {
            return Err(invalid(problems));
        };
        base.clone_into(&mut config.base);
        problems.extend(validate(&config, text, table.get_ref()));
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(invalid(problems))
        }
    }
}

/// A file's table with the places of its entries, to point at what is wrong beyond its types.
pub(crate) struct Places<'t> {
    text: &'t str,
    table: Spanned<DeTable<'t>>,
}

impl Places<'_> {
    /// A problem with the value at a path; with the nearest table above it that is there.
    pub(crate) fn problem(&self, path: &[&str], message: &str) -> Problem {
        Problem::at(self.text, self.span(path), message)
    }

    /// The table itself.
    pub(super) fn table(&self) -> &DeTable<'_> {
        self.table.get_ref()
    }

    /// A problem with a word somewhere inside the value at a path: a name in an SQL text.
    pub(crate) fn problem_within(&self, path: &[&str], word: &str, message: &str) -> Problem {
        let span = self.span(path);
        let inner = span.clone().and_then(|span| {
            let at = find_word(self.text.get(span.clone())?, word)?;
            Some(span.start + at..span.start + at + word.len())
        });
        Problem::at(self.text, inner.or(span), message)
    }

    fn span(&self, path: &[&str]) -> Option<std::ops::Range<usize>> {
        span_of(self.table.get_ref(), path)
    }
}

/// Where a word stands in a text, not as a part of a longer one.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_part = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    };
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        !is_part(text[..*at].chars().next_back())
            && !is_part(text[at + word.len()..].chars().next())
    })
}

/// A TOML text as a typed value with the places of its entries, or everything that is wrong.
pub(crate) fn read_toml<T: DeserializeOwned>(text: &str) -> Result<(T, Places<'_>), Vec<Problem>> {
    let table = table_of(text)?;
    let (value, problems) = typed(text, table.clone());
    match value {
        Some(value) if problems.is_empty() => Ok((value, Places { text, table })),
        _ => Err(Problem::sorted(problems)),
    }
}

/// The entries of a TOML text with their places, or every error of its syntax.
fn table_of(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Problem>> {
    let (table, syntax_errors) = DeTable::parse_recoverable(text);
    if syntax_errors.is_empty() {
        return Ok(table);
    }
    let problems = syntax_errors
        .iter()
        .take(PROBLEM_COUNT_MAX)
        .map(|error| Problem::at(text, error.span(), error.message()));
    Err(problems.collect())
}

/// Deserializes again and again, each time without the entry that was wrong, until what is left is
/// right: so every wrong entry is found, not only the first.
fn typed<T: DeserializeOwned>(
    text: &str,
    table: Spanned<DeTable<'_>>,
) -> (Option<T>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut rest = table;
    while problems.len() < PROBLEM_COUNT_MAX {
        match T::deserialize(Deserializer::from(rest.clone())) {
            Ok(value) => return (Some(value), problems),
            Err(error) => {
                let span = error.span();
                problems.push(Problem::of_serde(text, span.clone(), error.message()));
                let Some(span) = span else { break };
                if !remove_at(rest.get_mut(), span.start, span.end) {
                    break;
                }
            }
        }
    }
    (None, problems)
}

/// Removes the innermost entry whose key or value covers the span; `false` where there is none.
fn remove_at(table: &mut DeTable<'_>, start: usize, end: usize) -> bool {
    let mut doomed = None;
    for (key, value) in table.iter_mut() {
        let key_covers = key.span().start <= start && end <= key.span().end;
        let value_span = value.span();
        let exact = value_span == (start..end);
        if key_covers || exact {
            doomed = Some(key.get_ref().to_string());
            break;
        }
        match value.get_mut() {
            DeValue::Table(inner) => {
                let removed = remove_at(inner, start, end);
                if removed {
                    return true;
                }
            }
            DeValue::Array(items) => {
                let mut wrong_item = None;
                for (at, item) in items.iter_mut().enumerate() {
                    if let DeValue::Table(inner) = item.get_mut()
                        && remove_at(inner, start, end)
                    {
                        return true;
                    }
                    if item.span().start <= start && end <= item.span().end {
                        wrong_item = Some(at);
                    }
                }
                if let Some(at) = wrong_item {
                    let mut index = 0;
                    let old = std::mem::replace(items, DeArray::new());
                    let others = old.into_iter().filter(|_| {
                        index += 1;
                        index != at + 1
                    });
                    *items = others.collect();
                    return true;
                }
            }
            _ => {}
        }
        if value_span.start <= start && end <= value_span.end && !value_span.is_empty() {
            doomed = Some(key.get_ref().to_string());
            break;
        }
    }
    doomed.is_some_and(|key| table.remove(key.as_str()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Exit, Fault};

    const COMPANY: &str = "[company]\nname = \"N\"\ntimezone = \"UTC\"\ncurrency = \"USD\"\n";

    fn parse(text: &str) -> Result<Config, String> {
        let path = Path::new("crossfoot.toml");
        Config::parse(text, path, Path::new("")).map_err(|error| {
            assert_eq!(error.exit(), Exit::Usage);
            error.to_string()
        })
    }

    /// Goal: every error of a file is told at once, each with its line and the nearest known name.
    #[test]
    fn all_errors_are_told_at_once() {
        let text = format!(
            "{COMPANY}[source.crm]\nconnector = \"hubspot\"\ntokn = {{ env = \"T\" }}\n\
             max_age = \"26 hours\"\n[job.nightly]\nschedule = \"30 1 * * *\"\nsync = [\"cmr\"]\n\
             [tolernce]\nmode = \"strict\"\n[engine]\nmemory_limit = 5\n"
        );
        let error = parse(&text).unwrap_err();
        for part in [
            "5 errors",
            "crossfoot.toml:7:1",
            "unknown key `tokn`: did you mean `token`?",
            "crossfoot.toml:8:11",
            "`26 hours` is no length of time",
            "there is no source `cmr`: did you mean `crm`?",
            "unknown key `tolernce`: did you mean `tolerance`?",
            "crossfoot.toml:15:16",
        ] {
            assert!(error.contains(part), "`{part}` is missing in:\n{error}");
        }
    }

    /// Goal: a secret that somebody wrote inline is refused and not shown.
    #[test]
    fn an_inline_secret_is_not_printed() {
        let text =
            format!("{COMPANY}[source.crm]\nconnector = \"hubspot\"\ntoken = \"pat-1234\"\n");
        let error = parse(&text).unwrap_err();
        assert!(!error.contains("pat-1234"), "{error}");
    }

    #[test]
    fn broken_toml_names_its_line() {
        let error = parse("[company\nname = 1").unwrap_err();
        assert!(error.contains("crossfoot.toml:1:"), "{error}");
    }

    #[test]
    fn the_smallest_configuration_has_its_defaults() {
        let config = parse(COMPANY).unwrap();
        assert_eq!(config.store.url, "sqlite:var/crossfoot.db");
        assert_eq!(config.reconcile.open_periods, 3);
    }
}
