//! From the pages of a pull to canonical ones: feeds, their children, and what is gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::children::{self, Fetched};
use super::plan::{Children, FeedPlan, ListPlan, StreamPlan};
use super::session::Session;
use crate::canonical::Entity;
use crate::fault::Failure;
use crate::sources::connector::Pass;
use crate::sources::error::SourceError;
use crate::sources::json::{Json, Scope};
use crate::sources::mapping::{BadRow, PageBuilder, Tally};
use crate::sources::page::{Gone, MappedPage, Seen, Whole};

/// Maps the pages of one pull and sends them on.
pub(super) struct Mapper<'p> {
    pub(super) session: &'p Session,
    pub(super) stream: &'p StreamPlan,
    /// The instant of the pull; it stands in for an absent `updated_at`.
    pub(super) now: Timestamp,
    /// Whether only what changed comes, so that absence alone proves nothing.
    pub(super) is_narrow: bool,
    pub(super) pages: mpsc::Sender<MappedPage>,
    pub(super) tally: Tally,
    pub(super) page_count: u64,
    /// Records without the list that should hold their children.
    pub(super) bare_count: u64,
    /// What those children are: nobody knows whether there are none, so none is taken for gone.
    pub(super) bare: BTreeSet<Entity>,
    /// The first reason why the pull is not proven complete.
    pub(super) unproven: Option<String>,
}

/// A page under construction, beside its records.
#[derive(Default)]
struct Draft {
    builder: PageBuilder,
    gone: Vec<Gone>,
    seen: BTreeMap<Entity, Vec<String>>,
    whole: Vec<Whole>,
}

