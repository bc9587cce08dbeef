//! What is wrong with a configuration, told with file, line and caret.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rapidfuzz::distance::damerau_levenshtein;

use crate::fault::{Exit, Fault, Retry};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    message: String,
    place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
    width: usize,
    text: String,
}

impl Problem {
    /// A problem at a span of the file's text.
    pub(crate) fn at(text: &str, span: Option<Range<usize>>, message: &str) -> Self {
        let place = span.and_then(|span| Place::of(text, &span));
        Self {
            message: message.trim().replace('\n', "; "),
            place,
        }
    }

    /// A problem that serde found: its lists of known keys become the nearest one.
    pub(super) fn of_serde(text: &str, span: Option<Range<usize>>, message: &str) -> Self {
        let plain = message.trim();
        let retold = plain
            .strip_prefix("unknown field `")
            .or_else(|| plain.strip_prefix("unknown variant `"))
            .and_then(|rest| rest.split_once('`'))
            .map(|(wrong, rest)| {
                let what = if plain.starts_with("unknown field") {
                    "key"
                } else {
                    "value"
                };
                retell_unknown(what, wrong, rest)
            });
        Self::at(text, span, retold.as_deref().unwrap_or(plain))
    }

    /// The problems in the order of their places.
    pub(crate) fn sorted(mut problems: Vec<Self>) -> Vec<Self> {
        problems.sort_by_key(|problem| {
            problem
                .place
                .as_ref()
                .map_or((usize::MAX, 0), |place| (place.line, place.column))
        });
        problems.dedup();
        problems
    }
}

fn retell_unknown(what: &str, wrong: &str, rest: &str) -> String {
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    // A secret written inline must not be told again.
    if known == ["env", "file", "credential"] {
        return "a secret is never written inline: say where it is kept, as { env = \"NAME\" }, \
                { file = \"path\" } or { credential = \"name\" }"
            .to_owned();
    }
    match nearest(wrong, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{wrong}`: did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown {what} `{wrong}`: none is known here"),
        None => format!("unknown {what} `{wrong}`: known are {}", known.join(", ")),
    }
}

/// The known name nearest to a mistyped one, if any is near, for hints of other modules.
pub fn nearest_name<'n>(wrong: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(wrong, known).map(str::to_owned)
}

/// The known name nearest to a mistyped one, if any is near.
pub(super) fn nearest<'n>(
    wrong: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let lower = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| {
            (
                damerau_levenshtein::distance(lower.chars(), name.to_lowercase().chars()),
                name,
            )
        })
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

impl Place {
    fn of(text: &str, span: &Range<usize>) -> Option<Self> {
        let start = span.start.min(text.len());
        let before = text.get(..start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_text = text.get(line_start..)?.lines().next().unwrap_or_default();
        let column = text.get(line_start..start)?.chars().count();
        let line_end = line_start + line_text.len();
        let covered = text
            .get(start..span.end.min(line_end).max(start))
            .unwrap_or_default();
        Some(Self {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            width: covered.chars().count().max(1),
            text: redacted(line_text),
        })
    }
}

/// The line as it may be shown: what stands in quotes behind a key that names a secret is hidden,
/// should somebody have written one inline.
fn redacted(line: &str) -> String {
    const SECRET_KEYS: [&str; 7] = [
        "token",
        "api_key",
        "client_secret",
        "refresh_token",
        "private_key",
        "secret",
        "password",
    ];
    let key = line.split('=').next().unwrap_or_default().trim();
    if !SECRET_KEYS.contains(&key) || line.contains('{') {
        return line.to_owned();
    }
    let shown = line.find('=').map_or(line.len(), |at| at + 1);
    format!("{} [secret]", &line[..shown])
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub enum ConfigError {
    /// There is no file to read.
    Missing {
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// The file could not be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file was read, and these things in it are wrong.
    Invalid {
        /// The file.
        path: PathBuf,
        /// All of them, in order.
        problems: Vec<Problem>,
    },
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => Some(cause),
            Self::Missing { .. } | Self::Invalid { .. } => None,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { tried } => {
                let paths: Vec<_> = tried
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect();
                write!(
                    formatter,
                    "there is no configuration: looked for {}",
                    paths.join(", ")
                )
            }
            Self::Unreadable { path, .. } => {
                write!(
                    formatter,
                    "the configuration could not be read: {}",
                    path.display()
                )
            }
            Self::Invalid { path, problems } => {
                write_problems(formatter, "the configuration", path, problems)
            }
        }
    }
}

/// What is wrong with a file that is no configuration but is told in the same way: a rule.
#[derive(Debug)]
pub struct Problems {
    /// What the file is, as `the rule`.
    pub subject: &'static str,
    /// The file.
    pub path: PathBuf,
    /// All of them.
    pub problems: Vec<Problem>,
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_problems(formatter, self.subject, &self.path, &self.problems)
    }
}

fn write_problems(
    formatter: &mut fmt::Formatter<'_>,
    subject: &str,
    path: &Path,
    problems: &[Problem],
) -> fmt::Result {
    let count = match problems.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    write!(formatter, "{subject} has {count}: {}", path.display())?;
    for problem in problems {
        let Some(place) = &problem.place else {
            write!(formatter, "\n\n  {}", problem.message)?;
            continue;
        };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(place.column - 1);
        let carets = "^".repeat(place.width);
        write!(
            formatter,
            "\n\n  {margin}--> {path}:{line}:{column}\n  {margin} |\n  {number} | {text}\n  \
             {margin} | {indent}{carets} {message}",
            path = path.display(),
            line = place.line,
            column = place.column,
            text = place.text,
            message = problem.message,
        )?;
    }
    Ok(())
}

impl Fault for ConfigError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "XF-K001",
            Self::Unreadable { .. } => "XF-K002",
            Self::Invalid { .. } => "XF-K003",
        }
    }

    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing { .. } => {
                "name one with --config, or write a first one with `crossfoot init`".into()
            }
            Self::Unreadable { .. } => "check that crossfoot's user may read it".into(),
            Self::Invalid { .. } => {
                "every key is described in config/crossfoot.toml and by `crossfoot config schema`"
                    .into()
            }
        })
    }

    fn effect(&self) -> Option<String> {
        Some("nothing was read, changed or sent".into())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
