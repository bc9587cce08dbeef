//! Where a list stands: which page comes next, and what proved that there is none.

use url::Url;

use super::call::{Body, Call, Reply};
use super::origin::Origin;
use super::template::{self, Given};
use crate::sources::connector::PaginateSpec;
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Path, Scope, Shape};

/// What a page brought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came<'r> {
    pub(super) count: u64,
    /// The last of the records; nothing where only their number is known.
    pub(super) last: Option<Json<'r>>,
}

impl<'r> Came<'r> {
    /// These records.
    pub(super) fn of(records: &[Json<'r>]) -> Self {
        Self {
            count: records.len() as u64,
            last: records.last().copied(),
        }
    }
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Another page.
    More,
    /// Nothing: the end is proven.
    End,
    /// Nothing, though the vendor says otherwise.
    Unproven(String),
}

#[derive(Debug, Clone)]
enum Position {
    Start,
    Token(String),
    Number(u64),
    Link(Url),
}

/// The paging of one list.
#[derive(Debug, Clone)]
pub(super) struct Pager<'s> {
    spec: &'s PaginateSpec,
    position: Position,
    /// The last page's number, where the vendor has told how many there are.
    last: Option<u64>,
}

impl<'s> Pager<'s> {
    /// From the first page on.
    pub(super) fn new(spec: &'s PaginateSpec) -> Self {
        let position = match spec {
            PaginateSpec::Page { first, .. } | PaginateSpec::Offset { first, .. } => {
                Position::Number(*first)
            }
            PaginateSpec::Keyset {
                first: Some(first), ..
            } => Position::Token(first.clone()),
            _ => Position::Start,
        };
        Self {
            spec,
            position,
            last: None,
        }
    }

    /// After the last of the records that are there already, where the protocol can; otherwise
    /// from the first page on.
    pub(super) fn after(spec: &'s PaginateSpec, last: Option<Json<'_>>) -> Self {
        if let PaginateSpec::LastId { id, .. } = spec
            && let Some(last_id) = last.and_then(|last| Path::new(id).text(Scope::of(last)))
        {
            return Self {
                spec,
                position: Position::Token(last_id.to_owned()),
                last: None,
            };
        }
        Self::new(spec)
    }