impl Mapper<'_> {
    /// Maps the records of one page of a list, and sends the page on.
    pub(super) async fn land(
        &mut self,
        list: &ListPlan,
        records: &[Json<'_>],
    ) -> Result<(), Failure> {
        self.page_count += 1;
        let mut draft = Draft::default();
        for feed in &list.feeds {
            let fetched = children::fetch(self.session, feed, records, &self.stream.name).await?;
            self.feed(list, feed, records, &fetched, &mut draft)?;
            self.unproven = self.unproven.take().or(fetched.unproven);
        }
        self.send(draft).await
    }

    /// Quarantines rows that cannot be read: each is a record less of every entity that it feeds.
    pub(super) async fn refuse(
        &mut self,
        list: &ListPlan,
        rows: &[BadRow],
        part: u64,
    ) -> Result<(), Failure> {
        if matches!(list.pass, Pass::Sweep | Pass::Deleted) {
            // Nothing of them lands, and what they would have said is missing.
            let told = rows.first().map(|row| {
                let (line, reason) = (row.line, &row.reason);
                format!("the row at line {line} of part {part} {reason}")
            });
            self.unproven = self.unproven.take().or(told);
            return Ok(());
        }
        let feeds = list.feeds.iter();
        let mappings: BTreeMap<Entity, _> = feeds
            .map(|feed| (feed.mapping.entity(), &feed.mapping))
            .collect();
        let mut draft = Draft::default();
        for row in rows {
            for mapping in mappings.values() {
                let stream = &self.stream.name;
                let origin = format!("stream {stream}, part {part}, line {}", row.line);
                let reject = mapping.refuse_row(row, origin);
                let reject = reject.map_err(|detail| self.bad_page(detail))?;
                draft.builder.reject(reject, &mut self.tally);
            }
        }
        self.send(draft).await
    }

    /// Buries records that are not there any more, of which only the ids are known.
    pub(super) async fn bury(&mut self, list: &ListPlan, ids: &[String]) -> Result<(), Failure> {
        let mut draft = Draft::default();
        for feed in &list.feeds {
            if let (Children::Own, Some(key)) = (&feed.children, feed.mapping.path_of("id")) {
                for id in ids {
                    let stub = key.stub(id).to_document();
                    let stub = stub.map_err(|detail| self.bad_page(detail))?;
                    self.gone(feed, Scope::of(stub.root()), None, &mut draft);
                }
            }
        }
        self.send(draft).await
    }

    async fn send(&self, mut draft: Draft) -> Result<(), Failure> {
        let mut page = draft
            .builder
            .finish()
            .map_err(|detail| self.bad_page(detail))?;
        page.gone = draft.gone;
        let seen = draft.seen.into_iter();
        page.seen = seen.map(|(entity, ids)| Seen { entity, ids }).collect();
        page.whole = draft.whole;
        self.pages
            .send(page)
            .await
            .map_err(|_| SourceError::Stopped {
                source_name: self.session.source_name().to_owned(),
                stream: self.stream.name.clone(),
            })?;
        Ok(())
    }

    /// Maps the records of one feed: the page's own, or their children.
    fn feed(
        &mut self,
        list: &ListPlan,
        feed: &FeedPlan,
        records: &[Json<'_>],
        fetched: &Fetched,
        draft: &mut Draft,
    ) -> Result<(), SourceError> {
        // Parents of which a child is there and cannot be named.
        let mut unnamed = BTreeSet::new();
        for (at, record) in records.iter().enumerate() {
            match &feed.children {
                Children::Own => {
                    self.add(list, feed, Scope::of(*record), at, draft)?;
                }
                Children::Each { path, .. } if !fetched.replaced.contains(&at) => {
                    let children = path.records(*record);
                    let is_bare = children.is_none() && path.all(Scope::of(*record)).is_empty();
                    if is_bare && feed.wants_children_of(Scope::of(*record)) {
                        // Nobody knows whether there are none or whether they were left out.
                        unnamed.insert(at);
                        self.bare_count += 1;
                        self.bare.insert(feed.mapping.entity());
                    }
                    for child in children.unwrap_or_default() {
                        let scope = Scope {
                            record: child,
                            parent: Some(*record),
                        };
                        if !self.add(list, feed, scope, at, draft)? {
                            unnamed.insert(at);
                        }
                    }
                }
                Children::Each { .. } | Children::Lookup { .. } | Children::Fetch { .. } => {}
            }
        }
        for (at, child) in &fetched.children {
            let scope = Scope {
                record: child.root(),
                parent: records.get(*at).copied(),
            };
            if !self.add(list, feed, scope, *at, draft)? {
                unnamed.insert(*at);
            }
        }
        if let Some(column) = feed.parent_column.filter(|_| self.tells_children_apart()) {
            let is_whole = |at: &usize| !unnamed.contains(at) && !fetched.lacking.contains(at);
            let parents = (0..records.len()).filter(is_whole);
            let named = parents.filter_map(|at| parent_of(feed, column, records[at]));
            draft.whole.extend(named.map(|parent| Whole {
                entity: feed.mapping.entity(),
                column,
                parent,
            }));
        }
        Ok(())
    }

    /// Whether children that vanished must be told by their parents: a full sweep sees all.
    fn tells_children_apart(&self) -> bool {
        self.is_narrow || !self.stream.full_sweep
    }

    /// Takes one record for what the pass and the feed make of it. `false` when it came and nobody
    /// can say which record it is.
    fn add(
        &mut self,
        list: &ListPlan,
        feed: &FeedPlan,
        scope: Scope<'_>,
        at: usize,
        draft: &mut Draft,
    ) -> Result<bool, SourceError> {
        let is_wanted = feed.wants(scope);
        match list.pass {
            Pass::Sweep if is_wanted => return Ok(self.see(feed, scope, draft)),
            Pass::Deleted if is_wanted => {
                let at = feed.mapping.stamp_of(scope);
                return Ok(self.told_gone(feed, scope, at, draft));
            }
            Pass::Sweep | Pass::Deleted => return Ok(true),
            Pass::Changes | Pass::Full | Pass::Window | Pass::Open | Pass::Instead => {}
        }
        if feed.is_gone(scope) {
            let at = feed.mapping.stamp_of(scope);
            return Ok(self.told_gone(feed, scope, at, draft));
        }
        if !is_wanted {
            // What a full read would not bring any more is gone, unless another feed brings it.
            if self.is_narrow && self.stream.full_sweep {
                return Ok(self.told_gone(feed, scope, Some(Timestamp::MIN), draft));
            }
            return Ok(true);
        }
        let (stream, page) = (&self.stream.name, self.page_count);
        let origin = || format!("stream {stream}, page {page}, record {}", at + 1);
        draft
            .builder
            .add(&feed.mapping, scope, &origin, self.now, &mut self.tally)
            .map_err(|detail| self.bad_page(detail))?;
        let is_asked = feed.parent_column.is_some() && self.tells_children_apart();
        Ok(!is_asked || feed.mapping.text_of("id", scope).is_some())
    }

    fn see(&mut self, feed: &FeedPlan, scope: Scope<'_>, draft: &mut Draft) -> bool {
        let entity = feed.mapping.entity();
        if let Some(id) = feed.mapping.text_of("id", scope) {
            draft.seen.entry(entity).or_default().push(id);
            return true;
        }
        let why = format!("the sweep names one of the {entity} without an id");
        self.unproven = self.unproven.take().or(Some(why));
        false
    }

    /// Notes a record that came and is gone. One without an id may be any of those that are landed, so
    /// that the pull proves nothing.
    fn told_gone(
        &mut self,
        feed: &FeedPlan,
        scope: Scope<'_>,
        at: Option<Timestamp>,
        draft: &mut Draft,
    ) -> bool {
        let is_named = self.gone(feed, scope, at, draft);
        if !is_named {
            let entity = feed.mapping.entity();
            let why = format!("one of the {entity} that are gone came without an id");
            self.unproven = self.unproven.take().or(Some(why));
        }
        is_named
    }

    /// Notes that a record is gone, and with it the children that name it as their parent.
    fn gone(
        &self,
        feed: &FeedPlan,
        scope: Scope<'_>,
        at: Option<Timestamp>,
        draft: &mut Draft,
    ) -> bool {
        let Some(id) = feed.mapping.text_of("id", scope) else {
            return false;
        };
        let entity = feed.mapping.entity();
        if let Some((children, column)) = entity.children()
            && self.stream.feeds(children)
        {
            draft.whole.push(Whole {
                entity: children,
                column,
                parent: id.clone(),
            });
        }
        draft.gone.push(Gone { entity, id, at });
        true
    }

    fn bad_page(&self, detail: String) -> SourceError {
        SourceError::Page {
            source_name: self.session.source_name().to_owned(),
            stream: self.stream.name.clone(),
            detail,
        }
    }
}

/// The parent as its children's column names it, where its children were asked for at all.
fn parent_of(feed: &FeedPlan, column: &str, parent: Json<'_>) -> Option<String> {
    if !feed.wants_children_of(Scope::of(parent)) {
        return None;
    }
    // The column is read from the parent alone, so that any record will do.
    let scope = Scope {
        record: parent,
        parent: Some(parent),
    };
    feed.mapping.text_of(column, scope)
}
