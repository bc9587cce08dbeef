//! Fetching the children that a page's records do not hold themselves: the rest of a list, records
//! behind ids, or a list for each record. Requests of one page run side by side.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::asked::Asked;
use super::call::Call;
use super::list::ListWalk;
use super::pager::Pager;
use super::plan::{Children, FeedPlan, LookupPlan, PagesPlan, RestPlan};
use super::session::Session;
use super::template::Names;
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::json::{Document, Json, Path, Scope};

/// The children of one feed over one page.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// Each with the place of its parent on the page.
    pub(super) children: Vec<(usize, Document)>,
    /// Records whose embedded children are replaced by the fetched ones, not added to.
    pub(super) replaced: BTreeSet<usize>,
    /// Records of whose children some did not come.
    pub(super) lacking: BTreeSet<usize>,
    /// What did not come.
    pub(super) unproven: Option<String>,
}

impl Fetched {
    fn lacks(&mut self, parents: impl IntoIterator<Item = usize>, why: String) {
        self.lacking.extend(parents);
        self.unproven = self.unproven.take().or(Some(why));
    }
}

/// What one record's walk brought.
type Brought = (usize, Vec<Document>, Option<String>);

/// Fetches what the records of a page lack for one feed.
pub(super) async fn fetch(
    session: &Session,
    feed: &FeedPlan,
    records: &[Json<'_>],
    what: &str,
) -> Result<Fetched, Failure> {
    let mut fetched = Fetched::default();
    let wanted: Vec<(usize, Json<'_>)> = records
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, record)| feed.wants_children_of(Scope::of(*record)))
        .collect();
    match &feed.children {
        Children::Own | Children::Each { rest: None, .. } => {}
        Children::Each {
            path,
            rest: Some(rest),
        } => {
            let mut walks = Vec::new();
            for (at, record) in wanted {
                if has_more(rest, Scope::of(record)) {
                    let embedded = path.records(record).unwrap_or_default();
                    let pager = Pager::after(&rest.pages.paginate, embedded.last().copied());
                    if !pager.goes_on() {
                        fetched.replaced.insert(at);
                    }
                    walks.push(walk(session, &rest.pages, at, record, what).from(pager));
                }
            }
            fetched.take(walk_all(session, walks).await?);
        }
        Children::Lookup { ids, rest, lookup } => {
            let mut named: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
            let mut walks = Vec::new();
            for (at, record) in wanted {
                named.insert(at, texts(ids, record).into_iter().collect());
                if let Some(rest) = rest
                    && has_more(rest, Scope::of(record))
                {
                    walks.push(walk(session, &rest.pages, at, record, what));
                }
            }
            for (at, others, unproven) in walk_all(session, walks).await? {
                let ids = others.iter().filter_map(|one| one.root().scalar());
                named.entry(at).or_default().extend(ids.map(str::to_owned));
                if let Some(why) = unproven {
                    fetched.lacks([at], why);
                }
            }
            look_up(session, lookup, &named, what, &mut fetched).await?;
        }
        Children::Fetch { pages, when } => {
            let has_children =
                |record: Json<'_>| when.iter().all(|one| one.holds(Scope::of(record)));
            let walks = wanted
                .into_iter()
                .filter(|(_, record)| has_children(*record))
                .map(|(at, record)| walk(session, pages, at, record, what))
                .collect();
            fetched.take(walk_all(session, walks).await?);
        }
    }
    Ok(fetched)
}

impl Fetched {
    fn take(&mut self, brought: Vec<Brought>) {
        for (at, children, unproven) in brought {
            self.children
                .extend(children.into_iter().map(|child| (at, child)));
            if let Some(why) = unproven {
                self.lacks([at], why);
            }
        }
    }
}

/// A walk over the children of the record at a place of the page.
struct ChildWalk<'w> {
    at: usize,
    walk: ListWalk<'w>,
}

fn walk<'w>(
    session: &'w Session,
    pages: &'w PagesPlan,
    at: usize,
    record: Json<'w>,
    what: &'w str,
) -> ChildWalk<'w> {
    let asked = Asked::about(&pages.request, what, Some(record), Vec::new());
    ChildWalk {
        at,
        walk: ListWalk::new(session, asked, pages),
    }
}

impl<'w> ChildWalk<'w> {
    fn from(self, pager: Pager<'w>) -> Self {
        Self {
            at: self.at,
            walk: self.walk.at(pager),
        }
    }

    async fn bring(self) -> Result<Brought, Failure> {
        let (children, unproven) = self.walk.rest().await?;
        Ok((self.at, children, unproven))
    }
}

/// All walks, side by side as far as the budget goes; what they bring keeps their order.
async fn walk_all(session: &Session, walks: Vec<ChildWalk<'_>>) -> Result<Vec<Brought>, Failure> {
    let mut under_way = Vec::new();
    for one in walks {
        under_way.push(one.bring());
    }
    stream::iter(under_way)
        .buffered(session.side_by_side)
        .try_collect()
        .await
}

fn has_more(rest: &RestPlan, scope: Scope<'_>) -> bool {
    rest.more
        .one(scope)
        .is_some_and(|flag| flag.scalar() != Some("false"))
}

fn texts(path: &Path, record: Json<'_>) -> Vec<String> {
    path.all(Scope::of(record))
        .into_iter()
        .filter_map(Json::scalar)
        .map(str::to_owned)
        .collect()
}

async fn look_up(
    session: &Session,
    lookup: &LookupPlan,
    named: &BTreeMap<usize, BTreeSet<String>>,
    what: &str,
    fetched: &mut Fetched,
) -> Result<(), Failure> {
    let distinct: BTreeSet<&String> = named.values().flatten().collect();
    let distinct: Vec<String> = distinct.into_iter().cloned().collect();
    let mut under_way = Vec::new();
    for chunk in distinct.chunks(lookup.chunk) {
        let names = Names {
            plain: &session.plain,
            given: &[],
            record: None,
            inputs: chunk,
        };
        let call = lookup.request.call(&session.origin, what, names)?;
        under_way.push(look_up_chunk(session, lookup, call));
    }
    let answers: Vec<Vec<(String, Document)>> = stream::iter(under_way)
        .buffered(session.side_by_side)
        .try_collect()
        .await?;
    let by_id: BTreeMap<String, Document> = answers.into_iter().flatten().collect();
    for (at, ids) in named {
        let missing = ids.iter().filter(|id| !by_id.contains_key(*id)).count();
        let found = ids.iter().filter_map(|id| by_id.get(id));
        fetched
            .children
            .extend(found.map(|child| (*at, child.clone())));
        if missing > 0 && !lookup.may_lack {
            fetched.lacks(
                [*at],
                format!("{missing} children of `{what}` are named and were not sent"),
            );
        }
    }
    Ok(())
}

/// The children of one request, by their ids.
async fn look_up_chunk(
    session: &Session,
    lookup: &LookupPlan,
    call: Call,
) -> Result<Vec<(String, Document)>, Failure> {
    let fits = |json: Json<'_>| match lookup.records.records(json) {
        Some(_) => Ok(()),
        None => Err(format!(
            "the body has no list at `{}`",
            lookup.records.text_form()
        )),
    };
    let reply = session.fetch(&call, &fits, Patience::Full).await?;
    let children = lookup
        .records
        .records(reply.json.root())
        .unwrap_or_default();
    let named = children.into_iter().filter_map(|child| {
        let id = lookup.id.text(Scope::of(child))?;
        Some((id.to_owned(), child.document()))
    });
    Ok(named.collect())
}
