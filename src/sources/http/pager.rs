//! Where a list stands: which page comes next, and what proved that there is none.

use url::Url;

use super::call::{Body, Call, Reply};
use super::origin::Origin;
use super::template;
use crate::sources::connector::PaginateSpec;
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Path, Scope, Shape};

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
#[derive(Debug)]
pub(super) struct Pager<'s> {
    spec: &'s PaginateSpec,
    position: Position,
}

impl<'s> Pager<'s> {
    /// From the first page on.
    pub(super) fn new(spec: &'s PaginateSpec) -> Self {
        let position = match spec {
            PaginateSpec::Page { first, .. } | PaginateSpec::Offset { first, .. } => {
                Position::Number(*first)
            }
            _ => Position::Start,
        };
        Self { spec, position }
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
            };
        }
        Self::new(spec)
    }

    /// Whether [`Pager::after`] goes on rather than starts anew.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self.position, Position::Token(_))
    }

    /// Turns the list's call into the present page's.
    pub(super) fn apply(&self, call: &mut Call) -> Result<(), SourceError> {
        match (&self.position, self.spec) {
            (
                Position::Token(token),
                PaginateSpec::LastId { parameter, .. }
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
                PaginateSpec::Page { parameter, .. } | PaginateSpec::Offset { parameter, .. },
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
        records: &[Json<'_>],
    ) -> Result<Step, SourceError> {
        let body = Scope::of(reply.json.root());
        let text = |path: &str| Path::new(path).text(body).map(str::to_owned);
        match self.spec {
            PaginateSpec::Single => Ok(Step::End),
            PaginateSpec::Cursor { next, .. } => Ok(match text(next) {
                Some(token) => self.go(Position::Token(token)),
                None => Step::End,
            }),
            PaginateSpec::LastId { id, more, .. } => {
                if text(more).as_deref() != Some("true") {
                    return Ok(Step::End);
                }
                let last_id = records
                    .last()
                    .and_then(|last| Path::new(id).text(Scope::of(*last)));
                Ok(match last_id {
                    Some(token) => self.go(Position::Token(token.to_owned())),
                    None => Step::Unproven("the vendor says there is more and sent nothing".into()),
                })
            }
            PaginateSpec::Page {
                page_count,
                more,
                first,
                ..
            } => {
                let Position::Number(number) = self.position else {
                    return Ok(Step::End);
                };
                let pages: Option<u64> = page_count
                    .as_deref()
                    .and_then(text)
                    .and_then(|count| count.parse().ok());
                let is_last = match (more, pages) {
                    (Some(more), _) => text(more).as_deref() != Some("true"),
                    (None, Some(pages)) => number + 1 >= first + pages,
                    (None, None) => records.is_empty(),
                };
                Ok(if is_last {
                    Step::End
                } else {
                    self.go(Position::Number(number + 1))
                })
            }
            PaginateSpec::Offset { total, first, .. } => {
                let Position::Number(number) = self.position else {
                    return Ok(Step::End);
                };
                let reached = number + records.len() as u64;
                let rows: Option<u64> = total
                    .as_deref()
                    .and_then(text)
                    .and_then(|count| count.parse().ok());
                Ok(match rows {
                    Some(rows) if reached >= first + rows => Step::End,
                    Some(rows) if records.is_empty() => Step::Unproven(format!(
                        "the vendor counts {rows} rows and sent {}",
                        reached - first
                    )),
                    None if records.is_empty() => Step::End,
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

    fn go(&mut self, position: Position) -> Step {
        self.position = position;
        Step::More
    }
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
