//! Fetching the children that a page's records do not hold themselves: the rest of a list, or
//! records behind ids.

use std::collections::BTreeMap;

use super::list::ListWalk;
use super::pager::Pager;
use super::plan::{Children, FeedPlan, LookupPlan, RestPlan};
use super::session::Session;
use super::template::Names;
use super::transport::Patience;
use crate::fault::Failure;
use crate::sources::json::{Document, Json, Path, Scope, Shape};

/// The children of one feed over one page.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// Each with the place of its parent on the page.
    pub(super) children: Vec<(usize, Document)>,
    /// Records whose embedded children are replaced by the fetched ones, not added to.
    pub(super) replaced: Vec<usize>,
    /// What did not come.
    pub(super) unproven: Option<String>,
}

/// Fetches what the records of a page lack for one feed.
pub(super) async fn fetch(
    session: &Session,
    feed: &FeedPlan,
    records: &[Json<'_>],
    what: &str,
) -> Result<Fetched, Failure> {
    let mut fetched = Fetched::default();
    let mut wanted: Vec<(usize, String)> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let scope = Scope::of(*record);
        if !feed.wants_children_of(scope) {
            continue;
        }
        match &feed.children {
            Children::Each {
                path,
                rest: Some(rest),
            } if has_more(rest, scope) => {
                let embedded = path.records(*record).unwrap_or_default();
                let pager = Pager::after(&rest.paginate, embedded.last().copied());
                if !pager.goes_on() {
                    fetched.replaced.push(at);
                }
                let others = fetch_rest(session, rest, *record, pager, what, &mut fetched).await?;
                fetched
                    .children
                    .extend(others.into_iter().map(|child| (at, child)));
            }
            Children::Own | Children::Each { .. } => {}
            Children::Lookup { ids, rest, .. } => {
                let mut own: Vec<String> = texts(ids, *record);
                if let Some(rest) = rest.as_ref().filter(|rest| has_more(rest, scope)) {
                    let pager = Pager::new(&rest.paginate);
                    let others =
                        fetch_rest(session, rest, *record, pager, what, &mut fetched).await?;
                    own.extend(
                        others
                            .iter()
                            .filter_map(|other| other.root().scalar())
                            .map(str::to_owned),
                    );
                    own.sort();
                    own.dedup();
                }
                wanted.extend(own.into_iter().map(|id| (at, id)));
            }
        }
    }
    if let Children::Lookup { lookup, .. } = &feed.children {
        look_up(session, lookup, &wanted, what, &mut fetched).await?;
    }
    Ok(fetched)
}

fn has_more(rest: &RestPlan, scope: Scope<'_>) -> bool {
    rest.more
        .one(scope)
        .is_some_and(|flag| flag.shape() != Shape::Bool(false))
}

fn texts(path: &Path, record: Json<'_>) -> Vec<String> {
    path.all(Scope::of(record))
        .into_iter()
        .filter_map(Json::scalar)
        .map(str::to_owned)
        .collect()
}

async fn fetch_rest(
    session: &Session,
    rest: &RestPlan,
    record: Json<'_>,
    pager: Pager<'_>,
    what: &str,
    fetched: &mut Fetched,
) -> Result<Vec<Document>, Failure> {
    let names = Names {
        plain: &session.plain,
        since: None,
        record: Some(record),
        inputs: &[],
    };
    let call = rest.request.call(&session.origin, what, names)?;
    let mut walk = ListWalk::new(session, call, &rest.records, pager, Patience::Full);
    let mut children = Vec::new();
    while let Some(page) = walk.next().await? {
        children.extend(
            rest.records
                .records(page.json.root())
                .unwrap_or_default()
                .into_iter()
                .map(Json::document),
        );
    }
    if let Some(why) = walk.unproven() {
        fetched.unproven = Some(why.to_owned());
    }
    Ok(children)
}

async fn look_up(
    session: &Session,
    lookup: &LookupPlan,
    wanted: &[(usize, String)],
    what: &str,
    fetched: &mut Fetched,
) -> Result<(), Failure> {
    for chunk in wanted.chunks(lookup.chunk) {
        let mut inputs: Vec<String> = chunk.iter().map(|(_, id)| id.clone()).collect();
        inputs.sort();
        inputs.dedup();
        let names = Names {
            plain: &session.plain,
            since: None,
            record: None,
            inputs: &inputs,
        };
        let call = lookup.request.call(&session.origin, what, names)?;
        let fits = |json: Json<'_>| match lookup.records.records(json) {
            Some(_) => Ok(()),
            None => Err(format!(
                "the body has no list at `{}`",
                lookup.records.text_form()
            )),
        };
        let reply = session.fetch(&call, &fits, Patience::Full).await?;
        let by_id: BTreeMap<&str, Json<'_>> = lookup
            .records
            .records(reply.json.root())
            .unwrap_or_default()
            .into_iter()
            .filter_map(|child| Some((lookup.id.text(Scope::of(child))?, child)))
            .collect();
        let mut missing = 0_usize;
        for (at, id) in chunk {
            match by_id.get(id.as_str()) {
                Some(child) => fetched.children.push((*at, child.document())),
                None => missing += 1,
            }
        }
        if missing > 0 {
            fetched.unproven = Some(format!(
                "{missing} children of `{what}` are named and were not sent"
            ));
        }
    }
    Ok(())
}