    /// Whether [`Pager::after`] goes on rather than starts anew.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self.position, Position::Token(_))
    }

    /// The places that are known to follow, this one first: numbered pages of which the vendor has
    /// told how many there are.
    pub(super) fn places_ahead(&self) -> Vec<Self> {
        let (Position::Number(next), Some(last)) = (&self.position, self.last) else {
            return Vec::new();
        };
        let numbers = *next..=last;
        let places = numbers.map(|number| Self {
            position: Position::Number(number),
            ..self.clone()
        });
        places.collect()
    }

    /// The place in the list, for a request that names it.
    pub(super) fn given(&self) -> Vec<Given> {
        let name = match self.spec {
            PaginateSpec::Cursor { .. } => "cursor",
            PaginateSpec::LastId { .. } | PaginateSpec::Keyset { .. } => "last",
            PaginateSpec::Page { .. } => "page",
            PaginateSpec::Offset { .. } => "offset",
            PaginateSpec::Single | PaginateSpec::NextUrl { .. } | PaginateSpec::LinkHeader => {
                return Vec::new();
            }
        };
        let text = match &self.position {
            Position::Token(token) => Some(token.clone()),
            Position::Number(number) => Some(number.to_string()),
            Position::Start | Position::Link(_) => None,
        };
        vec![(name, text)]
    }

    /// Turns the list's call into the present page's.
    pub(super) fn apply(&self, call: &mut Call) -> Result<(), SourceError> {
        match (&self.position, self.spec) {
            (
                Position::Token(token),
                PaginateSpec::LastId {
                    parameter: Some(parameter),
                    ..
                }
                | PaginateSpec::Keyset {
                    parameter: Some(parameter),
                    ..
                }
                | PaginateSpec::Cursor {
                    parameter: Some(parameter),
                    ..
                },
            ) => call.set_query(parameter, token),
            (
                Position::Token(token),
                PaginateSpec::Cursor {
                    body: Some(path), ..
                },
            ) => {
                let is_put = match &mut call.body {
                    Body::Json(body) => template::put(body, path, token),
                    _ => false,
                };
                if !is_put {
                    return Err(SourceError::BadConnector {
                        file: call.what.clone(),
                        detail: format!("the request's body has no place `{path}` for the cursor"),
                    });
                }
            }
            (
                Position::Number(number),
                PaginateSpec::Page {
                    parameter: Some(parameter),
                    ..
                }
                | PaginateSpec::Offset {
                    parameter: Some(parameter),
                    ..
                },
            ) => {
                call.set_query(parameter, &number.to_string());
            }
            (Position::Link(url), _) => call.url = url.clone(),
            _ => {}
        }
        Ok(())
    }

    /// What the body lacks to say whether it is the last page.
    pub(super) fn fits(&self, json: Json<'_>) -> Result<(), String> {
        match self.spec {
            PaginateSpec::LastId { more, .. }
            | PaginateSpec::Page {
                more: Some(more), ..
            }
            | PaginateSpec::Cursor {
                more: Some(more), ..
            } => match Path::new(more).one(Scope::of(json)).map(Json::shape) {
                Some(Shape::Bool(_)) => Ok(()),
                _ => Err(format!(
                    "the body does not say at `{more}` whether there is more"
                )),
            },
            _ => Ok(()),
        }
    }

    /// Goes to the next page.
    pub(super) fn advance(
        &mut self,
        source_name: &str,
        origin: &Origin,
        reply: &Reply,
        came: Came<'_>,
    ) -> Result<Step, SourceError> {
        let body = reply.json.root();
        let text = |path: &str| Path::new(path).text(Scope::of(body)).map(str::to_owned);
        let says = |path: &str| text(path).as_deref() == Some("true");
        match self.spec {
            PaginateSpec::Single => Ok(Step::End),
            PaginateSpec::Cursor {
                next,
                header,
                none,
                more,
                ..
            } => {
                let found = match (next, header) {
                    (Some(path), _) => text(path),
                    (None, Some(name)) => reply.header(name),
                    (None, None) => None,
                };
                let token = found.filter(|token| {
                    !token.is_empty() && none.as_ref().is_none_or(|none| none != token)
                });
                let more = more.as_deref().map(says);
                Ok(match (more, token) {
                    (Some(false), _) | (None, None) => Step::End,
                    (_, Some(token)) => self.go(Position::Token(token)),
                    (Some(true), None) => {
                        Step::Unproven("the vendor says there is more and gave no cursor".into())
                    }
                })
            }
            PaginateSpec::LastId { id, more, .. } => {
                if !says(more) {
                    return Ok(Step::End);
                }
                Ok(self.go_after(id, came.last))
            }
            PaginateSpec::Keyset { id, more, .. } => {
                let is_last = match more {
                    Some(more) => Path::new(more)
                        .one(Scope::of(body))
                        .is_none_or(|flag| flag.scalar() == Some("false")),
                    None => came.count == 0,
                };
                if is_last {
                    return Ok(Step::End);
                }
                Ok(self.go_after(id, came.last))
            }
            PaginateSpec::Page {
                page_count,
                more,
                first,
                total,
                page_size,
                ..
            } => {
                let Position::Number(number) = self.position else {
                    return Ok(Step::End);
                };
                let read = number + 1 - first;
                let pages = page_count.as_deref().and_then(|path| number_at(path, body));
                let rows = total.as_deref().and_then(|path| number_at(path, body));
                let by_rows = |rows: u64| page_size.map(|size| rows.div_ceil(size.max(1)));
                let known = pages.or_else(|| rows.and_then(by_rows));
                let is_last = match (more, known) {
                    (Some(more), _) => !says(more),
                    (None, Some(pages)) => read >= pages,
                    (None, None) => came.count == 0,
                };
                self.last = known
                    .filter(|pages| more.is_none() && *pages > 0)
                    .map(|pages| first + pages - 1);
                Ok(match rows {
                    _ if is_last => Step::End,
                    Some(rows) if came.count == 0 => Step::Unproven(format!(
                        "the vendor counts {rows} rows and page {number} is empty"
                    )),
                    _ => self.go(Position::Number(number + 1)),
                })
            }
            PaginateSpec::Offset { total, first, .. } => {
                let Position::Number(number) = self.position else {
                    return Ok(Step::End);
                };
                let reached = number + came.count;
                let rows = total.as_deref().and_then(|path| number_at(path, body));
                Ok(match rows {
                    Some(rows) if reached >= first + rows => Step::End,
                    Some(rows) if came.count == 0 => Step::Unproven(format!(
                        "the vendor counts {rows} rows and sent {}",
                        reached - first
                    )),
                    None if came.count == 0 => Step::End,
                    _ => self.go(Position::Number(reached)),
                })
            }
            PaginateSpec::NextUrl { next } => match text(next) {
                Some(link) => {
                    let url = origin.follow(source_name, &reply.url, &link)?;
                    Ok(self.go(Position::Link(url)))
                }
                None => Ok(Step::End),
            },
            PaginateSpec::LinkHeader => match reply.link.as_deref().and_then(next_of) {
                Some(link) => {
                    let url = origin.follow(source_name, &reply.url, &link)?;
                    Ok(self.go(Position::Link(url)))
                }
                None => Ok(Step::End),
            },
        }
    }

    /// Goes on after the last record, since the vendor says that there is more.
    fn go_after(&mut self, id: &str, last: Option<Json<'_>>) -> Step {
        let last_id = last.and_then(|last| Path::new(id).text(Scope::of(last)));
        match last_id {
            Some(token) => self.go(Position::Token(token.to_owned())),
            None => Step::Unproven("the vendor says there is more and sent nothing".into()),
        }
    }

    fn go(&mut self, position: Position) -> Step {
        self.position = position;
        Step::More
    }
}

fn number_at(path: &str, body: Json<'_>) -> Option<u64> {
    Path::new(path).text(Scope::of(body))?.parse().ok()
}

/// The URL with `rel="next"` of a `Link` header (RFC 8288).
fn next_of(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (url, behind) = after.split_once('>')?;
        // A comma separates links, but may also stand in the next link's own brackets.
        let parameters = behind.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value
                        .trim()
                        .trim_matches('"')
                        .split_ascii_whitespace()
                        .any(|relation| relation.eq_ignore_ascii_case("next"))
            })
        });
        if is_next {
            return Some(url.trim().to_owned());
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        for (header, expected) in [
            (
                r#"<https://h/x?page=2>; rel="next", <https://h/x?page=9>; rel="last""#,
                Some("https://h/x?page=2"),
            ),
            (
                r#"<https://h/x?a=1,2>; rel="prev", </x?page=3>; rel=next"#,
                Some("/x?page=3"),
            ),
            (
                r#"<https://h/x>; title="a"; rel="prev next""#,
                Some("https://h/x"),
            ),
            (r#"<https://h/x>; rel="last""#, None),
            ("", None),
            ("<broken", None),
        ] {
            assert_eq!(next_of(header).as_deref(), expected, "{header}");
        }
    }
}
